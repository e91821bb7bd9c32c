"""Notices: when and where they are shown, whom a message reaches, what is refused, what is recorded."""

from datetime import timedelta

from sqlalchemy import select

from offices import CLERK, MORNING, OfficeHall, refused
from ticketing.model import Actor, StateError, UnknownError
from ticketing.notices.notices import Draft, Notices
from ticketing.store import tables

MANAGER = Actor("zhou", "manager")
HOUR = timedelta(hours=1)


def test_a_notice_is_shown_in_its_time_and_zones_and_every_change_is_recorded(desk: OfficeHall) -> None:
    notices = Notices(desk.office.ledger)
    always = notices.add(Draft("请保管好随身物品", "Mind your belongings"), MANAGER)
    upstairs = notices.add(Draft("二楼停电", zones=("2F",), starts=MORNING + HOUR, ends=MORNING + 2 * HOUR), MANAGER)
    assert notices.current() == [always]
    desk.later(hours=1)
    assert notices.current() == [always, upstairs], "a screen of the whole hall shows what is for any zone"
    assert (notices.current("2F"), notices.current("1F")) == ([always, upstairs], [always])
    desk.later(hours=1)
    assert notices.current("2F") == [always]
    changed = notices.put(always.id, Draft("请勿吸烟", priority=3), MANAGER)
    assert (notices.current(), changed.says.priority) == ([changed], 3)
    notices.withdraw(always.id, MANAGER)
    assert notices.all() == [upstairs]
    refused(UnknownError, "unknown_notice", notices.withdraw, always.id, MANAGER)
    refused(StateError, "notice_empty", notices.add, Draft(" "), MANAGER)
    refused(StateError, "notice_times", notices.add, Draft("x", starts=MORNING, ends=MORNING), MANAGER)
    refused(UnknownError, "unknown_service", notices.add, Draft("x", service="nothing"), MANAGER)
    refused(UnknownError, "unknown_window", notices.add, Draft("x", window="99"), MANAGER)
    with desk.store.read() as conn:
        a = tables.access_log.c
        entries = conn.execute(select(a.who, a.action, a.reason).where(a.action.startswith("notice"))).all()
    assert [tuple(one) for one in entries] == [
        ("zhou", "notice-made", "notice 1"),
        ("zhou", "notice-made", "notice 2"),
        ("zhou", "notice-changed", "notice 1"),
        ("zhou", "notice-withdrawn", "notice 1"),
    ]
    assert desk.event_types().count("notice.changed") == 4


def test_a_message_reaches_those_who_wait_for_its_service_or_window(desk: OfficeHall) -> None:
    notices = Notices(desk.office.ledger)
    notices.add(Draft("给所有人"), MANAGER)
    of_service = notices.add(Draft("税务系统稍慢", service="tax"), MANAGER)
    of_window = notices.add(Draft("3号窗口稍有延误", window="3", ends=MORNING + HOUR), MANAGER)
    tax, licence = desk.issue("tax").ticket, desk.issue("licence").ticket
    assert notices.for_ticket(tax) == [of_service], "window 3 does not serve it"
    assert notices.for_ticket(licence) == [of_window]
    desk.call("1")
    called = desk.office.ticket(tax.id)
    assert (called.window, notices.for_ticket(called)) == ("1", [of_service])
    desk.office.finish("1", CLERK)
    assert notices.for_ticket(desk.office.ticket(tax.id)) == []
    desk.call("1")
    assert notices.for_ticket(desk.office.ticket(licence.id)) == [], "it is called to another window"
    desk.later(hours=2)
    assert notices.for_ticket(desk.issue("seal").ticket) == []
