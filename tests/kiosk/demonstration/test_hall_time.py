"""The hall's time in the demonstration: faster than time, and still a clock that the hall believes."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import empty_store
from config.settings import HallSettings, Settings, StoreSettings
from kiosk.demonstration.hall_time import HallTime
from kiosk.opening import open_office_parts
from ticketing.model import Actor, Service
from ticketing.office import Office
from ticketing.policy import Rules

SECOND = 1_000_000_000


class Steady:
    """A clock in the test's hand, in nanoseconds."""

    def __init__(self) -> None:
        self.at = 5 * SECOND

    def __call__(self) -> int:
        return self.at

    def pass_time(self, seconds: float) -> None:
        self.at += int(seconds * SECOND)


def test_a_second_is_as_long_as_the_speed_says_and_what_has_passed_stays() -> None:
    steady = Steady()
    time = HallTime(0, steady)
    steady.pass_time(3)
    time.speed = 240
    steady.pass_time(10)
    assert time.seconds() == 3 + 2400
    time.speed = 1
    steady.pass_time(1)
    assert time.seconds() == 2404
    time.skip(timedelta(hours=2))
    time.skip(timedelta(hours=-1))
    assert time.seconds() == 2404 + 7200


def test_the_hall_takes_a_fast_day_for_no_jump_of_its_clock_however_long_the_machine_stands_still(
    tmp_path: Path,
) -> None:
    empty_store.lay(tmp_path / "hall.db")
    settings = Settings(
        hall=HallSettings(id="test", name="试验大厅"),
        store=StoreSettings(url=f"sqlite:///{tmp_path / 'hall.db'}", key_file=tmp_path / "master.key"),
    )
    store, vault, _ = open_office_parts(settings)
    steady = Steady()
    begins = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    with closing(store):
        time = HallTime(int(begins.timestamp()) * SECOND, steady)
        clock = time.clock(settings, store)
        time.speed = 240
        for passed in (0.25, 1.0, 40.0):
            before = clock()
            steady.pass_time(passed)
            assert clock() - before == timedelta(seconds=240 * passed)
        time.skip(timedelta(hours=14))
        assert clock() - begins == timedelta(seconds=240 * 41.25, hours=14)
        assert clock.trouble is None
        assert clock.steady_for() > timedelta(hours=14)

        office = Office(store, vault, Rules(), settings.hall.zone, clock)
        office.seed([Service("tax", "税务", "Tax", "A")], [])
        issued = office.issue("tax", Actor("desk", "desk"), print=False).ticket.issued_at
        # The same hall another day of real time later, and a store that is ahead of it.
        again = HallTime(int(begins.timestamp()) * SECOND, steady).clock(settings, store)
        assert again() >= issued
        assert again.trouble is None
