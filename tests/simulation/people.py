"""Residents, clerks, the desk and the technician: what they do, each at their own pace, as chance has it.

Their requests go over a network that loses, delays and repeats them. Whoever gets no answer asks again with the same
idempotency key, as the pages do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from display.masking import mask_name
from drivers.simulators.card_reader.cards import SampleCard
from kiosk.card_holder import resident_of
from tests.simulation.boxes import SERVICES, Box
from tests.simulation.threads import VirtualLock
from ticketing.model import Actor, Resident, StateError, StoreError, TicketingError
from ticketing.office import Office

if TYPE_CHECKING:
    from tests.simulation.hall import SimulatedHall

ANSWER = 8.0
"""Seconds that somebody waits for an answer before they ask again."""
TRIES = 6
DESK = Actor("desk-1", "desk", "hall")


@dataclass
class Held:
    """A ticket in somebody's hand.

    Attributes:
        code: of the slip, or as read from the screen.
        comes: whether its resident comes when called.
    """

    id: int
    number: str
    code: str
    whose: Resident | None
    comes: bool


class NoAnswerError(Exception):
    """Nobody knows what became of the request."""


class People:
    """Everybody in the hall.

    Attributes:
        hands: who has which number today.
    """

    def __init__(self, hall: "SimulatedHall") -> None:
        self.hall = hall
        self.chance = hall.scheduler.random
        self.hands: dict[str, Held] = {}
        self._kiosks = {box.name: VirtualLock(hall.scheduler) for box in hall.boxes}
        self._asked = 0

    # -- requests

    def ask(self, box: Box, what: str, verb: Callable[[Box], Any], *, key: str | None = None) -> Any:
        """Have a box do something, over the network; asked again with the same key while nobody answers.

        Raises:
            TicketingError: it was refused.
            NoAnswerError: nobody answered, however often it was asked.
        """
        for _ in range(TRIES if key else 1):
            try:
                return self._once(box, what, verb)
            except NoAnswerError:
                pass
            except StoreError as error:
                if key is None:
                    raise
                self.hall.told(f"{what} at {box.name}: {error.code}")
            self.hall.scheduler.sleep(1 + self.chance.random())
        raise NoAnswerError(what)

    def _once(self, box: Box, what: str, verb: Callable[[Box], Any]) -> Any:
        scheduler, answers = self.hall.scheduler, list[tuple[bool, Any]]()
        waiting: list[Any] = []
        net = self.hall.network

        def handle() -> None:
            scheduler.sleep(net.delay())
            try:
                answer = True, verb(box)
            except TicketingError as error:
                answer = False, error
            if net.loses():
                self.hall.told(f"{what} at {box.name}: the answer is lost")
                return
            answers.append(answer)
            for one in list(waiting):
                scheduler.wake(one)

        times = 0 if net.loses() else 2 if net.repeats() else 1
        if box.up:
            assert box.process
            for _ in range(times):
                scheduler.spawn(box.process, what, handle)
        if not answers:
            scheduler.wait(waiting, ANSWER)
        if not answers:
            raise NoAnswerError(what)
        done, answer = answers[0]
        if not done:
            raise answer
        return answer

    def key(self) -> str:
        """A new idempotency key."""
        self._asked += 1
        return f"{self._asked:016}"

    # -- residents

    def resident(self, sample: SampleCard, at: float) -> None:
        """Comes to a kiosk or to the desk, takes a number, perhaps the slip, and waits."""
        hall, chance = self.hall, self.chance
        hall.scheduler.sleep(at)
        cut = [box for box in hall.boxes if box.wire.cut]
        box = chance.choice(cut if cut and chance.random() < 0.6 else hall.boxes)
        service = chance.choice(SERVICES).id
        way = chance.choices(["card", "early", "typed", "desk", "twice"], [60, 10, 8, 14, 8])[0]
        if way == "desk":
            self._at_desk(box, service, resident_of(sample.card) if chance.random() < 0.3 else None)
            return
        with self._kiosks[box.name]:
            self._at_kiosk(box, sample, service, way)
        if chance.random() < 0.15:
            hall.scheduler.sleep(chance.uniform(1, 30))
            with self._kiosks[box.name]:
                self._has_it_printed_again(box, sample, service)

    def _at_kiosk(self, box: Box, sample: SampleCard, service: str, way: str) -> None:
        hall, chance = self.hall, self.chance
        resident = resident_of(sample.card)
        if way == "typed":
            resident = Resident(kind="typed", id_number=sample.card.id_number)
            try:
                view = self.ask(box, "typed", lambda at: at.kiosk and at.kiosk.typed(sample.card.id_number or ""))
            except (TicketingError, NoAnswerError):
                return
            visit = view and view.visit
        else:
            box.reader.lay(sample.text, sample.photo)
            hall.told(f"a card is laid at {box.name}")
            if way == "early":
                hall.scheduler.sleep(chance.uniform(0.0, 1.5))
                box.reader.lift()
            elif way == "twice":
                hall.scheduler.sleep(chance.uniform(0.3, 2.0))
                box.reader.lift()
                hall.scheduler.sleep(chance.uniform(0.1, 1.0))
                box.reader.lay(sample.text, sample.photo)
            visit = self._choosing(box, resident)
        if visit is not None:
            key = self.key()

            def choose(at: Box) -> Any:
                if at.kiosk is None:
                    raise StoreError("store_gone")
                ticket, code = at.kiosk.choose(service, key, visit)
                # The page shows it: from now on it may not be lost.
                hall.observer.was_answered(key, (ticket.id, ticket.number, code))
                return ticket, code

            try:
                ticket, code = self.ask(box, "choose", choose, key=key)
            except (TicketingError, NoAnswerError) as error:
                hall.told(f"no number at {box.name}: {getattr(error, 'code', 'no answer')}")
            else:
                self._has(ticket.id, ticket.number, code, resident)
                self._wait_for_paper(box, ticket.number)
        if box.reader.lying:
            hall.scheduler.sleep(chance.uniform(0.1, 2.0))
            box.reader.lift()

    def _choosing(self, box: Box, resident: Resident) -> str | None:
        """The visit in which the kiosk greets this resident and asks what they want; None when it does not."""
        for _ in range(20):
            view = box.view
            if box.up and view is not None and view.state == "choosing" and view.resident is not None:
                # Whoever finds the greeting of somebody who has left does not go on with it.
                return view.visit if view.resident.name == mask_name(resident.name or "") else None
            self.hall.scheduler.sleep(0.4)
        return None

    def _wait_for_paper(self, box: Box, number: str) -> None:
        before = len(box.printer.papers)
        for _ in range(self.chance.randint(0, 12)):
            if any(number in "".join(one.texts) for one in box.printer.papers[max(0, before - 1) :]):
                break
            self.hall.scheduler.sleep(0.5)
        box.printer.take_ticket()

    def _has_it_printed_again(self, box: Box, sample: SampleCard, service: str) -> None:
        hall = self.hall
        box.reader.lay(sample.text, sample.photo)
        visit, view = self._choosing(box, resident_of(sample.card)), box.view
        mine = [one.has_ticket for one in view.services if one.offer.service.id == service] if view else []
        if visit is not None and mine and mine[0]:
            lost, number = self.chance.random() < 0.3, mine[0]

            def again(at: Box) -> Any:
                if at.kiosk is None:
                    raise StoreError("store_gone")
                if lost:
                    hall.observer.may_be_replaced(number)
                return at.kiosk.reprint(service, visit, lost=lost)

            try:
                ticket, code = self.ask(box, "reprint", again)
            except (TicketingError, NoAnswerError):
                pass
            else:
                self._has(ticket.id, ticket.number, code, resident_of(sample.card))
                self._wait_for_paper(box, ticket.number)
        box.reader.lift()

    def _at_desk(self, box: Box, service: str, resident: Resident | None) -> None:
        key, hall = self.key(), self.hall

        def issue(at: Box) -> Any:
            issued = _office(at).issue(service, DESK, resident=resident, print=True, key=key)
            hall.observer.was_answered(key, (issued.ticket.id, issued.ticket.number, issued.code))
            return issued

        try:
            issued = self.ask(box, "issue", issue, key=key)
        except (TicketingError, NoAnswerError) as error:
            hall.told(f"no number at the desk: {getattr(error, 'code', 'no answer')}")
            return
        self._has(issued.ticket.id, issued.ticket.number, issued.code, resident)
        if self.chance.random() < 0.3:
            hall.scheduler.sleep(self.chance.uniform(0, 20))
            self._try(box, "print again", lambda at: _office(at).reprint(issued.ticket.id, DESK))

    def _has(self, ident: int, number: str, code: str, whose: Resident | None) -> None:
        self.hall.told(f"{number} is in somebody's hand")
        self.hall.observer.was_issued(ident, number, code, whose)
        self.hands[number] = Held(ident, number, code, whose, self.chance.random() < 0.85)

    def phones(self, until: float) -> None:
        """Residents look their place up, give up, or come back after they were missed."""
        while self.hall.seconds < until:
            self.hall.scheduler.sleep(self.chance.uniform(5, 25))
            if not self.hands:
                continue
            held = self.chance.choice(list(self.hands.values()))
            box = self.chance.choice(self.hall.boxes)
            does = self.chance.choices(["look", "cancel", "return"], [5, 1, 4])[0]
            verbs: dict[str, Callable[[Box], Any]] = {
                "look": lambda at, code=held.code: _office(at).ticket_of_code(code),
                "cancel": lambda at, code=held.code: _office(at).cancel_by_code(code),
                "return": lambda at, code=held.code: _office(at).return_by_code(code),
            }
            self._try(box, f"{does} {held.number}", verbs[does])

    # -- clerks

    def clerk(self, window: str, until: float) -> None:
        """Works at a window until closing time."""
        chance, hall = self.chance, self.hall
        actor = Actor(f"clerk-{window}", "clerk", window, logged_in=True)
        hall.scheduler.sleep(chance.uniform(0, 5))
        while hall.seconds < until:
            box = chance.choice(hall.boxes)
            key = self.key()

            def call(at: Box, key: str = key) -> Any:
                called = _hand(at).call_next(window, actor, key)
                # What the store had answered is not known without it.
                alone = at.counter is not None and at.counter.goes_on
                asked = f"{key} at {at.name} alone" if alone else key
                hall.observer.was_answered(asked, (called and called.ticket.number,))
                return called

            try:
                called = self.ask(box, f"call at {window}", call, key=key)
            except (TicketingError, NoAnswerError) as error:
                self._see_to(box, window, actor, getattr(error, "code", "no answer"))
                continue
            if called is None:
                hall.scheduler.sleep(chance.uniform(2, 6))
            else:
                self._serve(box, window, actor, called.ticket.number)
            self._pause(box, window, actor)

    def _pause(self, box: Box, window: str, actor: Actor) -> None:
        what = self.chance.random()
        if what < 0.05:
            self._try(box, f"pause {window}", lambda at: _hand(at).pause_window(window, actor, "午休"))
            self.hall.scheduler.sleep(self.chance.uniform(2, 15))
            self._try(box, f"open {window}", lambda at: _hand(at).open_window(window, actor))
        elif what < 0.08:
            self._try(box, f"close {window}", lambda at: _store(at).close_window(window, actor))
            self.hall.scheduler.sleep(self.chance.uniform(2, 10))
        elif what < 0.12:
            self._try(box, f"undo at {window}", lambda at: _store(at).undo(window, actor))

    def _see_to(self, box: Box, window: str, actor: Actor, why: str) -> None:
        """Something is in the way of the next call: look what it is, and end it."""
        self.hall.told(f"no call at {window}: {why}")
        self.hall.scheduler.sleep(1.0)
        if why == "window_paused":
            self._try(box, f"open {window}", lambda at: _hand(at).open_window(window, actor))
        elif why != "service_closed":
            view = self._try(box, f"look at {window}", lambda at: _hand(at).window_view(window))
            if view and view.ticket:
                self._serve(box, window, actor, view.ticket.number)

    def _serve(self, box: Box, window: str, actor: Actor, number: str) -> None:
        chance, hall = self.chance, self.hall
        held = self.hands.get(number)
        hall.scheduler.sleep(chance.uniform(0.5, 4))
        if held is None or not held.comes:
            self._try(box, f"recall {number}", lambda at: _hand(at).recall(window, actor))
            hall.scheduler.sleep(chance.uniform(1, 4))
            if held is not None:
                held.comes = chance.random() < 0.7
            self._try(box, f"miss {number}", lambda at: _hand(at).no_show(window, actor))
            return
        if chance.random() < 0.1:
            self._go_to_the_wrong_window(box, window, held)
        if chance.random() < 0.8:
            self._scan(box, window, actor, held)
        else:
            self._try(box, f"start {number}", lambda at: _hand(at).start(window, actor))
        hall.scheduler.sleep(chance.uniform(1, 20))
        does = chance.choices(["finish", "hold", "transfer", "send on"], [76, 8, 8, 8])[0]
        other = chance.choice(SERVICES).id
        verbs: dict[str, Callable[[Box], Any]] = {
            "finish": lambda at: _hand(at).finish(window, actor),
            "hold": lambda at: _hand(at).hold(window, actor, "去复印"),
            "transfer": lambda at: _hand(at).transfer(window, other, actor),
            "send on": lambda at: _hand(at).transfer(window, None, actor, "1"),
        }
        self._try(box, f"{does} {number}", verbs[does])
        if does == "hold" and chance.random() < 0.7:
            hall.scheduler.sleep(chance.uniform(1, 10))
            self._try(box, f"return {number}", lambda at: _office(at).return_ticket(held.id, DESK))

    def _scan(self, box: Box, window: str, actor: Actor, held: Held) -> None:
        scanned = self._try(box, f"scan {held.number}", lambda at: _store(at).scan(window, held.code, actor))
        if scanned is None:
            return
        if scanned.ticket.number != held.number:
            self.hall.broken(f"the code of {held.number} opened {scanned.ticket.number}")
        if scanned.resident is not None and not _looks_the_same(scanned.resident, held.whose):
            self.hall.broken(f"the code of {held.number} opened somebody else's data")

    def _go_to_the_wrong_window(self, box: Box, window: str, held: Held) -> None:
        wrong = next(one for one in ("3", "2", "1") if one != window)
        actor = Actor(f"clerk-{wrong}", "clerk", wrong, logged_in=True)

        def scan(at: Box) -> Any:
            before = _office(at).ticket(held.id)
            try:
                scanned = _store(at).scan(wrong, held.code, actor)
            except TicketingError:
                return None
            # It may have been called there meanwhile.
            if before.window == window and _office(at).ticket(held.id).window != wrong:
                self.hall.broken(f"{held.number} was opened at window {wrong}, and was called to {window}")
            return scanned

        self._try(box, f"scan {held.number} at {wrong}", scan)

    # -- others

    def manager(self, until: float) -> None:
        """Gives classes, and looks at the hall."""
        while self.hall.seconds < until:
            self.hall.scheduler.sleep(self.chance.uniform(10, 60))
            box = self.chance.choice(self.hall.boxes)
            if self.hands and self.chance.random() < 0.4:
                held = self.chance.choice(list(self.hands.values()))
                one = held.id
                self._try(box, "class", lambda at, one=one: _office(at).give_class(one, "senior", "证件已核对", DESK))
            else:
                self._try(box, "look", lambda at: _office(at).hall())

    def _try(self, box: Box, what: str, verb: Callable[[Box], Any]) -> Any:
        """Ask once; None when it is refused, or nobody answers."""
        try:
            answer = self.ask(box, what, verb)
        except TicketingError as error:
            self.hall.told(f"{what} at {box.name}: {error.code}")
            return None
        except NoAnswerError:
            self.hall.told(f"{what} at {box.name}: no answer")
            return None
        self.hall.told(f"{what} at {box.name}")
        return answer


def _office(box: Box) -> Office:
    if box.office is None:
        raise StateError("stopping")
    return box.office


def _hand(box: Box) -> Office:
    """What goes on at a window while its box is cut off."""
    if box.counter is None:
        raise StateError("stopping")
    return box.counter.at_hand


def _store(box: Box) -> Office:
    """What does not."""
    if box.counter is None:
        raise StateError("stopping")
    return box.counter.at_store


def _looks_the_same(one: Resident, other: Resident | None) -> bool:
    """Whether the kiosk's greeting is the same for both; by anything else nobody can tell."""
    if other is None or one.name is None or other.name is None:
        return other is not None and one.id_number == other.id_number
    return mask_name(one.name) == mask_name(other.name)
