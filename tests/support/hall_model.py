"""The queue as one reads it in the design, in plain Python and in memory: what the real one is held against.

It knows no store, no transaction and no index, and shares no code with ``ticketing``: states, orders and refusals are
written down a second time here.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

HEAD_START = {"normal": 0, "senior": 30, "disabled": 20}
"""Minutes."""
MISSED_PLACES = 3
MISSED_LIMIT = 2
UNDO_WITHIN = timedelta(seconds=60)
MICROSECOND = timedelta(microseconds=1)

OPEN = ("called", "serving")
LIVE = ("waiting", "called", "serving", "held")


class RefusedError(Exception):
    """The model says no; the text is the code."""


def refuse(condition: bool, code: str) -> None:
    """Say no with ``code`` when ``condition`` holds."""
    if condition:
        raise RefusedError(code)


@dataclass
class Paper:
    """A ticket in somebody's hand."""

    id: int
    number: str
    code: str
    service: str
    person: str | None
    issued: datetime
    rank: datetime
    priority: str
    chain: tuple[str, ...] = ()
    state: str = "waiting"
    line: str = ""
    window: str | None = None
    recalls: int = 0
    misses: int = 0
    last: str = ""
    until: datetime | None = None
    ended: datetime | None = None
    stop: tuple[str, str, datetime, str] | None = None
    """Window, service, end and outcome of a stop of its chain, until something else becomes of it."""
    missing: list[str] = field(default_factory=list)
    """Services of its cases that wait for papers."""

    def seen(self) -> tuple[object, ...]:
        """What a look into the store has to say of it."""
        line = self.line if self.state == "waiting" else ""
        return (
            self.number,
            self.service,
            self.state,
            line,
            self.window,
            self.rank,
            self.recalls,
            self.misses,
            self.chain,
        )


@dataclass
class Place:
    """A window."""

    id: str
    services: tuple[str, ...]
    weights: dict[str, int]
    state: str
    clerk: str | None = None

    def serves(self, service: str) -> bool:
        return "*" in self.services or service in self.services


