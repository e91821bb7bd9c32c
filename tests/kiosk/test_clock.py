"""The hall's clock, with the box's in the test's hand: what it believes, when, and what is never done by it."""

import os
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.engine import make_url

import empty_store
from config.businesses import ServiceSettings, WindowSettings
from config.settings import HallSettings, PrivacySettings, Settings, StoreSettings
from kiosk.clock import JUMP, STANDS, ClockTrouble, HallClock, newest_event
from kiosk.exchange.hall_files import setup_of
from kiosk.opening import open_ledger, open_office_parts, rules_of
from kiosk.wiring import SETTLED, SETTLED_FAR, keep_house
from ticketing.model import Actor, Resident, State, time_of
from ticketing.office import Office
from ticketing.privacy.errors import VaultError
from ticketing.privacy.key_file import KeyFile
from ticketing.setup.setup import Setup
from ticketing.store.tables import access_log

if TYPE_CHECKING:
    from postgres import PostgresServer

ZONE = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=ZONE)
SECOND = timedelta(seconds=1)
DESK = Actor("desk", "desk")
CLERK = Actor("li", "clerk", "1")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Hardware:
    """A box's two clocks: one that anybody sets, one that nobody does."""

    def __init__(self, now: datetime = MORNING) -> None:
        self.wall_at = (now - EPOCH) // timedelta(microseconds=1) * 1000
        self.ticks = 12_345_000_000_000

    def wall(self) -> int:
        return self.wall_at

    def steady(self) -> int:
        return self.ticks

    def run(self, **span: float) -> None:
        passed = timedelta(**span) // timedelta(microseconds=1) * 1000
        self.wall_at += passed
        self.ticks += passed

    def set(self, **by: float) -> None:
        """Somebody sets the clock."""
        self.wall_at += timedelta(**by) // timedelta(microseconds=1) * 1000

    def clock(self, newest: datetime | None = None, zone: ZoneInfo = ZONE) -> HallClock:
        return HallClock(zone, newest, wall=self.wall, steady=self.steady)


@pytest.fixture
def box() -> Hardware:
    return Hardware()


