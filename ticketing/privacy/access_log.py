"""The access log: who looked at which resident's data. A hash chain, so that no change goes unnoticed.

Each entry's digest is a MAC over all its fields and the digest before it; number and digest of the last entry are kept
sealed beside it (the head). So ``verify`` finds an entry that was changed, removed, inserted or moved, and a tail that
was cut off.

It cannot find that the whole store was replaced by an older copy of itself: compare the number of entries with the last
one written down.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update

from ticketing.model import Actor
from ticketing.privacy.sealing import frame
from ticketing.privacy.vault import LOG_HEAD, Vault, VaultError
from ticketing.store.tables import access_log, fact

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEFORE_THE_FIRST = bytes(32)

Fault = Literal["changed", "missing", "cut", "head"]


@dataclass(frozen=True)
class Verdict:
    """The result of ``verify``.

    Attributes:
        entries: how many entries are in the log.
        broken_at: number of the first entry that is not as it was written; None if the log is whole.
        fault: ``changed`` (other content, or an entry never written here), ``missing`` (removed, or moved),
            ``cut`` (the log ends before its last entry), ``head`` (the head is gone, changed, or of another log).
    """

    entries: int
    broken_at: int | None = None
    fault: Fault | None = None

    @property
    def whole(self) -> bool:
        """Whether every entry is there as it was written."""
        return self.fault is None


def append(
    conn: Connection,
    vault: Vault,
    at: datetime,
    actor: Actor,
    action: str,
    ticket_id: int | None,
    reason: str | None = None,
) -> int:
    """Append an entry inside the transaction in which the data are read; gives its number.

    ``at`` is an aware time, ``action`` what was done, such as ``scan`` or ``resident``, ``ticket_id`` whose data were
    read. The actor gives the ``reason``, where one is asked for; it holds nothing personal.

    Raises:
        VaultError: ``log_broken``: the head is gone or changed, so an entry could not be relied on.
    """
    last, before = _head(conn, vault, lock=True)
    entry = {
        "seq": last + 1,
        "at": (at - _EPOCH) // timedelta(microseconds=1),
        "who": actor.who,
        "place": actor.place,
        "ticket_id": ticket_id,
        "action": action,
        "reason": reason,
    }
    digest = _digest(vault, before, tuple(entry.values()))
    conn.execute(insert(access_log).values(digest=digest, **entry))
    head = vault.seal_lasting(LOG_HEAD, "head", str(last + 1).encode() + b" " + digest)
    conn.execute(update(fact).where(fact.c.name == LOG_HEAD).values(value=head))
    return last + 1


def verify(conn: Connection, vault: Vault) -> Verdict:
    """Read the whole log in the caller's transaction and find the first entry that is not as it was written."""
    try:
        last, head = _head(conn, vault)
    except VaultError:
        last, head = None, b""
    rows = conn.execute(select(access_log).order_by(access_log.c.seq).execution_options(yield_per=1000))
    digest, entries = _BEFORE_THE_FIRST, 0
    broken: tuple[int, Fault] | None = None
    for row in rows:
        entries += 1
        if broken is None:
            fields, kept = tuple(row[:-1]), row[-1]
            if fields[0] != entries:
                broken = entries, "missing" if isinstance(fields[0], int) and fields[0] > entries else "changed"
            # SQLite stores any type in any column: a digest may have become text.
            elif not isinstance(kept, bytes) or not hmac.compare_digest(kept, _digest(vault, digest, fields)):
                broken = entries, "changed"
            else:
                digest = kept
    if broken is None:
        if last is None:
            broken = entries + 1, "head"
        elif entries < last:
            broken = entries + 1, "cut"
        elif entries > last or not hmac.compare_digest(digest, head):
            broken = entries, "head"
    return Verdict(entries, *broken) if broken else Verdict(entries)


def _head(conn: Connection, vault: Vault, *, lock: bool = False) -> tuple[int, bytes]:
    """Number and digest of the last entry. ``lock`` makes appenders on a shared database wait for each other."""
    wanted = select(fact.c.value).where(fact.c.name == LOG_HEAD)
    sealed = conn.scalar(wanted.with_for_update() if lock else wanted)
    try:
        if not isinstance(sealed, bytes):
            raise ValueError
        kept = vault.open_lasting(LOG_HEAD, "head", sealed)
    except (ValueError, VaultError):
        raise VaultError(
            "log_broken",
            "访问日志已损坏，请执行 quhao audit verify / "
            "the head of the access log is gone or was changed: run quhao audit verify",
        ) from None
    if not kept:
        return 0, _BEFORE_THE_FIRST
    number, digest = kept.split(b" ", 1)
    return int(number), digest


def _digest(vault: Vault, before: bytes, fields: Sequence[Any]) -> bytes:
    # The type is part of it: no entry, an empty text and a number must differ.
    parts = (frame(type(field).__name__.encode(), str(field).encode("utf-8", "surrogatepass")) for field in fields)
    return vault.lasting_mac(LOG_HEAD, before, *parts)
