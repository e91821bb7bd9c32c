"""The audit log for its auditor: entries by day, person, action and subject, its proof, and a copy to check elsewhere.

Whoever reads entries is in the log, too (``audit-read``).
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Select, select

from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction, microseconds
from ticketing.model import Actor, plain_number
from ticketing.privacy import access_log, audit_chain
from ticketing.privacy.access_log import SUBJECT, Verdict
from ticketing.privacy.anchors import AnchorFile
from ticketing.privacy.audit_chain import FIELDS, Anchor
from ticketing.privacy.vault import VaultError
from ticketing.store import tables

PAGE = 200
"""Entries that are given at once."""

_MOST = 2**62
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_a, _t = tables.access_log, tables.ticket
_NUMBER = _t.c.number.label("number")
_ENTRIES = select(*(_a.c[name] for name in FIELDS), _a.c.mac, _a.c.digest, _NUMBER).outerjoin(
    _t, _t.c.id == _a.c.ticket_id
)


@dataclass(frozen=True)
class Entry:
    """An entry of the log.

    Attributes:
        seq: its number.
        at: when, in the hall's zone.
        who, place: who did it, and where from.
        ticket: number of the ticket it is about, if any.
        action, reason: what was done, and why or with what.
        subject: keyed hash of whom it is about, as hexadecimal digits.
    """

    seq: int
    at: datetime
    who: str
    place: str
    ticket: str | None
    action: str
    reason: str | None
    subject: str | None


@dataclass(frozen=True)
class Filter:
    """Which entries are wanted: those after a number, of a hall day, by a person, with an action, about a subject."""

    after: int = 0
    day: date | None = None
    who: str | None = None
    action: str | None = None
    subject: str | None = None

    def __str__(self) -> str:
        """For the log's own entry: a subject is named by its keyed hash."""
        parts = {name: value for name, value in asdict(self).items() if value}
        return ", ".join(f"{name} {value}" for name, value in parts.items()) or "all"


@dataclass(frozen=True)
class Page:
    """Some entries in their order; ``next`` is the number to go on after, None at the end."""

    entries: list[Entry]
    next: int | None


@dataclass(frozen=True)
class Proof:
    """A verdict, and the log's head as an anchor; None where that is gone.

    ``own`` tells of this box's own anchor: ``missing`` without one, ``malformed`` where it was changed. ``young``: the
    log has only just begun, so that there may be none.
    """

    verdict: Verdict
    head: Anchor | None
    own: Literal["there", "missing", "malformed"]
    young: bool = False

    @property
    def whole(self) -> bool:
        """Whether the log is whole and nothing was done to this box's anchor."""
        return self.verdict.whole and self.own != "malformed"

    @property
    def proven(self) -> bool:
        """Whether it is also known that nothing was cut off together with the head: an anchor holds."""
        return self.whole and (self.young or any(held == "holds" for _, held in self.verdict.anchors))


class Audit:
    """Reads and proves the log. Safe to use from any thread.

    Args:
        file: this box's own anchor.
    """

    def __init__(self, ledger: Ledger, file: AnchorFile) -> None:
        self._ledger = ledger
        self._file = file

    def read(self, wanted: Filter, actor: Actor, most: int = PAGE) -> Page:
        """A page of entries; the reading becomes an entry after them."""
        return self._read(wanted, actor, None, most)

    def about(self, id_number: str, wanted: Filter, actor: Actor, most: int = PAGE) -> Page:
        """A page of the entries about a person: who looked at their data. Only a keyed hash of the number is kept."""
        return self.about_subjects(self.subjects_of(id_number), wanted, actor, most)

    def subjects_of(self, id_number: str) -> list[bytes]:
        """The keyed hashes that stand for a person in the entries of each month."""
        return self._ledger.vault.month_hashes(SUBJECT, plain_number(id_number))

    def about_subjects(self, subjects: list[bytes], wanted: Filter, actor: Actor, most: int = PAGE) -> Page:
        """The same by what :meth:`subjects_of` gave."""
        return self._read(wanted, actor, subjects, most)

    def head(self) -> Anchor:
        """Number and digest of the last entry; raises VaultError (``log_broken``)."""
        with self._ledger.store.read() as conn:
            return access_log.head(conn, self._ledger.vault).anchor

    def prove(self, anchors: Sequence[Anchor] = (), key: access_log.Key | None = None, *, own: bool = True) -> Proof:
        """Verify the log by ``anchors`` and, with ``own``, by this box's anchor too."""
        given, standing = list(anchors), "there"
        if own:
            try:
                kept = self._file.read()
            except VaultError:
                kept, standing = None, "malformed"
            else:
                standing = "there" if kept else "missing"
            if kept is not None:
                given.insert(0, kept)
        with self._ledger.store.read() as conn:
            verdict = access_log.verify(conn, self._ledger.vault, given, key)
            try:
                now = access_log.head(conn, self._ledger.vault)
            except VaultError:
                return Proof(verdict, None, standing)  # type: ignore[arg-type]
            young = standing == "missing" and access_log.may_lack_an_anchor(conn, now, self._ledger.now())
        return Proof(verdict, now.anchor, standing, young)  # type: ignore[arg-type]

    def accept(self, actor: Actor, proof: Proof) -> tuple[Anchor | None, Anchor]:
        """Begin this box's anchor anew with the log as it is, once it is known why they differ; gives both.

        What ``proof`` found stays found: the entry tells that it was accepted, and so does every later proof.
        """
        try:
            old = self._file.read()
        except VaultError:
            old = None
        with self._ledger.verb() as m:
            told = f"instead of {old.short}" if old else "the first, or in place of a changed one"
            if proof.verdict.fault is not None:
                told += f"; accepted although broken: entry {proof.verdict.broken_at} {proof.verdict.fault}"
            access_log.append(m.conn, m.vault, m.now, actor, "audit-anchor", None, told)
        new = self.head()
        self._file.write(new)
        return old, new

    def begin_key(self, actor: Actor) -> access_log.Key:
        """See :func:`ticketing.privacy.access_log.begin_key`."""
        with self._ledger.verb() as m:
            return access_log.begin_key(m.conn, m.vault, m.now, actor)

    def export(self, actor: Actor, form: Literal["jsonl", "csv"]) -> Iterator[str]:
        """The whole log as lines of text, first how the digests are made; the export becomes an entry after it."""
        with self._ledger.look() as m:
            yield from (_as_csv if form == "csv" else _as_jsonl)(m)
        self._was_read(actor, f"export {form}")

    def _read(self, wanted: Filter, actor: Actor, hashes: list[bytes] | None, most: int) -> Page:
        # Not in the transaction that writes: a long log would keep the hall waiting.
        with self._ledger.look() as m:
            found = [_entry(m, row) for row in m.conn.execute(_query(m, wanted, hashes, most))]
        shown = found[:most]
        if hashes:
            wanted = replace(wanted, subject=hashes[0].hex())
        self._was_read(actor, str(wanted))
        return Page(shown, shown[-1].seq if len(found) > most else None)

    def _was_read(self, actor: Actor, what: str) -> None:
        with self._ledger.verb() as m:
            # A log that is broken must still be read.
            access_log.append_if_whole(m.conn, m.vault, m.now, actor, "audit-read", what)


