"""Boxes say how they are, on real stores: what the others see, what a manager is told, and when that is over."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from display.staff.alerts import NOTED, alert_words
from offices import ZONE, OfficeHall, refused
from ticketing.backup.restore import Backups
from ticketing.boxes.boxes import Boxes, LastUpdate, note_taken
from ticketing.day.ledger import Ledger
from ticketing.day.transaction import microseconds
from ticketing.live.alerts import Limits
from ticketing.live.watch import Alert, Watch
from ticketing.model import Actor, StateError, UnknownError
from ticketing.store import tables

TECHNICIAN = Actor("zhao", "technician")


class There(OfficeHall):
    """A box beside the test's own, on the same store."""

    def __init__(self, beside: OfficeHall) -> None:
        super().__init__(beside.url, seeded=False, box="kiosk-2", keys=beside.keys)
        self.now = beside.now
        self.boxes = Boxes(self.office.ledger)
        self.started = self.now

    def report(self, version: str = "1.0", last: LastUpdate | None = None) -> None:
        self.boxes.report("tower", version, self.started, last)


@pytest.fixture
def there(desk: OfficeHall) -> Iterator[There]:
    made = There(desk)
    yield made
    made.close()


def went_back(at: datetime, reason: str = "failed") -> LastUpdate:
    return LastUpdate("1.0", "2.0", "went_back", reason, at)


def test_each_box_sees_what_the_others_run_since_when_and_when_they_were_heard_of(
    desk: OfficeHall, there: There
) -> None:
    boxes = Boxes(desk.office.ledger)
    began = desk.now
    boxes.report("tower", "1.0", began, None)
    there.report()
    assert [(one.name, one.version, one.is_here, one.update) for one in boxes.all()] == [
        ("box", "1.0", True, None),
        ("kiosk-2", "1.0", False, None),
    ]
    there.later(hours=1)
    desk.later(hours=1)
    there.started = there.now
    there.report("1.0")
    (_, restarted) = boxes.all()
    assert (restarted.version_at, restarted.started_at) == (began, there.now), "the version is no newer for that"
    there.later(minutes=2)
    there.report("2.0", LastUpdate("1.0", "2.0", "confirmed", None, there.now))
    desk.later(minutes=4)
    (_, updated) = boxes.all()
    assert (updated.version, updated.version_at, updated.is_gone) == ("2.0", there.now, False)
    assert updated.update and (updated.update.step, updated.update.failed) == ("confirmed", False)
    desk.later(minutes=1)
    (own, gone) = boxes.all()
    assert (gone.is_gone, gone.seen_at, gone.alone_until) == (True, there.now, None)
    assert not own.is_gone, "whoever answers is there"


def test_a_box_without_news_writes_once_a_minute_and_only_for_others(desk: OfficeHall, there: There) -> None:
    there.report()
    for seconds, seen in ((30, False), (29, False), (2, desk.store.shared)):
        before = there.now
        there.later(seconds=seconds)
        there.report()
        with desk.store.read() as conn:
            at = conn.scalar(select(tables.box.c.seen_at))
        assert (at == microseconds(there.now)) is seen, before


def test_a_box_that_is_gone_may_go_on_as_long_as_its_lease_lasts(desk: OfficeHall, there: There) -> None:
    there.report()
    ends = desk.now + timedelta(hours=2)
    with desk.store.write() as conn:
        lease = {"holder": "h", "box": "kiosk-2", "turn": 1, "ends_at": microseconds(ends)}
        conn.execute(insert(tables.number_lease).values(lease))
    boxes = Boxes(desk.office.ledger)
    assert boxes.all()[0].alone_until is None, "it is there"
    desk.later(hours=1)
    assert boxes.all()[0].alone_until == ends
    desk.later(hours=1)
    assert boxes.all()[0].alone_until is None


def alerts_of(desk: OfficeHall) -> list[Alert]:
    watch = Watch(desk.office.ledger, desk.office.forecasts, Limits())
    watch.look()
    return watch.standing()


