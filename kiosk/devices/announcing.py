"""Calls made visible and audible: this box's strips and speaker follow the hall's events."""

from collections import deque
from collections.abc import Mapping, Sequence

from display import board, speech
from drivers.device import WindowDisplay
from drivers.speaker import Speaker
from kiosk.service import Loop
from ticketing.model import Event
from ticketing.office import Office

SPOKEN = ("ticket.called", "ticket.recalled")
FOR_ALL = ("hall.changed", "hall.restored")
"""After these, any window may be another."""

RETRY = 1.0
"""Seconds until what could not be shown is tried again."""


class Announcer:
    """Follows the events of the store, whoever made them.

    Args:
        office: where events come from.
        displays: this box's displays by window.
        speaker: this box's speaker, if it has one.
    """

    def __init__(
        self,
        office: Office,
        displays: Mapping[str, Sequence[WindowDisplay]],
        speaker: Speaker | None,
    ) -> None:
        self._office = office
        self._displays = displays
        self._speaker = speaker
        self._events: deque[Event] = deque()
        self._loop = Loop("announcing", RETRY, self._follow)

    def start(self) -> None:
        """Show how every window stands now; what was called before is not said again."""
        for window in self._office.windows():
            self._show(window.id)
        self._loop.start()

    def stop(self) -> None:
        """End."""
        self._loop.stop()

    def hear(self, events: Sequence[Event]) -> None:
        """These have happened, in this order; called by the event feed, and returns at once."""
        concerning = [event for event in events if event.data.get("window") or event.type in FOR_ALL]
        if concerning:
            self._events.extend(concerning)
            self._loop.wake()

    def _follow(self) -> None:
        # Strips first: they are what a resident looks at. Several events of one window are one picture.
        events = list(self._events)
        concerned = [window for event in events for window in self._windows_of(event)]
        for window in dict.fromkeys(concerned):
            self._show(window)
        # Only what is shown is no longer due: with the store away for a moment, the next step shows it.
        for event in events:
            self._events.popleft()
            self._say(event)

    def _windows_of(self, event: Event) -> list[str]:
        if event.type in FOR_ALL:
            there = {window.id for window in self._office.windows()}
            return [window for window in self._displays if window in there]
        return [event.data["window"]]

    def _show(self, window_id: str) -> None:
        if window_id in self._displays:
            view = self._office.window_view(window_id)
            for display in self._displays[window_id]:
                display.show(board.strip_text(view.window, view.ticket, display.width, display.height))

    def _say(self, event: Event) -> None:
        if self._speaker and event.type in SPOKEN:
            window = next((one for one in self._office.windows() if one.id == event.data["window"]), None)
            if window:
                self._speaker.say(speech.call(event.data["number"], window.name))
