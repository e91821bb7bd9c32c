"""Whose card is laid, for who asks on behalf of that person: kiosk, window and terminal are not told of this card."""

import threading
from collections.abc import Iterable
from typing import Any

from drivers.card_reader.events import CardFound, CardLeft, CardRead, CardRefused, ChipRead
from kiosk.card_holder import resident_of
from ticketing.model import Resident, StateError, UnknownError

PATIENCE = 30.0
"""Seconds that a card is waited for."""

_OF_READERS = (CardFound, CardRead, CardRefused, ChipRead, CardLeft)


class CardLooks:
    """Of one box. Safe to use from any thread.

    Args:
        readers: names of its card readers.
    """

    def __init__(self, readers: Iterable[str]) -> None:
        self._readers = tuple(readers)
        self._came = threading.Condition()
        self._waiting: dict[str, CardRead | CardRefused | ChipRead | None] = {}
        # A card that was taken is nobody else's until it is lifted.
        self._lying: set[str] = set()

    def take(self, device: str, event: Any) -> bool:
        """Whether this event is for whoever waits here, and for nobody else; called on the device's thread."""
        if not (self._waiting or self._lying) or not isinstance(event, _OF_READERS):
            return False
        with self._came:
            if device in self._waiting:
                if isinstance(event, (CardRead, CardRefused, ChipRead)):
                    self._waiting[device] = event
                    self._lying.add(device)
                    self._came.notify_all()
                return True
            if device in self._lying:
                if isinstance(event, CardLeft):
                    self._lying.discard(device)
                    return True
                if isinstance(event, (CardRead, CardFound)):
                    # Another card, or the same one laid again.
                    self._lying.discard(device)
                    return False
                return True
        return False

    def read(self, reader: str | None, patience: float = PATIENCE) -> Resident:
        """Who is on the next card that is laid on a reader; blocks until it is.

        Args:
            reader: its name; None for the only one of the box.
            patience: seconds.

        Raises:
            UnknownError: ``no_reader``: there is none of this name; ``which_reader`` (``readers``): there are several.
            StateError: ``reader_asked``: somebody else waits there; ``no_card``: none came; ``card_unread``: no ID
                number was read from it.
        """
        name = self._chosen(reader)
        with self._came:
            if name in self._waiting:
                raise StateError("reader_asked")
            self._waiting[name] = None
            try:
                self._came.wait_for(lambda: self._waiting[name] is not None, patience)
                event = self._waiting[name]
            finally:
                del self._waiting[name]
        if event is None:
            raise StateError("no_card")
        resident = resident_of(event.card) if isinstance(event, CardRead) else None
        if resident is None or not resident.id_number:
            raise StateError("card_unread")
        return resident

    def _chosen(self, reader: str | None) -> str:
        if reader is None and len(self._readers) > 1:
            raise UnknownError("which_reader", readers=", ".join(self._readers))
        if not self._readers or (reader is not None and reader not in self._readers):
            raise UnknownError("no_reader", readers=", ".join(self._readers) or "-")
        return reader or self._readers[0]
