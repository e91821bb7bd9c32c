"""How long a terminal takes to refuse: the same, whatever is wrong. The figures beside the counts of the unit tests."""

import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from offices import LI, OfficeHall
from ticketing.model import Actor, ForbiddenError
from ticketing.terminals import Proof, Terminals

TERMINAL = Actor("t-1", "terminal", "terminal hall-1")
RIGHT, WRONG = Proof(id_tail=str(LI.id_number)[-6:]), Proof(id_tail="000000")


def cases(desk: OfficeHall) -> dict[str, tuple[str, Proof]]:
    """What is tried, by what is wrong with it."""
    old = desk.issue("licence", LI).code
    desk.next_day()
    desk.office.end_of_day()
    over = desk.issue("licence", LI).code
    desk.serve()
    live = desk.issue("licence", LI).code
    locked = desk.issue("tax", LI).code
    terminals = Terminals(desk.office.ledger)
    for _ in range(3):
        with pytest.raises(ForbiddenError):
            terminals.scan(locked, WRONG, TERMINAL)
    return {
        "of nothing": ("0123456789ABCDEF", RIGHT),
        "no code": ("?", RIGHT),
        "old": (old, RIGHT),
        "over": (over, RIGHT),
        "wrong proof": (live, WRONG),
        "no proof": (live, Proof()),
        "locked": (locked, RIGHT),
    }


@pytest.mark.timeout(600)
def test_bench_refusals_at_a_terminal(tmp_path: Path, whole: bool, figure: Callable[[str], None]) -> None:
    desk = OfficeHall(tmp_path)
    terminals = Terminals(desk.office.ledger)
    tried = cases(desk)
    times: dict[str, list[float]] = {name: [] for name in tried}
    # One after the other in an order that no drift of the machine follows.
    turns = [name for name in tried for _ in range(300 if whole else 20)]
    random.Random(1).shuffle(turns)
    for name in turns:
        begin = time.perf_counter()
        with pytest.raises(ForbiddenError, match="not_opened"):
            terminals.scan(*tried[name], TERMINAL)
        times[name].append((time.perf_counter() - begin) * 1000)
    desk.close()
    middles = {name: statistics.median(taken) for name, taken in times.items()}
    told = ", ".join(f"{name} {middle:.2f} ms" for name, middle in middles.items())
    figure(f"a terminal refuses: {told}: slowest to quickest {max(middles.values()) / min(middles.values()):.2f}x")
