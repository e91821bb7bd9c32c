"""Opens store, vault and accounts, for the service and for commands beside it."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from config.settings import Settings
from kiosk.clock import HallClock, newest_event
from ticketing.day.ledger import Ledger
from ticketing.model import Actor
from ticketing.people.people import AccountRules, People
from ticketing.policy import AppointmentRules, PriorityClass, Rules
from ticketing.privacy import access_log
from ticketing.privacy.vault import Vault, is_sealed, load_master_key
from ticketing.store.base import Store, StoreOpenError
from ticketing.store.opening import is_store, open_store

_ACCOUNT = "account"
"""The purpose that accounts' seals are bound to."""


def store_exists(settings: Settings) -> bool:
    """Whether there is a store; True also where opening it will fail with a reason."""
    try:
        return is_store(settings.store.url)
    except StoreOpenError:
        return True


def store_name(settings: Settings) -> str:
    """The store's URL without its password, for messages."""
    return make_url(settings.store.url).render_as_string(hide_password=True)


def box_of(settings: Settings) -> str:
    """The name of this box, which ties print jobs to it.

    Boxes that share a store must have different names; host name with port nearly always differs.
    """
    if settings.hall.box:
        return settings.hall.box
    if settings.store.url.startswith("sqlite:"):
        return settings.hall.id
    return f"{socket.gethostname()[:58]}-{settings.server.port}"


class VaultKeeper:
    """The log and the seal of a hall, for its accounts."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def record(self, conn: Connection, at: datetime, actor: Actor, action: str, reason: str | None = None) -> None:
        """Append an entry to the access log."""
        access_log.append(conn, self._vault, at, actor, action, None, reason)

    def seal(self, ident: str, data: bytes, /) -> bytes:
        """Seal by the lasting key."""
        return self._vault.seal_lasting(_ACCOUNT, ident, data)

    def unseal(self, ident: str, sealed: bytes, /) -> bytes:
        """Open it; raises VaultError (``seal_broken``)."""
        return self._vault.open_lasting(_ACCOUNT, ident, sealed)


def people_on(settings: Settings, store: Store, vault: Vault) -> People:
    """The accounts of a hall, by its rules."""
    hall, accounts = settings.hall, settings.accounts
    idle = timedelta(minutes=accounts.idle_minutes) if accounts.idle_minutes else None
    names = tuple(name for name in (hall.name, hall.name_en, hall.id) if name)
    rules = AccountRules(names, idle, frozenset(accounts.second_factor), accounts.separate_duties)  # type: ignore[arg-type]
    return People(store, keeper=VaultKeeper(vault), rules=rules)


def open_office_parts(settings: Settings, *, exclusive: bool = False) -> tuple[Store, Vault, People]:
    """The store, its vault and its accounts. The caller closes the store.

    A key is made for a store that has none. The key of a sealed store is never replaced. The service opens the store
    with ``exclusive``: it is the only one on a file, on a database the only one of this box.

    Raises:
        StoreError: the store cannot be opened; ``StoreInUseError`` when another service has it.
        VaultError: the key file is missing, unreadable, too open, or not this store's.
    """
    store = open_store(settings.store.url, exclusive=exclusive)
    try:
        if exclusive:
            store.claim(box_of(settings))
        master = load_master_key(settings.store.key_file, create=not is_sealed(store))
        vault = Vault(store, master, settings.hall.id, settings.privacy.cipher)
        return store, vault, people_on(settings, store, vault)
    except BaseException:
        store.close()
        raise


def rules_of(settings: Settings) -> Rules:
    """The queue's rules from the settings."""
    queue, booking = settings.queue, settings.appointments
    return Rules(
        tuple(
            PriorityClass(one.id, one.name, one.name_en, timedelta(minutes=one.head_start_minutes), one.min_age)
            for one in queue.classes
        ),
        promise_days=queue.promise_days,
        supplement_days=queue.supplement_days,
        cases_days=settings.privacy.cases_days,
        missed_places=queue.missed_places,
        missed_limit=queue.missed_limit,
        undo_within=timedelta(seconds=queue.undo_seconds),
        per_person_day=queue.per_person_day,
        last_ticket=queue.last_ticket,
        appointments=AppointmentRules(
            early=timedelta(minutes=booking.early_minutes),
            late=timedelta(minutes=booking.late_minutes),
            early_is=booking.early,
            late_is=booking.late,
            no_show_limit=booking.no_show_limit,
            no_show_days=booking.no_show_days,
            days_ahead=booking.days_ahead,
        ),
        day_starts=settings.hall.day_offset,
    )


@contextmanager
def open_ledger(settings: Settings) -> Iterator[Ledger]:
    """The ledger, for a command beside the service; raises the errors of :func:`open_office_parts`."""
    store, vault, _people = open_office_parts(settings)
    with closing(store):
        zone = settings.hall.zone
        clock = HallClock(zone, newest_event(store), wall=store.wall)
        yield Ledger(store, vault, rules_of(settings), zone, clock, box_of(settings))
