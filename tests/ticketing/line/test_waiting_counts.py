"""How many are ahead of a new ticket: always as if they were counted, and never counted."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from offices import CLERK, DESK, LI, OfficeHall
from ticketing.model import State, Ticket, TicketingError


@pytest.fixture
def other(desk: OfficeHall) -> Iterator[OfficeHall]:
    """Another process on the same store."""
    hall = OfficeHall(desk.url, seeded=False, box="other")
    yield hall
    hall.close()


@pytest.mark.parametrize("seed", range(6))
def test_ahead_is_told_right_whatever_happens_in_the_hall(desk: OfficeHall, other: OfficeHall, seed: int) -> None:
    chance = Random(seed)
    services, windows = ("licence", "tax", "seal"), ("1", "2", "3")
    issued = refused = 0
    done: set[str] = set()
    numbers, away = ["A001"], ["A001"]
    for step in range(240):
        office = chance.choice((desk, other)).office
        service, window, number = (
            chance.choice(services),
            chance.choice(windows),
            chance.choice(numbers[-12:] + away[-12:]),
        )
        verbs: dict[str, tuple[int, Callable[[], object]]] = {
            "issue": (50, lambda s=service: s),
            "call": (25, lambda o=office, w=window: o.call_next(w, CLERK)),
            "call number": (8, lambda o=office, w=window, n=number: o.call_number(w, n, CLERK)),
            "finish": (15, lambda o=office, w=window: o.finish(w, CLERK)),
            "no-show": (10, lambda o=office, w=window: o.no_show(w, CLERK)),
            "undo": (6, lambda o=office, w=window: o.undo(w, CLERK)),
            "transfer": (8, lambda o=office, w=window, s=service: o.transfer(w, s, CLERK)),
            "to a window": (8, lambda o=office, w=window, t=windows[step % 3]: o.transfer(w, None, CLERK, t)),
            "hold": (6, lambda o=office, w=window: o.hold(w, CLERK, back_at=desk.now + timedelta(minutes=1))),
            "hold at the desk": (8, lambda o=office, n=number: o.hold_ticket(o.ticket_of_number(n).id, DESK)),
            "return": (12, lambda o=office, w=window, n=number: o.return_number(w, n, CLERK)),
            "cancel": (6, lambda o=office, n=number: o.cancel(o.ticket_of_number(n).id, DESK)),
            "bring back": (5, lambda o=office: o.bring_back()),
            "close": (4, lambda o=office, w=window: o.close_window(w, CLERK)),
            "nonsense": (3, lambda o=office: o.issue("nothing", DESK, print=False)),
        }
        verb = chance.choices(list(verbs), [weight for weight, _ in verbs.values()])[0]
        # Now and then a clock is set back a little, and once the day ends.
        desk.now += timedelta(seconds=-20 if step % 50 == 49 else chance.choice((1, 1, 5)))
        if step == 180:
            desk.next_day()
            numbers, away = ["A001"], ["A001"]
        other.now = desk.now
        try:
            came = verbs[verb][1]()
            done.add(verb)
            if isinstance(came, Ticket) and came.state in (State.HELD, State.MISSED):
                away.append(came.number)
        except TicketingError:
            refused += 1
        if verb == "issue":
            priority = "senior" if chance.random() < 0.2 else None
            chain = ["tax"] if service == "seal" else None
            ticket = office.issue(service, DESK, priority=priority, chain=chain, print=False).ticket
            assert ticket.ahead == office.ticket(ticket.id).ahead, (step, ticket.number)
            numbers.append(ticket.number)
            issued += 1
    assert issued > 50
    assert refused > 5
    assert len(done) > 10


def test_a_number_that_was_not_kept_counts_for_nobody(desk: OfficeHall) -> None:
    for _ in range(20):
        desk.issue()
    desk.next_day()
    # The first verb of a day ends the one before; here both are undone, and the numbers of their events used again.
    unwritable = replace(LI, address=object())  # type: ignore[arg-type]
    for _ in range(2):
        with pytest.raises(TypeError):
            desk.issue(resident=unwritable)
    assert [desk.issue().ticket.ahead for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(TypeError):
        desk.issue(resident=unwritable)
    assert [desk.issue().ticket.ahead for _ in range(2)] == [4, 5]


def test_a_ticket_costs_the_store_the_same_however_many_wait(file_desk: OfficeHall) -> None:
    def steps() -> int:
        taken = 0

        def count() -> int:
            nonlocal taken
            taken += 1
            return 0

        with file_desk.store.write() as conn:
            raw = conn.connection.dbapi_connection
            raw.set_progress_handler(count, 1)  # type: ignore[union-attr]
        file_desk.issue()
        raw.set_progress_handler(None, 1)  # type: ignore[union-attr]
        return taken

    for _ in range(10):
        file_desk.issue()
    few = steps()
    for _ in range(500):
        file_desk.issue()
    assert steps() < 1.2 * few