@dataclass
class Hall:
    """Everything there is. ``who`` is a person's name, or None for a machine."""

    prefixes: dict[str, str]
    chains: dict[str, tuple[str, ...]]
    windows: dict[str, Place]
    now: datetime
    papers: dict[int, Paper] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)

    # -- looks

    def waiting(self, line: str) -> list[Paper]:
        """Who stands in a line, first in rank first."""
        found = [paper for paper in self.papers.values() if paper.state == "waiting" and paper.line == line]
        return sorted(found, key=lambda paper: (paper.rank, paper.id))

    def at(self, window: str) -> Paper | None:
        """Who is at a window."""
        return next((p for p in self.papers.values() if p.window == window and p.state in OPEN), None)

    def has(self, person: str | None, service: str, besides: Paper | None = None) -> bool:
        """Whether somebody has a live ticket for a service."""
        return person is not None and any(
            p is not besides and p.person == person and p.service == service and p.state in LIVE
            for p in self.papers.values()
        )

    def ahead(self, paper: Paper) -> int:
        """How many of its line are before it."""
        return [one.id for one in self.waiting(paper.line)].index(paper.id)

    # -- issuing

    def next_number(self, service: str) -> str:
        prefix = self.prefixes[service]
        return f"{prefix}{self.counters.get(prefix, 0) + 1:03}"

    def check_issue(self, service: str, person: str | None) -> None:
        refuse(self.has(person, service), "already_waiting")

    def issued(
        self, ident: int, code: str, service: str, person: str | None, priority: str, chain: tuple[str, ...] | None
    ) -> Paper:
        number = self.next_number(service)
        self.counters[self.prefixes[service]] = int(number.lstrip("ABC"))
        paper = Paper(
            ident,
            number,
            code,
            service,
            person,
            self.now,
            self.now - timedelta(minutes=HEAD_START[priority]),
            priority,
            self.chains.get(service, ()) if chain is None else chain,
            line=service,
        )
        self.papers[ident] = paper
        return paper

    # -- at a window

    def sit(self, window: str, who: str | None, take_over: bool = False) -> Place:
        place = self.windows[window]
        if who is not None and place.clerk != who:
            refuse(place.clerk is not None and not take_over, "window_taken")
        return place

    def ready(self, window: str, who: str | None) -> Place:
        place = self.sit(window, who)
        refuse(place.state == "paused", "window_paused")
        refuse(self.at(window) is not None, "window_busy")
        return place

    def here(self, window: str, who: str | None) -> Paper:
        self.sit(window, who)
        paper = self.at(window)
        if paper is None:
            raise RefusedError("nobody_here")
        return paper

    def seated(self, window: str, who: str | None) -> None:
        """The verb was done: whoever did it sits there now."""
        if who is not None:
            self.windows[window].clerk = who

    def next_for(self, window: str) -> Paper | None:
        place = self.windows[window]
        found = [
            paper
            for paper in self.papers.values()
            if paper.state == "waiting"
            and (paper.line == f"@{window}" or (paper.line == paper.service and place.serves(paper.service)))
        ]
        return min(found, default=None, key=lambda p: (p.rank - self._weight(place, p), p.id))

    def _weight(self, place: Place, paper: Paper) -> timedelta:
        return timedelta(minutes=place.weights.get(paper.service, 0))

    def call_next(self, window: str, who: str | None) -> Paper | None:
        place = self.ready(window, who)
        place.state = "open"
        self.seated(window, who)
        paper = self.next_for(window)
        if paper is not None:
            self._called(paper, window)
        return paper

    def call_number(self, window: str, number: str, who: str | None) -> Paper:
        place = self.ready(window, who)
        paper = self.of_number(number)
        refuse(paper.state not in ("waiting", "held", "missed"), "wrong_state")
        refuse(not place.serves(paper.service) and paper.line != f"@{window}", "not_served_there")
        self._summon(paper, window)
        place.state = "open"
        self.seated(window, who)
        return paper

    def of_number(self, number: str) -> Paper:
        paper = next((p for p in self.papers.values() if p.number == number), None)
        if paper is None:
            raise RefusedError("unknown_number")
        return paper

    def _summon(self, paper: Paper, window: str) -> None:
        if paper.state == "missed":
            refuse(self.has(paper.person, paper.service, paper), "already_waiting")
        self._called(paper, window)

    def _called(self, paper: Paper, window: str) -> None:
        paper.state, paper.window, paper.recalls, paper.until, paper.ended = "called", window, 0, None, None
        paper.stop = None

    def recall(self, window: str, who: str | None) -> None:
        paper = self.here(window, who)
        refuse(paper.state != "called", "wrong_state")
        paper.recalls += 1
        self.seated(window, who)

    def start(self, window: str, who: str | None) -> None:
        paper = self.here(window, who)
        refuse(paper.state != "called", "wrong_state")
        paper.state = "serving"
        self.seated(window, who)

    def finish(self, window: str, outcome: str, who: str | None) -> None:
        paper = self.here(window, who)
        self.seated(window, who)
        if outcome == "supplement":
            paper.missing.append(paper.service)
        chain = list(paper.chain)
        while chain:
            service, *rest = chain
            if service == paper.service or not self.has(paper.person, service, paper):
                stop = (window, paper.service, self.now, outcome)
                self._into_line(paper, service=service, chain=tuple(rest))
                paper.stop = stop
                return
            chain = rest
        paper.state, paper.ended = "done", self.now
        paper.last = outcome

    def no_show(self, window: str, who: str | None) -> None:
        paper = self.here(window, who)
        refuse(paper.state != "called", "wrong_state")
        paper.state, paper.ended = "missed", self.now
        paper.misses += 1
        self.seated(window, who)

    def transfer(self, window: str, service: str | None, to: str | None, who: str | None) -> None:
        paper = self.here(window, who)
        wanted = service or paper.service
        if wanted != paper.service:
            refuse(self.has(paper.person, wanted, paper), "already_waiting")
        if to is not None:
            refuse(not self.windows[to].serves(wanted), "not_served_there")
        self.seated(window, who)
        self._hand_on(paper, wanted, to)

    def _hand_on(self, paper: Paper, service: str, to: str | None = None) -> None:
        chain = list(paper.chain)
        if service != paper.service and service in chain:
            chain.remove(service)
        self._into_line(paper, service=service, line=None if to is None else f"@{to}", chain=tuple(chain))

    def _into_line(
        self,
        paper: Paper,
        *,
        service: str | None = None,
        line: str | None = None,
        chain: tuple[str, ...] | None = None,
        rank: datetime | None = None,
    ) -> None:
        paper.service = service or paper.service
        paper.line = line or paper.service
        paper.chain = paper.chain if chain is None else chain
        paper.rank = rank or paper.rank
        paper.state, paper.window, paper.recalls, paper.until, paper.ended = "waiting", None, 0, None, None
        paper.stop = None

    def undo(self, window: str, who: str | None) -> None:
        self.sit(window, who)
        refuse(self.at(window) is not None, "window_busy")
        paper = self.last_ended(window)
        if paper is None:
            raise RefusedError("nothing_to_undo")
        service = paper.stop[1] if paper.stop else paper.service
        refuse(self.has(paper.person, service, paper), "already_waiting")
        if paper.stop:
            paper.chain = (paper.service, *paper.chain)
            paper.service = paper.line = service
            paper.state, paper.window = "serving", window
            if paper.stop[3] == "supplement":
                paper.missing.pop()
            paper.stop = None
        elif paper.state == "done":
            paper.state = "serving"
            if paper.last == "supplement":
                paper.missing.pop()
        else:
            paper.state = "called"
            paper.misses -= 1
        paper.ended = None
        self.seated(window, who)
        if self.windows[window].state == "closed":
            self.windows[window].state = "open"

    def last_ended(self, window: str) -> Paper | None:
        """What ended last at a window, while that can be taken back."""
        ended = [(p.ended, p) for p in self.papers.values() if p.window == window and p.state in ("done", "missed")]
        ended += [
            (p.stop[2], p) for p in self.papers.values() if p.state == "waiting" and p.stop and p.stop[0] == window
        ]
        found = [(at, p) for at, p in ended if at is not None and at >= self.now - UNDO_WITHIN]
        return max(found, default=(None, None), key=lambda one: one[0] or self.now)[1]

    def scan(self, window: str, paper: Paper, reason: str | None, who: str | None) -> None:
        self.sit(window, who)
        refuse(paper.state not in (*LIVE, "missed"), "ticket_over")
        overrides = paper.window != window or paper.state not in (*OPEN, "held")
        if overrides and not reason:
            raise RefusedError("wrong_window" if paper.state in OPEN else "not_called")
        if overrides or paper.state == "held":
            refuse(self.at(window) is not None, "window_busy")
            if paper.state == "missed":
                refuse(self.has(paper.person, paper.service, paper), "already_waiting")
            if paper.state in OPEN:
                self._hand_on(paper, paper.service)
            self._called(paper, window)
        paper.state = "serving"
        self.seated(window, who)

    # -- out of the line and back

    def hold(self, paper: Paper, until: datetime | None) -> None:
        refuse(paper.state not in ("waiting", *OPEN), "wrong_state")
        paper.state, paper.until, paper.recalls = "held", until, 0

    def come_back(self, paper: Paper) -> None:
        refuse(paper.state not in ("held", "missed"), "wrong_state")
        if paper.state == "held":
            self._into_line(paper, line=paper.line)
            return
        refuse(paper.misses > MISSED_LIMIT, "missed_too_often")
        refuse(self.has(paper.person, paper.service, paper), "already_waiting")
        before = self.waiting(paper.line)
        rank = self.now
        if len(before) >= MISSED_PLACES:
            rank = min(before[MISSED_PLACES - 1].rank + MICROSECOND, self.now)
        self._into_line(paper, line=paper.line, rank=max(paper.rank, rank))

    def bring_back(self) -> int:
        due = [p for p in self.papers.values() if p.state == "held" and p.until is not None and p.until <= self.now]
        for paper in due:
            self._into_line(paper, line=paper.line)
        return len(due)

    def cancel(self, paper: Paper) -> None:
        refuse(paper.state not in ("waiting", "held", "missed"), "wrong_state")
        paper.state, paper.window, paper.recalls, paper.until, paper.ended = "cancelled", None, 0, None, self.now

    def give_class(self, paper: Paper, priority: str) -> None:
        refuse(paper.state not in ("waiting", "held"), "wrong_state")
        paper.rank += timedelta(minutes=HEAD_START[paper.priority] - HEAD_START[priority])
        paper.priority = priority

    def supplement(self, paper: Paper) -> None:
        refuse(not paper.missing, "not_returned")
        refuse(paper.state != "done", "wrong_state")
        refuse(self.has(paper.person, paper.missing[0], paper), "already_waiting")
        self._into_line(paper, service=paper.missing.pop(0))

    # -- windows and days

    def open(self, window: str, who: str | None, take_over: bool) -> None:
        place = self.sit(window, who, take_over)
        place.state = "open"
        self.seated(window, who)

    def pause(self, window: str, who: str | None) -> None:
        place = self.sit(window, who)
        place.state = "paused"
        self.seated(window, who)

    def close(self, window: str, who: str | None) -> None:
        place = self.sit(window, who)
        refuse(self.at(window) is not None, "window_busy")
        for paper in self.waiting(f"@{window}"):
            self._into_line(paper)
        place.state, place.clerk = "closed", None

    def leave(self, who: str) -> None:
        for place in self.windows.values():
            if place.clerk == who and self.at(place.id) is None:
                place.clerk = None

    def next_day(self) -> dict[int, str]:
        """What becomes of everybody at midnight; the new day begins with nothing."""
        ends = {"waiting": "expired", "held": "expired", "missed": "expired", "called": "done", "serving": "done"}
        left = {paper.id: ends.get(paper.state, paper.state) for paper in self.papers.values()}
        self.papers, self.counters = {}, {}
        for place in self.windows.values():
            place.state, place.clerk = "closed", None
        return left
