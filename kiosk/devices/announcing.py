"""Announces calls: this box's LED strips and speaker follow the hall's events."""

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta

from display import board, speech
from drivers.device import WindowDisplay
from drivers.speaker import Speaker
from kiosk.service import Loop
from ticketing.events import kind_of
from ticketing.model import Event, StoreError, UnknownError
from ticketing.office import Office

log = logging.getLogger(__name__)

RETRY = 1.0
"""Seconds until the store is asked again after it did not answer."""
STALE = timedelta(minutes=1)
"""Age after which a call is not spoken: its resident is at the window by now, or was called again."""


class Announcer(Loop):
    """Follows the events of the store, whichever box made them.

    While the store does not answer, what is due is kept. What fails in any other way is logged once and dropped, so
    that one bad event holds up no other.

    Args:
        office: tells how a window stands.
        displays: this box's displays by window id.
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
        # Windows whose strips are out of date: several events of a window are one picture.
        self._changed = set(displays)
        self._calls: deque[Event] = deque()
        self._removed: set[str] = set()
        super().__init__("announcing", RETRY, self._announce)

    def hear(self, events: Sequence[Event]) -> None:
        """Take new events, in order; called on the event feed's thread, and returns at once."""
        for event in events:
            kind = kind_of(event.type)
            if kind.changes_all:
                self._changed.update(self._displays)
            elif event.data.get("window") in self._displays:
                self._changed.add(event.data["window"])
            if kind.spoken:
                self._calls.append(event)
        self.wake()

    def _announce(self) -> None:
        # Strips first: residents look at them.
        while self._changed:
            window = self._changed.pop()
            try:
                self._show(window)
            except StoreError:
                self._changed.add(window)
                raise
        while self._calls:
            call = self._calls.popleft()
            try:
                self._say(call)
            except StoreError:
                self._calls.appendleft(call)
                raise

    def _show(self, window: str) -> None:
        try:
            view = self._office.window_view(window)
            self._removed.discard(window)
        except UnknownError:
            view = None
            if window not in self._removed:
                log.warning("there is no window %s: its strip is blank", window)
                self._removed.add(window)
        for one in self._displays[window]:
            one.show(board.strip_text(view.window, view.ticket, one.width, one.height) if view else "")

    def _say(self, call: Event) -> None:
        if self._speaker is None or self._office.ledger.now() - call.at > STALE:
            return
        window = call.data["window"]
        name = next((one.name for one in self._office.windows() if one.id == window), None)
        if name is None:
            log.warning("a call to window %s is not said: there is no such window", window)
        else:
            self._speaker.say(speech.call(call.data["number"], name))
