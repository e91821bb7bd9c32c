"""How many are ahead of a new ticket: always as if they were counted, and never counted."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from offices import CLERK, DESK, LI, OfficeHall
from ticketing.model import TicketingError


@pytest.fixture
def other(desk: OfficeHall) -> Iterator[OfficeHall]:
    """Another process on the same store."""
    hall = OfficeHall(desk.url, seeded=False, box="other")
    yield hall
    hall.close()


@pytest.mark.parametrize("seed", range(4))
def test_ahead_is_told_right_whatever_happens_in_the_hall(desk: OfficeHall, other: OfficeHall, seed: int) -> None:
    chance = Random(seed)
    services, windows = ("licence", "tax", "seal"), ("1", "2", "3")
    issued = refused = 0
    for step in range(160):
        hall = chance.choice((desk, other))
        service, window = chance.choice(services), chance.choice(windows)
        verbs = {
            "issue": lambda s=service: s,
            "call": lambda h=hall, w=window: h.office.call_next(w, CLERK),
            "finish": lambda h=hall, w=window: h.office.finish(w, CLERK),
            "no-show": lambda h=hall, w=window: h.office.no_show(w, CLERK),
            "transfer": lambda h=hall, w=window, s=service: h.office.transfer(w, s, CLERK),
            "nonsense": lambda h=hall: h.office.issue("nothing", DESK, print=False),
        }
        verb = chance.choices(list(verbs), (50, 20, 10, 5, 10, 5))[0]
        # Now and then a clock is set back a little, and once the day ends.
        desk.now += timedelta(seconds=chance.choice((1, 1, 1, 5, -20)))
        if step == 120:
            desk.next_day()
        other.now = desk.now
        try:
            verbs[verb]()
        except TicketingError:
            refused += 1
        if verb == "issue":
            priority = "senior" if chance.random() < 0.2 else None
            ticket = hall.office.issue(service, DESK, priority=priority, print=False).ticket
            assert ticket.ahead == hall.office.ticket(ticket.id).ahead, (step, ticket.number)
            issued += 1
    assert issued > 50
    assert refused > 5


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
