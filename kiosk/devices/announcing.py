"""Announces calls: this box's LED strips and speakers follow the hall's events."""

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from display import board
from drivers.device import WindowDisplay
from kiosk.service import Loop
from ticketing.events import kind_of
from ticketing.model import Event, StoreError, UnknownError
from ticketing.office import Office

if TYPE_CHECKING:
    from kiosk.devices.voice import Voice

log = logging.getLogger(__name__)

RETRY = 1.0
"""Seconds until the store is asked again after it did not answer."""


class Announcer(Loop):
    """Follows the events of the store, whichever box made them.

    While the store does not answer, what is due is kept. What fails in any other way is logged once and dropped, so
    that one bad event holds up no other.

    Args:
        office: tells how a window stands.
        displays: this box's displays by window id.
        voices: of this box's speakers.
    """

    def __init__(
        self,
        office: Office,
        displays: Mapping[str, Sequence[WindowDisplay]],
        voices: "Sequence[Voice]" = (),
    ) -> None:
        self._office = office
        self._displays = displays
        self._voices = voices
        # Windows whose strips are out of date: several events of a window are one picture.
        self._changed = set(displays)
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
        for voice in self._voices:
            voice.hear(events)
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
        for voice in self._voices:
            voice.speak()

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
