"""Follows calls for help: tells the pages they came from, lights the kiosk's lamp, publishes them by MQTT."""

from collections.abc import Callable, Sequence
from typing import Any

from display.prompts import Words
from display.staff.help_words import going_words, place_words
from kiosk.event_feed import Channel, Channels
from kiosk.service import Loop
from ticketing.events import HelpEvent, kind_of
from ticketing.help.help_calls import HelpCall, HelpCalls, Place
from ticketing.model import Event
from ticketing.office import Office

RETRY = 2.0
"""Seconds until the store is asked again after it did not answer."""

Told = Callable[[Sequence[tuple[HelpCall, Words]]], None]


class HelpWords:
    """Words about calls, in this hall: its desk, its windows, its waiting areas."""

    def __init__(self, office: Office, hall: str, desk: Words) -> None:
        self._office = office
        self._hall = hall
        self._desk = desk

    def place(self, call: HelpCall) -> Words:
        """Where help is wanted, for staff."""
        area = next((one.place for one in self._office.services() if one.id == call.service), "")
        return place_words(call, self._hall, self._window(call.place.name), area)

    def going(self, call: HelpCall) -> Words:
        """What whoever called is told."""
        return going_words(call, self._desk, self._window(call.answered_from))

    def message(self, call: HelpCall) -> dict[str, Any]:
        """The message ``help`` of a page's stream, and the answer to who called: ``{call, state, words}``."""
        words = self.going(call)
        return {"call": call.id, "state": call.state, "words": {"zh": words.zh, "en": words.en}}

    def _window(self, window: str) -> str:
        return next((one.name for one in self._office.windows() if one.id == window), "")


class HelpSignals(Loop):
    """Keeps everything up to date that shows calls for help, whichever box they came to.

    Args:
        calls: the store's.
        words: about them.
        kiosk: where this box's kiosk is, and its page's stream, which gets ``help``.
        terminals: streams of terminals' pages, which get ``help`` too.
        windows: streams of windows' pages; each gets ``help`` for its own call, and ``emergency``
            ``{calls: [{id, window, place, called_at}], own}``: the emergencies of the other windows, and whether one
            is its own.
    """

    def __init__(
        self, calls: HelpCalls, words: HelpWords, kiosk: tuple[Place, Channel], terminals: Channels, windows: Channels
    ) -> None:
        self._calls = calls
        self._words = words
        self._kiosk, self._screen = kiosk
        self._terminals = terminals
        self._windows = windows
        self._told: dict[int, HelpCall] = {}
        self._changed = True
        self._followers: list[Told] = []
        self.lit = False
        super().__init__("help", RETRY, self._look)

    def follow(self, follower: Told) -> None:
        """Have ``follower`` told all open calls with their places, now and at each change; on this thread."""
        self._followers.append(follower)

    def hear(self, events: Sequence[Event]) -> None:
        """Take new events, in order; called on the event feed's thread, and returns at once."""
        kinds = [kind_of(event.type) for event in events]
        if any(issubclass(kind, HelpEvent) or kind.changes_all for kind in kinds):
            self._changed = True
            self.wake()

    def _look(self) -> None:
        if not self._changed:
            return
        self._changed = False
        try:
            calls = self._calls.open()
            over = [self._calls.one(call) for call in self._told.keys() - {one.id for one in calls}]
        except Exception:
            self._changed = True
            raise
        known, self._told = self._told, {one.id: one for one in calls}
        for call in (*calls, *over):
            if known.get(call.id) != call:
                self._tell(call)
        if any(one.emergency for one in (*known.values(), *calls)):
            for window in self._windows.names():
                self._windows.tell(window, "emergency", self._emergencies(calls, window))
        self.lit = any(one.place == self._kiosk for one in calls)
        for follower in self._followers:
            follower([(one, self._words.place(one)) for one in calls])

    def _tell(self, call: HelpCall) -> None:
        if call.emergency:
            return
        message = self._words.message(call)
        if call.place == self._kiosk:
            self._screen.tell("help", message)
        elif call.place.kind == "terminal":
            self._terminals.tell(call.place.name, "help", message)
        elif call.place.kind == "window":
            self._windows.tell(call.place.name, "help", message)

    def _emergencies(self, calls: Sequence[HelpCall], window: str) -> dict[str, Any]:
        """Nothing of a window's own: whoever stands there may see its screen."""
        others = [one for one in calls if one.emergency and one.place.name != window]
        return {
            "calls": [
                {
                    "id": one.id,
                    "window": one.place.name,
                    "place": vars(self._words.place(one)),
                    "called_at": one.called_at.isoformat(timespec="seconds"),
                }
                for one in others
            ],
            "own": len(others) < sum(one.emergency for one in calls),
        }
