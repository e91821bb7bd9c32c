import pytest
from sqlalchemy import select

from offices import CHEN, CLERK, DESK, OfficeHall
from ticketing.day.print_jobs import ReceiptFacts, SlipFacts
from ticketing.model import StateError, TicketingError, UnknownError
from ticketing.office import Office, PrintJob
from ticketing.policy import Rules
from ticketing.store.tables import access_log


def state_of(desk: OfficeHall, ticket: int) -> str:
    return desk.office.ticket(ticket).print


def refusal(verb: object, *args: object) -> TicketingError:
    with pytest.raises(TicketingError) as caught:
        verb(*args)  # type: ignore[operator]
    return caught.value


def test_slips_are_printed_in_the_order_of_issue_with_the_code_that_was_told(desk: OfficeHall) -> None:
    issued = [desk.issue("licence", CHEN, print=True), desk.issue("tax", print=True)]
    desk.issue()
    jobs = desk.office.print_jobs(10)
    assert [(job.id, job.ticket, job.code, job.copy, job.state) for job in jobs] == [
        (one.print_job, one.ticket, one.code, False, "pending") for one in issued
    ]
    assert desk.office.print_jobs(1) == jobs[:1]
    assert issued[0].code not in repr(jobs[0])
    assert issued[0].ticket.print == "pending"


def test_a_job_holds_all_that_its_slip_shows(desk: OfficeHall) -> None:
    issued = desk.issue("licence", CHEN, print=True)
    (job,) = desk.office.print_jobs(1)
    seen = desk.office.ticket_of_code(issued.code)
    names = tuple(window.name for window in desk.office.windows() if window.serves("licence"))
    assert isinstance(job.facts, SlipFacts)
    assert (job.facts.service.name, job.facts.service.name_en) == (seen.service_name, seen.service_name_en)
    assert (job.facts.windows, job.facts.wait) == (names, seen.expected_wait)
    assert job.facts.wait is not None
    assert len(names) > 1


def test_a_job_holds_all_that_its_receipt_shows(desk: OfficeHall) -> None:
    desk.issue("licence", CHEN)
    desk.call()
    case = desk.office.conclude("1", CLERK, "promised", print=True).cases[0]
    (job,) = desk.office.print_jobs(1)
    service = next(one for one in desk.office.services() if one.id == "licence")
    assert job.facts == ReceiptFacts(service, "promised", case.ended_at, case.promised_on)
    assert case.promised_on


@pytest.mark.parametrize("outcome", ["printed", "unconfirmed", "failed"])
def test_the_ticket_says_what_became_of_its_slip(desk: OfficeHall, outcome: str) -> None:
    issued = desk.issue(print=True)
    assert issued.print_job
    desk.office.print_sending(issued.print_job)
    assert state_of(desk, issued.ticket.id) == "pending"
    assert desk.office.print_jobs(10) == []
    desk.office.print_ended(issued.print_job, outcome, "paper_out")  # type: ignore[arg-type]
    assert state_of(desk, issued.ticket.id) == outcome
    assert desk.office.print_jobs(10) == []


def test_a_slip_that_could_not_be_begun_fails_without_having_been_sent(desk: OfficeHall) -> None:
    issued = desk.issue(print=True)
    assert issued.print_job
    desk.office.print_ended(issued.print_job, "failed", "cover_open")
    assert state_of(desk, issued.ticket.id) == "failed"


def test_a_slip_is_sent_once(desk: OfficeHall) -> None:
    job = desk.issue(print=True).print_job
    assert job
    desk.office.print_sending(job)
    error = refusal(desk.office.print_sending, job)
    assert (error.code, error.facts) == ("wrong_state", {"state": "sending", "verb": "print"})
    desk.office.print_ended(job, "printed", None)
    assert refusal(desk.office.print_sending, job).code == "wrong_state"
    assert refusal(desk.office.print_ended, job, "printed", None).code == "wrong_state"
    assert isinstance(refusal(desk.office.print_sending, 99), UnknownError)
    with pytest.raises(ValueError, match="cannot end as"):
        desk.office.print_ended(job, "pending", None)  # type: ignore[arg-type]


def test_after_a_crash_what_was_being_sent_is_in_doubt_and_what_was_not_is_printed(desk: OfficeHall) -> None:
    sent, unsent = desk.issue(print=True), desk.issue(print=True)
    assert sent.print_job
    desk.office.print_sending(sent.print_job)
    desk.restart()
    assert desk.office.recover(), "half of it may be in the printer"
    assert state_of(desk, sent.ticket.id) == "unconfirmed"
    jobs = desk.office.print_jobs(10)
    # With another code, since the first one was in memory alone.
    assert [(job.id, job.ticket.id, job.copy) for job in jobs] == [(unsent.print_job, unsent.ticket.id, False)]
    assert desk.office.ticket_of_code(jobs[0].code).ticket.id == unsent.ticket.id
    assert desk.office.recover(), "a second start knows no better"


