"""Has the boxes that share a store know that this one is there, which version it runs and how its last update ended."""

import socket
from contextlib import closing, suppress
from datetime import datetime
from importlib.metadata import version

from config.settings import Settings
from kiosk.box.updates import Journal, journal_of
from ticketing.boxes.boxes import Boxes, LastUpdate, note_taken
from ticketing.model import StoreError
from ticketing.store.opening import open_store

NAME_TAKEN = "box_taken"
"""The code by which a store refuses a box whose name another one has."""


class Presence:
    """Reports this box once each time ``report`` is called.

    Args:
        settings: of the box.
        name: the box's.
        boxes: of the hall.
        started_at: when the program was started.
    """

    def __init__(self, settings: Settings, name: str, boxes: Boxes, started_at: datetime) -> None:
        self._settings = settings
        self._name = name
        self._boxes = boxes
        self._started_at = started_at
        self._version = version("quhao")

    def report(self) -> None:
        """Report it. A store that is away is told of elsewhere."""
        try:
            last = _last_update(journal_of(self._settings))
            self._boxes.report(socket.gethostname(), self._version, self._started_at, last)
        except StoreError as error:
            # Another machine became the box of this name while this one had lost its database.
            if error.code == NAME_TAKEN:
                tell_that_the_name_is_taken(self._settings, self._name)


def tell_that_the_name_is_taken(settings: Settings, name: str) -> None:
    """Have ``/devices`` say that this machine wants to be the box of a name that another one has."""
    # By a store of its own: as a box of that name nothing is written.
    with suppress(StoreError), closing(open_store(settings.store.url, exclusive=False)) as store:
        note_taken(store, name, socket.gethostname())


def _last_update(journal: Journal | None) -> LastUpdate | None:
    if journal is None:
        return None
    with suppress(ValueError):
        at = datetime.fromisoformat(journal.at)
        return LastUpdate(journal.before, journal.after, journal.step, journal.reason, at)
    return None
