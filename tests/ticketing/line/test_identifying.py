"""A card at a window: whom it names, what it brings, and whose turn it is not."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from offices import CHEN, CLERK, DESK, LI, OfficeHall, refused
from ticketing.cases.cases import Cases
from ticketing.day.residents import Holders
from ticketing.model import Actor, ForbiddenError, Resident, State, StateError, UnknownError
from ticketing.privacy import access_log
from ticketing.store import tables

READER = Actor("reader:left", "clerk", "1")
SOCIAL = Resident("social-security", name=LI.name, id_number=LI.id_number)
TYPED = Resident(id_number=LI.id_number)


def log_of(desk: OfficeHall) -> list[tuple[str, str, str, int | None]]:
    log = tables.access_log.c
    with desk.store.read() as conn:
        assert access_log.verify(conn, desk.vault).whole
        wanted = select(log.who, log.place, log.action, log.ticket_id).order_by(log.seq)
        return [tuple(row) for row in conn.execute(wanted)]


def test_the_card_of_the_resident_at_the_window_starts_the_service_and_opens_the_data(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI)
    desk.call()
    # What was read first stays, unless this card tells more.
    for card, told in ((SOCIAL, SOCIAL), (LI, LI), (SOCIAL, LI)):
        known = desk.office.identify("1", card, READER)
        assert (known.ticket.id, known.ticket.state) == (issued.ticket.id, State.SERVING)
        assert known.resident == told
    assert desk.office.holders_at("1", CLERK) == Holders(LI)
    assert desk.event_types() == ["ticket.issued", "ticket.called", "ticket.started"]
    one = ("reader:left", "1", "card", issued.ticket.id)
    assert log_of(desk) == [one, one, one, ("wang", "1", "resident", issued.ticket.id)]


def test_the_card_of_the_agent_starts_the_service_and_opens_the_agent_alone(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI, agent=CHEN)
    desk.call()
    known = desk.office.identify("1", CHEN, READER)
    assert (known.ticket.state, known.resident, known.agent, known.closed) == ("serving", None, CHEN, "agent_card")
    refused(StateError, "not_scanned", desk.office.holders_at, "1", CLERK)
    scanned = desk.office.scan("1", issued.code, CLERK)
    assert (scanned.resident, scanned.agent) == (LI, CHEN)
    assert desk.office.identify("1", CHEN, READER).resident == LI


@pytest.mark.parametrize("before", [None, TYPED])
def test_a_ticket_without_a_card_gets_the_cards_data_and_its_person(desk: OfficeHall, before: Resident | None) -> None:
    issued = desk.issue("licence", before)
    desk.call()
    assert desk.office.identify("1", LI, READER).resident == LI
    assert desk.office.holders_at("1", CLERK) == Holders(LI)
    # From now on it is this person's: no second one for the service, and nobody else's card opens it.
    assert desk.office.tickets_of(LI)["licence"].id == issued.ticket.id
    refused(UnknownError, "card_no_ticket", desk.office.identify, "1", CHEN, READER)
    assert desk.office.holders_at("1", CLERK) == Holders(LI)


def test_a_ticket_without_a_card_is_not_given_to_somebody_who_holds_another(desk: OfficeHall) -> None:
    desk.issue("licence")
    desk.issue("tax", CHEN)
    desk.call()
    told = refused(StateError, "card_not_called", desk.office.identify, "1", CHEN, READER)
    assert told == {"number": "B001", "state": State.WAITING}
    assert desk.office.window_view("1").ticket.state is State.CALLED  # type: ignore[union-attr]


def test_whose_turn_it_is_not_is_told_and_logged(desk: OfficeHall) -> None:
    mine, other = desk.issue("licence", LI), desk.issue("tax", CHEN)
    told = refused(StateError, "card_not_called", desk.office.identify, "1", LI, READER)
    assert told == {"number": "A001", "state": State.WAITING}
    desk.call()
    told = refused(StateError, "card_not_called", desk.office.identify, "1", CHEN, READER)
    assert told == {"number": "B001", "state": State.WAITING}
    desk.call("2")
    told = refused(ForbiddenError, "wrong_window", desk.office.identify, "1", CHEN, READER)
    assert told == {"number": "B001", "window": "2"}
    desk.office.no_show("1", CLERK)
    told = refused(StateError, "card_not_called", desk.office.identify, "1", LI, READER)
    assert told == {"number": "A001", "state": State.MISSED}
    stranger = replace(LI, id_number="110102199001150023")
    refused(UnknownError, "card_no_ticket", desk.office.identify, "1", stranger, READER)
    refused(StateError, "card_no_number", desk.office.identify, "1", replace(LI, id_number=None), READER)
    refused(UnknownError, "unknown_window", desk.office.identify, "9", LI, READER)
    assert [(action, ticket) for _, _, action, ticket in log_of(desk)] == [
        ("card-refused", mine.ticket.id),
        ("card-refused", other.ticket.id),
        ("card-refused", other.ticket.id),
        ("card-refused", mine.ticket.id),
        ("card-refused", None),
    ]


def test_a_ticket_that_the_window_holds_is_called_back_by_the_card(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI)
    desk.call()
    desk.office.hold("1", CLERK)
    told = refused(StateError, "card_not_called", desk.office.identify, "2", LI, READER)
    assert told["state"] == State.HELD
    known = desk.office.identify("1", LI, READER)
    assert (known.ticket.id, known.ticket.state, known.resident) == (issued.ticket.id, State.SERVING, LI)


def test_a_case_of_a_ticket_that_got_its_person_by_the_card_is_found_by_the_card(desk: OfficeHall) -> None:
    desk.office.issue("licence", DESK, print=False)
    desk.call()
    desk.office.identify("1", SOCIAL, READER)
    desk.office.finish("1", CLERK, "promised")
    assert len(Cases(desk.office.ledger).of_person(LI.id_number or "")) == 1
