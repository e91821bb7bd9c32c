"""The card that lies on the reader of a self-service terminal: in memory alone, and only as long as it lies there."""

from collections.abc import Iterable

from drivers.card_reader.events import CardEvent, CardFound, CardRead
from kiosk.card_holder import resident_of
from kiosk.event_feed import Channels
from ticketing.model import Resident


class TerminalCards:
    """Of this box's terminals. Safe to use from any thread: each change is one step of a dictionary.

    The terminal's page is told ``card`` {lies} at each change.

    Args:
        terminals: those with a reader; at them nothing but a card proves whose a slip is.
        news: how their pages are told.

    Attributes:
        with_reader: the same terminals, by name.
    """

    def __init__(self, terminals: Iterable[str], news: Channels) -> None:
        self.with_reader = sorted(terminals)
        self._news = news
        self._cards: dict[str, Resident] = {}

    def hear(self, event: CardEvent) -> None:
        """Take what a reader saw; called on the device's thread, and returns at once."""
        if isinstance(event, CardRead):
            self._cards[event.terminal] = resident_of(event.card)
        elif not isinstance(event, CardFound):
            self._cards.pop(event.terminal, None)
        self._news.tell(event.terminal, "card", {"lies": event.terminal in self._cards})

    def has_reader(self, terminal: str) -> bool:
        """Whether cards are read at this terminal."""
        return terminal in self.with_reader

    def at(self, terminal: str) -> Resident | None:
        """Whose card lies there now; None for nobody's."""
        return self._cards.get(terminal)
