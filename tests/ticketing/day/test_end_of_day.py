from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from offices import CHEN, CLERK, DESK, LI, WINDOWS, ZONE, OfficeHall, refused
from ticketing.model import State, StateError, StoreError, UnknownError
from ticketing.office import Office
from ticketing.policy import Rules
from ticketing.privacy.vault import ErasedError
from ticketing.store import tables


def test_numbers_begin_again_each_hall_day(desk: OfficeHall) -> None:
    assert [desk.issue().ticket.number for _ in range(2)] == ["A001", "A002"]
    desk.next_day()
    assert desk.issue().ticket.number == "A001"


def test_the_hall_day_begins_at_the_halls_own_midnight(desk: OfficeHall) -> None:
    desk.now = datetime(2026, 3, 2, 23, 59, 58, tzinfo=ZONE)  # 15:59 UTC
    assert desk.issue().ticket.number == "A001"
    assert desk.office.hall().day == "2026-03-02"
    desk.later(seconds=1)
    assert desk.issue().ticket.number == "A001"
    assert desk.office.hall().day == "2026-03-03"


def test_at_the_end_of_the_day_nobody_is_left_over(desk: OfficeHall) -> None:
    tickets = [desk.issue("licence").ticket.id for _ in range(5)]
    desk.call("1")
    desk.office.no_show("1", CLERK)
    desk.call("1")
    desk.call("3")
    desk.office.start("3", CLERK)
    states = {one: desk.office.ticket(one).state for one in tickets}
    assert list(states.values()) == ["missed", "called", "serving", "waiting", "waiting"]
    seq = desk.office.last_seq()
    desk.next_day()
    desk.office.end_of_day()
    ended = {
        State.MISSED: State.EXPIRED,
        State.WAITING: State.EXPIRED,
        State.CALLED: State.DONE,
        State.SERVING: State.DONE,
    }
    for ticket, before in states.items():
        after = desk.office.ticket(ticket)
        assert after.state is ended[before]
        assert after.ended_at == desk.now
        assert after.outcome == ("end_of_day" if after.state is State.DONE else None)
    types = desk.event_types(seq)
    assert sorted(types) == [
        *["ticket.expired"] * 3,
        *["ticket.finished"] * 2,
        *["window.closed"] * 3,
    ]
    assert all(view.waiting == 0 for view in desk.office.hall().services)
    assert {window.state for window in desk.office.windows()} == {"closed"}
    assert desk.office.board().calls == []


@pytest.mark.parametrize(
    "verb",
    [
        lambda office: office.hall(),
        lambda office: office.board(),
        lambda office: office.last_seq(),
        lambda office: office.call_next("1", CLERK),
        lambda office: office.issue("tax", DESK, print=False),
        lambda office: office.open_window("1", CLERK),
        lambda office: office.print_jobs(1),
    ],
)
def test_whatever_is_done_first_on_a_new_day_ends_the_old_one_before(desk: OfficeHall, verb: object) -> None:
    desk.issue()
    desk.next_day()
    verb(desk.office)  # type: ignore[operator]
    assert "ticket.expired" in desk.event_types()
    assert desk.office.call_next("2", CLERK) is None or desk.office.window_view("2").ticket


def test_yesterdays_tickets_are_never_called(desk: OfficeHall) -> None:
    desk.issue()
    desk.next_day()
    assert desk.call() == ""


def test_a_refused_first_verb_of_a_day_does_not_keep_the_old_day_alive(desk: OfficeHall) -> None:
    desk.issue()
    desk.next_day()
    with pytest.raises(StateError, match="nobody_here"):
        desk.office.recall("1", CLERK)
    assert desk.call() == ""


def test_ending_a_day_twice_changes_nothing(desk: OfficeHall) -> None:
    desk.issue()
    desk.next_day()
    desk.office.end_of_day()
    seq = desk.office.last_seq()
    desk.office.open_window("1", CLERK)
    desk.office.end_of_day()
    desk.restart()
    desk.office.end_of_day()
    assert desk.event_types(seq) == ["window.opened"]


def test_days_the_hall_was_closed_are_passed_over(desk: OfficeHall) -> None:
    issued = desk.issue()
    desk.now += timedelta(days=10)
    desk.restart()
    assert desk.office.ticket(issued.ticket.id).state is State.EXPIRED
    assert desk.issue().ticket.number == "A001"


