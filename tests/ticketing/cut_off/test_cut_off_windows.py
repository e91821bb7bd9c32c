"""Windows of a box that is cut off call what nobody else can call, and the store takes it as it was; on both stores."""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cut_off_boxes import Box, rows
from offices import CHEN, OfficeHall, refused
from ticketing.cut_off import merging
from ticketing.cut_off.noted import NotedRecords
from ticketing.cut_off.rules import LeaseRules
from ticketing.model import Actor, State, StateError, StoreError
from ticketing.office import Office
from ticketing.store import tables

LIN = Actor("lin", "clerk", "1", logged_in=True)
WANG = Actor("wang", "clerk", "1", logged_in=True)


def call(box: Box, window: str = "1", actor: Actor = LIN) -> str:
    box.hall.later(seconds=1)
    called = box.box.do(lambda office: office.call_next(window, actor))
    return called.ticket.number if called else ""


def do(box: Box, verb: Callable[..., Any], window: str = "1", *more: Any, actor: Actor = LIN, **options: Any) -> Any:
    box.hall.later(seconds=1)
    return box.box.do(lambda office: verb(office, window, *more, actor, **options))


def finish(box: Box, window: str = "1", outcome: str = "immediate", actor: Actor = LIN) -> None:
    box.hall.later(seconds=1)
    box.box.do(lambda office: office.conclude(window, actor, outcome))


def by_number(hall: OfficeHall) -> dict[str, Any]:
    return {row.number: row for row in rows(hall, tables.ticket)}


