"""Restore a hall from a backup: in one transaction, on a store of either kind, also while the hall works.

Afterwards the hall is as in the backup, except for what must never go back or happen twice:

* numbers of tickets, events and slips go on from the higher of the two, and so do the counts of limits;
* tickets of the last day that the backup does not have stay, as expired, and appointments as cancelled: their holders
  are told;
* slips that were still to be printed may have come out since: they become unconfirmed, so a second one is marked;
* accounts and tokens stay the store's own, so that none that was removed and no old password comes back; only a store
  that holds nothing at all takes the backup's;
* day keys stay the store's own, and a day without a key is recorded as erased;
* of the two audit logs the longer stays, if it continues the other; otherwise the caller must decide.
"""

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Table, delete, func, insert, select, text, update

from ticketing.backup import backup
from ticketing.backup.backup import CHUNK, LEFT_OUT, BackupError, Manifest
from ticketing.day import closing, numbers, residents
from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction
from ticketing.events import HallRestored
from ticketing.model import Actor, State, StoreError
from ticketing.privacy import access_log
from ticketing.privacy.standing import Standing
from ticketing.privacy.vault import LOG_HEAD, ErasedError
from ticketing.setup import timetable
from ticketing.store import sequences, tables
from ticketing.store.tables import metadata

log = logging.getLogger(__name__)

TOLD = ("service", "window", "ticket", "appointment", "case_file", "rating", "account", "token", "access_log")
"""What a store holds, in words."""

_OWN_WAY = frozenset({"day_key", "fact", "access_log", "counter", "used", "reading_key", "box"})
_REVOCABLE = frozenset({"account", "token"})
_OF_MONTHS = (tables.case_file, tables.appointment)
_OVER = (State.DONE, State.CANCELLED, State.EXPIRED)
_NUMBER_LENGTH = 16
_HALL_DAY = "hall_day"
_t, _k, _f, _a = tables.ticket, tables.day_key, tables.fact, tables.access_log


@dataclass(frozen=True)
class Restored:
    """The result of a restore.

    ``lost`` counts the rows that were there before, by table, ``ended`` the tickets that the backup does not have, now
    expired; ``log`` tells which audit log was kept, ``accounts`` whose accounts and tokens.
    """

    manifest: Manifest
    lost: dict[str, int]
    ended: int
    log: Literal["own", "backup"]
    accounts: Literal["own", "backup"] = "own"