def watch(box: Hardware, clock: HallClock, span: timedelta, step: timedelta = timedelta(seconds=20)) -> list[datetime]:
    """What the clock says, asked every so often."""
    said = []
    for _ in range(span // step):
        box.run(seconds=step.total_seconds())
        said.append(clock())
    return said


def test_a_clock_that_runs_is_believed_to_the_microsecond(box: Hardware) -> None:
    clock = box.clock()
    assert clock() == MORNING
    box.run(hours=1, microseconds=1)
    assert clock() == MORNING + timedelta(hours=1, microseconds=1)
    assert clock.trouble is None
    assert clock.steady_for() == timedelta(hours=1, microseconds=1)


def test_time_is_told_in_the_halls_zone_whatever_it_is(box: Hardware) -> None:
    clock = box.clock(zone=ZoneInfo("Europe/Berlin"))
    assert str(clock()) == "2026-03-02 02:00:00+01:00"
    box.run(days=60)
    assert str(clock()) == "2026-05-01 03:00:00+02:00"


@pytest.mark.parametrize("by", [{"days": 20_000}, {"hours": 3}, {"days": -20_000}])
def test_a_clock_that_begins_anew_by_a_store_that_answers_at_last_is_right_at_once(
    box: Hardware, by: dict[str, float]
) -> None:
    # The box's own, as long as it has no other.
    box.set(**by)
    known = MORNING - timedelta(hours=1)
    clock = box.clock(known)
    box.run(minutes=5)
    assert clock() == max(MORNING + timedelta(**by), known) + timedelta(minutes=5)
    # The store's, from now on.
    box.set(**{name: -value for name, value in by.items()})
    clock.begin(MORNING - timedelta(seconds=1))
    assert clock() == MORNING + timedelta(minutes=5)
    assert clock.trouble is None
    assert clock.steady_for() == timedelta(0)


@pytest.mark.parametrize("seconds", [2, -2, 299, -299])
def test_small_corrections_are_followed_and_time_never_runs_backwards(box: Hardware, seconds: int) -> None:
    clock = box.clock()
    box.run(minutes=1)
    before = clock()
    box.set(seconds=seconds)
    said = watch(box, clock, timedelta(minutes=15), timedelta(seconds=7))
    assert [before, *said] == sorted({before, *said})
    assert said[-1] == MORNING + timedelta(minutes=1, seconds=seconds + 7 * len(said))
    assert clock.trouble is None


@pytest.mark.parametrize("by", [{"days": 1}, {"hours": -3}, {"days": 4000}, {"minutes": 6}])
def test_a_jump_that_is_taken_back_was_never_there(box: Hardware, by: dict[str, float]) -> None:
    clock = box.clock()
    clock()
    box.set(**by)
    for said in watch(box, clock, timedelta(minutes=9)):
        assert said < MORNING + timedelta(minutes=10)
    assert clock.trouble == ClockTrouble("clock_jumped", timedelta(**by))
    assert clock.steady_for() == timedelta(0)
    box.set(**{name: -value for name, value in by.items()})
    box.run(seconds=1)
    assert clock() == MORNING + timedelta(minutes=9, seconds=1)
    assert clock.trouble is None
    watch(box, clock, timedelta(hours=1))
    assert clock() == MORNING + timedelta(hours=1, minutes=9, seconds=1)


@pytest.mark.parametrize("by", [{"days": 1}, {"hours": -3}])
def test_a_jump_that_stands_is_followed(box: Hardware, by: dict[str, float]) -> None:
    clock = box.clock()
    clock()
    box.set(**by)
    said = watch(box, clock, timedelta(minutes=11))
    assert said[-1] == MORNING + timedelta(minutes=11) + timedelta(**by)
    assert clock.trouble is None
    assert clock.steady_for() < timedelta(minutes=1)
    box.run(hours=1)
    assert clock.steady_for() >= timedelta(hours=1)


def test_a_clock_that_jumps_about_is_not_followed_anywhere(box: Hardware) -> None:
    clock = box.clock()
    for hour in range(1, 20):
        box.set(hours=hour)
        watch(box, clock, timedelta(minutes=5))
    assert clock() == MORNING + timedelta(minutes=5 * 19)


def test_a_box_that_boots_in_1970_goes_on_from_the_newest_event_until_it_learns_the_time() -> None:
    box = Hardware(EPOCH + timedelta(seconds=30))
    newest = MORNING - timedelta(hours=15)
    clock = box.clock(newest)
    assert clock() == newest
    assert clock.trouble
    assert clock.trouble.reason == "clock_behind"
    watch(box, clock, timedelta(minutes=2))
    assert clock() == newest + timedelta(minutes=2)
    box.wall_at = Hardware(MORNING).wall_at
    assert clock() == MORNING
    assert clock.trouble is None
    assert clock.steady_for() == timedelta(0)


def test_a_clock_behind_a_store_that_ran_ahead_is_followed_when_nothing_else_is_heard(box: Hardware) -> None:
    newest = MORNING + timedelta(days=400)
    clock = box.clock(newest)
    assert watch(box, clock, timedelta(minutes=9))[-1] == newest + timedelta(minutes=9)
    watch(box, clock, timedelta(minutes=1))
    assert clock() == MORNING + timedelta(minutes=10)


def test_a_clock_a_little_behind_the_store_does_not_run_against_its_order(box: Hardware) -> None:
    newest = MORNING + timedelta(minutes=2)
    clock = box.clock(newest)
    assert clock() == newest
    said = watch(box, clock, timedelta(minutes=5))
    assert said == sorted(set(said))
    assert said[-1] == MORNING + timedelta(minutes=5)
    assert clock.trouble is None


jumps = st.lists(
    st.tuples(st.integers(0, 3600), st.one_of(st.just(0), st.integers(-300, 300), st.integers(-(10**8), 10**8))),
    max_size=30,
)


@given(jumps)
def test_whatever_the_clock_does_time_runs_back_only_by_a_jump_that_stood(steps: list[tuple[int, int]]) -> None:
    box = Hardware()
    clock = box.clock()
    last, stood = clock(), timedelta(0)
    for seconds, by in steps:
        box.run(seconds=seconds)
        box.set(seconds=by)
        said = clock()
        if said < last:
            assert last - said > JUMP - timedelta(seconds=seconds)
            assert stood + timedelta(seconds=seconds) >= STANDS
            stood = timedelta(0)
        stood += timedelta(seconds=seconds)
        last = said


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Shanghai"])
def test_the_boxs_own_zone_changes_nothing(zone: str) -> None:
    told = (
        "from zoneinfo import ZoneInfo; from kiosk.clock import HallClock; "
        "print(HallClock(ZoneInfo('Asia/Shanghai'))().isoformat())"
    )
    before = datetime.now(ZONE)
    done = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, check=True, timeout=60, env=os.environ | {"TZ": zone}
    )
    said = datetime.fromisoformat(done.stdout.decode().strip())
    assert said.utcoffset() == timedelta(hours=8)
    assert before <= said <= datetime.now(ZONE)


