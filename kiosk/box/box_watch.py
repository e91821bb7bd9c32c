"""What stands in the way of this box that no device tells: disks, a store that takes nothing, the clock."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from config.settings import Settings
from kiosk.box.backups import KeptBackup, kept_backups
from kiosk.box.certificate import SOON, certificate_ends
from kiosk.box.clock_sync import clock_is_synchronised
from kiosk.box.disks import MB, Disk, disks
from kiosk.box.updates import Journal, Step, journal_of
from ticketing.model import StoreError
from ticketing.store.base import Store

log = logging.getLogger(__name__)

ASTRAY = 60.0
"""Seconds by which the clock of this box may differ from that of the store, which the hall goes by."""
ASKED = 300.0
"""Seconds between questions whether the clock is synchronised, which is a process each, and looks for backups."""


@dataclass(frozen=True)
class Condition:
    """Something that stands badly.

    Attributes:
        what: is concerned, such as ``store``, ``disk store`` or ``device printer``.
        reason: a stable code, which :func:`display.staff.conditions.condition` has words for.
        hinders: whether it keeps the box from its work; otherwise it will, or only may.
    """

    what: str
    reason: str
    hinders: bool = True


class BoxWatch:
    """Looks after this box; ``look`` is called every few seconds, and what it found is told to any thread.

    Args:
        settings: of the box.
        store: the hall's.
        synchronised: tells whether the clock of this box is.
        wall: the clock of this box, in nanoseconds since 1970 UTC.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        synchronised: Callable[[], bool | None] = clock_is_synchronised,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        self._settings = settings
        self._store = store
        self._synchronised = synchronised
        self._wall = wall
        self._asked = float("-inf")
        self._since: dict[Condition, datetime] = {}
        self.synchronised: bool | None = None
        self.newest_backup: KeptBackup | None = None
        self.certificate_ends: datetime | None = None
        self.disks: list[Disk] = disks(settings)
        self.last_update: Journal | None = journal_of(settings)

    def look(self) -> None:
        """Measure, and have the store prove that it can be written to again, where that is in doubt."""
        self.disks = disks(self._settings)
        self.last_update = journal_of(self._settings)
        if self._store.trouble or any(
            disk.holds == "store" and self._trouble(disk) in ("disk_full", "disk_read_only") for disk in self.disks
        ):
            self._try_the_store()
        if time.monotonic() - self._asked >= ASKED:
            self._asked = time.monotonic()
            self.synchronised = self._synchronised()
            self.certificate_ends = certificate_ends(self._settings)
            self.newest_backup = next(iter(kept_backups(self._settings)), None)
        found, before = frozenset(self.conditions()), self._since
        for one in found - before.keys():
            log.warning("%s: %s", one.what, one.reason)
        for one in before.keys() - found:
            log.info("%s: no longer %s", one.what, one.reason)
        now = datetime.fromtimestamp(self._wall() / 1e9, UTC)
        self._since = {one: before.get(one, now) for one in found}

    def keeps_nothing(self) -> tuple[Condition, datetime] | None:
        """Why the store takes nothing that is to be kept, and since when that is known; None while it does.

        The disk where it is that, rather than what the store makes of it.
        """
        found = [one for one in self._since if one.hinders and one.what in ("disk store", "store")]
        worst = min(found, key=lambda one: one.what, default=None)
        return None if worst is None else (worst, self._since[worst])

    def conditions(self) -> Iterator[Condition]:
        """What stands badly now."""
        if trouble := self._store.trouble:
            yield Condition("store", trouble)
        for disk in self.disks:
            if reason := self._trouble(disk):
                # A full disk of logs costs logs alone.
                hinders = reason != "disk_low" and disk.holds != "logs"
                yield Condition(f"disk {disk.holds}", reason, hinders)
        if self.synchronised is False:
            yield Condition("clock", "clock_not_synchronised", hinders=False)
        if abs(self._store.wall() - self._wall()) > ASTRAY * 1_000_000_000:
            yield Condition("clock", "clock_differs", hinders=False)
        if self.certificate_ends and self.certificate_ends.timestamp() - self._wall() / 1e9 < SOON.total_seconds():
            yield Condition("certificate", "certificate_ends", hinders=False)
        if reason := self._trouble_of_backups():
            yield Condition("backup", reason, hinders=False)
        if self.last_update and self.last_update.failed:
            yield Condition("update", "update_went_back", hinders=False)
        elif self.last_update and self.last_update.step is Step.ON_TRIAL:
            yield Condition("update", "update_on_trial", hinders=False)

    def _trouble(self, disk: Disk) -> str | None:
        return disk.trouble(self._settings.alerts.disk_free_mb * MB)

    def _trouble_of_backups(self) -> str | None:
        chosen, newest = self._settings.backup, self.newest_backup
        # Before the first look it is not known which there are.
        if chosen.folder is None or self._asked < 0:
            return None
        if newest is None:
            return "backup_none"
        return "backup_old" if self._wall() / 1e9 - newest.at.timestamp() > chosen.old_hours * 3600 else None

    def _try_the_store(self) -> None:
        try:
            self._store.try_to_write()
        except StoreError as error:
            if error.code != self._store.trouble:
                log.warning("the store could not be tried: %s", error.code)