class Backups:
    """Writes and restores backups. Safe to use from any thread, and while other processes work on the store."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def write(self, path: Path) -> Manifest:
        """Write a backup; arguments and errors as :func:`ticketing.backup.backup.write`."""
        return backup.write(self._ledger, path)

    def restore(self, path: Path, actor: Actor, *, replace: bool = False, replace_log: bool = False) -> Restored:
        """Restore the hall from a backup; appends ``hall.restored``.

        Args:
            path: the backup.
            actor: who does it, for the audit log.
            replace: whether the present content may be lost.
            replace_log: whether the backup's audit log may replace one that it does not continue.

        Raises:
            BackupError: not a whole backup of this hall; ``store_not_empty`` (``rows`` by table);
                ``log_diverged``.
            StoreError: nothing was changed.
        """
        with backup.opened(self._ledger.vault, path) as (manifest, source):
            # Read before the transaction: a long log takes time, and the database ends a transaction that idles.
            theirs = access_log.verify(source, self._ledger.vault)
            with self._ledger.verb() as m:
                if m.conn.dialect.name == "postgresql":
                    m.conn.execute(text("SET LOCAL statement_timeout = 0"))
                lost = _held(m.conn)
                if lost and not replace:
                    raise BackupError("store_not_empty", _not_empty(lost), rows=lost)
                restored = _Restoring(m, source, manifest, theirs, replace_log).run(actor, lost)
        with suppress(StoreError):
            self._ledger.store.checkpoint()
        log.info("restored from a backup of %s by %s", manifest.made_at, actor.who)
        return restored


def _held(conn: Connection) -> dict[str, int]:
    counts = {name: conn.scalar(select(func.count()).select_from(metadata.tables[name])) or 0 for name in TOLD}
    return {name: count for name, count in counts.items() if count}


def _not_empty(lost: dict[str, int]) -> str:
    held = ", ".join(f"{name} {count}" for name, count in lost.items())
    return (
        f"数据库里已有数据（{held}），恢复会覆盖它们（用户和令牌除外），确定请加 --replace / "
        f"the store holds data already ({held}), which would be lost, but for users and tokens: "
        "say --replace if that is what you want"
    )


class _Restoring:
    def __init__(
        self, m: Transaction, source: Connection, manifest: Manifest, theirs: access_log.Verdict, replace_log: bool
    ) -> None:
        self._m = m
        self._source = source
        self._manifest = manifest
        self._theirs = theirs
        self._replace_log = replace_log

    def run(self, actor: Actor, lost: dict[str, int]) -> Restored:
        m = self._m
        whose = self._whose_log()
        numbers = sequences.reached(m.conn)
        counts = {table: _counts(m.conn, table) for table in (tables.counter, tables.used)}
        unknown, booked = self._unknown_tickets(), self._unknown_appointments()
        stays = _OWN_WAY | _REVOCABLE if lost else _OWN_WAY
        for table in reversed(metadata.sorted_tables):
            if table.name not in stays:
                m.conn.execute(delete(table))
        for table in metadata.sorted_tables:
            if table.name not in stays | LEFT_OUT:
                self._copy(table)
        for table, kept in counts.items():
            self._merge_counts(table, kept)
        self._keep_as_over(unknown)
        if booked:
            m.conn.execute(insert(tables.appointment), booked)
        self._doubt_slips()
        timetable.changed(m)
        # Log-ins are gone, so nobody sits at a window.
        m.conn.execute(update(tables.window).values(clerk=None, clerk_since=None))
        self._merge_days()
        if whose == "backup":
            self._take_log()
        above = {name: max(numbers[name], self._manifest.numbers.get(name, 0)) for name in numbers}
        sequences.raise_to(m.conn, above)
        self._go_on_today()
        access_log.append(m.conn, m.vault, m.now, actor, "restore", None, f"backup of {self._manifest.made_at}")
        m.append(HallRestored(self._manifest.made_at))
        return Restored(self._manifest, lost, len(unknown), whose, "own" if lost else "backup")

    def _rows(self, table: Table) -> Iterator[list[dict[str, Any]]]:
        rows = self._source.execute(select(table), execution_options={"yield_per": CHUNK})
        for chunk in rows.partitions():
            yield [dict(row._mapping) for row in chunk]

    def _copy(self, table: Table) -> None:
        # A backup that is older than the months' keys: its hashes of persons are put under one.
        is_old = table in _OF_MONTHS and Standing.of(self._source) is None
        for rows in self._rows(table):
            for row in rows if is_old else ():
                row["person_hash"] = row["person_hash"] and self._m.vault.month_mac(self._m.day, row["person_hash"])
            self._m.conn.execute(insert(table), rows)

    def _merge_counts(self, table: Table, kept: dict[tuple[Any, ...], int]) -> None:
        merged = _counts(self._source, table)
        for key, count in kept.items():
            merged[key] = max(count, merged.get(key, 0))
        self._m.conn.execute(delete(table))
        if merged:
            names = table.columns.keys()
            rows = [dict(zip(names, (*key, count), strict=True)) for key, count in merged.items()]
            self._m.conn.execute(insert(table), rows)

    # Tickets

    def _unknown_tickets(self) -> list[dict[str, Any]]:
        """Tickets of the last day that the backup does not have: no id may come twice, since slips are about."""
        own = _t.c.id < numbers.LEASED
        last = self._source.scalar(select(func.max(_t.c.id)).where(own)) or 0
        newest = select(_t.c.hall_day).where(own).order_by(_t.c.id.desc()).limit(1).scalar_subquery()
        leased = set(self._source.scalars(select(_t.c.id).where(~own)))
        rows = self._m.conn.execute(select(_t).where(_t.c.id > last, _t.c.hall_day == newest).order_by(_t.c.id))
        return [dict(row._mapping) for row in rows if row.id not in leased]

    def _unknown_appointments(self) -> list[dict[str, Any]]:
        """Kept as cancelled: the holder is told, and the code never opens another appointment."""
        booking = tables.appointment
        last = self._source.scalar(select(func.max(booking.c.id))) or 0
        rows = self._m.conn.execute(select(booking).where(booking.c.id > last).order_by(booking.c.id))
        kept = [dict(row._mapping) | {"ticket_id": None} for row in rows]
        return [
            one | ({"state": "cancelled", "ended_at": self._m.at} if one["state"] == "booked" else {}) for one in kept
        ]

    def _keep_as_over(self, unknown: list[dict[str, Any]]) -> None:
        if not unknown:
            return
        of_day = select(_t.c.number).where(_t.c.hall_day == unknown[0]["hall_day"])
        taken = set(self._m.conn.scalars(of_day))
        for row in unknown:
            if row["state"] not in _OVER:
                row |= {"state": State.EXPIRED.value, "ended_at": self._m.at}
            if row["number"] in taken:
                # Both stores gave this number; the backup's ticket keeps it.
                row["number"] = f"{row['number']}~{row['id']}"[:_NUMBER_LENGTH]
            row |= {"appointment_id": None, "held_until": None, "hold_reason": None}
        self._m.conn.execute(insert(_t), unknown)

    def _doubt_slips(self) -> None:
        job = tables.print_job
        self._m.conn.execute(
            update(job)
            .where(job.c.state.in_(["pending", "sending"]))
            .values(state="unconfirmed", reason="restored", ended_at=self._m.at)
        )

    # Days

    def _merge_days(self) -> None:
        """The store's own keys stay; a past day without a key, or erased in the backup, is erased here."""
        conn, today = self._m.conn, self._m.day
        own = set(conn.scalars(select(_k.c.hall_day)))
        for row in self._source.execute(select(_k.c.hall_day, _k.c.created_at, _k.c.erased_at)):
            if row.hall_day >= today:
                continue
            if row.hall_day not in own:
                erased = row.erased_at or self._m.at
                conn.execute(insert(_k).values(hall_day=row.hall_day, created_at=row.created_at, erased_at=erased))
            elif row.erased_at is not None:
                self._m.vault.erase(conn, row.hall_day)
        with suppress(ErasedError):
            self._m.vault.begin_day(conn, today)
        opens = [day for day in self._m.vault.days(conn) if self._is_key_of(day)]
        conn.execute(delete(tables.resident).where(tables.resident.c.hall_day.not_in(opens)))
        slip = tables.slip_code
        conn.execute(update(slip).where(slip.c.hall_day.not_in(opens)).values(sealed=None))
        # A backup of an older version holds what the day's key alone opens.
        residents.convert_old(self._m)

    def _is_key_of(self, day: str) -> bool:
        """Whether the key of ``day`` is the one its residents were sealed under, not one made since."""
        resident = tables.resident
        known = self._source.execute(select(resident).where(resident.c.hall_day == day).limit(1)).one_or_none()
        return known is None or residents.are_of_this_key(self._m, day, known.ticket_id, known.case_of, known.sealed)

    def _go_on_today(self) -> None:
        """The backup may be of a past day: that day is closed as it would have been."""
        day = self._source.scalar(select(_f.c.value).where(_f.c.name == _HALL_DAY))
        if day is not None:
            self._m.conn.execute(update(_f).where(_f.c.name == _HALL_DAY).values(value=day))
            closing.begin(self._m)

    # The audit log

    def _whose_log(self) -> Literal["own", "backup"]:
        conn, vault = self._m.conn, self._m.vault
        own, theirs = access_log.verify(conn, vault), self._theirs
        shared = min(own.last, theirs.last)
        if own.whole and theirs.whole and self._log_digest(conn, shared) == self._log_digest(self._source, shared):
            return "backup" if theirs.last > own.last else "own"
        if not self._replace_log:
            raise BackupError(
                "log_diverged",
                f"数据库（{own.entries} 条）与备份（{theirs.entries} 条）的审计日志接不上，"
                "要用备份里的请加 --replace-log / "
                f"the audit logs of the store ({own.entries} entries) and of the backup ({theirs.entries}) do not "
                "continue each other: say --replace-log to take the backup's",
                own=own.entries,
                theirs=theirs.entries,
            )
        return "backup"

    def _log_digest(self, conn: Connection, number: int) -> bytes | None:
        """Digest of an entry, which covers all entries before it; None where it is not kept any more."""
        if not number:
            return b""
        return access_log.digest_at(conn, number, access_log.head(conn, self._m.vault))

    def _take_log(self) -> None:
        conn = self._m.conn
        conn.execute(delete(_a))
        self._copy(_a)
        head = self._source.scalar(select(_f.c.value).where(_f.c.name == LOG_HEAD))
        conn.execute(delete(_f).where(_f.c.name == LOG_HEAD))
        conn.execute(insert(_f).values(name=LOG_HEAD, value=head))


def _counts(conn: Connection, table: Table) -> dict[tuple[Any, ...], int]:
    return {tuple(row[:-1]): row[-1] for row in conn.execute(select(table))}
