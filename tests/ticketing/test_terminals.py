"""A resident's own data at a self-service terminal: with a second proof, and nothing told to anybody else."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from offices import CHEN, CLERK, DESK, LI, OfficeHall, refused
from ticketing.model import Actor, ForbiddenError, Resident, UnknownError
from ticketing.privacy import access_log
from ticketing.store import tables
from ticketing.terminals import Proof, Terminals

TERMINAL = Actor("t-1", "terminal", "terminal hall-1")
NOTHING = "0123456789ABCDEF"


@pytest.fixture
def terminals(desk: OfficeHall) -> Terminals:
    return Terminals(desk.office.ledger)


def tail(proof: str) -> Proof:
    return Proof(id_tail=proof)


def entries(desk: OfficeHall) -> list[tuple[str, str, int | None]]:
    with desk.store.read() as conn:
        log = tables.access_log
        return [tuple(row) for row in conn.execute(select(log.c.action, log.c.place, log.c.ticket_id))]


@pytest.mark.parametrize(
    "proof",
    [
        tail("07002X"),
        tail("07002x"),
        tail(" 07002x "),
        tail("０７００２Ｘ"),
        Proof(card=LI),
        Proof(card=Resident("social-security", id_number="11010219490307002x")),
    ],
)
def test_slip_and_proof_together_open_the_data(desk: OfficeHall, terminals: Terminals, proof: Proof) -> None:
    issued = desk.issue("licence", LI)
    scanned = terminals.scan(issued.code, proof, TERMINAL)
    assert (scanned.ticket.id, scanned.ticket.state, scanned.resident, scanned.agent) == (
        issued.ticket.id,
        "waiting",
        LI,
        None,
    )
    assert entries(desk) == [("terminal", "terminal hall-1", issued.ticket.id)]
    assert "002" not in repr(proof)


def test_an_agents_number_opens_what_the_agent_took(desk: OfficeHall, terminals: Terminals) -> None:
    issued = desk.issue("licence", LI, agent=CHEN)
    for proof in ("150015", "07002X"):
        scanned = terminals.scan(issued.code, tail(proof), TERMINAL)
        assert (scanned.resident, scanned.agent) == (LI, CHEN)


WRONG: dict[str, Callable[[OfficeHall], tuple[str, Proof]]] = {}


def wrong(make: Callable[[OfficeHall], tuple[str, Proof]]) -> Callable[[OfficeHall], tuple[str, Proof]]:
    WRONG[make.__name__] = make
    return make


@wrong
def a_code_of_nothing(_desk: OfficeHall) -> tuple[str, Proof]:
    return NOTHING, tail("07002X")


@wrong
def no_code_at_all(_desk: OfficeHall) -> tuple[str, Proof]:
    return "一二三", tail("07002X")


@wrong
def an_endless_code(_desk: OfficeHall) -> tuple[str, Proof]:
    return "A" * 5000, tail("07002X")


@wrong
def an_empty_code(_desk: OfficeHall) -> tuple[str, Proof]:
    return "", Proof()


@wrong
def a_wrong_tail(desk: OfficeHall) -> tuple[str, Proof]:
    return desk.issue("licence", LI).code, tail("070021")


@wrong
def a_wrong_number(desk: OfficeHall) -> tuple[str, Proof]:
    return desk.issue("licence", LI).code, Proof(card=CHEN)


@wrong
def a_tail_as_a_number(desk: OfficeHall) -> tuple[str, Proof]:
    return desk.issue("licence", LI).code, Proof(card=Resident(id_number="07002X"))


@wrong
def the_four_that_used_to_do(desk: OfficeHall) -> tuple[str, Proof]:
    return desk.issue("licence", LI).code, tail("002X")


@wrong
def a_slip_that_was_printed_again_without_the_card(desk: OfficeHall) -> tuple[str, Proof]:
    return desk.office.reprint(desk.issue("licence", LI).ticket.id, DESK).code, Proof(card=LI)


@wrong
def a_number_as_a_tail(desk: OfficeHall) -> tuple[str, Proof]:
    return desk.issue("licence", LI).code, tail(str(LI.id_number))


@wrong
def a_right_tail_with_a_wrong_number(desk: OfficeHall) -> tuple[str, Proof]:
    return desk.issue("licence", LI).code, Proof("07002X", CHEN)


@wrong
def no_proof(desk: OfficeHall) -> tuple[str, Proof]:
    return desk.issue("licence", LI).code, Proof()


@wrong
def an_empty_proof(desk: OfficeHall) -> tuple[str, Proof]:
    return desk.issue("licence", LI).code, Proof("", Resident())


@wrong
def a_ticket_of_nobody(desk: OfficeHall) -> tuple[str, Proof]:
    return desk.issue("licence").code, tail("??????")


@wrong
def a_resident_without_a_number(desk: OfficeHall) -> tuple[str, Proof]:
    return desk.issue("licence", replace(LI, id_number=None)).code, tail("")


@wrong
def a_ticket_that_is_over(desk: OfficeHall) -> tuple[str, Proof]:
    code = desk.issue("licence", LI).code
    desk.call()
    desk.office.finish("1", CLERK)
    return code, tail("07002X")


@wrong
def a_ticket_of_yesterday(desk: OfficeHall) -> tuple[str, Proof]:
    code = desk.issue("licence", LI).code
    desk.next_day()
    desk.office.end_of_day()
    return code, tail("07002X")


@wrong
def an_erased_ticket(desk: OfficeHall) -> tuple[str, Proof]:
    code = desk.issue("licence", LI).code
    desk.now += timedelta(days=3)
    desk.office.purge(desk.now.date())
    return code, tail("07002X")


@wrong
def a_locked_ticket(desk: OfficeHall) -> tuple[str, Proof]:
    code = desk.issue("licence", LI).code
    for _ in range(3):
        refused(ForbiddenError, "not_opened", Terminals(desk.office.ledger).scan, code, tail("999999"), TERMINAL)
    return code, tail("07002X")


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG.keys())
def test_whatever_is_wrong_is_told_as_one_thing_and_logged(
    desk: OfficeHall, terminals: Terminals, case: Callable[[OfficeHall], tuple[str, Proof]]
) -> None:
    code, proof = case(desk)
    before = len(entries(desk))
    assert refused(ForbiddenError, "not_opened", terminals.scan, code, proof, TERMINAL) == {}
    assert [entry[:2] for entry in entries(desk)[before:]] == [("terminal-refused", "terminal hall-1")]


def test_three_wrong_proofs_lock_a_ticket_for_every_terminal_and_process(
    desk: OfficeHall, terminals: Terminals
) -> None:
    code = desk.issue("licence", LI).code
    other = desk.issue("tax", CHEN).code
    for _ in range(3):
        refused(ForbiddenError, "not_opened", terminals.scan, code, tail("000000"), TERMINAL)
    refused(ForbiddenError, "not_opened", terminals.scan, code, tail("07002X"), TERMINAL)
    desk.restart()
    again = Terminals(desk.office.ledger)
    refused(ForbiddenError, "not_opened", again.scan, code, tail("07002X"), Actor("t-2", "terminal", "terminal hall-2"))
    assert again.scan(other, tail("150015"), TERMINAL).resident == CHEN
    # Its window opens it still.
    desk.call("3")
    assert desk.office.scan("3", code, CLERK).resident == LI


def test_a_right_proof_forgives_the_wrong_ones_before_it(desk: OfficeHall, terminals: Terminals) -> None:
    code = desk.issue("licence", LI).code
    for _ in range(3):
        for _ in range(2):
            refused(ForbiddenError, "not_opened", terminals.scan, code, tail("000000"), TERMINAL)
        assert terminals.scan(code, tail("07002X"), TERMINAL).resident == LI


def test_the_log_of_all_tries_is_whole(desk: OfficeHall, terminals: Terminals) -> None:
    for case in WRONG.values():
        desk.next_day()
        code, proof = case(desk)
        refused(ForbiddenError, "not_opened", terminals.scan, code, proof, TERMINAL)
    with desk.store.read() as conn:
        verdict = access_log.verify(conn, desk.vault)
    assert verdict.whole
    assert verdict.entries >= len(WRONG) + 3


@pytest.fixture
def promised(desk: OfficeHall) -> Iterator[tuple[int, str]]:
    desk.issue("licence", LI)
    desk.call()
    (case,) = desk.office.conclude("1", CLERK, "promised").cases
    yield case.id, str(case.receipt)


def test_progress_is_looked_up_by_card_and_by_receipt(
    desk: OfficeHall, terminals: Terminals, promised: tuple[int, str]
) -> None:
    case, receipt = promised
    assert [one.id for one in terminals.cases(TERMINAL, card=LI)] == [case]
    assert [one.id for one in terminals.cases(TERMINAL, code_text=receipt)] == [case]
    assert terminals.cases(TERMINAL, card=CHEN) == []
    refused(UnknownError, "unknown_code", terminals.cases, TERMINAL, code_text=NOTHING)
    assert [entry[0] for entry in entries(desk)] == ["terminal-cases", "terminal-cases"]