def _query(m: Transaction, wanted: Filter, hashes: list[bytes] | None, most: int) -> Select[Any]:
    query = _ENTRIES.where(_a.c.seq > min(wanted.after, _MOST)).order_by(_a.c.seq).limit(most + 1)
    if wanted.day is not None:
        begins, ends = (microseconds(m.begin_of(wanted.day + timedelta(days=days))) for days in (0, 1))
        query = query.where(_a.c.at >= begins, _a.c.at < ends)
    if wanted.who is not None:
        query = query.where(_a.c.who == wanted.who)
    if wanted.action is not None:
        query = query.where(_a.c.action == wanted.action)
    if wanted.subject is not None:
        query = query.where(_a.c.subject == bytes.fromhex(wanted.subject))
    return query if hashes is None else query.where(_a.c.subject.in_(hashes))


def parameters(m: Transaction) -> dict[str, Any]:
    """How the digests of an export are made, and where the log begins and ends."""
    now = access_log.head(m.conn, m.vault)
    return {
        "format": "quhao audit 1",
        "made_at": m.now.isoformat(timespec="seconds"),
        "hash": m.vault.hash.name,
        "fields": list(FIELDS),
        "digest": "H(digest of the entry before, body, mac); body = JSON array of the fields, no spaces, ASCII",
        "first": now.first,
        "before": now.before.hex(),
        "last": now.number,
        "head": now.digest.hex(),
    }


def _as_jsonl(m: Transaction) -> Iterator[str]:
    yield json.dumps(parameters(m), ensure_ascii=False) + "\n"
    for row in m.conn.execute(_ENTRIES.order_by(_a.c.seq).execution_options(yield_per=1000)):
        yield json.dumps(_fields(row), ensure_ascii=False) + "\n"


def _as_csv(m: Transaction) -> Iterator[str]:
    """For a spreadsheet: the times readable, cells that it would take for a formula begin with '."""
    yield "\ufeff# " + json.dumps(parameters(m), ensure_ascii=False) + "\r\n"
    names = [*FIELDS, "time", "number", "mac", "digest"]
    yield ",".join(names) + "\r\n"
    for row in m.conn.execute(_ENTRIES.order_by(_a.c.seq).execution_options(yield_per=1000)):
        told = {**_fields(row), "time": m.time(row.at).isoformat(timespec="seconds"), "number": row.number}
        line = io.StringIO()
        csv.writer(line).writerow([_harmless(told[name]) for name in names])
        yield line.getvalue()


def _fields(row: Any) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in (*FIELDS, "mac", "digest")}
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in told.items()}


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value


def _entry(m: Transaction, row: Any) -> Entry:
    subject = row.subject.hex() if isinstance(row.subject, bytes) else None
    return Entry(row.seq, m.time(row.at), row.who, row.place, row.number, row.action, row.reason, subject)


def follow(lines: Sequence[str]) -> Anchor:
    """The head of an exported log (JSON lines), each entry followed from the one before it; needs no key.

    Raises:
        ValueError: an entry does not follow; its number.
    """
    told = json.loads(lines[0])
    last = bytes.fromhex(told["before"])
    for number, line in enumerate(lines[1:], told["first"]):
        entry = json.loads(line)
        if entry["mac"] is not None:
            body = audit_chain.body([entry[name] for name in FIELDS])
            made = audit_chain.digest(told["hash"], last, body, bytes.fromhex(entry["mac"]))
            if entry["seq"] != number or made.hex() != entry["digest"]:
                raise ValueError(number)
        last = bytes.fromhex(entry["digest"])
    return Anchor(told["first"] + len(lines) - 2, last.hex())
