"""Several services on one number, one after another (多窗联办)."""

import json
from datetime import timedelta

from sqlalchemy import select, update

from offices import CHEN, CLERK, DESK, OfficeHall, refused
from ticketing.model import State, StateError, UnknownError
from ticketing.store import tables


def test_a_ticket_goes_from_stop_to_stop_with_one_number(desk: OfficeHall) -> None:
    issued = desk.issue("licence", chain=["tax", "seal"])
    assert issued.ticket.chain == ("tax", "seal")
    desk.issue("tax")
    desk.call("3")
    desk.office.start("3", CLERK)
    desk.later(minutes=3)
    on = desk.office.finish("3", CLERK)
    assert (on.number, on.service, on.state, on.chain, on.window) == ("A001", "tax", State.WAITING, ("seal",), None)
    assert (on.rank_at, on.called_at, on.outcome) == (issued.ticket.rank_at, None, None)
    assert desk.office.ticket(on.id) == on
    event = desk.office.events_after(0, 99)[-1]
    assert (event.type, event.data) == ("ticket.transferred", {"number": "A001", "service": "tax", "window": "3"})
    # The rank stays, so that nobody waits anew at every stop.
    assert desk.serve("2") == "A001"
    assert desk.call("3") == "A001"
    last = desk.office.finish("3", CLERK)
    assert (last.state, last.service, last.chain, last.outcome) == (State.DONE, "seal", (), "done")
    assert desk.call("3") == ""


def test_each_stop_is_a_case_and_a_stay_of_its_own(desk: OfficeHall) -> None:
    desk.issue("licence", chain=["tax"])
    began = desk.now
    desk.call("3")
    desk.later(minutes=2)
    finished = desk.office.conclude("3", CLERK, "promised")
    assert [case.service for case in finished.cases] == ["licence"]
    assert finished.ticket.state is State.WAITING
    desk.serve("2")
    v, c = tables.visit.c, tables.case_file.c
    with desk.store.read() as conn:
        stay = conn.execute(select(tables.visit)).one()
        found = conn.execute(select(c.service_id, c.window_id, c.outcome).order_by(c.id)).all()
        queued = conn.scalar(select(tables.ticket.c.queued_at))
    assert (stay.service_id, stay.window_id, stay.clerk, stay.ended_as) == ("licence", "3", "wang", "done")
    assert stay.started_at == stay.ended_at == queued
    assert stay.called_at - stay.queued_at == timedelta(seconds=1) // timedelta(microseconds=1)
    assert stay.queued_at == began.timestamp() * 1_000_000
    assert [tuple(row) for row in found] == [("licence", "3", "promised"), ("tax", "2", "done")]
    assert v.id is not None
    assert desk.office.window_view("3").figures.served == 1


def test_a_service_has_a_chain_of_its_own_and_a_ticket_may_have_another(desk: OfficeHall) -> None:
    with desk.store.write() as conn:
        s = tables.service
        conn.execute(update(s).where(s.c.id == "licence").values(chain=json.dumps(["seal", "tax"])))
    assert desk.issue("licence").ticket.chain == ("seal", "tax")
    assert desk.issue("licence", chain=["tax"]).ticket.chain == ("tax",)
    assert desk.issue("licence", chain=[]).ticket.chain == ()
    assert desk.issue("tax").ticket.chain == ()


def test_a_repeated_request_with_another_chain_is_another_request(desk: OfficeHall) -> None:
    first = desk.issue("licence", chain=["tax"], key="k1")
    assert desk.office.issue("licence", DESK, print=False, chain=["tax"], key="k1").ticket == first.ticket
    refused(StateError, "idempotency_key_reused", desk.issue, "licence", chain=["seal"], key="k1")


def test_a_chain_names_services_there_are(desk: OfficeHall) -> None:
    refused(UnknownError, "unknown_service", desk.issue, "licence", chain=["tax", "passports"])
    assert desk.issue("licence").ticket.number == "A001"


def test_a_stop_for_which_the_person_has_another_number_is_passed_over(desk: OfficeHall) -> None:
    desk.issue("licence", CHEN, chain=["tax", "seal"])
    desk.issue("tax", CHEN)
    desk.call("3")
    on = desk.office.finish("3", CLERK)
    assert (on.service, on.chain) == ("seal", ())
    assert desk.call("2") == "B001"
    desk.issue("licence", CHEN, chain=["tax"])
    assert desk.serve("3") == "A001"
    assert desk.call("3") == "A002"
    # With no other stop left, it is over.
    assert desk.office.finish("3", CLERK).state is State.DONE


def test_a_stop_that_was_taken_away_is_passed_over(desk: OfficeHall) -> None:
    desk.issue("licence", chain=["tax", "seal"])
    with desk.store.write() as conn:
        s = tables.service
        conn.execute(update(s).where(s.c.id == "tax").values(removed_at=1))
    desk.call("3")
    assert desk.office.finish("3", CLERK).service == "seal"


def test_who_is_sent_early_to_a_later_stop_does_not_go_there_twice(desk: OfficeHall) -> None:
    desk.issue("licence", chain=["seal", "tax"])
    desk.call("3")
    moved = desk.office.transfer("3", "tax", CLERK)
    assert (moved.service, moved.chain) == ("tax", ("seal",))
    desk.call("2")
    on = desk.office.finish("2", CLERK)
    assert (on.service, on.chain) == ("seal", ())


def test_who_does_not_come_to_a_later_stop_comes_back_to_that_one(desk: OfficeHall) -> None:
    issued = desk.issue("licence", chain=["tax"])
    desk.serve("3")
    desk.call("2")
    desk.office.no_show("2", CLERK)
    back = desk.office.return_by_code(issued.code)
    assert (back.service, back.chain, back.rank_by) == ("tax", (), "missed")
    assert desk.serve("2") == "A001"
    assert desk.office.ticket(back.id).state is State.DONE


def test_a_chain_survives_holding_and_calling_by_number(desk: OfficeHall) -> None:
    issued = desk.issue("licence", chain=["tax"])
    desk.office.hold_ticket(issued.ticket.id, DESK)
    desk.office.call_number("1", "A001", CLERK)
    desk.office.hold("1", CLERK)
    desk.office.return_ticket(issued.ticket.id, DESK)
    assert desk.office.ticket(issued.ticket.id).chain == ("tax",)
    assert desk.serve("1") == "A001"
    assert desk.serve("2") == "A001"
