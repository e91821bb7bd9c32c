"""Opens store, vault and accounts, for the service and for commands beside it."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from config.settings import Settings
from kiosk.clock import HallClock, newest_event
from kiosk.exchange.hall_files import priority_classes
from ticketing.day.ledger import Ledger
from ticketing.model import Actor
from ticketing.people.passwords import COST, Cost
from ticketing.people.people import AccountRules, People
from ticketing.policy import AppointmentRules, Rules
from ticketing.privacy import access_log
from ticketing.privacy.anchors import AnchorFile, Anchors
from ticketing.privacy.key_file import KeyFile
from ticketing.privacy.sealing import HASHES
from ticketing.privacy.vault import Vault, VaultError, is_sealed
from ticketing.store.base import Store, StoreOpenError
from ticketing.store.opening import is_store, open_store

CREDENTIAL = "quhao-key"
"""Name of systemd's credential under which the key file is sealed."""
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
        """Append an entry to the audit log."""
        access_log.append(conn, self._vault, at, actor, action, None, reason)

    def seal(self, ident: str, data: bytes, /) -> bytes:
        """Seal by the lasting key."""
        return self._vault.seal_lasting(_ACCOUNT, ident, data)

    def unseal(self, ident: str, sealed: bytes, /) -> bytes:
        """Open it; raises VaultError (``seal_broken``)."""
        return self._vault.open_lasting(_ACCOUNT, ident, sealed)


def clock_of(settings: Settings, store: Store) -> HallClock:
    """The hall's clock, which knows the store."""
    return HallClock(settings.hall.zone, newest_event(store), wall=store.wall)


def people_on(
    settings: Settings, store: Store, vault: Vault, clock: Callable[[], datetime], cost: Cost = COST
) -> People:
    """The accounts of a hall, by its rules and its clock."""
    hall, accounts = settings.hall, settings.accounts
    idle = timedelta(minutes=accounts.idle_minutes) if accounts.idle_minutes else None
    names = tuple(name for name in (hall.name, hall.name_en, hall.id) if name)
    rules = AccountRules(names, idle, frozenset(accounts.second_factor), accounts.separate_duties)
    return People(store, clock, keeper=VaultKeeper(vault), rules=rules, cost=cost)


def open_office_parts(settings: Settings, *, exclusive: bool = False, cost: Cost = COST) -> tuple[Store, Vault, People]:
    """The store, its vault and its accounts. The caller closes the store.

    A key is made for a store that has none. The key of a sealed store is never replaced. The service opens the store
    with ``exclusive``: it is the only one on a file, on a database the only one of this box. ``cost`` is that of the
    hashes of new passwords.

    Raises:
        StoreError: the store cannot be opened; ``StoreInUseError`` when another service has it.
        VaultError: the key file is missing, unreadable, too open, or not this store's.
    """
    store = open_store(settings.store.url, exclusive=exclusive)
    try:
        if exclusive:
            store.claim(box_of(settings))
        vault = open_vault(settings, store, open_keys(settings, create=not is_sealed(store)))
        return store, vault, people_on(settings, store, vault, clock_of(settings, store), cost)
    except BaseException:
        store.close()
        raise


def open_keys(settings: Settings, *, create: bool) -> KeyFile:
    """The key file; with a credential of systemd it is kept sealed under that. Raises VaultError."""
    hashed = HASHES[settings.privacy.ciphers[1]]
    return KeyFile(settings.store.key_file, create=create, hash=hashed, credential=_credential())


def open_vault(settings: Settings, store: Store, keys: KeyFile, *, any_chain: bool = False) -> Vault:
    """The vault of a store; arguments and errors as :class:`~ticketing.privacy.vault.Vault`."""
    cipher, hashed = settings.privacy.ciphers
    return Vault(store, keys, settings.hall.id, cipher, hashed, any_chain=any_chain)


def _credential() -> bytes | None:
    """What systemd passes to the service out of a TPM or the machine's own key; None where it passes nothing."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / CREDENTIAL if folder else None
    if path is None or not path.exists():
        return None
    try:
        found = path.read_bytes()
    except OSError:
        found = b""
    if not found.strip():
        raise VaultError(
            "key_credential",
            f"系统凭据 {path} 为空或无法读取，请检查服务单元的 LoadCredentialEncrypted / "
            f"the credential {path} is empty or cannot be read: see to LoadCredentialEncrypted in the unit",
        )
    return found


def rules_of(settings: Settings) -> Rules:
    """The queue's rules from the settings."""
    queue, booking = settings.queue, settings.appointments
    return Rules(
        priority_classes(queue.classes),
        promise_days=queue.promise_days,
        supplement_days=queue.supplement_days,
        cases_days=settings.privacy.cases_days,
        audit_days=settings.audit.keep_days,
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
        clock = clock_of(settings, store)
        with anchoring(settings, store, vault, clock):
            yield Ledger(store, vault, rules_of(settings), settings.hall.zone, clock, box_of(settings))


@contextmanager
def anchoring(settings: Settings, store: Store, vault: Vault, clock: Callable[[], datetime]) -> Iterator[None]:
    """Anchor the entries of the audit log that a command writes in this block: perhaps no service runs to do it."""
    before = access_log.head_or_none(store, vault)
    try:
        yield
    finally:
        if access_log.head_or_none(store, vault) != before:
            file = AnchorFile(settings.store.key_file)
            Anchors(store, vault, file, clock, lambda: clock().date()).keep_if_possible()