def test_a_restart_during_the_day_leaves_everything_as_it_is(desk: OfficeHall) -> None:
    desk.issue()
    desk.issue()
    desk.call()
    desk.restart()
    assert desk.office.windows() == WINDOWS
    view = desk.office.window_view("1")
    assert view.ticket
    assert (view.ticket.number, view.next) == ("A001", ["A002"])


def test_a_clock_set_back_does_not_end_the_day_again(desk: OfficeHall) -> None:
    desk.next_day()
    desk.issue()
    desk.office.open_window("3", CLERK)
    desk.now -= timedelta(days=1)
    desk.office.end_of_day()
    assert desk.office.windows()[2].state == "open"
    desk.now += timedelta(days=1)
    assert desk.call() == "A001"


def test_a_clock_that_ran_a_day_ahead_for_a_while_stops_nobody(desk: OfficeHall) -> None:
    today = desk.now
    desk.next_day()
    desk.issue()
    desk.now = today
    desk.issue()
    desk.issue()
    left = desk.call()
    assert left == "A001"
    for _ in range(2):
        desk.next_day()
        desk.office.end_of_day()
    assert desk.office.window_view("1").ticket is None
    assert [view.waiting for view in desk.office.hall().services] == [0, 0, 0]
    assert desk.event_types().count("ticket.expired") == 2
    assert desk.issue().ticket.number == "A001"


def test_two_boxes_on_one_store_end_the_day_once(desk: OfficeHall) -> None:
    other = Office(desk.store, desk.vault, Rules(), ZONE, lambda: desk.now, "box-2")
    desk.issue()
    other.hall()
    desk.next_day()
    desk.office.end_of_day()
    other.open_window("1", CLERK)
    other.end_of_day()
    assert desk.event_types().count("ticket.expired") == 1
    assert desk.office.windows()[0].state == "open"


# -- erasing


def test_purging_erases_the_data_of_past_days_and_leaves_today(desk: OfficeHall) -> None:
    old = desk.issue("licence", LI)
    desk.next_day()
    new = desk.issue("licence", CHEN)
    assert desk.office.purge(desk.now.date()) == 1
    with desk.store.read() as conn:
        assert list(conn.scalars(select(tables.resident.c.ticket_id))) == [new.ticket.id]
        with pytest.raises(ErasedError):
            desk.vault.day_code(conn, "2026-03-02", old.ticket.id)
    desk.call()
    assert desk.office.scan("1", new.code, CLERK).resident == CHEN
    refused(UnknownError, "unknown_code", desk.office.ticket_of_code, old.code)
    assert desk.office.purge(desk.now.date()) == 0


def test_today_is_never_erased(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI)
    assert desk.office.purge(date(2030, 1, 1)) == 0
    desk.call()
    assert desk.office.scan("1", issued.code, CLERK).resident == LI


def test_days_within_retention_are_kept(desk: OfficeHall) -> None:
    desk.issue("licence", LI)
    desk.next_day()
    assert desk.office.purge(desk.now.date() - timedelta(days=1)) == 0
    with desk.store.read() as conn:
        assert conn.scalar(select(func.count()).select_from(tables.resident)) == 1


def test_what_is_left_in_the_log_is_erased_as_soon_as_no_reader_needs_it(tmp_path: Path) -> None:
    hall = OfficeHall(tmp_path)
    hall.store.close()
    from ticketing.privacy.vault import Vault
    from ticketing.store.opening import open_store

    hall.store = open_store(hall.url, exclusive=False, patience=0.1)
    hall.vault = Vault(hall.store, hall.keys, "hall")
    hall.office = Office(hall.store, hall.vault, Rules(), ZONE, lambda: hall.now)
    hall.issue("licence", LI)
    with hall.store.read() as conn:
        wrapped = conn.scalar(select(tables.day_key.c.wrapped))
    assert wrapped
    hall.next_day()
    log = tmp_path / "quhao.db-wal"
    with hall.store.read() as conn:
        conn.scalar(select(func.count()).select_from(tables.ticket))
        with pytest.raises(StoreError, match="store_busy"):
            hall.office.purge(hall.now.date())
        assert wrapped in log.read_bytes() + hall.path.read_bytes()
    assert hall.office.purge(hall.now.date()) == 0
    assert wrapped not in log.read_bytes() + hall.path.read_bytes()
    hall.close()


def traces(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))


