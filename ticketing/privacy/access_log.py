"""The audit log: who looked at which resident's data and who changed what, so that no change of it goes unnoticed.

Each entry's digest covers all its fields and the digest before it, and each has a MAC whose key moves on with the entry
(:mod:`ticketing.privacy.audit_chain`). Where the log begins and ends is kept sealed beside it (the head).

What ``verify`` finds:

* without the key file nobody can make the head: an entry changed, removed, inserted or moved, a tail or the beginning
  cut off, is found;
* a log and head of an earlier moment, or made by somebody with the key file, are found by an anchor: number and digest
  of an entry, kept outside the store (:mod:`ticketing.privacy.anchors`), on paper, in the log of the service;
* entries made anew by somebody who took the present key are found, too, by a key that was printed before
  (:func:`begin_key`).

A backup has no key, so after a restore another one begins. A log of before the moving key has digests that are MACs by
the lasting key; it goes on from there.
"""

import hmac
import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from ticketing.model import Actor, microseconds, plain_number, time_of
from ticketing.privacy import audit_chain
from ticketing.privacy.audit_chain import FIELDS, Anchor, Head
from ticketing.privacy.sealing import frame
from ticketing.privacy.vault import LOG_HEAD, Vault, VaultError
from ticketing.store.prepared import Prepared
from ticketing.store.tables import access_log, event, fact

if TYPE_CHECKING:
    from ticketing.store.base import Store

log = logging.getLogger(__name__)

SUBJECT = "audit subject"
"""The purpose of the keyed hash by which a resident's entries are found."""

YOUNG = timedelta(minutes=1)
"""A box anchors its log each second, a command when it ends."""

_a = access_log
_NOTE = Prepared(insert(_a).inline())
_NOTES = Prepared(select(*(_a.c[name] for name in FIELDS)).where(_a.c.seq > bindparam("after")).order_by(_a.c.seq))
_FIRST_EVENT = select(event.c.at).order_by(event.c.seq).limit(1)
_WANTED = select(fact.c.value).where(fact.c.name == LOG_HEAD)
_HEAD = Prepared(_WANTED.with_for_update())
_APPEND = Prepared(insert(_a).inline())
_PUT_HEAD = Prepared(update(fact).where(fact.c.name == LOG_HEAD).values(value=bindparam("sealed")))
_ROWS = select(*(_a.c[name] for name in FIELDS), _a.c.mac, _a.c.digest).order_by(_a.c.seq)

Fault = Literal["changed", "missing", "cut", "head", "other", "forged"]
Held = Literal["holds", "cut", "other", "older"]


@dataclass(frozen=True)
class Key:
    """A key printed by :func:`begin_key`, which proves the entries from ``number`` on. No repr: it is a secret."""

    number: int
    key: bytes

    def __repr__(self) -> str:
        """Without the key."""
        return f"Key({self.number})"

    def __str__(self) -> str:
        """``NUMBER:HEX``, to be printed once."""
        return f"{self.number}:{self.key.hex()}"

    @classmethod
    def parse(cls, text: str) -> "Key":
        """What :meth:`__str__` gave; raises ValueError."""
        number, _, key = text.strip().partition(":")
        found = cls(int(number), bytes.fromhex(key))
        if len(found.key) != audit_chain.KEY_BYTES:
            raise ValueError("no key of the audit log")
        return found