def test_an_update_that_went_back_is_an_alert_until_somebody_takes_note_of_it(desk: OfficeHall, there: There) -> None:
    there.report(last=went_back(there.now, "asked"))
    assert alerts_of(desk) == []
    there.later(minutes=1)
    there.report(last=went_back(there.now))
    (alert,) = alerts_of(desk)
    assert (alert.kind, alert.subject, alert.versions) == ("update", "kiosk-2", ("2.0", "1.0"))
    words = alert_words(alert)
    assert words.what.zh == "主机 kiosk-2 更新到 2.0 没有成功，已退回 1.0，数据完整"
    assert words.then and NOTED.zh in words.then.zh and NOTED.en in words.then.en
    boxes = Boxes(desk.office.ledger)
    for _ in range(2):
        boxes.note_update("kiosk-2", TECHNICIAN)
    assert alerts_of(desk) == []
    there.later(minutes=1)
    there.started = there.now
    there.report(last=boxes.all()[0].update)
    assert alerts_of(desk) == [], "a restart is no other update"
    there.later(minutes=1)
    there.report(last=went_back(there.now, "interrupted"))
    assert len(alerts_of(desk)) == 1
    with desk.store.read() as conn:
        a = tables.access_log.c
        entries = conn.execute(select(a.who, a.reason).where(a.action == "box-update-noted"))
        assert [tuple(one) for one in entries] == [("zhao", "kiosk-2: 2.0 → 1.0")]
    assert [one for one in desk.event_types() if one.startswith("alert")] == [
        "alert.raised",
        "alert.cleared",
        "alert.raised",
    ]


class Between:
    """A ledger at which something else happens after each look, before the verb that follows from it."""

    def __init__(self, ledger: Ledger, happens: Callable[[], object]) -> None:
        self._ledger = ledger
        self._happens = happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def verb(self) -> Any:
        self._happens()
        return self._ledger.verb()


@pytest.mark.parametrize("verb", ["note_update", "forget"])
def test_what_somebody_takes_note_of_while_it_is_looked_at_is_not_told_again(
    desk: OfficeHall, there: There, verb: str
) -> None:
    there.report(last=went_back(there.now))
    take_note = getattr(Boxes(desk.office.ledger), verb)
    ledger: Any = Between(desk.office.ledger, lambda: take_note("kiosk-2", TECHNICIAN))
    watch = Watch(ledger, desk.office.forecasts, Limits())
    watch.look()
    assert watch.standing() == []
    assert "alert.raised" not in desk.event_types()


def test_an_update_that_succeeds_later_ends_the_alert_by_itself(desk: OfficeHall, there: There) -> None:
    there.report(last=went_back(there.now))
    assert len(alerts_of(desk)) == 1
    there.later(minutes=1)
    there.report("2.0", LastUpdate("1.0", "2.0", "confirmed", None, there.now))
    assert len(alerts_of(desk)) == 1
    desk.later(minutes=3)
    assert alerts_of(desk) == []


def test_a_box_that_is_forgotten_is_gone_with_its_alert_and_comes_back_when_it_reports(
    desk: OfficeHall, there: There
) -> None:
    there.report(last=went_back(there.now))
    assert len(alerts_of(desk)) == 1
    boxes = Boxes(desk.office.ledger)
    boxes.forget("kiosk-2", TECHNICIAN)
    assert (boxes.all(), alerts_of(desk)) == ([], [])
    refused(UnknownError, "unknown_box", boxes.forget, "kiosk-2", TECHNICIAN)
    refused(UnknownError, "unknown_box", boxes.note_update, "kiosk-2", TECHNICIAN)
    there.report()
    assert [one.name for one in boxes.all()] == ["kiosk-2"]
    refused(StateError, "update_fine", boxes.note_update, "kiosk-2", TECHNICIAN)


def test_a_restore_leaves_the_boxes_as_they_are(desk: OfficeHall, there: There, tmp_path: Path) -> None:
    backups = Backups(desk.office.ledger)
    backups.write(tmp_path / "hall.backup")
    there.report(last=went_back(there.now))
    boxes = Boxes(desk.office.ledger)
    boxes.note_update("kiosk-2", TECHNICIAN)
    before = boxes.all()
    backups.restore(tmp_path / "hall.backup", TECHNICIAN, replace=True)
    assert boxes.all() == before


def test_a_machine_that_wants_the_name_of_another_box_is_told_of_for_some_minutes(
    desk: OfficeHall, there: There
) -> None:
    # It goes by the store's own clock.
    there.now = desk.now = datetime.now(ZONE)
    there.report()
    note_taken(desk.store, "kiosk-2", "copied-card")
    note_taken(desk.store, "kiosk-2", "within-the-minute")
    note_taken(desk.store, "nobody", "tower")
    boxes = Boxes(desk.office.ledger)
    (box,) = boxes.all()
    assert box.taken_by and box.taken_by.startswith("copied-card")
    desk.later(minutes=6)
    assert boxes.all()[0].taken_by is None