def test_boxes_on_one_database_go_by_its_clock(shared_url: str, postgres: "PostgresServer", tmp_path: Path) -> None:
    settings = Settings(
        hall=HallSettings(id="test", name="试验大厅"),
        store=StoreSettings(url=shared_url, key_file=tmp_path / "master.key"),
    )
    name = make_url(shared_url).database or ""
    with open_ledger(settings) as box:
        assert abs(box.now() - datetime.now(ZONE)) < timedelta(hours=1)
    # Found before the database's own, as nobody can set the clock of one.
    postgres.execute(
        "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql"
        " AS $$SELECT pg_catalog.clock_timestamp() + interval '1 day'$$",
        database=name,
    )
    postgres.execute(f"ALTER DATABASE {name} SET search_path = public, pg_catalog")
    with open_ledger(settings) as one, open_ledger(settings) as other:
        for box in (one, other):
            assert abs(box.now() - datetime.now(ZONE) - timedelta(days=1)) < timedelta(hours=1)
    store, _, people = open_office_parts(settings)
    with closing(store):
        people.add_token("erp", "desk")
        with store.read() as conn:
            entry = conn.scalar(select(access_log.c.at))
        for at in (people.tokens()[0].created_at, time_of(entry or 0)):
            assert abs(at - datetime.now(ZONE) - timedelta(days=1)) < timedelta(hours=1), "accounts go by it, too"
    postgres.execute(f"ALTER DATABASE {name} RESET search_path")


# -- a hall that lives by it


class ClockedHall:
    """The parts that housekeeping sees to, by a clock in the test's hand."""

    def __init__(self, folder: Path, box: Hardware) -> None:
        self.box = box
        self.codes: dict[int, str] = {}
        self.settings = Settings(
            hall=HallSettings(id="test", name="试验大厅"),
            store=StoreSettings(url=f"sqlite:///{folder / 'hall.db'}", key_file=folder / "master.key"),
            privacy=PrivacySettings(retention_days=0),
            services=(ServiceSettings(id="tax", name="税务", prefix="A"),),
            windows=(WindowSettings(id="1", name="1号窗口"),),
        )
        empty_store.lay(folder / "hall.db")
        # As the first start makes it; the vault's own clock is the real one.
        self.key_file = KeyFile(folder / "master.key")
        self.key_file.change(lambda keys: keys.begun(MORNING.date() - timedelta(days=2)))
        self.open()

    def open(self) -> None:
        self.store, self.vault, _people = open_office_parts(self.settings)
        self.clock = self.box.clock(newest_event(self.store))
        self.office = Office(self.store, self.vault, rules_of(self.settings), ZONE, self.clock, "test")
        self.setup = Setup(self.office.ledger)
        self.setup.seed(setup_of(self.settings, "open"))

    def keep(self, **span: float) -> None:
        """Time passes, with housekeeping every minute."""
        for _ in range(int(timedelta(**span) / timedelta(minutes=1))):
            self.box.run(minutes=1)
            keep_house(self.office, self.setup, self.clock, self.settings)

    def issue(self) -> int:
        resident = Resident(name="梁试问", id_number="110102199001150015")
        issued = self.office.issue("tax", DESK, resident=resident, print=False)
        self.codes[issued.ticket.id] = issued.code
        return issued.ticket.id

    def opens_from(self) -> date:
        """The first day that the key file on the disk has a key for."""
        chain = KeyFile(self.settings.store.key_file).keys.chain
        assert chain
        return chain.day

    def days_kept(self) -> list[str]:
        with self.store.read() as conn:
            return self.vault.days(conn)


