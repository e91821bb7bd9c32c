"""Forms handed in with a ticket: opened by the very slip, gone with it and with the day."""

from dataclasses import replace

from offices import CHEN, DESK, LI, OfficeHall, refused
from ticketing.day.form_answers import FilledForm, FormField
from ticketing.model import Actor, ForbiddenError
from ticketing.terminals import Proof, Terminals

TERMINAL = Actor("t-1", "terminal", "terminal hall-1")
CLERK = Actor("wang", "clerk", "1")
FORM = FilledForm("proof", "证明申请表", "Application", (FormField("phone", "手机号码", "Phone", "13800000000"),))


def issued(desk: OfficeHall):
    return desk.office.issue("tax", DESK, resident=CHEN, print=False)


def scanned(desk: OfficeHall, code: str):
    desk.office.call_number("1", desk.office.ticket_of_code(code).ticket.number, CLERK)
    return desk.office.scan("1", code, CLERK)


def test_the_slip_opens_at_the_window_what_was_handed_in_with_it(desk: OfficeHall) -> None:
    slip = issued(desk)
    terminals = Terminals(desk.office.ledger)
    terminals.hand_in(slip.code, Proof(card=CHEN), TERMINAL, replace(FORM, name="旧"))
    # Filled in once more, the second takes the place of the first.
    assert terminals.hand_in(slip.code.lower(), Proof(card=CHEN), TERMINAL, FORM).number == slip.ticket.number
    assert scanned(desk, slip.code).forms == (FORM,)
    there = desk.office.holders_at("1", CLERK)
    assert there is not None and there.forms == (FORM,)
    with desk.store.read() as conn:
        kept = b"".join(bytes(row[0]) for row in conn.exec_driver_sql("SELECT sealed FROM form_answer"))
    assert kept and b"13800000000" not in kept


def test_a_wrong_proof_hands_nothing_in(desk: OfficeHall) -> None:
    slip = issued(desk)
    refused(
        ForbiddenError, "not_opened", Terminals(desk.office.ledger).hand_in, slip.code, Proof(card=LI), TERMINAL, FORM
    )
    assert scanned(desk, slip.code).forms == ()


def test_another_slip_of_the_ticket_and_its_card_do_not_open_it(desk: OfficeHall) -> None:
    slip = issued(desk)
    Terminals(desk.office.ledger).hand_in(slip.code, Proof(card=CHEN), TERMINAL, FORM)
    again = desk.office.reprint_by_card(slip.ticket.id, CHEN, DESK, lost=False)
    assert scanned(desk, again.code).forms == ()
    known = desk.office.identify("1", CHEN, CLERK)
    assert known.resident is not None and known.forms == ()


def test_a_slip_that_was_lost_and_a_day_that_is_erased_take_it_along(desk: OfficeHall) -> None:
    terminals = Terminals(desk.office.ledger)

    def rows() -> int:
        with desk.store.read() as conn:
            return int(conn.exec_driver_sql("SELECT count(*) FROM form_answer").scalar_one())

    slip = issued(desk)
    terminals.hand_in(slip.code, Proof(card=CHEN), TERMINAL, FORM)
    desk.office.reprint_by_card(slip.ticket.id, CHEN, DESK, lost=True)
    assert rows() == 0
    other = desk.office.issue("licence", DESK, resident=CHEN, print=False)
    terminals.hand_in(other.code, Proof(card=CHEN), TERMINAL, FORM)
    assert rows() == 1
    desk.next_day()
    desk.office.purge(desk.now.date())
    assert rows() == 0
