"""What the hall's setup overrules of a box's settings: its priority classes and the layouts of its papers."""

from collections.abc import Sequence
from dataclasses import replace

from kiosk.exchange.papers import Papers, papers_of
from kiosk.service import Loop
from ticketing.events import HallChanged, HallRestored
from ticketing.model import Event
from ticketing.office import Office
from ticketing.policy import PriorityClass
from ticketing.setup.setup import Setup

LOOK = 60.0
"""Seconds between looks where no event told of a change."""
_TELLING = (HallChanged.type, HallRestored.type)


class SetupInForce(Loop):
    """Keeps the office's rules and this box's papers as the hall's setup says, whichever box changed it.

    Until the hall names classes or a layout of its own, the box's settings and the usual layouts hold.

    Args:
        office: whose rules these are; as they are now they come from the settings.
        setup: the hall's.
    """

    def __init__(self, office: Office, setup: Setup) -> None:
        self._office = office
        self._setup = setup
        self._settings_classes = office.ledger.rules.classes
        self._papers = Papers()
        super().__init__("setup in force", LOOK, self.look)

    @property
    def settings_classes(self) -> tuple[PriorityClass, ...]:
        """The priority classes of this box's settings."""
        return self._settings_classes

    def papers(self) -> Papers:
        """The layouts of slip and receipt."""
        return self._papers

    def hear(self, events: Sequence[Event]) -> None:
        """Take new events; called on the event feed's thread, and returns at once."""
        if any(event.type in _TELLING for event in events):
            self.wake()

    def look(self) -> None:
        """Read the setup now."""
        self.take(*self._setup.parts())

    def take(self, classes: Sequence[PriorityClass] | None, papers: str) -> None:
        """Go by these parts of the setup."""
        self._papers = papers_of(papers)
        ledger = self._office.ledger
        ledger.rules = replace(ledger.rules, classes=self._settings_classes if classes is None else tuple(classes))
