"""Clerks who press at the windows of several boxes, and what the store must say of that in the end."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from postgres import PostgresServer
from program import Client
from wires import wait_until

PATIENCE = 60.0
"""Seconds that a press may take at most."""
CLOCKS = 0.5
"""Seconds by which the time of an event may lie outside of those of its press: a clock may be set meanwhile."""
PRESSES = {"called": ("recall", "start", "no-show", "finish"), "serving": ("finish",)}
"""What a clerk presses, by the state of the ticket at the window."""
TOLD_AS = {"call-next": "called", "call": "called", "recall": "recalled", "start": "started"} | {
    "no-show": "missed",
    "finish": "finished",
}
BECOMES = {
    ("", "issued"): "waiting",
    ("waiting", "called"): "called",
    ("held", "called"): "called",
    ("called", "recalled"): "called",
    ("called", "started"): "serving",
    ("called", "held"): "held",
    ("serving", "held"): "held",
    ("called", "missed"): "missed",
    ("called", "finished"): "done",
    ("serving", "finished"): "done",
}
"""The state after an event, by the one before."""
GOES_ON = {"recalled": "called", "started": "serving", "missed": "missed", "finished": "done"}
"""The same for a ticket that the merge put on hold, and that its box, which had not heard of that, went on with."""


class Press(NamedTuple):
    """What a clerk pressed, when, in seconds since 1970, and for whom.

    ``number`` is "" where nobody knows whether it was done: the answer says that the store is away.
    """

    verb: str
    window: str
    number: str
    begun: float
    ended: float


class Clerk:
    """Works at one window, over one box."""

    def __init__(self, port: int, token: str, window: str, chance: random.Random) -> None:
        self.window = window
        self.presses: list[Press] = []
        self._client = Client(port, token)
        self._chance = chance

    def close(self) -> None:
        self._client.close()

    def look(self) -> dict[str, Any] | None:
        """The window as its page shows it; None where the page cannot be drawn now."""
        seen = self._client.get(f"/windows/{self.window}")
        assert seen.status in (200, 503), seen
        return dict(seen.body) if seen.status == 200 else None

    def press(self) -> bool:
        """One press, as fits what the window shows; False where nobody waits."""
        if (seen := self.look()) is None:
            return True
        here = seen["ticket"]
        return self.do(self._chance.choice(PRESSES[here["state"]]) if here else "call-next")

    def do(self, verb: str, **body: Any) -> bool:
        """Press this; False where nobody waits."""
        begun = time.time()
        answer = self._client.post(f"/windows/{self.window}/{verb}", body)
        # 409: the page showed what is not so any more.
        assert answer.status in (200, 204, 409, 503), answer
        if answer.status == 200:
            number = answer.body["ticket"]["number"] if "ticket" in answer.body else answer.body["number"]
            self.presses.append(Press(verb, self.window, number, begun, time.time()))
        elif answer.status == 503:
            self.presses.append(Press(verb, self.window, "", begun, time.time()))
        return bool(answer.status != 204)

    def serve_all(self) -> None:
        """End what is here, and all that waits."""
        while (seen := self.look()) is not None:
            if not self.do("finish" if seen["ticket"] else "call-next"):
                return


def press_together(
    clerks: Sequence[Clerk], presses: int, after: int = 0, meanwhile: Callable[[], None] = lambda: None
) -> None:
    """Have all clerks press at once, each so many times; ``meanwhile`` happens ``after`` so many of all presses."""
    done = threading.Semaphore(0)

    def work(clerk: Clerk) -> None:
        for _ in range(presses):
            clerk.press()
            done.release()

    with ThreadPoolExecutor(len(clerks)) as pool:
        working = [pool.submit(work, one) for one in clerks]
        for _ in range(after):
            # A clerk whose press fails tells it below.
            done.acquire(timeout=PATIENCE)
        meanwhile()
        for one in working:
            one.result()


def serve_all(clerks: Sequence[Clerk], server: PostgresServer, database: str) -> None:
    """Empty the hall: what waits goes to any window, what is on hold to its own."""
    at = {one.window: one for one in clerks}
    left = "SELECT state, window_id, number FROM ticket WHERE state IN ('waiting', 'called', 'serving', 'held')"

    def is_empty() -> bool:
        with ThreadPoolExecutor(len(clerks)) as pool:
            list(pool.map(Clerk.serve_all, clerks))
        for state, window, number in server.execute(left, database=database):
            if state == "held":
                at[window].do("call", number=number)
                at[window].do("finish")
        # A box may have found a connection of before the cut, and have been cut off once more for a moment.
        return server.execute(left, database=database) == []

    wait_until(is_empty, 5 * PATIENCE)


def check_presses(server: PostgresServer, database: str, presses: Iterable[Press], issued: Iterable[str]) -> int:
    """Assert that the store has each press as it was, and nothing that nobody pressed; how many it has of boxes.

    All who took a number are served by now.
    """
    presses = list(presses)
    events = "SELECT type, data, at FROM event WHERE type LIKE 'ticket.%' ORDER BY at, seq"
    happened: dict[str, list[tuple[str, dict[str, Any], float]]] = {number: [] for number in issued}
    for kind, data, at in server.execute(events, database=database):
        told = json.loads(data)
        happened[told["number"]].append((kind.removeprefix("ticket."), told, at / 1e6))
    tickets = {
        number: row
        for number, *row in server.execute(
            "SELECT t.number, t.state, t.window_id, t.called_at, count(c.id) "
            "FROM ticket t LEFT JOIN case_file c ON c.ticket_id = t.id GROUP BY t.id",
            database=database,
        )
    }
    assert set(tickets) == set(happened), "each number is in the store, and no other"
    for number, its in happened.items():
        state = ""
        for kind, told, _ in its:
            after = GOES_ON.get(kind) if state == "held" and "merged" in told else BECOMES.get((state, kind))
            assert after, f"{number}: {its}"
            state = after
        assert state in ("done", "missed"), f"{number} is lost: {its}"
        windows = {told["window"] for kind, told, _ in its if kind == "called"}
        assert len(windows) == 1, f"{number} was called at two windows: {its}"
        called_at = [at for kind, _, at in its if kind == "called"]
        kept = tickets[number]
        assert kept == [state, *windows, round(called_at[-1] * 1e6), int(state == "done")], f"{number}: {its}"
        for kind, told, at in its:
            if kind not in ("issued", "held"):
                assert any(_is(one, kind, number, told["window"], at) for one in presses), f"nobody {kind} {number}"
    noted = (
        "SELECT t.number FROM ticket t JOIN merged_record m ON m.id LIKE '%/' || t.id || '/step%'"
        " WHERE m.note = 'overtaken'"
    )
    overtaken = {number for (number,) in server.execute(noted, database=database)}
    for one in presses:
        its = happened.get(one.number, [])
        # Of the last press before a cut the box may not have heard: then what does not go with it is kept apart.
        if one.number and one.number not in overtaken:
            kinds = [kind for kind, told, at in its if _is(one, kind, one.number, told.get("window"), at)]
            assert kinds, f"{one} is lost: {its}"
    return sum("merged" in told for its in happened.values() for _, told, _ in its)


def _is(press: Press, kind: str, number: str, window: str | None, at: float) -> bool:
    """Whether an event is of this press, or may be."""
    return (
        TOLD_AS[press.verb] == kind
        and press.number in ("", number)
        and press.window == window
        and press.begun - CLOCKS <= at <= press.ended + CLOCKS
    )
