import threading
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from offices import CHEN, CLERK, DESK, LI, OfficeHall
from ticketing.model import Actor, StateError, TicketingError
from ticketing.office import Issued
from ticketing.store import tables


def issue(desk: OfficeHall, key: str | None, service: str = "licence", **more: object) -> Issued:
    desk.later(seconds=1)
    return desk.office.issue(service, DESK, print=True, key=key, **more)  # type: ignore[arg-type]


def waiting(desk: OfficeHall) -> int:
    return sum(view.waiting for view in desk.office.hall().services)


def test_a_repeated_issue_gives_the_same_ticket_and_code(desk: OfficeHall) -> None:
    first = issue(desk, "k1", resident=LI)
    assert issue(desk, "k1", resident=LI) == first
    assert first.code == desk.office.print_jobs(1)[0].code
    assert (waiting(desk), len(desk.event_types()), len(desk.office.print_jobs(9))) == (1, 1, 1)


def test_the_answer_is_the_first_one_though_the_ticket_went_on(desk: OfficeHall) -> None:
    first = issue(desk, "k1", resident=CHEN)
    desk.call()
    desk.restart()
    again = issue(desk, "k1", resident=CHEN)
    assert again == first
    assert again.ticket.state == "waiting"


def test_another_key_or_none_is_another_request(desk: OfficeHall) -> None:
    numbers = [issue(desk, key).ticket.number for key in ("k1", "k2", None, None)]
    assert numbers == ["A001", "A002", "A003", "A004"]


@pytest.mark.parametrize(
    "other",
    [
        {"service": "tax"},
        {"priority": "senior"},
        {"resident": LI},
        {"resident": replace(CHEN, address="elsewhere")},
        {"resident": None},
    ],
)
def test_a_key_used_for_something_else_is_refused(desk: OfficeHall, other: dict[str, object]) -> None:
    issue(desk, "k1", resident=CHEN)
    with pytest.raises(TicketingError) as caught:
        issue(desk, "k1", **({"resident": CHEN} | other))  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.facts) == ("idempotency_key_reused", {})
    with pytest.raises(TicketingError, match="idempotency_key_reused"):
        desk.office.call_next("1", DESK, key="k1")
    assert waiting(desk) == 1


def test_a_key_belongs_to_whoever_sent_it(desk: OfficeHall) -> None:
    issue(desk, "k1")
    other = desk.office.issue("licence", Actor("desk-2", "desk"), print=True, key="k1")
    assert other.ticket.number == "A002"


def test_a_repeated_call_calls_nobody_else(desk: OfficeHall) -> None:
    issue(desk, None)
    issue(desk, None, resident=LI)
    first = desk.office.call_next("1", CLERK, key="press-1")
    assert first
    assert first.why.zh == "A002 先于 A001：绿色通道(65岁以上)，提前30分钟"
    assert desk.office.call_next("1", CLERK, key="press-1") == first
    desk.office.finish("1", CLERK)
    assert desk.office.call_next("1", CLERK, key="press-1") == first
    assert waiting(desk) == 1
    with pytest.raises(TicketingError, match="idempotency_key_reused"):
        desk.office.call_next("2", CLERK, key="press-1")
    assert desk.call() == "A001"


def test_that_nobody_waited_is_an_answer_too(desk: OfficeHall) -> None:
    assert desk.office.call_next("1", CLERK, key="press-1") is None
    issue(desk, None)
    assert desk.office.call_next("1", CLERK, key="press-1") is None
    assert waiting(desk) == 1


def test_a_refused_request_uses_no_key_up(desk: OfficeHall) -> None:
    issue(desk, None, resident=CHEN)
    with pytest.raises(StateError, match="already_waiting"):
        issue(desk, "k1", resident=CHEN)
    desk.serve()
    assert issue(desk, "k1", resident=CHEN).ticket.number == "A002"


def test_a_repeat_after_midnight_still_gets_the_answer(desk: OfficeHall) -> None:
    first = issue(desk, "k1", resident=CHEN)
    desk.next_day()
    assert issue(desk, "k1", resident=CHEN) == first


def test_once_its_day_is_erased_a_key_is_free_again(desk: OfficeHall) -> None:
    issue(desk, "k1", resident=CHEN)
    desk.next_day()
    desk.office.purge(desk.now.date())
    with desk.store.read() as conn:
        assert conn.scalar(select(func.count()).select_from(tables.answer)) == 0
    assert issue(desk, "k1", resident=CHEN).ticket.number == "A001"


def test_of_many_simultaneous_taps_with_one_key_one_counts(desk: OfficeHall) -> None:
    answers: list[Issued] = []
    together = threading.Barrier(8)

    def tap() -> None:
        together.wait(60)
        answers.append(desk.office.issue("licence", DESK, resident=CHEN, print=False, key="k1"))

    taps = [threading.Thread(target=tap) for _ in range(8)]
    for one in taps:
        one.start()
    for one in taps:
        one.join()
    assert len(answers) == 8
    assert all(answer == answers[0] for answer in answers)
    assert waiting(desk) == 1
