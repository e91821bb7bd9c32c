"""The store and what guards it, opened in the right order: for the service, and for commands that work beside it."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy.engine import make_url

from config.settings import Settings
from ticketing.people import People
from ticketing.policy import AppointmentRules, PriorityClass, Rules
from ticketing.store import Store, open_store
from ticketing.vault import Vault, is_sealed, load_master_key


def store_exists(settings: Settings) -> bool:
    """Whether there is a store already; opening one makes it."""
    return Path(make_url(settings.store.url).database or "").is_file()


def open_people(settings: Settings) -> tuple[Store, People]:
    """The store and the people in it; needs no key, for it opens nothing that is sealed. Close the store.

    Raises:
        StoreError: the store cannot be opened.
    """
    store = open_store(settings.store.url, exclusive=False)
    return store, People(store)


def open_office_parts(settings: Settings, *, exclusive: bool = False) -> tuple[Store, Vault, People]:
    """The store, its vault and the people. Close the store.

    A key is made for a store that has none. Where a store is sealed already, its key is never replaced by a new one.

    Args:
        settings: which store, key, hall and cipher.
        exclusive: whether this process is the service on that store.

    Raises:
        StoreError: the store cannot be opened; ``StoreInUseError`` when another service has it.
        VaultError: the key file is missing, unreadable, too open, or not this store's.
    """
    store = open_store(settings.store.url, exclusive=exclusive)
    try:
        master = load_master_key(settings.store.key_file, create=not is_sealed(store))
        vault = Vault(store, master, settings.hall.id, settings.privacy.cipher)
        return store, vault, People(store)
    except BaseException:
        store.close()
        raise


def rules_of(settings: Settings) -> Rules:
    """What the settings decide about the queue."""
    queue, booking = settings.queue, settings.appointments
    return Rules(
        tuple(
            PriorityClass(one.id, one.name, one.name_en, timedelta(minutes=one.head_start_minutes), one.min_age)
            for one in queue.classes
        ),
        promise_days=queue.promise_days,
        supplement_days=queue.supplement_days,
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
