"""Cases: what came of a visit, what was promised, how it goes on, and who comes back with papers."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, update

from offices import CHEN, CLERK, DESK, LI, OfficeHall, refused
from ticketing.cases import cases
from ticketing.cases.cases import Case, Cases, Further
from ticketing.cases.ratings import Ratings
from ticketing.day import residents
from ticketing.line.supplements import Supplements
from ticketing.model import LimitError, State, StateError, UnknownError
from ticketing.setup import timetable
from ticketing.store import tables

NUMBER = str(CHEN.id_number)


@pytest.fixture
def files(desk: OfficeHall) -> Cases:
    return Cases(desk.office.ledger)


@pytest.fixture
def papers(desk: OfficeHall) -> Supplements:
    return Supplements(desk.office.ledger)


def conclude(desk: OfficeHall, outcome: str = "done", window: str = "1", **more: object) -> list[Case]:
    """Call the next and finish it."""
    desk.call(window)
    return desk.office.conclude(window, CLERK, outcome, **more).cases  # type: ignore[arg-type]


def rows(desk: OfficeHall) -> list[object]:
    with desk.store.read() as conn:
        return list(conn.execute(select(tables.case_file).order_by(tables.case_file.c.id)))


def test_each_finish_makes_one_case(desk: OfficeHall) -> None:
    issued = desk.issue()
    (case,) = conclude(desk)
    assert (case.service, case.outcome, case.state, case.promised_on, case.receipt) == (
        "licence",
        "done",
        None,
        None,
        None,
    )
    (row,) = rows(desk)
    assert (row.ticket_id, row.window_id, row.clerk, row.person_hash) == (issued.ticket.id, "1", "wang", None)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("said", "outcome", "state"),
    [
        ("即办", "immediate", None),
        ("即办件", "immediate", None),
        ("承诺", "promised", "open"),
        ("联办件", "joint", "open"),
        ("reported", "reported", "open"),
        ("退回", "rejected", None),
        ("补办", "supplement", "returned"),
        ("own_word", "own_word", None),
    ],
)
def test_outcomes_are_said_in_chinese_or_as_ids(desk: OfficeHall, said: str, outcome: str, state: str | None) -> None:
    desk.issue()
    (case,) = conclude(desk, said)
    assert (case.outcome, case.state) == (outcome, state)
    assert bool(case.receipt) == (state is not None)


@pytest.mark.parametrize("said", ["", "Done!", "办了", "承诺承诺", "a" * 33])
def test_what_is_no_outcome_is_refused_and_nobody_is_finished(desk: OfficeHall, said: str) -> None:
    desk.issue()
    desk.call()
    refused(StateError, "bad_outcome", desk.office.conclude, "1", CLERK, said)
    assert rows(desk) == []
    assert desk.office.window_view("1").ticket


def test_a_promise_counts_working_days(desk: OfficeHall) -> None:
    with desk.store.write() as conn:
        conn.execute(update(tables.service).where(tables.service.c.id == "tax").values(promise_days=10))
    for service in ("licence", "tax", "licence"):
        desk.issue(service)
    # 2 March 2026 is a Monday; the hall's rule is five working days.
    assert conclude(desk, "promised")[0].promised_on == date(2026, 3, 9)
    assert conclude(desk, "promised")[0].promised_on == date(2026, 3, 16)
    assert conclude(desk, "promised", promise_days=1)[0].promised_on == date(2026, 3, 3)


def test_a_promise_knows_holidays_and_moved_working_days(desk: OfficeHall) -> None:
    with desk.office.ledger.verb() as m:
        days = [("2026-03-03", None, "假日"), ("2026-03-07", 2, "调休")]
        m.conn.execute(
            insert(tables.special_day), [dict(zip(("day", "weekday", "name"), d, strict=True)) for d in days]
        )
        timetable.changed(m)
    desk.issue()
    # Wednesday, Thursday, Friday, and the Saturday that is worked.
    assert conclude(desk, "承诺", promise_days=4)[0].promised_on == date(2026, 3, 7)


def test_several_cases_stand_on_one_ticket(desk: OfficeHall, files: Cases) -> None:
    desk.issue("licence", CHEN)
    desk.call()
    refused(StateError, "wrong_state", files.record_here, "1", CLERK, Further("tax", "done"), print=False)
    desk.office.start("1", CLERK)
    early = files.record_here("1", CLERK, Further("tax", "promised", 2), print=False)
    assert early.receipt
    further = [Further("seal", "即办"), Further("tax", "reported")]
    made = desk.office.conclude("1", CLERK, "done", None, further).cases
    assert [case.service for case in made] == ["licence", "seal", "tax"]
    assert len({early.id, *(case.id for case in made)}) == 4
    refused(StateError, "nobody_here", files.record_here, "1", CLERK, Further("tax", "done"), print=False)


def test_a_further_case_for_no_service_finishes_nothing(desk: OfficeHall) -> None:
    desk.issue()
    desk.call()
    refused(
        UnknownError, "unknown_service", desk.office.conclude, "1", CLERK, "done", None, [Further("passports", "done")]
    )
    assert desk.office.window_view("1").ticket
    assert rows(desk) == []


def test_progress_is_found_by_the_receipt_and_by_the_card(desk: OfficeHall, files: Cases) -> None:
    desk.issue("licence", CHEN)
    (case,) = conclude(desk, "promised")
    desk.issue("tax", CHEN)
    conclude(desk, "immediate")
    desk.issue("licence", LI)
    conclude(desk, "promised")
    assert case.receipt
    found = files.progress(case.receipt)
    assert (found.id, found.state, found.promised_on, found.receipt) == (case.id, "open", date(2026, 3, 9), None)
    assert files.progress(f"https://q.example.cn/p/{case.receipt.lower()}").id == case.id
    assert [one.id for one in files.of_person(NUMBER)] == [case.id]
    assert [one.id for one in files.of_person(f" {NUMBER} ")] == [case.id]
    assert files.of_person("110102199001150016") == []
    assert files.of_person("") == []
    refused(UnknownError, "unknown_code", files.progress, "0123456789ABCDEF")
    refused(UnknownError, "unknown_code", files.progress, "nonsense")


def test_a_tickets_code_is_no_receipts_and_a_receipts_no_tickets(desk: OfficeHall, files: Cases) -> None:
    issued = desk.issue()
    (case,) = conclude(desk, "promised")
    assert case.receipt
    refused(UnknownError, "unknown_code", files.progress, issued.code)
    refused(UnknownError, "unknown_code", desk.office.ticket_of_code, case.receipt)


def test_a_case_goes_on_until_it_is_closed(desk: OfficeHall, files: Cases) -> None:
    desk.issue()
    (case,) = conclude(desk, "joint")
    desk.later(hours=2)
    ready = files.move(case.id, "ready", "请到3号窗口领取", CLERK)
    assert (ready.state, ready.note, ready.updated_at) == ("ready", "请到3号窗口领取", desk.now)
    assert case.receipt
    assert files.progress(case.receipt).note == "请到3号窗口领取"
    files.move(case.id, "closed", None, DESK)
    refused(StateError, "case_over", files.move, case.id, "open", None, CLERK)
    refused(UnknownError, "unknown_case", files.move, 99, "open", None, CLERK)


def test_a_case_that_was_over_at_once_has_no_progress(desk: OfficeHall, files: Cases) -> None:
    desk.issue()
    (case,) = conclude(desk, "即办")
    refused(StateError, "case_over", files.move, case.id, "ready", None, CLERK)
    refused(StateError, "bad_progress", files.move, case.id, "lost", None, CLERK)


def test_progress_makes_no_event(desk: OfficeHall, files: Cases) -> None:
    desk.issue()
    (case,) = conclude(desk, "joint")
    before = desk.office.last_seq()
    files.move(case.id, "ready", None, CLERK)
    assert desk.office.last_seq() == before


def test_whose_a_case_was_is_forgotten_and_its_receipt_is_not(desk: OfficeHall, files: Cases) -> None:
    desk.issue("licence", CHEN)
    (case,) = conclude(desk, "promised")
    desk.now += timedelta(days=30)
    with desk.office.ledger.verb() as m:
        assert cases.forget(m, date(2026, 3, 2)) == 0
        assert cases.forget(m, date(2026, 3, 3)) == 1
    assert files.of_person(NUMBER) == []
    assert case.receipt
    assert files.progress(case.receipt).id == case.id


def test_the_purge_forgets_whose_old_cases_were(desk: OfficeHall, files: Cases) -> None:
    desk.issue("licence", CHEN)
    (case,) = conclude(desk, "promised")
    for days, known in ((180, [case.id]), (1, [])):
        desk.now += timedelta(days=days)
        desk.office.purge(desk.now.date())
        assert [one.id for one in files.of_person(NUMBER)] == known


def test_nothing_of_a_person_is_in_a_case(desk: OfficeHall) -> None:
    desk.issue("licence", CHEN)
    (case,) = conclude(desk, "promised")
    (row,) = rows(desk)
    kept = repr(row) + repr(case)
    assert "陈" not in kept
    assert NUMBER not in kept
    assert case.receipt
    assert case.receipt not in kept


# -- back with missing papers ------------------------------------------------------------------------------------------


def test_who_brings_papers_the_same_day_is_back_with_number_and_place(desk: OfficeHall, papers: Supplements) -> None:
    issued = desk.issue("licence", CHEN)
    (case,) = conclude(desk, "补办", window="3")
    assert case.receipt
    desk.issue("licence")
    desk.later(hours=1)
    back = papers.by_code(case.receipt, "resident", print=False)
    assert (back.ticket.number, back.ticket.state, back.ticket.rank_by) == ("A001", State.WAITING, "supplement")
    assert (back.ticket.rank_at, back.new, back.print_job) == (issued.ticket.rank_at, False, None)
    # A code of its own, since the slip's is kept nowhere; both find the ticket.
    assert back.code != issued.code
    assert {desk.office.ticket_of_code(code).ticket.number for code in (back.code, issued.code)} == {"A001"}
    event = desk.office.events_after(0, 100)[-1]
    assert (event.type, event.data["number"], event.data["service"], event.data["was"]) == (
        "ticket.returned",
        "A001",
        "licence",
        "done",
    )
    assert desk.call("3") == "A001"
    # The first stay is not lost to the reports.
    with desk.store.read() as conn:
        assert [(row.ended_as, row.window_id) for row in conn.execute(select(tables.visit))] == [("done", "3")]
    desk.office.conclude("3", CLERK, "done")
    assert len(rows(desk)) == 2


def test_papers_are_brought_once_for_each_case(desk: OfficeHall, papers: Supplements, files: Cases) -> None:
    desk.issue("licence", CHEN)
    (case,) = conclude(desk, "补办")
    assert case.receipt
    papers.by_code(case.receipt, "resident", print=False)
    assert files.progress(case.receipt).state == "closed"
    refused(StateError, "not_returned", papers.by_code, case.receipt, "resident", print=False)


def test_the_tickets_own_code_brings_papers_too(desk: OfficeHall, papers: Supplements) -> None:
    issued = desk.issue("licence")
    refused(StateError, "not_returned", papers.by_code, issued.code, "resident", print=False)
    conclude(desk, "补办")
    assert papers.by_code(issued.code, "resident", print=False).ticket.number == "A001"
    refused(UnknownError, "unknown_code", papers.by_code, "0123456789ABCDEF", "resident", print=False)


def test_on_another_day_it_is_a_new_number_at_the_head_of_its_line(desk: OfficeHall, papers: Supplements) -> None:
    desk.issue("licence", CHEN)
    (case,) = conclude(desk, "补办")
    assert case.receipt
    desk.next_day()
    desk.issue("licence", LI)
    desk.issue("licence")
    back = papers.by_code(case.receipt, "resident", print=True)
    assert (back.ticket.number, back.ticket.ahead, back.ticket.rank_by, back.new) == ("A003", 0, "supplement", True)
    assert back.print_job
    assert desk.call("3") == "A003"
    assert desk.office.ticket_of_code(back.code).ticket.number == "A003"


def test_papers_are_brought_though_the_day_is_full_and_lead_to_no_other_service(
    desk: OfficeHall, papers: Supplements
) -> None:
    desk.issue("licence", CHEN)
    (case,) = conclude(desk, "补办")
    with desk.office.ledger.verb() as m:
        m.conn.execute(update(tables.service).where(tables.service.c.id == "licence").values(chain='["tax"]'))
        full = {"service_id": "licence", "from_at": 0, "to_at": 24 * 60, "most": 0}
        m.conn.execute(insert(tables.quota), [full])
        timetable.changed(m)
    desk.next_day()
    refused(LimitError, "quota_reached", desk.issue, "licence")
    back = papers.by_code(str(case.receipt), "resident", print=False)
    assert (back.ticket.service, back.ticket.chain) == ("licence", ())


def test_a_finish_taken_back_by_its_clerk_takes_its_receipt_with_it(desk: OfficeHall, files: Cases) -> None:
    desk.issue()
    (case,) = conclude(desk, "promised", print=True)
    desk.later(seconds=20)
    assert desk.office.undo("1", CLERK).state is State.SERVING
    assert rows(desk) == []
    assert desk.office.print_jobs(5) == []
    refused(UnknownError, "unknown_code", files.progress, str(case.receipt))


def test_a_case_returned_later_is_brought_by_the_card(desk: OfficeHall, papers: Supplements, files: Cases) -> None:
    desk.issue("licence", CHEN)
    (case,) = conclude(desk, "promised")
    refused(StateError, "not_returned", papers.by_card, CHEN, None, "t-1", print=False)
    desk.next_day()
    files.move(case.id, "returned", "缺房产证复印件", CLERK)
    refused(StateError, "not_returned", papers.by_card, CHEN, "tax", "t-1", print=False)
    back = papers.by_card(CHEN, None, "t-1", print=False)
    assert back.new
    assert desk.office.tickets_of(CHEN)["licence"].number == back.ticket.number


def test_papers_can_be_brought_for_so_many_days_and_no_longer(desk: OfficeHall, papers: Supplements) -> None:
    codes = []
    for _ in range(2):
        desk.issue()
        codes.append(conclude(desk, "补办")[0].receipt)
    desk.now += timedelta(days=30)
    assert papers.by_code(str(codes[0]), "resident", print=False).new
    desk.now += timedelta(days=1)
    facts = refused(StateError, "supplement_late", papers.by_code, str(codes[1]), "resident", print=False)
    assert facts == {"day": "2026-04-01"}


def test_who_waits_for_the_service_already_is_not_put_into_its_line_twice(
    desk: OfficeHall, papers: Supplements, files: Cases
) -> None:
    desk.issue("licence", CHEN)
    (case,) = conclude(desk, "补办")
    desk.issue("licence", CHEN)
    assert case.receipt
    refused(StateError, "already_waiting", papers.by_code, case.receipt, "resident", print=False)
    assert files.progress(case.receipt).state == "returned"


# -- what is taken back ------------------------------------------------------------------------------------------------


def test_a_finish_that_is_taken_back_takes_its_cases_with_it(desk: OfficeHall, files: Cases) -> None:
    issued = desk.issue()
    desk.call()
    desk.office.start("1", CLERK)
    early = files.record_here("1", CLERK, Further("tax", "promised"), print=False)
    desk.later(seconds=5)
    made = desk.office.conclude("1", CLERK, "promised", None, [Further("seal", "done")], print=True).cases
    with desk.office.ledger.verb() as m:
        cases.withdraw(m, issued.ticket.id, m.at)
    assert [row.id for row in rows(desk)] == [early.id]  # type: ignore[attr-defined]
    assert made[0].receipt
    refused(UnknownError, "unknown_code", files.progress, made[0].receipt)
    assert desk.office.print_jobs(10) == []


def test_a_receipts_code_is_never_given_again(desk: OfficeHall) -> None:
    given = set()
    for _ in range(3):
        issued = desk.issue()
        given.add(conclude(desk, "promised")[0].receipt)
        with desk.office.ledger.verb() as m:
            cases.withdraw(m, issued.ticket.id, m.at)
    assert len(given) == 3


# -- receipts ----------------------------------------------------------------------------------------------------------


def test_a_receipt_is_printed_on_the_box_that_asked(desk: OfficeHall, files: Cases) -> None:
    desk.issue("licence", CHEN)
    (case,) = conclude(desk, "promised", print=True)
    (job,) = desk.office.print_jobs(10)
    assert (job.case, job.code, job.copy, job.state) == (case.id, case.receipt, False, "pending")
    assert desk.office.withdraw_print_jobs() == 0
    desk.office.print_sending(job.id)
    desk.office.print_ended(job.id, "printed", None)
    assert desk.office.print_jobs(10) == []
    again = files.reprint(case.id, CLERK)
    assert (again.case, again.copy) == (case.id, True)
    assert files.reprint(case.id, CLERK).id == again.id


def test_a_receipt_says_nothing_of_whether_the_tickets_own_slip_was_printed(desk: OfficeHall) -> None:
    issued = desk.issue("licence", CHEN, print=False)
    conclude(desk, "promised", print=True)
    assert desk.office.ticket(issued.ticket.id).print == "none"


def test_a_case_without_a_receipt_prints_none(desk: OfficeHall, files: Cases) -> None:
    desk.issue()
    (case,) = conclude(desk, "done", print=True)
    assert desk.office.print_jobs(10) == []
    refused(StateError, "case_over", files.reprint, case.id, CLERK)


# -- 代办 --------------------------------------------------------------------------------------------------------------


def test_principal_and_agent_are_sealed_and_given_together(desk: OfficeHall, files: Cases) -> None:
    issued = desk.issue("licence", LI, agent=CHEN)
    assert issued.ticket.priority == "normal", "who came is under 65"
    desk.call()
    scanned = desk.office.scan("1", issued.code, CLERK)
    assert (scanned.resident, scanned.agent) == (LI, CHEN)
    holders = desk.office.holders_at("1", CLERK)
    assert holders
    assert (holders.resident, holders.agent) == (LI, CHEN)
    (case,) = desk.office.conclude("1", CLERK, "promised").cases
    assert [one.id for one in files.of_person(str(LI.id_number))] == [case.id], "it is the principal's"
    assert files.of_person(NUMBER) == []
    with desk.store.read() as conn:
        assert len(conn.scalar(select(tables.ticket.c.agent_hash)) or b"") == 32


def test_an_agent_needs_a_principal_and_is_another_person(desk: OfficeHall) -> None:
    for resident in (None, replace(LI, id_number=None)):
        refused(StateError, "proxy_needs_both", desk.issue, "licence", resident, agent=CHEN)
    refused(StateError, "proxy_needs_both", desk.issue, "licence", LI, agent=replace(CHEN, id_number=None))
    refused(StateError, "proxy_for_oneself", desk.issue, "licence", LI, agent=replace(LI, name="他人"))


def test_the_agent_belongs_to_the_request_that_a_key_repeats(desk: OfficeHall) -> None:
    first = desk.issue("licence", LI, agent=CHEN, key="k")
    assert desk.issue("licence", LI, agent=CHEN, key="k").code == first.code
    refused(StateError, "idempotency_key_reused", desk.issue, "licence", LI, key="k")


def test_what_was_sealed_before_there_were_agents_is_a_resident_alone(desk: OfficeHall) -> None:
    old = json.dumps(LI.as_json(), ensure_ascii=False).encode()
    assert residents.from_bytes(old) == residents.Holders(LI)
    assert residents.to_bytes(residents.Holders(LI)) == old


def test_what_staff_wrote_is_forgotten_with_whose_it_was(desk: OfficeHall, files: Cases) -> None:
    desk.issue()
    (case,) = conclude(desk, "promised")
    files.move(case.id, "ready", "请李秀珍到3号窗口", CLERK)
    assert case.receipt
    box = Ratings(desk.office.ledger)
    box.rate(case.receipt, 1, ["slow"], via="phone")
    (item,) = box.work()
    box.see_to(item.id, CLERK, contacted=True, note="已致电李秀珍")
    for days, notes in ((180, ("请李秀珍到3号窗口", "已致电李秀珍")), (1, (None, None))):
        desk.now += timedelta(days=days)
        desk.office.purge(desk.now.date())
        (item,) = box.work()
        assert (files.progress(case.receipt).note, item.note) == notes
