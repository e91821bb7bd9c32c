"""A start of the program while its store does not answer: what it is begun with, and how the store is opened later.

The box's own file says all that a start reads from the store: which keys are its keys, how the hall is set up, what the
store's clock shows, of whom this box knows. The program that is built on it is the usual one, whose store is still
closed; it begins as one that was cut off while it ran, and comes back as that does.
"""

import logging
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sqlalchemy import select

from config.settings import Settings
from kiosk.box.presence import tell_that_the_name_is_taken
from kiosk.clock import HallClock, newest_event
from kiosk.opening import box_of, open_keys, open_vault
from ticketing.cut_off import local_copy
from ticketing.model import StoreError, TicketingError
from ticketing.privacy.standing import STANDING
from ticketing.privacy.vault import Vault, VaultError
from ticketing.store.base import Store, StoreGoneError, StoreInUseError, StoreOpenError
from ticketing.store.opening import open_store, store_for_later
from ticketing.store.tables import fact

log = logging.getLogger(__name__)

LOST_AGAIN = frozenset({"store_gone", "store_in_doubt", "store_busy"})
"""Codes of a store that does not answer any more while it is being opened: the next try says what is."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def own_file(settings: Settings) -> Path:
    """Where a box of several keeps what it needs without the store."""
    name = re.sub(r"[^\w.-]", "_", box_of(settings))
    return settings.store.key_file.with_name(f"cut-off-{name}.db")


def boot_id() -> str:
    """Which run of the machine this is (Linux, random(4)). Raises OSError."""
    return _BOOT.read_text("ascii").strip()


class LateOpening:
    """What a box is begun with that was started while its store does not answer.

    Args:
        name_taken: is told the name of this box, where another machine goes by it.

    Attributes:
        store: closed until :meth:`reach`.
        local: the box's own file, open.
        vault: proven by what the file says of the store.
        clock: the hall's, as far as this box knows it.
        known: of whom the box knew, for :meth:`~ticketing.people.people.People.know_again`.
        first: what a start does with a store before anybody else works on it, in this order.
        trouble: code for which the store, which answers, cannot be opened; None while there is none.
    """

    def __init__(
        self,
        store: Store,
        local: Store,
        vault: Vault,
        clock: HallClock,
        known: bytes = b"",
        name_taken: Callable[[str], object] = lambda _name: None,
    ) -> None:
        self.store = store
        self.local = local
        self.vault = vault
        self.clock = clock
        self.known = known
        self.first: Sequence[Callable[[], object]] = ()
        self.trouble: str | None = None
        self._name_taken = name_taken

    def reach(self) -> None:
        """Open the store, if it answers.

        Raises:
            StoreError: it does not, or it is not for this box; the next call tries again.
        """
        try:
            self.store.open(self._begin)
        except StoreGoneError:
            raise
        except TicketingError as error:
            self._note(error)
            raise StoreError(error.code) from None
        self.trouble = None
        log.warning("the store answers, and is open")

    def _begin(self) -> None:
        self.clock.begin(newest_event(self.store))
        self.vault.prove(self.store)
        for step in self.first:
            step()

    def _note(self, error: TicketingError) -> None:
        if error.code == self.trouble or error.code in LOST_AGAIN:
            return
        self.trouble = error.code
        log.error("the store answers, but this box cannot work on it: %s", error)
        if name := error.facts.get("box"):
            self._name_taken(name)


def open_without_the_store(settings: Settings) -> LateOpening | None:
    """What this box can be started with while its store does not answer; None where it has to wait for it.

    It has to where it keeps no file for that time, has not worked with the store yet, or has keys that only the store
    can tell to be right.

    Raises:
        StoreError: ``store_in_use``: another program of this box has its file open; ``store_full``.
    """
    path = own_file(settings)
    if not settings.cut_off.numbers or not path.is_file():
        return None
    try:
        local = open_store(f"sqlite:///{path}", exclusive=True)
    except StoreInUseError:
        raise
    except StoreOpenError as error:
        log.error("this box does not start without the store: %s", error)
        return None
    found = None
    try:
        found = _begun(settings, local)
    except VaultError as error:
        log.error("this box does not start without the store: %s", error)
    finally:
        if found is None:
            local.close()
    return found


def _begun(settings: Settings, local: Store) -> LateOpening | None:
    with local.read() as conn:
        if conn.scalar(select(fact.c.value).where(fact.c.name == STANDING)) is None:
            return None
        ahead, known = local_copy.clock_ahead(conn, boot_id()), local_copy.known(conn)
    keys = open_keys(settings, create=False)
    if keys.keys.following is not None:
        # They are being changed: only the store says which of the two chains is in force.
        return None
    vault = open_vault(settings, local, keys)
    store = store_for_later(settings.store.url, ahead)
    store.claim(box_of(settings))
    clock = HallClock(settings.hall.zone, newest_event(local), wall=store.wall)
    return LateOpening(store, local, vault, clock, known, partial(tell_that_the_name_is_taken, settings))