@pytest.fixture
def hall(tmp_path: Path, box: Hardware, request: pytest.FixtureRequest) -> ClockedHall:
    made = ClockedHall(tmp_path, box)
    request.addfinalizer(lambda: made.store.close())
    return made


def test_a_day_too_far_and_back_costs_nobody_anything(hall: ClockedHall) -> None:
    ticket = hall.issue()
    hall.box.set(days=1)
    hall.keep(minutes=9)
    assert hall.office.ticket(ticket).state is State.WAITING
    hall.keep(minutes=2)
    assert hall.office.ticket(ticket).state is State.EXPIRED
    hall.keep(minutes=30)
    assert "2026-03-02" in hall.days_kept()
    hall.box.set(days=-1)
    hall.keep(minutes=11)
    assert hall.office.ticket(ticket).state is State.WAITING
    called = hall.office.call_next("1", Actor("li", "clerk", "1"))
    assert called
    assert called.ticket.id == ticket


def test_a_day_that_is_over_is_erased_once_the_clock_has_run_for_an_hour(hall: ClockedHall) -> None:
    hall.issue()
    hall.store.close()
    hall.box.run(days=1)
    hall.open()
    hall.keep(minutes=59)
    assert hall.days_kept() == ["2026-03-02", "2026-03-03"]
    hall.keep(minutes=2)
    assert hall.days_kept() == ["2026-03-03"]
    assert timedelta(minutes=59) < SETTLED <= timedelta(minutes=61)


def test_the_key_of_a_day_is_destroyed_when_the_next_has_begun_by_a_clock_that_ran_for_an_hour(
    hall: ClockedHall,
) -> None:
    hall.issue()
    hall.box.run(minutes=70)
    hall.keep(minutes=1)
    assert hall.opens_from() == date(2026, 3, 2)
    hall.box.run(hours=13, minutes=40)
    hall.keep(minutes=1)
    assert hall.opens_from() == date(2026, 3, 2), "eight minutes to midnight"
    hall.keep(minutes=10)
    assert hall.opens_from() == date(2026, 3, 3)
    assert hall.days_kept() == ["2026-03-03"]