def test_a_slip_that_is_printed_again_without_the_card_is_an_entry(desk: OfficeHall) -> None:
    issued = desk.issue(print=True)
    desk.office.reprint(issued.ticket.id, DESK)
    with desk.store.read() as conn:
        row = conn.execute(select(access_log)).one()
    assert (row.who, row.place, row.action, row.ticket_id, row.reason) == (
        "desk-1",
        "hall",
        "reprint",
        issued.ticket.id,
        None,
    )


@pytest.mark.parametrize(("outcome", "copy"), [("printed", True), ("unconfirmed", True), ("failed", False)])
def test_a_second_slip_is_marked_unless_there_is_no_first_one(desk: OfficeHall, outcome: str, copy: bool) -> None:
    issued = desk.issue(print=True)
    assert issued.print_job
    desk.office.print_sending(issued.print_job)
    desk.office.print_ended(issued.print_job, outcome, None)  # type: ignore[arg-type]
    job = desk.office.reprint(issued.ticket.id, DESK)
    assert (job.copy, job.state, job.ticket.print) == (copy, "pending", "pending")
    assert job.code != issued.code
    assert desk.office.ticket_of_code(job.code).ticket.id == issued.ticket.id
    assert desk.office.print_jobs(10) == [job]


def test_one_doubtful_slip_among_failed_ones_marks_all_later_ones(desk: OfficeHall) -> None:
    issued = desk.issue(print=True)
    marks = []
    for outcome in ("failed", "unconfirmed", "failed", "failed"):
        job = desk.office.print_jobs(1)[0]
        marks.append(job.copy)
        desk.office.print_ended(job.id, outcome, None)  # type: ignore[arg-type]
        desk.office.reprint(issued.ticket.id, DESK)
    assert marks == [False, False, True, True]
    assert desk.office.print_jobs(1)[0].copy


def test_a_ticket_issued_without_a_slip_gets_an_unmarked_first_one(desk: OfficeHall) -> None:
    issued = desk.issue()
    assert issued.print_job is None
    assert not desk.office.reprint(issued.ticket.id, DESK).copy


def test_asking_twice_for_a_slip_prints_one(desk: OfficeHall) -> None:
    issued = desk.issue(print=True)
    jobs = {desk.office.reprint(issued.ticket.id, DESK).id for _ in range(3)}
    assert jobs == {issued.print_job}
    assert len(desk.office.print_jobs(10)) == 1


def test_while_a_slip_is_being_sent_another_one_is_a_copy(desk: OfficeHall) -> None:
    issued = desk.issue(print=True)
    assert issued.print_job
    desk.office.print_sending(issued.print_job)
    job = desk.office.reprint(issued.ticket.id, DESK)
    assert (job.copy, job.id != issued.print_job) == (True, True)


def test_there_is_no_slip_for_a_ticket_that_is_over(desk: OfficeHall) -> None:
    issued = desk.issue(print=True)
    desk.serve()
    assert desk.office.print_jobs(10) == []
    error = refusal(desk.office.reprint, issued.ticket.id, DESK)
    assert (error.code, error.facts) == ("ticket_over", {"number": "A001", "state": "done"})
    assert refusal(desk.office.reprint, 99, DESK).code == "unknown_ticket"


def test_a_slip_that_nobody_waits_for_any_more_ends_unprinted(desk: OfficeHall) -> None:
    served, waiting = desk.issue(print=True), desk.issue(print=True)
    desk.serve()
    assert desk.office.withdraw_print_jobs() == 1
    assert state_of(desk, served.ticket.id) == "failed"
    assert [job.id for job in desk.office.print_jobs(10)] == [waiting.print_job]
    assert desk.office.withdraw_print_jobs() == 0


def test_the_slips_of_a_day_that_is_over_are_withdrawn(desk: OfficeHall) -> None:
    issued = desk.issue(print=True)
    desk.next_day()
    assert desk.office.print_jobs(10) == []
    assert state_of(desk, issued.ticket.id) == "failed"
    error = refusal(desk.office.reprint, issued.ticket.id, DESK)
    assert isinstance(error, StateError)
    assert (error.code, error.facts) == ("other_day", {"number": "A001", "day": "2026-03-02"})


def test_each_box_prints_and_recovers_its_own(desk: OfficeHall) -> None:
    other = Office(desk.store, desk.vault, Rules(), desk.office.ledger.zone, lambda: desk.now, "box-2")
    mine = desk.issue(print=True)
    theirs = other.issue("tax", DESK, print=True)
    assert [job.id for job in desk.office.print_jobs(10)] == [mine.print_job]
    assert [job.id for job in other.print_jobs(10)] == [theirs.print_job]
    assert theirs.print_job
    other.print_sending(theirs.print_job)
    assert not desk.office.recover()
    assert other.recover()
    # Its unconfirmed slip may lie in the other box's tray.
    job = desk.office.reprint(theirs.ticket.id, CLERK)
    assert isinstance(job, PrintJob)
    assert job.copy


def test_listeners_hear_of_a_slip_to_print(file_desk: OfficeHall) -> None:
    issued = file_desk.issue()
    heard: list[int] = []
    file_desk.store.on_commit(lambda: heard.append(len(file_desk.office.print_jobs(10))))
    file_desk.office.reprint(issued.ticket.id, DESK)
    assert heard == [1]
