"""The announcer on a real office and store, with real drivers on a simulated strip and a simulated loudspeaker."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import wires
from drivers.device import WindowDisplay
from drivers.led.bx import LedStrip
from drivers.port import open_port
from drivers.simulators.led.bx import LedStripSimulator
from drivers.simulators.speaker import SpeakerSimulator
from drivers.speaker.driver import Speaker
from drivers.supervisor import Supervisor
from kiosk.devices.announcing import Announcer
from kiosk.devices.voice import Voice
from kiosk.event_feed import EventFeed
from offices import CLERK, LI, MORNING, OfficeHall
from postgres import EMPTY, PostgresServer
from ticketing.model import Actor, Event, StoreError
from ticketing.setup.setup import Setup

# With time for a machine that does everything at once.
PATIENCE = 20.0
wait_until = partial(wires.wait_until, timeout=3 * PATIENCE)
MANAGER = Actor("zhao", "manager")
TAKEN_AWAY = "there is no window 1"


class AnnouncedHall(OfficeHall):
    """A hall with strips over windows 1 and 2, a voice, and an announcer that follows its events."""

    def __init__(self, store: Path | str, folder: Path) -> None:
        super().__init__(store)
        self._open = ExitStack()
        self._open.callback(self.close)
        self.strips = {window: self._begun(LedStripSimulator()) for window in ("1", "2")}
        # A board of the hall: its lines are wide enough for any window's name.
        self.strips[""] = self._begun(LedStripSimulator(256, 64))
        self.loudspeaker = self._begun(SpeakerSimulator(folder / "said"))
        drivers = {window: LedStrip(answer_timeout=PATIENCE) for window in self.strips}
        drivers[""] = LedStrip(width=256, height=64, flash_seconds=1, answer_timeout=PATIENCE)
        for window, simulator in self.strips.items():
            self._supervise(drivers[window], lambda url=simulator.url: open_port(url))
        speaker = Speaker(speed=400)
        self._supervise(speaker, self.loudspeaker.open_player)
        self.announcer = Announcer(
            self.office,
            {
                window: [WindowDisplay(window, driver.width, driver.height, driver.show)]
                for window, driver in drivers.items()
            },
            [Voice(self.office, speaker)],
        )

    def _begun(self, part: Any) -> Any:
        part.start()
        self._open.callback(part.stop)
        return part

    def _supervise(self, driver: Any, opener: Callable[[], Any]) -> None:
        self._begun(Supervisor(type(driver).__name__, "test", opener, driver, wires.now))

    def follow(self) -> None:
        """Start the announcer on the feed of this hall's events."""
        feed = EventFeed(self.office, self.store.on_commit)
        feed.follow(self.announcer.hear)
        self._begun(self.announcer)
        feed.start()
        self._open.callback(feed.close)

    def remove(self, window: str) -> None:
        """Take a window out of the hall, as a manager does."""
        setup = Setup(self.office.ledger)
        was = setup.read()
        setup.replace(replace(was, windows=tuple(one for one in was.windows if one.id != window)), MANAGER)

    def shows(self, window: str, text: str) -> bool:
        return bool(self.strips[window].text == text)

    def said(self) -> list[str]:
        return [one.text for one in self.loudspeaker.said]

    def stop(self) -> None:
        self._open.close()


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[AnnouncedHall]:
    hall = AnnouncedHall(tmp_path, tmp_path)
    yield hall
    hall.stop()


def told(caplog: pytest.LogCaptureFixture, text: str) -> list[str]:
    return [message for message in caplog.messages if text in message]


def test_a_call_is_shown_and_said_and_what_was_called_before_the_start_is_shown_alone(hall: AnnouncedHall) -> None:
    for _ in range(2):
        hall.issue("tax")
    hall.call("1")
    hall.follow()
    wait_until(lambda: hall.shows("1", "B001请到1号窗口"))
    wait_until(lambda: hall.shows("2", "2号窗口 请等候叫号"))
    hall.call("2")
    wait_until(lambda: hall.shows("2", "B002请到2号窗口"))
    wait_until(lambda: hall.said() == ["B零零二号,请到二号窗口"])


