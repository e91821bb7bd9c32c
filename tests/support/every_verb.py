"""Every verb of the queue in any order, by two kiosks and three windows, on a model and on a real store at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import bindparam, text

import hall_model
from hall_model import Hall, Paper, Place, RefusedError
from keyrings import held
from offices import CHEN, DESK, LI, MASTER, MORNING, ZONE
from ticketing.day.ledger import Ledger
from ticketing.day.transaction import tickets
from ticketing.events import TYPES
from ticketing.line.supplements import Supplements
from ticketing.line.views import Board
from ticketing.live.past_days import PastDays
from ticketing.model import Actor, Resident, Service, TicketingError, TicketRow, Window
from ticketing.office import Office
from ticketing.policy import PriorityClass, Rules
from ticketing.privacy.vault import Vault
from ticketing.store import tables
from ticketing.store.opening import open_store
from ticketing.store.prepared import Prepared

SERVICES = [
    Service("licence", "营业执照", "Business licence", "A"),
    Service("tax", "税务登记", "Tax", "B"),
    Service("seal", "公章备案", "Seals", "A"),
    Service("whole", "企业开办一件事", "Starting a business", "C", chain=("tax", "seal")),
]
WINDOWS = [
    Window("1", "1号窗口", ("*",), "open"),
    Window("2", "2号窗口", ("tax", "whole"), "open", weights={"tax": 10}),
    Window("3", "3号窗口", ("licence", "seal"), "closed", weights={"seal": 25}),
]
YOUNG = [
    replace(CHEN, name="赵一", id_number="110102199001150030"),
    replace(CHEN, name="钱二", id_number="110102199001150057"),
]
PEOPLE: dict[str, Resident] = {"old": LI, "a": CHEN, "b": YOUNG[0], "c": YOUNG[1]}
STATE_AFTER = {
    "ticket.issued": "waiting",
    "ticket.called": "called",
    "ticket.recalled": "called",
    "ticket.started": "serving",
    "ticket.held": "held",
    "ticket.missed": "missed",
    "ticket.transferred": "waiting",
    "ticket.returned": "waiting",
    "ticket.finished": "done",
    "ticket.cancelled": "cancelled",
    "ticket.expired": "expired",
}

RULES = Rules(
    (
        PriorityClass("senior", "65岁以上", "aged 65 and over", timedelta(minutes=30), 65),
        PriorityClass("disabled", "残疾人", "disabled persons", timedelta(minutes=20)),
    )
)

_OF_DAY = Prepared(tickets.where(tables.ticket.c.hall_day == bindparam("day")).order_by(tables.ticket.c.id), TicketRow)


class Boxes:
    """Two boxes of one hall, each with connections of its own to the one store, and one time for both."""

    def __init__(self, url: str) -> None:
        self.now = MORNING
        self.stores = [open_store(url, exclusive=False) for _ in range(2)]
        self.offices = [
            Office(
                store,
                Vault(store, held(MASTER), "hall", clock=lambda: self.now),
                RULES,
                ZONE,
                lambda: self.now.astimezone(UTC),
                box,
            )
            for store, box in zip(self.stores, ("one", "two"), strict=True)
        ]
        self.office = self.offices[0]
        self.supplements = Supplements(self.office.ledger)
        self.office.seed(SERVICES, WINDOWS)

    @property
    def ledger(self) -> Ledger:
        return self.office.ledger

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def next_day(self) -> None:
        self.now = datetime.combine(self.now.date() + timedelta(days=1), MORNING.timetz())

    def close(self) -> None:
        for store in self.stores:
            store.close()


SENSIBLE: dict[str | None, list[str]] = {
    None: ["call-next", "call-next", "call-next", "call-next", "call-number", "scan", "undo", "undo", "close", "pause"],
    "paused": ["open"],
    "called": ["start", "no-show", "no-show", "recall", "finish", "hold", "transfer", "scan"],
    "serving": ["finish", "finish", "finish", "hold", "transfer", "scan"],
}
"""What a clerk may do, by the state of who is at the window."""

services = st.sampled_from([one.id for one in SERVICES])
windows = st.sampled_from([one.id for one in WINDOWS])
people = st.sampled_from([None, None, *PEOPLE])


@dataclass(frozen=True)
class Chance:
    """All that a step may need; what it does with it, it decides by how things are."""

    sense: int
    pick: int
    box: int
    window: str
    who: str | None
    service: str
    person: str | None
    given: str | None
    chain: tuple[str, ...] | None
    by: str
    priority: str
    outcome: str
    minutes: int | None
    to_service: str | None
    to_window: str | None
    reason: str | None
    take_over: bool


chances = st.builds(
    Chance,
    sense=st.integers(0, 5039),
    pick=st.integers(0, 5039),
    box=st.integers(0, 1),
    window=windows,
    who=st.sampled_from([None, None, None, None, "wang", "liu"]),
    service=services,
    person=people,
    given=st.sampled_from([None, None, "disabled"]),
    chain=st.sampled_from([None, None, ("tax",), ("seal", "licence")]),
    by=st.sampled_from(["id", "code", "number"]),
    priority=st.sampled_from(list(hall_model.HEAD_START)),
    outcome=st.sampled_from(["done", "supplement", "promised"]),
    minutes=st.sampled_from([None, 1, 30]),
    to_service=st.none() | services,
    to_window=st.none() | windows,
    reason=st.sampled_from([None, "走错窗口"]),
    take_over=st.booleans(),
)


class Queue(RuleBasedStateMachine):
    """The machine: each rule does one thing to the model and to the office, and both have to say the same.

    A run is a hall day of the same store: what earlier runs left lies there as the past.
    """

    def __init__(self, desk: Boxes) -> None:
        super().__init__()
        self.desk = desk
        self.offices = desk.offices
        self.heard: dict[str, str] = {}
        self.boards: dict[date, dict[int, Board]] = {}

    @initialize(crowd=st.lists(st.tuples(services, people), min_size=3, max_size=12))
    def a_new_day(self, crowd: list[tuple[str, str | None]]) -> None:
        self.desk.next_day()
        self.desk.office.end_of_day()
        self.model = Hall(
            {one.id: one.prefix for one in SERVICES},
            {one.id: one.chain for one in SERVICES},
            {one.id: Place(one.id, one.services, dict(one.weights), "closed") for one in WINDOWS},
            self.desk.now,
        )
        self.since = self.desk.office.last_seq()
        self.heard = {}
        for service, person in crowd:
            self._takes_a_number(service, person, 0, None, None)

    # -- time, and what it does by itself

    @rule(seconds=st.sampled_from([1, 56, 56, 59, 61, 600, 1800]))
    def time_passes(self, seconds: int) -> None:
        self.desk.later(seconds=seconds)
        # The day is over at midnight, and that is a rule of its own.
        if self.desk.now.hour >= 22:
            self.a_day_ends()

    @rule()
    def who_was_held_long_enough_is_back(self) -> None:
        self._tick()
        assert self.desk.office.bring_back() == self.model.bring_back()

    def a_day_ends(self) -> None:
        numbers = {paper.id: paper.number for paper in self.model.papers.values()}
        left = self.model.next_day()
        self.desk.next_day()
        self.model.now = self.desk.now
        self.desk.office.end_of_day()
        with self.desk.ledger.look() as m:
            states = {row.id: row.state for row in m.conn.execute(text("SELECT id, state FROM ticket"))}
        for ticket, state in left.items():
            assert states[ticket] == state, numbers[ticket]
        self.since = self.desk.office.last_seq()
        self.heard = {}

    # -- numbers

    @rule(chance=chances)
    def somebody_in_the_hall(self, chance: Chance) -> None:
        """Takes a number, comes back, goes home, or asks at the desk."""
        self._tick()
        verbs: list[Callable[[], None]] = [
            lambda: self._takes_a_number(chance.service, chance.person, chance.box, chance.given, chance.chain),
            lambda: self._comes_back(chance.pick, chance.by, chance.window, "missed"),
            lambda: self._comes_back(chance.pick, chance.by, chance.window, "held"),
            lambda: self._comes_back(chance.pick, chance.by, chance.window, "missed"),
            lambda: self._takes_a_number(chance.service, chance.person, chance.box, None, None),
            lambda: self._goes_home(chance.pick, chance.by),
            lambda: self._is_held(chance.pick, chance.minutes),
            lambda: self._gets_another_class(chance.pick, chance.priority),
            lambda: self._brings_papers(chance.pick),
        ]
        verbs[chance.sense % len(verbs)]()

    @rule(chance=chances)
    def the_first_window_works(self, chance: Chance) -> None:
        self._clerk_works("1", chance)

    @rule(chance=chances)
    def the_second_window_works(self, chance: Chance) -> None:
        self._clerk_works("2", chance)

    @rule(chance=chances)
    def the_third_window_works(self, chance: Chance) -> None:
        self._clerk_works("3", chance)

    @rule(who=st.sampled_from(["wang", "liu"]))
    def a_clerk_logs_out(self, who: str) -> None:
        self._tick()
        self.model.leave(who)
        self.desk.office.leave(self._actor("1", who))

    # -- what has to hold

    @invariant()
    def the_store_is_as_the_model(self) -> None:
        if not hasattr(self, "model"):
            return
        day = self.desk.now.date().isoformat()
        with self.desk.ledger.look() as m:
            found = {row.id: row for row in _OF_DAY.all(m.conn, {"day": day})}
            seen = {
                ident: (
                    row.number,
                    row.service_id,
                    row.state,
                    row.line if row.state == "waiting" else "",
                    row.window_id,
                    m.time(row.rank_at),
                    row.recalls,
                    row.misses,
                    m.ticket(row).chain,
                )
                for ident, row in found.items()
            }
        assert seen == {paper.id: paper.seen() for paper in self.model.papers.values()}
        places = {one.id: (one.state, one.clerk) for one in self.desk.office.windows()}
        assert places == {one.id: (one.state, one.clerk) for one in self.model.windows.values()}

    @invariant()
    def whoever_only_hears_the_events_knows_the_same(self) -> None:
        if not hasattr(self, "model"):
            return
        for event in self.offices[1].events_after(self.since, 1000):
            self.since = event.seq
            told = vars(TYPES[event.type](**event.data)).items()
            assert list(event.data.items()) == [(name, value) for name, value in told if value is not None]
            if event.type == "ticket.undone":
                self.heard[event.data["number"]] = event.data["state"]
            elif event.type in STATE_AFTER:
                self.heard[event.data["number"]] = STATE_AFTER[event.type]
        assert self.heard == {paper.number: paper.state for paper in self.model.papers.values()}

    @invariant()
    def the_screens_count_who_waits(self) -> None:
        if not hasattr(self, "model"):
            return
        board = self.offices[1].board()
        self.boards.setdefault(self.desk.now.date(), {})[board.seq] = board
        counts = {row.service: row.count for row in board.waiting}
        waiting = [paper.service for paper in self.model.papers.values() if paper.state == "waiting"]
        assert counts == {one.id: waiting.count(one.id) for one in SERVICES}

    def teardown(self) -> None:
        """What screens showed is made again from the events of the day."""
        for day, boards in self.boards.items():
            past = {one.seq: one for _, one in PastDays(self.desk.ledger).day(day).moments()}
            for seq, board in boards.items():
                if seq in past:
                    assert (past[seq].calls, past[seq].waiting) == (board.calls, board.waiting)
            assert set(boards) - set(past) <= {min(boards)}, "the day's first board may be of before its first event"

    # -- what a resident does

    def _takes_a_number(
        self, service: str, person: str | None, kiosk: int, given: str | None, chain: tuple[str, ...] | None
    ) -> None:
        earned = "senior" if person == "old" else "normal"
        issued = self._same(
            lambda: self.model.check_issue(service, person),
            lambda: self.offices[kiosk].issue(
                service,
                DESK,
                resident=PEOPLE[person] if person else None,
                priority=given,
                print=False,
                chain=chain,
            ),
        )
        if issued is not None:
            expected = self.model.next_number(service)
            assert issued.ticket.number == expected
            paper = self.model.issued(issued.ticket.id, issued.code, service, person, given or earned, chain)
            assert issued.ticket.ahead == self.model.ahead(paper)

    def _is_held(self, pick: int, minutes: int | None) -> None:
        if paper := self._some(pick, "waiting"):
            until = None if minutes is None else self.desk.now + timedelta(minutes=minutes)
            self._same(
                lambda: self.model.hold(paper, until),
                lambda: self.desk.office.hold_ticket(paper.id, DESK, "去复印", until),
            )

    def _comes_back(self, pick: int, by: str, window: str, state: str) -> None:
        if paper := self._some(pick, state):
            verbs: dict[str, Callable[[], Any]] = {
                "id": lambda: self.desk.office.return_ticket(paper.id, DESK),
                "code": lambda: self.desk.office.return_by_code(paper.code),
                "number": lambda: self.desk.office.return_number(window, paper.number, Actor("token", "clerk", window)),
            }
            self._same(lambda: self.model.come_back(paper), verbs[by])

    def _goes_home(self, pick: int, by: str) -> None:
        if paper := self._some(pick, "waiting", "missed"):
            verbs: dict[str, Callable[[], Any]] = {
                "id": lambda: self.desk.office.cancel(paper.id, DESK),
                "code": lambda: self.desk.office.cancel_by_code(paper.code),
                "number": lambda: self.desk.office.cancel(self.desk.office.ticket_of_number(paper.number).id, DESK),
            }
            self._same(lambda: self.model.cancel(paper), verbs[by])

    def _gets_another_class(self, pick: int, priority: str) -> None:
        if paper := self._some(pick, "waiting"):
            self._same(
                lambda: self.model.give_class(paper, priority),
                lambda: self.desk.office.give_class(paper.id, priority, "证件已核对", DESK),
            )

    def _brings_papers(self, pick: int) -> None:
        if paper := self._some(pick, "done"):
            self._same(
                lambda: self.model.supplement(paper),
                lambda: self.desk.supplements.by_code(paper.code, DESK, print=False),
            )

    # -- what a clerk does

    def _clerk_works(self, window: str, chance: Chance) -> None:
        """Mostly something that makes sense as things are, and at times anything, to see it refused."""
        self._tick()
        who = chance.who
        verbs: dict[str, Callable[[], None]] = {
            "call-next": lambda: self._call_next(window, who, chance.box),
            "call-number": lambda: self._call_number(window, who, chance.pick),
            "recall": lambda: self._go_on(window, who, "recall"),
            "start": lambda: self._go_on(window, who, "start"),
            "no-show": lambda: self._go_on(window, who, "no_show"),
            "undo": lambda: self._go_on(window, who, "undo"),
            "finish": lambda: self._finish(window, who, chance.outcome),
            "hold": lambda: self._hold(window, who, chance.minutes),
            "transfer": lambda: self._transfer(window, who, chance.to_service, chance.to_window),
            "scan": lambda: self._scan(window, who, chance.pick, chance.reason),
            "open": lambda: self._open_or_close(window, who, "open", chance.take_over),
            "pause": lambda: self._open_or_close(window, who, "pause", chance.take_over),
            "close": lambda: self._open_or_close(window, who, "close", chance.take_over),
        }
        here = self.model.at(window)
        paused = here is None and self.model.windows[window].state == "paused"
        sensible = SENSIBLE["paused" if paused else here and here.state]
        chosen = sensible if chance.sense % 6 else list(verbs)
        verbs[chosen[chance.sense % len(chosen)]]()

    def _call_next(self, window: str, who: str | None, box: int) -> None:
        expected: list[Paper | None] = []
        called = self._same(
            lambda: expected.append(self.model.call_next(window, who)),
            lambda: self.offices[box].call_next(window, self._actor(window, who)) or "nobody",
        )
        if called == "nobody":
            assert expected == [None]
        elif called is not None:
            assert expected[0] is not None
            assert called.ticket.number == expected[0].number
            assert called.ticket.number in called.why.zh or called.why.en == "In order of issue"

    def _call_number(self, window: str, who: str | None, pick: int) -> None:
        paper = self._some(pick, "held", "missed", "waiting")
        number = paper.number if paper else "Z999"
        self._same(
            lambda: self.model.call_number(window, number, who),
            lambda: self.desk.office.call_number(window, number, self._actor(window, who), "熟悉材料"),
        )

    def _go_on(self, window: str, who: str | None, verb: str) -> None:
        self._same(
            lambda: getattr(self.model, verb)(window, who),
            lambda: getattr(self.desk.office, verb)(window, self._actor(window, who)),
        )

    def _finish(self, window: str, who: str | None, outcome: str) -> None:
        self._same(
            lambda: self.model.finish(window, outcome, who),
            lambda: self.desk.office.conclude(window, self._actor(window, who), outcome),
        )

    def _hold(self, window: str, who: str | None, minutes: int | None) -> None:
        until = None if minutes is None else self.desk.now + timedelta(minutes=minutes)

        def hold() -> None:
            paper = self.model.here(window, who)
            self.model.seated(window, who)
            self.model.hold(paper, until)

        self._same(hold, lambda: self.desk.office.hold(window, self._actor(window, who), "补材料", until))

    def _transfer(self, window: str, who: str | None, service: str | None, to: str | None) -> None:
        self._same(
            lambda: self.model.transfer(window, service, to, who),
            lambda: self.desk.office.transfer(window, service, self._actor(window, who), to),
        )

    def _scan(self, window: str, who: str | None, pick: int, reason: str | None) -> None:
        if paper := self._some(pick, "called", "held", "missed"):
            self._same(
                lambda: self.model.scan(window, paper, reason, who),
                lambda: self.desk.office.scan(window, paper.code, self._actor(window, who), reason),
            )

    def _open_or_close(self, window: str, who: str | None, verb: str, take_over: bool) -> None:
        actor = self._actor(window, who)
        office = self.desk.office
        if verb == "open":
            self._same(
                lambda: self.model.open(window, who, take_over), lambda: office.open_window(window, actor, take_over)
            )
        elif verb == "pause":
            self._same(lambda: self.model.pause(window, who), lambda: office.pause_window(window, actor, "午休"))
        else:
            self._same(lambda: self.model.close(window, who), lambda: office.close_window(window, actor))

    # -- how

    def _tick(self) -> None:
        self.desk.later(seconds=1)
        self.model.now = self.desk.now

    def _some(self, pick: int, *states: str) -> Paper | None:
        """A ticket: mostly one in ``states``, of which the verb is about, and at times any, to see it refused."""
        papers = list(self.model.papers.values())
        likely = [paper for paper in papers if paper.state in states]
        chosen = likely if likely and pick % 5 else papers
        return chosen[-1 - pick % min(len(chosen), 8)] if chosen else None

    def _actor(self, window: str, who: str | None) -> Actor:
        return Actor(who or "token", "clerk", window, logged_in=who is not None)

    def _same(self, model: Callable[[], Any], office: Callable[[], Any]) -> Any:
        """Do it in both: either both do it, or both refuse it with the same code."""
        refusal = None
        try:
            model()
        except RefusedError as error:
            refusal = str(error)
        try:
            done = office()
        except TicketingError as error:
            assert error.code == refusal, f"refused with {error.code}, and the model says {refusal}"
            return None
        assert refusal is None, f"was done, and the model says {refusal}"
        return done


def run(url: str, examples: int, steps: int) -> None:
    """So many runs of so many steps on the store at ``url``."""
    desk = Boxes(url)
    try:
        run_state_machine_as_test(
            lambda: Queue(desk),
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                # The same runs each time: what fails here fails for everybody.
                derandomize=True,
                database=None,
            ),
        )
    finally:
        desk.close()
