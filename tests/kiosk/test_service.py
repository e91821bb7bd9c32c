"""The program's parts start in order, stop in reverse, and none keeps another from stopping."""

import logging

import pytest

from kiosk.service import Service


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
    service = Service([Noted(name, notes) for name in "abc"])
    service.start()
    service.stop()
    service.stop()
    assert notes == ["start a", "start b", "start c", "stop c", "stop b", "stop a"]


def test_every_part_is_stopped_though_some_fail_and_the_first_error_is_raised(
    caplog: pytest.LogCaptureFixture,
) -> None:
    notes: list[str] = []
    service = Service([Noted("a", notes), Noted("b", notes, "stop"), Noted("c", notes, "stop"), Noted("d", notes)])
    service.start()
    with pytest.raises(RuntimeError, match="stop c"):
        service.stop()
    assert notes[4:] == ["stop d", "stop c", "stop b", "stop a"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    service.stop()
    assert len(notes) == 8


def test_what_was_started_is_stopped_when_a_part_does_not_start_and_its_error_is_raised() -> None:
    notes: list[str] = []
    service = Service([Noted("a", notes), Noted("b", notes, "stop"), Noted("c", notes, "start"), Noted("d", notes)])
    with pytest.raises(RuntimeError, match="start c"):
        service.start()
    assert notes == ["start a", "start b", "start c", "stop b", "stop a"]
