"""The history of the hall's setup: each one that came into force, whole, with who published it and who changed what.

What a setup is, is not known here: texts come in and go out. The newest :data:`KEPT` are kept; they hold names of
services, windows and accounts, nothing of residents.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, insert, select

from ticketing.day.transaction import Transaction
from ticketing.model import Actor
from ticketing.store import tables

KEPT = 500
"""Publications."""

How = Literal["draft", "import", "found"]
"""From the draft; sent whole, by file or API; found in force when the history began, or changed by other means."""

_p = tables.publication


@dataclass(frozen=True)
class Edit:
    """Who last saved what in a draft, and when: a field of a row, or with ``field`` "" the row as a whole.

    ``at`` is in microseconds since 1970 UTC.
    """

    section: str
    row: str
    field: str
    who: str
    at: int


@dataclass(frozen=True)
class Publication:
    """A setup that came into force.

    Attributes:
        setup: the setup as a text; ``before`` the one before it, None for the first that is known.
        edits: who had changed what of it in the draft.
    """

    id: int
    at: datetime
    who: str
    how: How
    setup: str
    before: str | None
    edits: tuple[Edit, ...]


def pack(text: str) -> bytes:
    """A long text as the store keeps it."""
    return zlib.compress(text.encode())


def unpack(kept: bytes) -> str:
    """The same back."""
    return zlib.decompress(bytes(kept)).decode()


def append(m: Transaction, before: str, after: str, actor: Actor, how: How, edits: Sequence[Edit] = ()) -> None:
    """Keep that ``after`` came into force, and ``before`` as well where the history does not end with it."""
    last = m.conn.execute(select(_p.c.id, _p.c.setup).order_by(_p.c.id.desc()).limit(1)).one_or_none()
    if last is None or unpack(last.setup) != before:
        m.conn.execute(insert(_p).values(at=m.at, who="", how="found", setup=pack(before), edits=pack("[]")))
    told = json.dumps([asdict(one) for one in edits], ensure_ascii=False)
    m.conn.execute(insert(_p).values(at=m.at, who=actor.who, how=how, setup=pack(after), edits=pack(told)))
    oldest = select(_p.c.id).order_by(_p.c.id.desc()).offset(KEPT - 1).limit(1).scalar_subquery()
    m.conn.execute(delete(_p).where(_p.c.id < oldest))


def newest(m: Transaction, most: int, before: int | None = None) -> list[Publication]:
    """The newest publications, newest first: those with a number below ``before``, or of all."""
    query = select(_p).order_by(_p.c.id.desc()).limit(most + 1)
    rows = m.conn.execute(query if before is None else query.where(_p.c.id < before)).all()
    texts = [unpack(row.setup) for row in rows]
    found = zip(rows, texts, [*texts[1:], None], strict=False)
    return [
        Publication(row.id, m.time(row.at), row.who, row.how, text, earlier, _edits(row.edits))
        for row, text, earlier in found
    ][:most]


def setup_of(m: Transaction, publication: int) -> str:
    """The setup of a publication; raises :class:`UnknownError` (``unknown_publication``)."""
    kept = m.conn.scalar(select(_p.c.setup).where(_p.c.id == publication))
    return unpack(m.known(kept, "unknown_publication"))


def _edits(kept: bytes) -> tuple[Edit, ...]:
    return tuple(Edit(**one) for one in json.loads(unpack(kept)))
