"""The program's parts start in order, stop in reverse, and none keeps another from stopping."""

import logging
import threading

import pytest

from kiosk.service import Loop, Parts


class Noted:
    """A part that notes what it does, and fails where it is told to."""

    def __init__(self, name: str, notes: list[str], *fails: str) -> None:
        self._name = name
        self._notes = notes
        self._fails = fails

    def start(self) -> None:
        self._do("start")

    def stop(self) -> None:
        self._do("stop")

    def _do(self, what: str) -> None:
        self._notes.append(f"{what} {self._name}")
        if what in self._fails:
            raise RuntimeError(f"{what} {self._name}")


def test_parts_start_in_order_and_stop_in_reverse() -> None:
    notes: list[str] = []
    parts = Parts([Noted(name, notes) for name in "abc"])
    parts.start()
    parts.stop()
    parts.stop()
    assert notes == ["start a", "start b", "start c", "stop c", "stop b", "stop a"]


def test_every_part_is_stopped_though_some_fail_and_the_first_error_is_raised(
    caplog: pytest.LogCaptureFixture,
) -> None:
    notes: list[str] = []
    parts = Parts([Noted("a", notes), Noted("b", notes, "stop"), Noted("c", notes, "stop"), Noted("d", notes)])
    parts.start()
    with pytest.raises(RuntimeError, match="stop c"):
        parts.stop()
    assert notes[4:] == ["stop d", "stop c", "stop b", "stop a"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    parts.stop()
    assert len(notes) == 8


def test_what_was_started_is_stopped_when_a_part_does_not_start_and_its_error_is_raised() -> None:
    notes: list[str] = []
    parts = Parts([Noted("a", notes), Noted("b", notes, "stop"), Noted("c", notes, "start"), Noted("d", notes)])
    with pytest.raises(RuntimeError, match="start c"):
        parts.start()
    assert notes == ["start a", "start b", "start c", "stop b", "stop a"]


class Asked(Noted):
    """A part that may need a while to end."""

    def request_stop(self) -> None:
        self._do("ask")


def test_parts_that_need_a_while_are_all_asked_to_end_before_any_is_waited_for() -> None:
    notes: list[str] = []
    parts = Parts([Noted("store", notes), Asked("a", notes), Asked("b", notes), Noted("server", notes)])
    parts.start()
    parts.stop()
    assert notes[4:] == ["ask b", "ask a", "stop server", "stop b", "stop a", "stop store"]


def test_loops_that_wait_for_a_database_end_side_by_side() -> None:
    answers, steps = threading.Event(), threading.Barrier(4)

    def step() -> None:
        steps.wait(60)
        answers.wait(60)

    loops = [Loop(name, 1.0, step) for name in "abc"]
    parts = Parts(loops)
    parts.start()
    # Each is in the middle of its step.
    steps.wait(60)
    last = threading.Timer(0.5, answers.set)
    last.start()
    parts.request_stop()
    assert all(loop.stopping.is_set() for loop in loops)
    parts.stop()
    assert not any(thread.name in "abc" for thread in threading.enumerate())
    last.join()
