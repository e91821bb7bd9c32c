"""What keys and evaluation pads at windows do: a clerk's verbs, a resident's grade. A press that did nothing is told.

A press acts as its device, in the role of a clerk; whoever sits at the window stays there.
"""

from collections.abc import Mapping, Sequence

from display import refusals
from drivers.device import DeviceEvent
from drivers.presses import GradeGiven, KeyPressed, WindowPanel
from kiosk.event_feed import WindowNews
from kiosk.service import Inbox
from ticketing.cases.ratings import LOW, Ratings
from ticketing.events import TicketCalled, TicketFinished, TicketRecalled, TicketStarted, kind_of
from ticketing.model import Actor, Event, State, StateError, TicketingError, UnknownError
from ticketing.office import Office

OUTCOME = "immediate"
"""How a key finishes, as the window page's big key does."""
STAYS = (TicketCalled, TicketRecalled, TicketStarted)
"""Events after which a ticket is at its window still."""
REASONS = ("other",)
"""Of a low grade: keys have no reasons to choose from."""


class WindowInputs(Inbox):
    """Does what is pressed, in order, on a thread of its own.

    Args:
        office: whose verbs are done.
        ratings: takes the grades.
        news: tells a window's pages what was refused.
        panels: by window; told the same by a sound or a light.
        kinds: the driver of each device by its name.
    """

    def __init__(
        self,
        office: Office,
        ratings: Ratings,
        news: WindowNews,
        panels: Mapping[str, Sequence[WindowPanel]],
        kinds: Mapping[str, str],
    ) -> None:
        self._office = office
        self._ratings = ratings
        self._news = news
        self._panels = panels
        self._kinds = kinds
        # Grades that came before their case was finished: number and grade by window, kept nowhere else.
        self._early: dict[str, tuple[str, int]] = {}
        super().__init__("window inputs", self._handle)

    def hear(self, device: str, event: DeviceEvent) -> None:
        """Take an event of a device; called on the device's thread, and returns at once."""
        self.put(device, event)

    def follow(self, events: Sequence[Event]) -> None:
        """Take the hall's events, in order; called on the event feed's thread, and returns at once."""
        for event in events:
            is_over = "number" in event.data and kind_of(event.type) not in STAYS
            if is_over and event.data.get("window") in self._panels:
                self.put("", event)

    def _handle(self, device: str, event: DeviceEvent | Event) -> None:
        if isinstance(event, Event):
            self._happened(event)
            return
        if not isinstance(event, (KeyPressed, GradeGiven)):
            return
        try:
            if isinstance(event, KeyPressed):
                self._press(event, Actor(f"{self._kinds.get(device, 'pad')}:{device}", "clerk", event.window))
            else:
                self._grade(event)
        except TicketingError as error:
            self._refuse(event.window, error)

    def _refuse(self, window: str, error: TicketingError) -> None:
        said = refusals.words(error.code, error.facts)
        refusal = {"ok": False, "code": error.code, "message": said.zh, "message_en": said.en}
        self._news.tell(window, "press", refusal)
        for panel in self._panels.get(window, ()):
            panel.refuse()

    def _press(self, press: KeyPressed, actor: Actor) -> None:
        office, window = self._office, press.window
        match press.does:
            case "call":
                if self._is_paused(window):
                    office.open_window(window, actor)
                if office.call_next(window, actor) is None:
                    raise UnknownError("nobody_waits")
            case "recall":
                office.recall(window, actor)
            case "start":
                office.start(window, actor)
            case "finish":
                office.finish(window, actor, OUTCOME)
            case "no-show":
                office.no_show(window, actor)
            case "hold":
                office.hold(window, actor)
            case "call-back":
                held = [one for one in office.away(window) if one.state is State.HELD and one.window == window]
                if not held:
                    raise UnknownError("nobody_held")
                office.call_number(window, held[0].number, actor)
            case "pause":
                (office.open_window if self._is_paused(window) else office.pause_window)(window, actor)
            case "transfer":
                office.transfer(window, self._service(press.number), actor)

    def _is_paused(self, window: str) -> bool:
        return any(one.id == window and one.state == "paused" for one in self._office.windows())

    def _service(self, number: int | None) -> str | None:
        """The service by its place in the hall's list, from 1; None for the ticket's own."""
        if number is None:
            return None
        services = self._office.services()
        if not 1 <= number <= len(services):
            raise UnknownError("unknown_service")
        return services[number - 1].id

    def _grade(self, given: GradeGiven) -> None:
        here = self._office.window_view(given.window).ticket
        if here is not None and here.state is State.SERVING:
            # There is no case to grade yet, and the last one is another resident's. The first grade counts.
            if self._early.get(given.window, ("", 0))[0] != here.number:
                self._early[given.window] = here.number, given.grade
        else:
            self._rate(given.window, given.grade)

    def _happened(self, event: Event) -> None:
        window = event.data["window"]
        number, grade = self._early.get(window, ("", 0))
        if number and number == event.data.get("number"):
            del self._early[window]
            if kind_of(event.type) is TicketFinished:
                try:
                    self._rate(window, grade)
                except TicketingError as error:
                    self._refuse(window, error)

    def _rate(self, window: str, grade: int) -> None:
        case = self._ratings.asked_at(window)
        if case is None:
            raise StateError("nothing_to_rate")
        self._ratings.rate_at(window, case.id, grade, REASONS if grade <= LOW else ())