def spellings(value: str) -> list[bytes]:
    return [value.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be", "gb18030")]


def test_neither_a_resident_nor_a_code_is_found_in_the_stores_files(tmp_path: Path) -> None:
    hall = OfficeHall(tmp_path)
    secrets = [LI.name, LI.id_number, LI.address, CHEN.name, CHEN.id_number]
    issued = [
        hall.office.issue("licence", DESK, resident=LI, print=True, key="k1"),
        hall.office.issue("licence", DESK, resident=CHEN, print=True, key="k2"),
    ]
    hall.office.issue("licence", DESK, resident=LI, print=True, key="k1")
    first = hall.office.call_next("1", CLERK, key="k3")
    assert first
    hall.office.scan("1", issued[0].code, CLERK)
    hall.office.transfer("1", "tax", CLERK)
    hall.office.scan("2", issued[0].code, CLERK, override_reason="材料在2号窗口")
    hall.office.holders_at("2", CLERK)
    secrets += [one.code for one in issued]
    found = traces(tmp_path)
    # The search itself works: what may be there is found.
    assert all(text in found for text in (b"A001", "营业执照".encode(), "材料在2号窗口".encode()))

    def search(found: bytes) -> list[str]:
        return [secret for secret in secrets for spelled in spellings(secret or "") if spelled in found]

    assert search(found) == []
    with hall.store.read() as conn:
        sealed = list(conn.scalars(select(tables.resident.c.sealed))) + list(
            conn.scalars(select(tables.answer.c.sealed))
        )
        wrapped = conn.scalar(select(tables.day_key.c.wrapped))
    assert len(sealed) == 5
    assert wrapped in found
    hall.next_day()
    hall.office.purge(hall.now.date())
    found = traces(tmp_path)
    assert search(found) == []
    assert wrapped not in found
    assert [one for one in sealed if one in found] == []
    hall.close()


def test_what_a_slower_box_did_after_another_began_the_day_ends_with_its_own(shared_url: str) -> None:
    fast, slow = OfficeHall(shared_url, box="fast"), OfficeHall(shared_url, seeded=False, box="slow")
    try:
        fast.now = slow.now = datetime(2026, 3, 2, 23, 59, 50, tzinfo=ZONE)
        waiting, called = slow.issue(resident=CHEN), slow.issue("tax")
        slow.call("2")
        fast.now = datetime(2026, 3, 3, 0, 0, tzinfo=ZONE)
        fast.office.end_of_day()
        late, late_called = slow.issue(resident=CHEN), slow.issue("tax")
        assert slow.call("2") == late_called.ticket.number
        slow.office.end_of_day()
        assert fast.issue().ticket.number == "A001"
        slow.now = datetime(2026, 3, 3, 0, 0, 1, tzinfo=ZONE)
        slow.office.end_of_day()
        ended = [str(fast.office.ticket(one.ticket.id).state) for one in (waiting, called, late, late_called)]
        assert ended == ["expired", "done", "expired", "done"]
        assert slow.issue().ticket.number == "A002"
    finally:
        fast.close()
        slow.close()


def test_a_box_that_starts_a_moment_before_midnight_leaves_the_day_that_another_began(shared_url: str) -> None:
    fast = OfficeHall(shared_url, box="fast")
    fast.now = datetime(2026, 3, 3, 0, 0, 5, tzinfo=ZONE)
    ticket = fast.issue().ticket
    seq = fast.office.last_seq()
    slow = OfficeHall(shared_url, seeded=False, box="slow")
    try:
        slow.now = datetime(2026, 3, 2, 23, 59, 59, tzinfo=ZONE)
        slow.office.end_of_day()
        slow.later(seconds=2)
        slow.office.end_of_day()
        assert fast.event_types(seq) == []
        assert slow.office.ticket(ticket.id).state is State.WAITING
    finally:
        fast.close()
        slow.close()


def test_a_command_that_believes_a_wrong_clock_ends_no_day_of_the_service(tmp_path: Path) -> None:
    service = OfficeHall(tmp_path, exclusive=True)
    command = OfficeHall(tmp_path, seeded=False)
    try:
        ticket = service.issue(resident=CHEN).ticket
        command.now = service.now + timedelta(days=1)
        command.office.end_of_day()
        command.close()
        service.later(seconds=20)
        service.office.end_of_day()
        assert service.office.ticket(ticket.id).state is State.WAITING
        assert service.call("1") == ticket.number
    finally:
        service.close()
        command.close()