def test_a_window_calls_and_serves_what_its_box_issued_and_the_store_has_it_all_as_it_was(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    a.box.step()
    a.network.cut = True
    first, second, third = a.issue(resident=CHEN).ticket, a.issue().ticket, a.issue("tax").ticket
    called_at = hall.now + timedelta(seconds=1)
    assert call(a) == first.number
    assert a.box.local.board().calls[0].number == first.number, "the box's own screens show it"
    do(a, Office.recall)
    started_at = hall.now + timedelta(seconds=1)
    do(a, Office.start)
    finish(a)
    assert call(a) == second.number
    do(a, Office.no_show)
    assert call(a) == third.number
    hall.later(minutes=3)
    a.network.cut = False
    assert a.box.step()
    assert not a.box.away
    kept = by_number(hall)
    done = hall.office.ticket(first.id)
    assert (done.state, done.called_at, done.started_at, done.recalls) == (State.DONE, called_at, started_at, 1)
    assert (kept[first.number].clerk, kept[first.number].window_id) == ("lin", "1")
    assert kept[second.number].state == "missed"
    assert (kept[third.number].state, kept[third.number].window_id) == ("called", "1")
    assert [(row.ticket_id, row.outcome, row.clerk) for row in rows(hall, tables.case_file)] == [
        (first.id, "immediate", "lin")
    ]
    told = [event for event in hall.office.events_after(0, 100) if event.data.get("number") == first.number]
    assert [event.type.removeprefix("ticket.") for event in told] == [
        "issued",
        "called",
        "recalled",
        "started",
        "finished",
    ]
    assert [event.at for event in told[:2]] == [first.issued_at, called_at]
    assert all(event.data["merged"] for event in told)
    # The clerk goes on where it stands.
    hall.office.finish("1", LIN)
    assert hall.office.ticket(third.id).state is State.DONE
    assert hall.office.call_next("1", LIN) is None


def test_what_a_window_held_when_it_was_cut_off_is_ended_there(hall: OfficeHall, boxes: Callable[..., Box]) -> None:
    a = boxes("a")
    a.box.step()
    served, sent_on = a.issue(resident=CHEN), a.issue()
    assert call(a) == served.ticket.number
    hall.office.scan("1", served.code, LIN)
    assert call(a, "3", WANG) == sent_on.ticket.number
    a.box.follow()
    a.network.cut = True
    finish(a)
    do(a, lambda office, window, actor: office.transfer(window, "tax", actor), "3", actor=WANG)
    # Others may call it once it waits: this box does not.
    assert (call(a), call(a, "2", WANG)) == ("", "")
    a.network.cut = False
    assert a.box.step()
    assert hall.office.ticket(served.ticket.id).state is State.DONE
    assert not rows(hall, tables.serving), "its resident's data are put away"
    moved = hall.office.ticket(sent_on.ticket.id)
    assert (moved.state, moved.service) == (State.WAITING, "tax")
    assert [(row.ticket_id, row.ended_as, row.clerk) for row in rows(hall, tables.visit)] == [
        (sent_on.ticket.id, "transferred", "wang")
    ]
    assert hall.call("2") == sent_on.ticket.number


def test_a_cut_off_window_calls_none_that_another_box_may_call(hall: OfficeHall, boxes: Callable[..., Box]) -> None:
    a = boxes("a")
    waiting = a.issue().ticket
    a.box.step()
    a.network.cut = True
    own = a.issue().ticket
    assert a.box.do(lambda office: office.window_view("1")).next == [own.number]
    assert call(a) == own.number
    finish(a)
    assert call(a) == ""
    assert hall.call("3") == waiting.number
    refused(StoreError, "needs_store", a.box.do, lambda office: office.call_number("1", waiting.number, LIN))
    a.network.cut = False
    a.box.step()
    assert by_number(hall)[waiting.number].window_id == "3"


def test_a_ticket_that_is_being_told_to_the_store_is_called_by_the_store_alone(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    a.box.step()
    a.network.cut = True
    first, second = a.issue().ticket, a.issue().ticket
    assert call(a) == first.number
    a.network.cut, a.network.cut_after = False, True
    assert not a.box.step(), "the store took it, and its answer was lost"
    a.restart()
    a.box.lost(StoreError("store_gone"))
    finish(a)
    assert call(a) == "", "the other one may be called elsewhere by now"
    third = a.issue().ticket
    assert call(a) == third.number
    assert hall.call("3") == second.number
    a.network.cut = False
    assert a.box.step()
    kept = by_number(hall)
    assert [(kept[one.number].state, kept[one.number].window_id) for one in (first, second, third)] == [
        ("done", "1"),
        ("called", "3"),
        ("called", "1"),
    ]
    assert len(rows(hall, tables.case_file)) == 1


def test_while_the_store_does_not_answer_all_that_waits_here_is_called_here(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    a.box.step()
    a.network.cut = True
    waiting = [a.issue().ticket.number for _ in range(2)]
    for number in waiting:
        assert not a.box.step()
        assert call(a) == number
        finish(a)
    a.network.cut = False
    assert a.box.step()
    kept = by_number(hall)
    assert [(kept[one].state, kept[one].window_id) for one in waiting] == [("done", "1")] * 2


def test_after_a_restart_windows_go_by_the_boxs_file_until_that_is_merged(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    ticket = a.issue().ticket
    call(a)
    a.box.step()
    a.network.cut = True
    finish(a)
    a.restart()
    a.network.cut = False
    assert a.box.do(lambda office: office.window_view("1")).ticket is None
    assert a.box.step() and not a.box.away
    assert hall.office.ticket(ticket.id).state is State.DONE
    a.restart()
    assert not a.box.away


def test_where_somebody_else_was_called_to_the_window_meanwhile_both_calls_stay_true(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    elsewhere = a.issue().ticket
    a.box.step()
    a.network.cut = True
    mine, next_one = a.issue().ticket, a.issue().ticket
    assert call(a) == mine.number
    hall.office.open_window("1", WANG, take_over=True)
    assert hall.office.call_next("1", WANG).ticket.number == elsewhere.number  # type: ignore[union-attr]
    with a.box._ledger.anyhow() as m:
        records = merging.collect(m, a.box._lease.holder, 50)
        merging.hand_over(m, records)
    # The box goes on before the store has it, and has not heard of it.
    finish(a)
    hall.later(seconds=1)
    with hall.office.ledger.verb() as m:
        merging.merge(m, "a", a.box._lease.holder, records)
    held = hall.office.ticket(mine.id)
    assert (held.state, held.window, held.hold_reason) == (State.HELD, "1", merging.WHY_HELD)
    a.network.cut = False
    assert a.box.step()
    kept = by_number(hall)
    assert kept[mine.number].state == "done"
    told = [one for one in rows(hall, tables.event) if f'"{mine.number}"' in one.data]
    assert [one.type.removeprefix("ticket.") for one in sorted(told, key=lambda one: one.at)] == [
        "issued",
        "called",
        "held",
        "finished",
    ]
    assert (kept[elsewhere.number].state, kept[elsewhere.number].clerk) == ("called", "wang")
    assert kept[next_one.number].state == "waiting"
    assert [row.clerk for row in rows(hall, tables.window) if row.id == "1"] == ["wang"]
    noted = NotedRecords(hall.office.ledger).of_day(hall.now.date())
    assert [(one.number, one.note) for one in noted] == [(mine.number, merging.HELD)]


@pytest.mark.parametrize("again", [False, True])
def test_what_a_window_did_just_before_the_cut_and_its_box_has_not_heard_of_is_gone_on_with(
    hall: OfficeHall, boxes: Callable[..., Box], again: bool
) -> None:
    a = boxes("a")
    ticket = a.issue().ticket
    call(a)
    a.box.step()
    do(a, Office.recall)
    do(a, Office.start)
    started_at = hall.now
    a.network.cut = True
    assert a.box.do(lambda office: office.window_view("1")).ticket.state is State.CALLED  # type: ignore[union-attr]
    if again:
        do(a, Office.start)
    finish(a)
    ended_at = hall.now
    a.network.cut = False
    assert a.box.step()
    done = hall.office.ticket(ticket.id)
    assert (done.state, done.started_at, done.ended_at, done.recalls) == (State.DONE, started_at, ended_at, 1)
    told = [one.type for one in hall.office.events_after(0, 100) if one.data.get("number") == ticket.number]
    assert [kind.removeprefix("ticket.") for kind in told] == ["issued", "called", "recalled", "started", "finished"]
    assert [one.ticket_id for one in rows(hall, tables.case_file)] == [ticket.id]
    assert not NotedRecords(hall.office.ledger).of_day(hall.now.date())


def test_who_is_being_served_is_not_missed_by_a_box_that_has_not_heard_of_that(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    ticket = a.issue().ticket
    call(a)
    a.box.step()
    do(a, Office.start)
    a.network.cut = True
    do(a, Office.no_show)
    a.network.cut = False
    assert a.box.step()
    assert hall.office.ticket(ticket.id).state is State.SERVING
    noted = NotedRecords(hall.office.ledger).of_day(hall.now.date())
    assert [(one.number, one.note) for one in noted] == [(ticket.number, merging.OVERTAKEN)]


def test_what_the_store_did_otherwise_meanwhile_stays_and_the_boxs_word_is_kept(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    ticket = a.issue().ticket
    call(a)
    a.box.step()
    a.network.cut = True
    finish(a, outcome="rejected")
    hall.office.open_window("1", WANG, take_over=True)
    hall.office.no_show("1", WANG)
    a.network.cut = False
    assert a.box.step()
    assert hall.office.ticket(ticket.id).state is State.MISSED
    assert not rows(hall, tables.case_file)
    noted = NotedRecords(hall.office.ledger).of_day(hall.now.date())
    assert [(one.number, one.note, one.refused) for one in noted] == [(ticket.number, merging.OVERTAKEN, True)]
    (kept,) = [row for row in rows(hall, tables.merged_record) if row.note]
    with hall.office.ledger.look() as m:
        body = merging.refused_body(m, kept.id, kept.hall_day, kept.sealed)
    assert body["cases"][0]["outcome"] == "rejected"
    # And the box sees it as the store does.
    a.network.cut = True
    a.box.lost(StoreError("store_gone"))
    assert a.box.local.ticket(ticket.id).state is State.MISSED


def test_what_needs_the_store_is_refused_and_changes_nothing(hall: OfficeHall, boxes: Callable[..., Box]) -> None:
    a = boxes("a")
    a.issue()
    call(a)
    finish(a)
    others = a.issue().ticket
    a.box.step()
    a.network.cut = True
    a.issue(resident=CHEN)
    call(a)
    before = rows_of(a)
    refused(StateError, "receipt_later", finish, a, "1", "promised")
    refused(StoreError, "needs_store", do, a, Office.close_window, "2")
    refused(StoreError, "needs_store", do, a, Office.undo, "3", actor=WANG)
    refused(StateError, "window_taken", do, a, Office.recall, actor=WANG)
    refused(StoreError, "needs_store", a.box.do, lambda office: office.open_window("1", WANG, take_over=True))
    assert rows_of(a) == before
    finish(a)
    before = rows_of(a)
    refused(StoreError, "needs_store", a.box.do, lambda office: office.call_number("1", others.number, LIN))
    refused(StoreError, "needs_store", a.box.do, lambda office: office.cancel(others.id, LIN))
    assert rows_of(a) == before


def rows_of(box: Box) -> list[list[Any]]:
    with box.local.read() as conn:
        return [
            [tuple(row) for row in conn.execute(table.select())]
            for table in (tables.ticket, tables.window, tables.window_step, tables.visit, tables.access_log)
        ]


def test_a_window_that_was_opened_or_paused_is_so_in_the_store_afterwards(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    a.box.step()
    a.network.cut = True
    a.issue()
    assert call(a, "3") == "A021"
    finish(a, "3")
    a.box.do(lambda office: office.pause_window("3", LIN, "稍候", "One moment"))
    a.box.do(lambda office: office.pause_window("2", LIN))
    hall.office.open_window("2", WANG)
    a.network.cut = False
    assert a.box.step()
    found = {row.id: (row.state, row.clerk, row.pause_text) for row in rows(hall, tables.window)}
    assert (found["3"], found["2"]) == (("paused", "lin", "稍候"), ("open", "wang", ""))


def test_what_was_served_before_midnight_is_so_though_it_is_merged_after(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    at_window = a.issue().ticket
    call(a)
    a.box.step()
    a.network.cut = True
    served, called = a.issue().ticket, a.issue().ticket
    finish(a)
    assert call(a) == served.number
    finish(a)
    assert call(a) == called.number
    ended_at = hall.now
    hall.next_day()
    hall.office.end_of_day()
    with hall.office.ledger.verb():
        pass
    a.network.cut = False
    assert a.box.step()
    kept = {one.number: hall.office.ticket(one.id) for one in (at_window, served, called)}
    assert [one.state for one in kept.values()] == [State.DONE] * 3
    assert [one.outcome for one in kept.values()] == ["immediate", "immediate", "end_of_day"]
    assert kept[served.number].ended_at is not None
    assert kept[served.number].ended_at < ended_at
    assert len(rows(hall, tables.case_file)) == 2


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(2))
def test_with_cuts_at_any_moment_nobody_is_called_twice_and_nothing_is_lost(
    file_desk: OfficeHall, tmp_path: Path, seed: int
) -> None:
    """Three boxes with a window each; a cut may fall right after a commit, and a merge is cut as well."""
    chance = random.Random(seed)
    rules = LeaseRules(numbers=60, ahead=20, lasts=timedelta(hours=12))
    three = [Box(file_desk, tmp_path, name, rules) for name in "abc"]
    windows = dict(zip(three, ("1", "2", "3"), strict=True))
    clerks = {one: Actor(f"clerk-{one.name}", "clerk", windows[one], logged_in=True) for one in three}
    ended: dict[str, str] = {}
    doubtful: set[str] = set()
    calls: list[tuple[str, str]] = []

    def press(one: Box) -> None:
        window, clerk = windows[one], clerks[one]
        here = one.box.do(lambda office: office.window_view(window)).ticket
        if here is None:
            if (number := call(one, window, clerk)) != "":
                calls.append((number, window))
            return
        try:
            if here.state is State.CALLED and chance.random() < 0.3:
                do(one, Office.no_show, window, actor=clerk)
                ended.setdefault(here.number, "missed")
            elif here.state is State.CALLED and chance.random() < 0.5:
                do(one, Office.start, window, actor=clerk)
            else:
                finish(one, window, actor=clerk)
                ended.setdefault(here.number, "done")
        except StoreError:
            # What the store did stays, and whoever goes on here does not know of it.
            doubtful.add(here.number)
            raise

    for _ in range(60):
        for one in three:
            if chance.random() < 0.2:
                one.network.cut_after = chance.random() < 0.3
                one.network.cut = not one.network.cut_after
            elif chance.random() < 0.3:
                one.network.cut = one.network.cut_after = False
            for _ in range(chance.randint(0, 2)):
                with suppress(StoreError):
                    one.issue(chance.choice(["licence", "tax", "seal"]))
            for _ in range(chance.randint(0, 3)):
                # Where nobody knows whether it was done, the clerk looks again.
                with suppress(StoreError):
                    press(one)
                # A press takes a second, within which the box has heard of it.
                one.box.follow()
            if chance.random() < 0.5:
                one.box.step()
            if chance.random() < 0.05:
                one.restart()
        file_desk.later(minutes=2)
    for one in three:
        one.network.cut = one.network.cut_after = False
        assert one.box.step()
        one.close()
    kept = by_number(file_desk)
    sure = {number: state for number, state in ended.items() if number not in doubtful}
    for number, state in sure.items():
        assert kept[number].state == state
    assert len({number for number, _ in calls}) == len(calls), "somebody was called twice"
    for number, window in calls:
        assert kept[number].window_id == window, "who was called where stays true"
    told = [json.loads(row.data) for row in rows(file_desk, tables.event) if row.type == "ticket.called"]
    assert len({one["number"] for one in told}) == len(told), "somebody was called twice"
    assert set(calls) <= {(one["number"], one["window"]) for one in told}
    cases = [row.ticket_id for row in rows(file_desk, tables.case_file)]
    assert len(set(cases)) == len(cases)
    assert {row.id for row in kept.values() if sure.get(row.number) == "done"} <= set(cases)