def test_a_board_shows_the_last_calls_of_all_windows_and_lets_the_newest_flash(hall: AnnouncedHall) -> None:
    seen: list[str] = []
    hall.strips[""].on_change = lambda: seen.append(hall.strips[""].text)
    for _ in range(2):
        hall.issue("tax")
    hall.call("1")
    hall.follow()
    wait_until(lambda: hall.shows("", "B001 请到1号窗口"))
    hall.call("2")
    wait_until(lambda: hall.shows("", "B002 请到2号窗口\nB001 请到1号窗口"))
    wait_until(lambda: "\nB001 请到1号窗口" in seen)
    wait_until(lambda: hall.shows("", "B002 请到2号窗口\nB001 请到1号窗口"))
    # What was called before the start is no news.
    assert "" not in seen


def test_a_window_that_is_taken_away_with_somebody_in_its_line_silences_nobody(
    hall: AnnouncedHall, caplog: pytest.LogCaptureFixture
) -> None:
    hall.follow()
    hall.issue("tax", LI)
    hall.call("2")
    hall.office.transfer("2", None, CLERK, to_window="1")
    wait_until(lambda: hall.shows("2", "2号窗口 请等候叫号"))
    # It tells of a transfer from a window that is deleted in the same transaction.
    hall.remove("1")
    hall.call("2")
    wait_until(lambda: hall.shows("2", "B001请到2号窗口"))
    wait_until(lambda: hall.said() == ["B零零一号,请到二号窗口"] * 2)
    wait_until(lambda: hall.shows("1", ""))
    hall.remove("3")
    hall.office.finish("2", CLERK)
    wait_until(lambda: hall.shows("2", "2号窗口 请等候叫号"))
    assert len(told(caplog, TAKEN_AWAY)) == 1
    assert LI.name and LI.name not in caplog.text


def test_what_cannot_be_used_is_dropped_and_the_next_call_is_announced(
    hall: AnnouncedHall, caplog: pytest.LogCaptureFixture
) -> None:
    hall.follow()
    useless = ({"window": "2"}, {"window": "9", "number": "B000"})
    hall.announcer.hear([Event(0, MORNING, "ticket.called", data) for data in useless])
    hall.issue("tax")
    hall.call("2")
    wait_until(lambda: hall.shows("2", "B001请到2号窗口"))
    wait_until(lambda: hall.said() == ["B零零一号,请到二号窗口"])
    assert len(told(caplog, "announcing: KeyError")) == len(told(caplog, "to window 9")) == 1


def test_what_is_due_while_the_store_is_away_is_shown_and_said_later_but_no_call_of_long_ago(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    server = PostgresServer()
    hall = AnnouncedHall(server.url(server.create(EMPTY)), tmp_path)
    try:
        hall.announcer.start()
        for minutes, said in ((0, ["B零零一号,请到二号窗口"]), (60, [])):
            hall.issue("tax")
            before = hall.office.last_seq()
            number = hall.call("2")
            events = hall.office.events_after(before, 10)
            heard = len(hall.said())
            # Before the outage: whoever looks first says so, once.
            caplog.clear()
            server.stop()
            with pytest.raises(StoreError):
                hall.office.windows()
            hall.announcer.hear(events)
            hall.later(minutes=minutes)
            wait_until(lambda: told(caplog, "announcing: StoreGoneError store_gone"))
            server.start()
            wait_until(lambda number=number: hall.shows("2", f"{number}请到2号窗口"))  # type: ignore[misc]
            wait_until(lambda heard=heard, said=said: hall.said()[heard:] == said)  # type: ignore[misc]
            hall.office.finish("2", CLERK)
        hall.issue("tax")
        before = hall.office.last_seq()
        hall.call("2")
        hall.announcer.hear(hall.office.events_after(before, 10))
        wait_until(lambda: hall.said() == ["B零零一号,请到二号窗口", "B零零三号,请到二号窗口"])
    finally:
        hall.stop()
        server.close()