@dataclass(frozen=True)
class Verdict:
    """The result of ``verify``.

    Attributes:
        entries: how many entries are in the log.
        broken_at: number of the first entry that is not as it was written; None if the log is whole.
        fault: ``changed`` (other content, or an entry never written here), ``missing`` (removed, or moved),
            ``cut`` (it ends before its last entry, or before an anchor), ``head`` (the head is gone, changed, or
            of another log), ``other`` (whole in itself, but not the log that was anchored), ``forged`` (by somebody who
            took a later key).
        first: number of the first entry; those before it were removed after their retention.
        anchors: the anchors it was compared with: each ``holds``, is that of a log that was ``cut`` or is an ``other``,
            or is ``older`` than the first entry, so that it cannot be compared. In a broken log those behind the break
            are compared, too: the digest that is kept there is the anchored one, or it is not.
    """

    entries: int
    broken_at: int | None = None
    fault: Fault | None = None
    first: int = 1
    anchors: tuple[tuple[Anchor, Held], ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every entry is there as it was written."""
        return self.fault is None

    @property
    def last(self) -> int:
        """Number of the last entry."""
        return self.first + self.entries - 1


def append(
    conn: Connection,
    vault: Vault,
    at: datetime,
    actor: Actor,
    action: str,
    ticket_id: int | None,
    reason: str | None = None,
    *,
    subject: str | None = None,
) -> int:
    """Append an entry inside the transaction of what it tells of; gives its number.

    ``at`` is an aware time, ``action`` what was done, such as ``scan``, ``resident`` or ``login``, ``ticket_id`` whose
    data were read. ``reason`` is the actor's, or tells what was changed; it holds nothing personal. ``subject`` is
    the ID number of whom the data are about, of which a keyed hash is kept.

    Raises:
        VaultError: ``log_broken``: the head is gone or changed, so an entry could not be relied on.
    """
    return _append(conn, vault, at, (actor, action, ticket_id, reason, subject))[0]


def append_if_whole(
    conn: Connection,
    vault: Vault,
    at: datetime,
    actor: Actor,
    action: str,
    reason: str | None,
    *,
    ticket_id: int | None = None,
) -> None:
    """Append an entry of what must be done even where the log is broken, such as erasing a day."""
    try:
        append(conn, vault, at, actor, action, ticket_id, reason)
    except VaultError as error:
        if error.code != "log_broken":
            raise
        log.error("%s was not recorded: %s", action, error)


def note(
    conn: Connection,
    vault: Vault,
    at: datetime,
    actor: Actor,
    action: str,
    ticket_id: int,
    *,
    subject: str | None = None,
) -> None:
    """The same in the own file of a box that is cut off: the log is the store's, which takes the entry when it merges.

    Until then it is in no log, and so has no digest.
    """
    values = zip(FIELDS[1:], _fields(vault, at, (actor, action, ticket_id, None, subject)), strict=True)
    _NOTE.do(conn, {**dict(values), "digest": b""})


def take_notes(conn: Connection, after: int) -> list[dict[str, Any]]:
    """The notes after the one of number ``after``, as columns that JSON can hold; they are gone from the file."""
    found = [dict(zip(FIELDS[1:], row[1:], strict=True)) for row in _NOTES.all(conn, {"after": after})]
    if found:
        conn.execute(delete(_a).where(_a.c.seq > after))
    return [{**one, "subject": one["subject"] and bytes(one["subject"]).hex()} for one in found]


def append_note(conn: Connection, vault: Vault, taken: Mapping[str, Any]) -> None:
    """Append what was noted, at its own time; also where the log is broken, since it has been done already."""
    values = {**taken, "subject": taken["subject"] and bytes.fromhex(taken["subject"])}
    try:
        _append_fields(conn, vault, tuple(values[name] for name in FIELDS[1:]))
    except VaultError as error:
        if error.code != "log_broken":
            raise
        log.error("%s was not recorded: %s", taken["action"], error)


def begin_key(conn: Connection, vault: Vault, at: datetime, actor: Actor) -> Key:
    """Begin a new key with the next entry, and give it, this once: it is stored nowhere.

    Kept away from the boxes, it proves that the entries from then on were written by who had the key of their time.
    """
    number, head = _append(conn, vault, at, (actor, "audit-key", None, None, None))
    key = secrets.token_bytes(audit_chain.KEY_BYTES)
    _put_head(conn, vault, Head(number, head.digest, key, head.first, head.before))
    return Key(number + 1, key)


def head(conn: Connection, vault: Vault) -> Head:
    """Where the log stands; raises :class:`VaultError` (``log_broken``)."""
    return _opened(vault, conn.scalar(_WANTED))


def head_or_none(store: "Store", vault: Vault) -> Head | None:
    """The same in a transaction of its own; None where it is gone or was changed."""
    with store.read() as conn, suppress(VaultError):
        return head(conn, vault)
    return None


def may_lack_an_anchor(conn: Connection, now: Head, at: datetime) -> bool:
    """Whether a log has only just begun at ``at``, so that nobody can have anchored it yet.

    Its first entry and the hall's first event, where there are any, are not a minute old.
    """
    begun = [conn.scalar(select(_a.c.at).where(_a.c.seq == 1)), conn.scalar(_FIRST_EVENT)]
    return now.first == 1 and all(one is None or (isinstance(one, int) and at - time_of(one) < YOUNG) for one in begun)


def head_without_key(conn: Connection, vault: Vault) -> bytes | None:
    """The sealed head for a backup, which must not keep a key that the log has left behind; None if it is broken."""
    try:
        now = head(conn, vault)
    except VaultError:
        return None
    return _sealed(vault, Head(now.number, now.digest, None, now.first, now.before))


def digest_at(conn: Connection, number: int, now: Head) -> bytes | None:
    """The digest of an entry, also of the one before the first; None where there is no such entry."""
    if number == now.first - 1:
        return now.before
    found = conn.scalar(select(_a.c.digest).where(_a.c.seq == number))
    return found if isinstance(found, bytes) else None


def forget(conn: Connection, vault: Vault, before: datetime) -> int:
    """Remove the log's beginning up to the first entry that is not older than ``before``; gives how many entries.

    The head then says where the log begins, and goes on from the same digest. A log whose beginning is not as the head
    has it stays as it is, so that it can still be seen.
    """
    limit = microseconds(before)
    oldest = conn.execute(select(_a.c.seq, _a.c.at).order_by(_a.c.seq).limit(1)).one_or_none()
    if oldest is None or oldest.at >= limit:
        return 0
    try:
        now = _opened(vault, _HEAD.scalar(conn, {}))
    except VaultError:
        return 0
    kept = conn.scalar(select(func.min(_a.c.seq)).where(_a.c.at >= limit))
    first = now.number + 1 if kept is None else int(kept)
    last = digest_at(conn, first - 1, now)
    count = conn.scalar(select(func.count()).where(_a.c.seq < first))
    if oldest.seq != now.first or last is None or count != first - now.first:
        return 0
    conn.execute(delete(_a).where(_a.c.seq < first))
    _put_head(conn, vault, Head(now.number, now.digest, now.key, first, last))
    return first - now.first


def verify(conn: Connection, vault: Vault, anchors: Iterable[Anchor] = (), key: Key | None = None) -> Verdict:
    """Read the whole log in the caller's transaction and find the first entry that is not as it was written."""
    try:
        now: Head | None = head(conn, vault)
    except VaultError:
        now = None
    start = now or Head()
    wanted = sorted(anchors, key=lambda anchor: anchor.number)
    walk = _Walk(vault, start, {anchor.number for anchor in wanted}, key)
    for row in conn.execute(_ROWS.execution_options(yield_per=1000)):
        walk.take(tuple(row[:-2]), row[-2], row[-1])
    entries, after, broken = walk.entries, walk.number + 1, walk.broken
    if broken is None:
        if now is None:
            broken = after, "head"
        elif walk.number < now.number:
            broken = after, "cut"
        elif walk.number > now.number or not hmac.compare_digest(walk.digest, now.digest):
            broken = walk.number, "head"
    compared: list[tuple[Anchor, Held]] = []
    for anchor in wanted:
        found = walk.digests.get(anchor.number)
        if found is not None:
            held: Held = "holds" if anchor.fits(found) else "other"
        else:
            held = "older" if anchor.number < start.first else "cut"
        compared.append((anchor, held))
        if broken is None and held == "cut":
            broken = after, "cut"
        elif broken is None and held == "other":
            broken = anchor.number, "other"
    broken_at, fault = broken or (None, None)
    return Verdict(entries, broken_at, fault, start.first, tuple(compared))


class _Walk:
    """Follows the entries in their order, up to the first that is not as it was written."""

    def __init__(self, vault: Vault, start: Head, wanted: set[int], key: Key | None) -> None:
        self.entries = 0
        self.number = start.first - 1
        self.digest = start.before
        self.digests = {self.number: self.digest} if self.number in wanted else {}
        self.broken: tuple[int, Fault] | None = None
        self._vault = vault
        self._hash = vault.hash.name
        self._wanted = wanted
        self._from = key.number if key else None
        self._key = key.key if key else b""
        self._moving = False

    def take(self, fields: tuple[Any, ...], code: Any, kept: Any) -> None:
        self.entries += 1
        if self.broken is not None:
            # What was anchored behind the break is still there or not.
            if fields[0] in self._wanted and isinstance(kept, bytes):
                self.digests[fields[0]] = kept
            return
        number = self.number + 1
        fault = self._fault(number, fields, code, kept)
        if fault is not None:
            self.broken = number, fault
            return
        self.number, self.digest = number, kept
        if number in self._wanted:
            self.digests[number] = kept

    def _fault(self, number: int, fields: tuple[Any, ...], code: Any, kept: Any) -> Fault | None:
        if fields[0] != number:
            return "missing" if isinstance(fields[0], int) and fields[0] > number else "changed"
        # SQLite stores any type in any column: a digest may have become text.
        if not isinstance(kept, bytes):
            return "changed"
        if code is None:
            old = not self._moving and fields[-1] is None
            fits = old and hmac.compare_digest(kept, _old_digest(self._vault, self.digest, fields))
            return None if fits else "changed"
        self._moving = True
        told = audit_chain.body(fields)
        if not isinstance(code, bytes):
            return "changed"
        if not hmac.compare_digest(kept, audit_chain.digest(self._hash, self.digest, told, code)):
            return "changed"
        if self._from is not None and number >= self._from:
            expected = audit_chain.mac(self._hash, self._key, self.digest, told)
            self._key = audit_chain.moved(self._hash, self._key)
            if not hmac.compare_digest(code, expected):
                return "forged"
        return None


def _append(
    conn: Connection,
    vault: Vault,
    at: datetime,
    what: tuple[Actor, str, int | None, str | None, str | None],
) -> tuple[int, Head]:
    return _append_fields(conn, vault, _fields(vault, at, what))


def _fields(vault: Vault, at: datetime, what: tuple[Actor, str, int | None, str | None, str | None]) -> tuple[Any, ...]:
    """Those of an entry after its number."""
    actor, action, ticket_id, reason, subject = what
    whom = None if subject is None else vault.month_hash(at.date().isoformat(), SUBJECT, plain_number(subject))
    return microseconds(at), actor.who, actor.place, ticket_id, action, reason, whom


def _append_fields(conn: Connection, vault: Vault, values: tuple[Any, ...]) -> tuple[int, Head]:
    # The lock makes appenders on a shared database wait for each other.
    now = _opened(vault, _HEAD.scalar(conn, {}))
    hashed, key = vault.hash.name, now.key or secrets.token_bytes(audit_chain.KEY_BYTES)
    number = now.number + 1
    fields = (number, *values)
    told = audit_chain.body(fields)
    code = audit_chain.mac(hashed, key, now.digest, told)
    digest = audit_chain.digest(hashed, now.digest, told, code)
    _APPEND.later(conn, {**dict(zip(FIELDS, fields, strict=True)), "mac": code, "digest": digest})
    after = Head(number, digest, audit_chain.moved(hashed, key), now.first, now.before)
    _put_head(conn, vault, after)
    return number, after


def _put_head(conn: Connection, vault: Vault, head: Head) -> None:
    _PUT_HEAD.later(conn, {"sealed": _sealed(vault, head)})


def _sealed(vault: Vault, head: Head) -> bytes:
    return vault.seal_lasting(LOG_HEAD, "head", head.as_bytes())


def _opened(vault: Vault, sealed: Any) -> Head:
    with suppress(ValueError, VaultError):
        if isinstance(sealed, bytes):
            return Head.of(vault.open_lasting(LOG_HEAD, "head", sealed))
    raise VaultError(
        "log_broken",
        "审计日志已损坏，请执行 quhao audit verify / "
        "the head of the audit log is gone or was changed: run quhao audit verify",
    )


def _old_digest(vault: Vault, before: bytes, fields: Sequence[Any]) -> bytes:
    """Of an entry of before the moving key: a MAC by the lasting key, over all fields but the subject."""
    plain = fields[: len(FIELDS) - 1]
    parts = (frame(type(field).__name__.encode(), str(field).encode("utf-8", "surrogatepass")) for field in plain)
    return vault.lasting_mac(LOG_HEAD, before, *parts)