@pytest.mark.parametrize("day", [date(2027, 3, 2), date(2090, 3, 2)])
def test_a_clock_years_ahead_at_the_start_and_then_put_right_destroys_nothing(hall: ClockedHall, day: date) -> None:
    ahead = (day - MORNING.date()).days
    first = hall.issue()
    hall.store.close()
    hall.box.set(days=ahead)
    hall.open()
    hall.keep(minutes=SETTLED_FAR // timedelta(minutes=1) - 2)
    second = hall.issue()
    assert hall.opens_from() == date(2026, 2, 28)
    assert hall.days_kept() == ["2026-03-02", str(day)]
    hall.box.set(days=-ahead)
    hall.keep(minutes=11)
    assert hall.office.hall().day == "2026-03-02"
    called = hall.office.call_next("1", CLERK)
    assert called
    assert called.ticket.id == first
    assert hall.opens_from() == date(2026, 2, 28)
    assert second != first


@pytest.mark.parametrize("day", [date(2027, 3, 2), date(2090, 3, 2)])
def test_a_hall_whose_clock_was_years_ahead_all_day_goes_on_once_it_is_right(hall: ClockedHall, day: date) -> None:
    ahead = (day - MORNING.date()).days
    hall.issue()
    hall.store.close()
    hall.box.set(days=ahead)
    hall.open()
    hall.keep(hours=8, minutes=2)
    assert hall.opens_from() == day
    hall.box.set(days=-ahead)
    hall.keep(minutes=12)
    assert hall.office.hall().day == "2026-03-02"
    assert hall.opens_from() == date(2026, 3, 2)
    third = hall.issue()
    while called := hall.office.call_next("1", CLERK):
        if called.ticket.id == third:
            break
        hall.office.start("1", CLERK)
        hall.office.finish("1", CLERK)
    assert called
    resident = hall.office.scan("1", hall.codes[third], CLERK).resident
    assert resident
    assert resident.name == "梁试问"


def test_a_hall_whose_key_file_cannot_be_written_goes_on_says_so_and_tries_again(hall: ClockedHall) -> None:
    # A name that leaves no room for a draft beside it: so it fails for root, too.
    path = hall.settings.store.key_file
    long = path.with_name("k" * 250)
    hall.issue()
    hall.store.close()
    path.rename(long)
    store = hall.settings.store.model_copy(update={"key_file": long})
    hall.settings = hall.settings.model_copy(update={"store": store})
    hall.box.run(days=1)
    hall.open()
    with pytest.raises(VaultError, match="cannot be written"):
        hall.keep(minutes=62)
    assert hall.vault.trouble == "key_unwritable"
    assert hall.opens_from() == date(2026, 2, 28)
    assert hall.days_kept() == ["2026-03-03"]
    assert hall.office.ticket(hall.issue()).number == "A001"
    long.rename(path)
    hall.store.close()
    store = store.model_copy(update={"key_file": path})
    hall.settings = hall.settings.model_copy(update={"store": store})
    hall.open()
    hall.keep(minutes=62)
    assert hall.vault.trouble is None
    assert hall.opens_from() == date(2026, 3, 3)


def test_by_hand_it_is_erased_at_once(hall: ClockedHall) -> None:
    hall.issue()
    hall.store.close()
    hall.box.run(days=1)
    hall.open()
    assert hall.office.purge(date(2026, 3, 3)) == 1


def test_a_box_that_boots_in_the_past_gives_no_number_twice_and_loses_nobody(hall: ClockedHall) -> None:
    first = hall.issue()
    hall.store.close()
    right = hall.box.wall_at
    hall.box.wall_at = 30 * 10**9
    hall.open()
    ticket = hall.office.issue("tax", DESK, print=False).ticket
    assert (ticket.number, ticket.issued_at.date()) == ("A002", MORNING.date())
    hall.keep(minutes=3)
    hall.box.wall_at = right + 200 * 10**9
    hall.keep(minutes=1)
    assert hall.office.hall().day == "2026-03-02"
    assert hall.office.ticket(first).state is State.WAITING
    assert hall.days_kept() == ["2026-03-02"]


def test_three_hours_too_far_and_right_again_keeps_the_order(hall: ClockedHall) -> None:
    first = hall.office.issue("tax", DESK, print=False).ticket.number
    hall.box.set(hours=3)
    hall.keep(minutes=12)
    second = hall.office.issue("tax", DESK, print=False).ticket.number
    hall.box.set(hours=-3)
    hall.keep(minutes=12)
    third = hall.office.issue("tax", DESK, print=False).ticket.number
    clerk = Actor("li", "clerk", "1")
    served = []
    for _ in range(3):
        called = hall.office.call_next("1", clerk)
        assert called
        served.append(called.ticket.number)
        hall.office.finish("1", clerk)
    assert served == [first, second, third]
