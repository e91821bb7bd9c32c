"""A box that is cut off prints a slip again of a ticket that it alone knows of, as the store would; on both stores."""

from collections.abc import Callable, Sequence
from typing import Any

from cut_off_boxes import KIOSK, Box, rows
from offices import CHEN, CLERK, LI, OfficeHall, refused
from ticketing.cut_off import merging
from ticketing.day.print_jobs import PrintJob
from ticketing.model import Resident, StateError, StoreError, UnknownError, time_of
from ticketing.office import Issued, Office
from ticketing.privacy import access_log
from ticketing.store import tables


def begun(box: Box, ended: str = "printed") -> PrintJob:
    """The slip that is next is sent, and ends so."""
    job = box.box.local.print_jobs(1)[0]
    box.box.local.print_sending(job.id)
    box.box.local.print_ended(job.id, ended, None)  # type: ignore[arg-type] - one of those words
    return job


def again(box: Box, issued: Issued, card: Resident = CHEN, *, lost: bool = False) -> PrintJob:
    box.hall.later(seconds=1)
    return box.box.do(lambda office: office.reprint_by_card(issued.ticket.id, card, KIOSK, lost=lost))


def found(office: Office, *codes: str) -> list[str]:
    """The numbers that these codes find."""
    numbers = []
    for code in codes:
        try:
            numbers.append(office.ticket_of_code(code).ticket.number)
        except UnknownError:
            numbers.append("")
    return numbers


def entries(hall: OfficeHall) -> Sequence[Any]:
    """Those of slips that were printed again, once the whole log is found to be as it was written."""
    with hall.store.read() as conn:
        assert access_log.verify(conn, hall.vault).whole
    return [one for one in rows(hall, tables.access_log) if one.action in ("card-reprint", "slip-lost")]


def test_a_slip_is_printed_again_as_a_copy_with_a_code_of_its_own_and_the_store_has_both(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    a.box.step()
    a.network.cut = True
    issued = a.issue(resident=CHEN, print=True)
    begun(a)
    copy = again(a, issued)
    asked_at = hall.now
    assert copy.copy and copy.code != issued.code
    assert a.box.local.print_jobs(5) == [copy]
    assert again(a, issued).id == copy.id, "one that still waits to be printed is not printed twice"
    asked_again_at = hall.now
    assert found(a.box.local, issued.code, copy.code) == [issued.ticket.number] * 2
    hall.later(minutes=5)
    with a.box._ledger.peep() as m:
        records = merging.collect(m, a.box._lease.holder, 50)
    a.network.cut = False
    assert a.box.step()
    assert found(hall.office, issued.code, copy.code) == [issued.ticket.number] * 2
    assert [(one.copy, one.state) for one in rows(hall, tables.print_job)] == [(False, "printed"), (True, "sending")]
    assert begun(a).code == copy.code
    assert a.box.step()
    assert [one.state for one in rows(hall, tables.print_job)] == ["printed", "printed"]
    kept = entries(hall)
    assert [(one.action, one.ticket_id, one.who, one.place) for one in kept] == [
        ("card-reprint", issued.ticket.id, KIOSK.who, KIOSK.place)
    ] * 2
    assert [time_of(one.at) for one in kept] == [asked_at, asked_again_at]
    assert kept[0].subject == hall.vault.month_hash(asked_at.date().isoformat(), access_log.SUBJECT, CHEN.id_number)
    # Told once more, it changes nothing.
    before = [rows(hall, table) for table in (tables.ticket, tables.slip_code, tables.print_job, tables.access_log)]
    with hall.office.ledger.verb() as m:
        merging.merge(m, "a", a.box._lease.holder, records)
    after = [rows(hall, table) for table in (tables.ticket, tables.slip_code, tables.print_job, tables.access_log)]
    assert after == before
    # The copy opens the resident's data.
    assert hall.call("1") == issued.ticket.number
    assert hall.office.scan("1", copy.code, CLERK).resident == CHEN
    hall.office.finish("1", CLERK)
    hall.next_day()
    assert a.box.step()
    with a.local.read() as conn:
        assert not [row for table in (tables.resident, tables.slip_code) for row in conn.execute(table.select())]


def test_a_slip_that_did_not_come_out_is_printed_again_without_a_mark(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a = boxes("a")
    a.box.step()
    a.network.cut = True
    jammed, switched_off = a.issue(resident=CHEN, print=True), a.issue("tax", resident=CHEN, print=True)
    begun(a, "failed")
    assert not again(a, jammed).copy
    a.restart()
    a.box.lost(StoreError("store_gone"))
    assert not a.box.local.print_jobs(5), "the codes of slips that wait are gone with the program's memory"
    slips = [again(a, jammed), again(a, switched_off)]
    assert a.box.local.print_jobs(5) == slips
    assert not any(one.copy for one in slips)
    assert not begun(a).copy
    a.network.cut = False
    assert a.box.step()
    last = {one.ticket_id: one.state for one in rows(hall, tables.print_job)}
    assert last == {jammed.ticket.id: "printed", switched_off.ticket.id: "sending"}
    assert found(hall.office, *(one.code for one in slips)) == [jammed.ticket.number, switched_off.ticket.number]


def test_a_slip_that_was_lost_is_worth_nothing_from_then_on(hall: OfficeHall, boxes: Callable[..., Box]) -> None:
    a = boxes("a")
    a.box.step()
    a.network.cut = True
    issued = a.issue(resident=CHEN, print=True)
    begun(a)
    copy, last = again(a, issued), again(a, issued, lost=True)
    assert last.copy
    codes = issued.code, copy.code, last.code
    assert found(a.box.local, *codes) == ["", "", issued.ticket.number]
    a.network.cut = False
    assert a.box.step()
    assert found(hall.office, *codes) == ["", "", issued.ticket.number]
    assert [one.action for one in entries(hall)] == ["card-reprint", "slip-lost"]
    assert [one.state for one in rows(hall, tables.print_job)] == ["printed", "failed", "sending"]
    hall.call("1")
    assert hall.office.scan("1", last.code, CLERK).resident == CHEN


def test_of_a_ticket_that_others_may_know_of_no_slip_is_printed_again(
    hall: OfficeHall, boxes: Callable[..., Box]
) -> None:
    a, b = boxes("a"), boxes("b")
    before = a.issue(resident=CHEN, print=True)
    assert a.box.step() and b.box.step()
    b.network.cut = True
    others = b.issue(resident=LI, print=True)
    b.network.cut = False
    assert b.box.step() and a.box.step()
    a.network.cut = True
    own = a.issue("tax", resident=CHEN, print=True)
    a.network.cut, a.network.cut_after = False, True
    assert not a.box.step(), "the store took it, and its answer was lost"
    kept = rows(hall, tables.print_job), rows(hall, tables.slip_code)
    for one, card in ((before, CHEN), (others, LI), (own, CHEN)):
        refused(StateError, "reprint_later", again, a, one, card)
    alone = a.issue("seal", resident=CHEN)
    refused(UnknownError, "unknown_ticket", again, a, alone, LI)
    refused(StateError, "card_needed", again, a, alone, Resident(kind="typed", id_number=CHEN.id_number))
    assert again(a, alone).code
    a.network.cut = False
    assert a.box.step()
    assert [one.ticket_id for one in entries(hall)] == [alone.ticket.id]
    assert [one for one in rows(hall, tables.print_job) if one.ticket_id != alone.ticket.id] == kept[0]
    # From now on the store prints it again.
    assert again(a, own).copy
