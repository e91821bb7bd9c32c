"""The hall's draft: managers change it together, field by field, and publish it at once or with the next hall day.

::

    change … change ──► publish now ─────────────────────────────────────► in force, in the history
                   └──► due on a day ──► the first box that begins it ──┘

There is one draft for the hall. Each change names the value it was made from: of two people who change one field, the
second is refused and told the first one's value, so nothing is overwritten unseen. What another way of publishing (a
file, the API) puts in force meanwhile is merged into the draft.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

from sqlalchemy import delete, insert, select, update

from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction
from ticketing.drafts import documents
from ticketing.drafts.documents import Change, Difference, Document
from ticketing.model import Actor, StateError, TicketingError
from ticketing.privacy import access_log
from ticketing.setup import publications, setup
from ticketing.setup.publications import Edit, Publication, pack, unpack
from ticketing.setup.setup import HallSetup
from ticketing.store import tables

log = logging.getLogger(__name__)

LARGEST = 512 * 1024
"""Characters of a draft's JSON: a hundred services with their slots."""
AT_DAY = "day's beginning"
"""The place that a publication comes from which a day begins with."""

_d, _e = tables.draft, tables.draft_edit
_ONLY = 1


class Codec(Protocol):
    """What a setup is as a document."""

    def document_of(self, setup: HallSetup) -> Document:
        """The document that says the same."""

    def setup_of(self, document: Document) -> HallSetup:
        """The setup that a document says; raises a TicketingError, ``bad_setup``, where it is wrong."""


@dataclass(frozen=True)
class Draft:
    """The draft as it stands.

    Attributes:
        version: counts its saves; 0 while there is none.
        document: what is to come; ``published`` what is in force. The same while there is no draft.
        edits: who last saved what.
        due: the hall day with which it is published, and ``due_by`` by whose word; None for none.
    """

    version: int
    document: Document
    published: Document
    edits: tuple[Edit, ...] = ()
    due: date | None = None
    due_by: str = ""

    @property
    def tag(self) -> str:
        """Names this state of the draft and of what is in force."""
        told = _to_json({"draft": self.document, "in force": self.published})
        return f"{self.version}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"

    def differences(self) -> list[Difference]:
        """What publishing it would change."""
        return list(documents.differences(self.published, self.document))


