"""A box goes on without the store and merges what it did, on stores of both kinds; the test cuts the network."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cut_off_boxes import SMALL, Box, rows
from offices import CHEN, CLERK, DESK, LI, OfficeHall, refused
from ticketing.cut_off import box as cut_off_box
from ticketing.cut_off import leasing, merging
from ticketing.cut_off.noted import NotedRecords
from ticketing.cut_off.rules import LeaseRules
from ticketing.day import numbers
from ticketing.model import LimitError, StateError, StoreError, UnknownError
from ticketing.store import tables


def test_while_all_boxes_are_connected_numbers_come_in_their_order(hall: OfficeHall, boxes: Callable[..., Box]) -> None:
    a, b = boxes("a"), boxes("b")
    taken = []
    for _ in range(12):
        assert a.box.step() and b.box.step()
        taken += [*a.numbers(2), *b.numbers(1)]
    assert taken == [f"A{number:03}" for number in range(1, 37)]


def test_where_much_happens_the_next_round_is_due_at_once(
    boxes: Callable[..., Box], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cut_off_box, "HURRY", 3)
    a = boxes("a")
    assert a.box.step() and not a.box.is_late()
    a.numbers(4)
    assert a.box.is_late()
    assert a.box.step() and not a.box.is_late()
    a.network.cut = True
    assert a.box.is_late() and a.box.away


def test_a_box_goes_on_and_what_it_did_is_merged_with_its_real_times(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a, b = boxes("a"), boxes("b")
    assert a.box.step() and b.box.step()
    first = a.issue().ticket
    a.box.step()
    a.network.cut = True
    alone = [a.issue(resident=CHEN), a.issue("tax"), a.issue()]
    assert a.box.goes_on
    assert not a.box.step(), "the store does not answer"
    hall.later(minutes=5)
    meanwhile = b.numbers(2)
    a.network.cut = False
    assert a.box.step()
    assert not a.box.away
    # Other boxes see what was merged, and leave it as it is.
    assert b.box.step()
    assert b.box.step()
    assert [row.note for row in rows(hall, tables.merged_record)] == [None] * 3
    found = {row.number: row for row in rows(hall, tables.ticket)}
    assert len(found) == 6
    assert {first.number, *meanwhile, *(one.ticket.number for one in alone)} == set(found)
    for one in alone:
        assert hall.office.ticket(one.ticket.id).issued_at == one.ticket.issued_at
        assert hall.office.ticket_of_code(one.code).ticket.number == one.ticket.number
    told = {event.data["number"]: event for event in hall.office.events_after(0, 100) if event.type == "ticket.issued"}
    assert told[alone[0].ticket.number].at == alone[0].ticket.issued_at
    assert told[alone[0].ticket.number].data["merged"] is True
    assert "merged" not in told[first.number].data
    # Who was first is called first, wherever the number came from; and the slip opens the resident's data.
    assert hall.call("1") == first.number
    hall.office.finish("1", CLERK)
    assert hall.call("1") == alone[0].ticket.number
    assert hall.office.scan("1", alone[0].code, CLERK).resident.name == CHEN.name  # type: ignore[union-attr]


def test_what_was_merged_already_changes_nothing(hall: OfficeHall, boxes: Callable[..., Box]) -> None:
    a = boxes("a")
    a.box.step()
    a.network.cut = True
    a.numbers(3)
    with a.box._ledger.peep() as m:  # type: ignore[attr-defined] - what would be sent
        records = merging.collect(m, a.box._lease.holder, 50)
    a.network.cut = False
    a.box.step()
    before = rows(hall, tables.ticket), rows(hall, tables.event), rows(hall, tables.merged_record)
    for _ in range(2):
        with hall.office.ledger.verb() as m:
            assert set(merging.merge(m, "a", a.box._lease.holder, records).values()) == {None}
    assert (rows(hall, tables.ticket), rows(hall, tables.event), rows(hall, tables.merged_record)) == before


def test_a_merge_whose_answer_was_lost_is_repeated_and_a_lost_renewal_too(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    a.box.step()
    issued: list[str] = []
    for _ in range(4):
        a.network.cut = True
        issued += a.numbers(2)
        a.network.cut, a.network.cut_after = False, True
        assert not a.box.step()
        issued += a.numbers(1)
        a.network.cut = False
        assert a.box.step()
        a.network.cut_after = True
        assert not a.box.step(), "the renewal is lost after it was kept"
        issued += a.numbers(1)
        a.network.cut = False
        assert a.box.step()
    assert sorted(row.number for row in rows(hall, tables.ticket)) == sorted(issued)
    assert len(set(issued)) == len(issued)


def test_numbers_that_were_not_issued_are_given_back_and_issued_next(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    a.box.step()
    a.network.cut = True
    alone = a.numbers(3)
    a.network.cut = False
    a.box.step()
    rest: list[str] = []
    while len(rest) < 37:
        rest += a.numbers(1)
        a.box.step()
    assert sorted(alone + rest) == [f"A{number:03}" for number in range(1, 41)], "without a gap in the end"


def test_a_box_that_was_away_for_longer_than_its_lease_issues_and_prints_nothing(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    a.box.step()
    a.network.cut = True
    alone = a.issue(print=True)
    hall.later(hours=2)
    assert not a.box.goes_on
    refused(StoreError, "store_gone", a.issue)
    refused(StoreError, "store_gone", a.box.local.print_jobs, 5)
    a.network.cut = False
    assert a.box.step()
    assert hall.office.ticket(alone.ticket.id).number == alone.ticket.number, "what it issued in time is not lost"


def test_a_lease_ends_on_the_box_before_it_ends_by_the_stores_clock(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    a.box.step()
    (lease,) = rows(hall, tables.number_lease)
    ends = lease.ends_at / 1e6 - hall.now.timestamp()
    assert 0 < a.box.lease_left < ends - 59


def test_a_lease_ends_with_the_hall_day(hall: OfficeHall, boxes: Callable[..., Box]) -> None:
    a = boxes("a", replace(SMALL, lasts=timedelta(hours=20)))
    a.box.step()
    a.network.cut = True
    yesterday = a.issue().ticket
    hall.next_day()
    refused(StoreError, "store_gone", a.issue)
    a.network.cut = False
    assert a.box.step()
    assert hall.office.ticket(yesterday.id).state == "expired"
    assert [row.note for row in rows(hall, tables.merged_record)] == [merging.DAY_OVER]
    assert a.numbers(1) == ["A001"]


def test_a_restarted_box_goes_on_only_in_the_same_run_of_the_machine(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    a.box.step()
    a.network.cut = True
    before = a.numbers(2)
    a.restart()
    a.box.lost(StoreError("store_gone"))
    before += a.numbers(1)
    a.boot = "second boot"
    a.restart()
    a.box.lost(StoreError("store_gone"))
    refused(StoreError, "store_gone", a.issue)
    a.network.cut = False
    assert a.box.step()
    assert sorted(row.number for row in rows(hall, tables.ticket)) == sorted(before)


def test_a_box_whose_numbers_are_used_up_says_so(hall: OfficeHall, boxes: Callable[..., Box]) -> None:
    a = boxes("a")
    a.box.step()
    a.network.cut = True
    assert len(set(a.numbers(SMALL.numbers))) == SMALL.numbers
    assert refused(LimitError, "numbers_used_up", a.issue) == {"service": "licence"}
    assert a.issue("tax").ticket.number.startswith("B"), "of another prefix there are some"
    a.network.cut = False
    a.box.step()
    a.network.cut = True
    assert len(set(a.numbers(2 * SMALL.numbers))) == 2 * SMALL.numbers, "it holds more after it has used them up"


def test_one_person_has_one_ticket_and_a_second_found_at_the_merge_is_kept_and_marked(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a, b = boxes("a"), boxes("b")
    b.issue(resident=LI)
    a.box.step()
    a.network.cut = True
    refused(StateError, "already_waiting", a.issue, resident=LI)
    mine = a.issue(resident=CHEN)
    refused(StateError, "already_waiting", a.issue, resident=CHEN)
    other = b.issue(resident=CHEN).ticket
    a.network.cut = False
    assert a.box.step()
    assert {hall.office.ticket(one.id).state for one in (mine.ticket, other)} == {"waiting"}
    assert [row.note for row in rows(hall, tables.merged_record)] == [merging.SECOND]
    assert hall.office.tickets_of(CHEN)["licence"].number == other.number
    entry = [row for row in rows(hall, tables.access_log) if row.action == "merge"]
    assert [one.reason for one in entry] == ["tickets: 1; second tickets: 1; refused: 0"]


def test_a_record_of_numbers_that_a_box_does_not_hold_is_refused_and_kept(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a, b = boxes("a"), boxes("b")
    a.box.step()
    b.box.step()
    a.network.cut = True
    issued = a.issue(resident=CHEN)
    with a.box._ledger.peep() as m:
        (record,) = merging.collect(m, a.box._lease.holder, 50)
    with hall.office.ledger.verb() as m:
        notes = merging.merge(m, "b", b.box._lease.holder, [record])
    assert list(notes.values()) == ["not_leased"]
    refused(UnknownError, "unknown_ticket", hall.office.ticket, issued.ticket.id)
    (kept,) = rows(hall, tables.merged_record)
    with hall.office.ledger.look() as m:
        body = merging.refused_body(m, kept.id, kept.hall_day, kept.sealed)
    assert body["ticket"]["number"] == issued.ticket.number
    assert CHEN.id_number is not None
    assert CHEN.id_number.encode() not in kept.sealed


def test_the_same_idempotency_key_gives_the_same_answer_before_and_after_the_merge(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    a.box.step()
    a.network.cut = True
    key = "0123456789abcdef-key"
    first = a.issue(key=key)
    assert a.issue(key=key).ticket.number == first.ticket.number
    a.network.cut = False
    a.box.step()
    again = a.issue(key=key)
    assert (again.ticket.number, again.code) == (first.ticket.number, first.code)
    assert len(rows(hall, tables.ticket)) == 1


def test_a_slip_is_printed_from_the_boxs_own_file_also_after_the_store_is_back(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    a.box.step()
    a.network.cut = True
    issued = a.issue(resident=CHEN, print=True)
    (job,) = a.box.local.print_jobs(5)
    assert (job.ticket.number, job.code) == (issued.ticket.number, issued.code)
    assert numbers.is_leased(job.id)
    a.network.cut = False
    a.box.step()
    assert hall.office.ticket(issued.ticket.id).print == "pending"
    assert not hall.office.print_jobs(5), "no other box prints it, and this one not twice"
    a.box.local.print_sending(job.id)
    a.box.local.print_ended(job.id, "printed", None)
    a.box.step()
    assert hall.office.ticket(issued.ticket.id).print == "printed"


def test_a_slip_whose_box_was_switched_off_meanwhile_is_not_printed_twice(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    a.box.step()
    a.network.cut = True
    issued = [a.issue(resident=CHEN, print=True).ticket, a.issue(print=True).ticket]
    begun, _ = a.box.local.print_jobs(5)
    a.box.local.print_sending(begun.id)
    a.restart()
    assert a.box.in_doubt
    a.box.lost(StoreError("store_gone"))
    assert not a.box.local.print_jobs(5)
    a.network.cut = False
    a.box.step()
    assert [hall.office.ticket(one.id).print for one in issued] == ["unconfirmed", "failed"]


def test_half_a_slip_of_an_earlier_run_is_known_until_the_next_one_came_out(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    a.box.step()
    a.network.cut = True
    for ended, known in (("unconfirmed", True), ("printed", False)):
        a.issue(print=True)
        (job,) = a.box.local.print_jobs(5)
        a.box.local.print_sending(job.id)
        a.box.local.print_ended(job.id, ended, None)  # type: ignore[arg-type] - one of those words
        a.restart()
        assert a.box.in_doubt is known
        a.box.lost(StoreError("store_gone"))


def test_half_a_slip_is_known_though_slips_of_the_time_before_were_merged_after_it(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    a.box.step()
    a.network.cut = True
    a.issue(print=True)
    (job,) = a.box.local.print_jobs(5)
    a.box.local.print_sending(job.id)
    a.box.local.print_ended(job.id, "printed", None)
    a.network.cut = False
    store = a.box._store
    begun = store.issue("licence", DESK, print=True)
    assert a.box.step()
    (half,) = store.print_jobs(5)
    assert half.ticket.id == begun.ticket.id
    hall.later(seconds=1)
    store.print_sending(half.id)
    assert store.recover(), "this slip was sent after the one that was merged behind it"


def test_a_renewal_that_arrives_late_is_refused_and_takes_nothing_away(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    a.box.step()
    held = {row.id: row.next for row in rows(hall, tables.number_block) if row.holder}
    holder = a.box._lease.holder
    late = leasing.Asked(holder, "a", a.box._lease.turn, {}, {}, {})
    a.box.step()
    with hall.office.ledger.verb() as m:
        refused(StateError, "lease_stale", leasing.renew, m, SMALL, late)
    assert {row.id: row.next for row in rows(hall, tables.number_block) if row.holder} == held


def test_a_file_that_was_put_back_from_a_copy_issues_no_number_again(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    a.box.step()
    a.local.checkpoint()
    copy = (a.folder / "a.db").read_bytes()
    a.network.cut = True
    first = a.numbers(3)
    a.network.cut = False
    a.box.step()
    a.local.close()
    for name in ("a.db-wal", "a.db-shm"):
        (a.folder / name).unlink(missing_ok=True)
    (a.folder / "a.db").write_bytes(copy)
    a.boot = "second boot"
    a.start()
    assert a.box.step()
    assert a.box.step()
    a.network.cut = True
    again = a.numbers(3)
    a.network.cut = False
    a.box.step()
    assert len({*first, *again}) == 6
    assert sorted(row.number for row in rows(hall, tables.ticket)) == sorted({*first, *again})


@pytest.mark.timeout(300)
def test_in_ten_hours_with_twenty_cuts_no_number_comes_twice_and_none_is_lost(
    file_desk: OfficeHall, tmp_path: Path
) -> None:
    """Three boxes; each cut lasts for up to an hour, is of any of them, and may fall right after a commit."""
    chance = random.Random(20)
    rules = LeaseRules(numbers=200, ahead=20, lasts=timedelta(hours=12))
    three = [Box(file_desk, tmp_path, name, rules) for name in "abc"]
    cuts = sorted(chance.sample(range(1, 30), 20))
    back: dict[Box, int] = {}
    issued: list[str] = []
    for turn in range(30):
        if turn in cuts:
            for one in chance.sample(three, chance.randint(1, 3)):
                one.network.cut_after = chance.random() < 0.3
                one.network.cut = not one.network.cut_after
                back[one] = turn + chance.randint(1, 3)
        for one in three:
            if back.get(one, 0) <= turn:
                one.network.cut = one.network.cut_after = False
            for _ in range(chance.randint(0, 3)):
                # A kiosk whose request was lost on the way asks once more.
                for _again in range(2):
                    with suppress(StoreError):
                        issued.append(one.issue(chance.choice(["licence", "tax", "seal"])).ticket.number)
                        break
                else:
                    pytest.fail("a kiosk stands still")
            one.box.step()
        file_desk.later(minutes=20)
    for one in three:
        one.network.cut = one.network.cut_after = False
        assert one.box.step()
        one.close()
    kept = [row.number for row in rows(file_desk, tables.ticket)]
    assert len(set(issued)) == len(issued)
    assert set(issued) <= set(kept)
    # Of a request whose answer was lost the store may have the ticket: nobody has its slip.
    assert len(kept) - len(issued) <= len(cuts)
    assert len(set(kept)) == len(kept)
    assert not [row for row in rows(file_desk, tables.merged_record) if row.note]


def test_the_local_copy_follows_the_queue_and_holds_nobodys_data(hall: OfficeHall, boxes: Callable[..., Box]) -> None:
    a, b = boxes("a"), boxes("b")
    a.box.step()
    waiting = [b.issue(resident=LI).ticket.number, *b.numbers(2)]
    a.box.step()
    hall.serve("1")
    hall.call("1")
    a.box.step()
    with a.local.read() as conn:
        found = {row.number: row.state for row in conn.execute(select(tables.ticket))}
        assert not conn.execute(select(tables.resident)).all()
    assert list(found) == waiting
    assert sorted(found.values()) == ["called", "done", "waiting"]
    a.network.cut = True
    assert a.issue().ticket.ahead == 1


def test_a_store_with_numbers_held_by_boxes_is_restored_without_them(
    hall: OfficeHall, boxes: Callable[..., Box], tmp_path: Path
) -> None:
    from ticketing.backup.restore import Backups

    a = boxes("a")
    a.box.step()
    hall.issue()
    Backups(hall.office.ledger).write(tmp_path / "hall.backup")
    a.network.cut = True
    alone = a.numbers(2)
    Backups(hall.office.ledger).restore(tmp_path / "hall.backup", DESK, replace=True)
    a.network.cut = False
    assert a.box.step()
    taken = [*a.numbers(30), *alone]
    assert len(set(taken)) == len(taken)
    assert {row.number for row in rows(hall, tables.ticket)} >= set(taken)


def test_a_manager_is_told_what_did_not_simply_fit_in(hall: OfficeHall, boxes: Callable[..., Box]) -> None:
    a, b = boxes("a"), boxes("b")
    a.box.step()
    a.network.cut = True
    mine, forged = a.issue(resident=CHEN).ticket, a.issue().ticket
    other = b.issue(resident=CHEN).ticket
    with a.box._ledger.peep() as m:
        records = merging.collect(m, a.box._lease.holder, 50)
    with hall.office.ledger.verb() as m:
        merging.merge(m, "c", "f" * 32, [replace(records[1], id=f"{'f' * 32}/{forged.id}")])
    a.network.cut = False
    a.box.step()
    noted = NotedRecords(hall.office.ledger).of_day(hall.now.date())
    assert [(one.number, one.box, one.at, one.note, one.refused) for one in noted] == [
        (mine.number, "a", mine.issued_at, merging.SECOND, False),
        (forged.number, "c", forged.issued_at, "not_leased", True),
    ]
    assert other.number not in {one.number for one in noted}
