"""Announces calls: this box's displays and speakers follow the hall's events."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from drivers.device import WindowDisplay
from kiosk.devices.displays import Displays
from kiosk.service import Loop
from ticketing.model import Event
from ticketing.office import Office

if TYPE_CHECKING:
    from kiosk.devices.voice import Voice

RETRY = 1.0
"""Seconds until the store is asked again after it did not answer."""


class Announcer(Loop):
    """Follows the events of the store, whichever box made them.

    While the store does not answer, what is due is kept. What fails in any other way is logged once and dropped, so
    that one bad event holds up no other.

    Args:
        office: tells how a window stands.
        displays: this box's displays by window id; at "" the boards of the hall.
        voices: of this box's speakers.
    """

    def __init__(
        self,
        office: Office,
        displays: Mapping[str, Sequence[WindowDisplay]],
        voices: "Sequence[Voice]" = (),
    ) -> None:
        self._displays = Displays(office, displays)
        self._voices = voices
        super().__init__("announcing", RETRY, self._announce)

    def hear(self, events: Sequence[Event]) -> None:
        """Take new events, in order; called on the event feed's thread, and returns at once."""
        for event in events:
            self._displays.hear(event)
        for voice in self._voices:
            voice.hear(events)
        self.wake()

    def _announce(self) -> None:
        # Displays first: residents look at them.
        self._displays.show_changes()
        for voice in self._voices:
            voice.speak()