class Drafts:
    """The verbs of the draft. Safe to use from any thread, and from several boxes on one store.

    Args:
        ledger: the hall's; a draft that is due is published in the transaction in which it begins a day.
        codec: between setups and documents.
    """

    def __init__(self, ledger: Ledger, codec: Codec) -> None:
        self._ledger = ledger
        self._codec = codec
        ledger.day_begins.append(self._publish_due)

    def read(self) -> Draft:
        """The draft, and what is in force."""
        with self._ledger.look() as m:
            return self._read(m)

    def change(self, changes: Sequence[Change], actor: Actor) -> Draft:
        """Make all of these changes, or none.

        Raises:
            StateError: ``draft_conflict`` with ``theirs``, ``yours``, ``by`` and ``at``; ``draft_due``: it is to be
                published and may not change unseen; ``draft_too_large``; ``row_there``.
            UnknownError: ``unknown_row``.
        """
        with self._ledger.verb() as m:
            now = self._read(m)
            if now.due is not None:
                raise StateError("draft_due", day=now.due)
            document = now.document
            for change in changes:
                try:
                    document = documents.apply(document, change)
                except StateError as error:
                    if error.code == "draft_conflict":
                        error.facts.update(_who_saved(m, now.edits, change))
                    raise
            self._write(m, now, document)
            self._note(m, actor, [(one.section, one.row, one.field if one.how == "set" else "") for one in changes])
            return self._read(m)

    def discard(self, version: int, actor: Actor) -> None:
        """Throw the draft away; raises ``draft_changed`` where it is not any more the one of this version."""
        with self._ledger.verb() as m:
            now = self._seen(m, version)
            _remove(m)
            access_log.append(m.conn, m.vault, m.now, actor, "draft-discarded", None, _summary(now.differences()))

    def publish(self, version: int, actor: Actor) -> Draft:
        """Put the draft in force.

        Raises:
            StateError: ``draft_changed``: somebody has saved something since ``version``; ``draft_empty``.
            TicketingError: ``bad_setup``: something is wrong with it.
        """
        with self._ledger.verb() as m:
            now = self._seen(m, version)
            self._put_in_force(m, now, self._codec.setup_of(now.document), actor)
            return self._read(m)

    def publish_next_day(self, version: int, actor: Actor) -> Draft:
        """Have the draft put in force as the next hall day begins; raises as :meth:`publish` does."""
        with self._ledger.verb() as m:
            now = self._seen(m, version)
            self._codec.setup_of(now.document)
            due = (date.fromisoformat(m.day) + timedelta(days=1)).isoformat()
            m.conn.execute(update(_d).values(due=due, due_by=actor.who, version=now.version + 1))
            access_log.append(m.conn, m.vault, m.now, actor, "draft-due", None, due)
            return self._read(m)

    def keep_back(self, version: int, actor: Actor) -> Draft:
        """Publish it by itself no more; raises ``draft_changed``, ``draft_empty``."""
        with self._ledger.verb() as m:
            now = self._seen(m, version)
            m.conn.execute(update(_d).values(due=None, due_by=None, version=now.version + 1))
            access_log.append(m.conn, m.vault, m.now, actor, "draft-kept-back", None)
            return self._read(m)

    def history(self, most: int, before: int | None = None) -> list[tuple[Publication, list[Difference]]]:
        """The newest publications, newest first, each with what it changed; those with a number below ``before``."""
        with self._ledger.look() as m:
            found = publications.newest(m, most, before)
        told = {text: self._document(text) for one in found for text in (one.setup, one.before) if text is not None}
        return [
            (one, [] if one.before is None else list(documents.differences(told[one.before], told[one.setup])))
            for one in found
        ]

    def bring_back(self, publication: int, actor: Actor, *, clerks: bool = True) -> Draft:
        """Make a draft of a setup that was in force, with the clerks' windows of then unless ``clerks`` is False.

        Raises:
            UnknownError: ``unknown_publication``.
            StateError: ``draft_there``: publish or discard that one first; ``draft_empty``: it is in force now.
        """
        with self._ledger.verb() as m:
            now = self._read(m)
            if now.version:
                raise StateError("draft_there")
            document = self._document(publications.setup_of(m, publication))
            if not clerks:
                document.pop(documents.CLERKS, None)
            document = documents.with_clerks_of(now.published, document)
            changed = [(one.section, one.row, one.field) for one in documents.differences(now.published, document)]
            if not changed:
                raise StateError("draft_empty")
            self._write(m, now, document)
            self._note(m, actor, changed)
            return self._read(m)

    def _publish_due(self, m: Transaction) -> None:
        """Publish what is due with this hall day, or before; called in the transaction that begins it."""
        now = self._read(m)
        if now.due is None or now.due.isoformat() > m.day:
            return
        actor = Actor(now.due_by, "manager", AT_DAY)
        try:
            wanted = self._codec.setup_of(now.document)
        except TicketingError as error:
            # Right when it was put off, and not any more with what came into force since: it stays as a draft.
            m.conn.execute(update(_d).values(due=None, due_by=None))
            access_log.append(m.conn, m.vault, m.now, actor, "draft-kept-back", None, error.code)
            log.error("the draft of the hall's setup was not published: %s", error.code)
            return
        self._put_in_force(m, now, wanted, actor)

    def _put_in_force(self, m: Transaction, now: Draft, wanted: HallSetup, actor: Actor) -> None:
        changed = {(one.section, one.row, one.field) for one in now.differences()}
        edits = [one for one in now.edits if (one.section, one.row, one.field) in changed]
        _remove(m)
        setup.publish(m, setup.read(m), wanted, actor, "draft", edits)

    def _seen(self, m: Transaction, version: int) -> Draft:
        now = self._read(m)
        if not now.version:
            raise StateError("draft_empty")
        if now.version != version:
            raise StateError("draft_changed")
        return now

    def _read(self, m: Transaction) -> Draft:
        published = self._codec.document_of(setup.read(m))
        row = m.conn.execute(select(_d)).one_or_none()
        if row is None:
            return Draft(0, published, published)
        base, document = json.loads(unpack(row.base)), json.loads(unpack(row.document))
        if base != published:
            document = documents.merge(base, document, published)
        document = documents.with_clerks_of(published, document)
        due = None if row.due is None else date.fromisoformat(row.due)
        return Draft(row.version, document, published, _edits(m), due, row.due_by or "")

    def _write(self, m: Transaction, now: Draft, document: Document) -> None:
        text = _to_json(document)
        if len(text) > LARGEST:
            raise StateError("draft_too_large")
        values = {"version": now.version + 1, "base": pack(_to_json(now.published)), "document": pack(text)}
        if now.version:
            m.conn.execute(update(_d).values(values))
        else:
            m.conn.execute(insert(_d).values(id=_ONLY, **values))

    def _note(self, m: Transaction, actor: Actor, fields: Sequence[tuple[str, str, str]]) -> None:
        """Keep who saved these fields, instead of who did before."""
        for section, row, field in fields:
            m.conn.execute(delete(_e).where(_e.c.section == section, _e.c.row == row, _e.c.field == field))
            values = {"at": m.at, "who": actor.who, "section": section, "row": row, "field": field}
            m.conn.execute(insert(_e).values(values))

    def _document(self, text: str) -> Document:
        return self._codec.document_of(HallSetup.from_json(text))


def _remove(m: Transaction) -> None:
    m.conn.execute(delete(_e))
    m.conn.execute(delete(_d))


def _edits(m: Transaction) -> tuple[Edit, ...]:
    columns = (_e.c.section, _e.c.row, _e.c.field, _e.c.who, _e.c.at)
    return tuple(Edit(*row) for row in m.conn.execute(select(*columns).order_by(_e.c.seq)))


def _who_saved(m: Transaction, edits: Sequence[Edit], change: Change) -> dict[str, Any]:
    """Who has saved the field that a change wanted, or last anything of its row."""
    of_row = [one for one in edits if (one.section, one.row) == (change.section, change.row)]
    by_field = [one for one in of_row if one.field == change.field]
    last = max(by_field or of_row, key=lambda one: one.at, default=None)
    return {} if last is None else {"by": last.who, "at": m.time(last.at)}


def _summary(found: Sequence[Difference]) -> str:
    """For the audit log: names of sections, rows and fields."""
    told = ", ".join(" ".join(filter(None, (one.how, one.section, one.row, one.field))) for one in found)
    return told if len(told) <= 400 else f"{told[:399]}…"


def _to_json(document: Document) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True)
