"""Boxes (主机) that share a store: what each runs, when it was heard of last, how its last update ended.

Each box writes its own row, and any box shows them all. A box that is off or cut off from the store writes nothing:
then the others see when they heard of it last, and until when it may go on with numbers that it holds. A machine that
is kept out because another one is the box of its name says so in that row.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, insert, or_, select, text, update

from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction, microseconds
from ticketing.events import AlertCleared
from ticketing.model import Actor, StateError, UnknownError
from ticketing.privacy import access_log
from ticketing.store import tables
from ticketing.store.base import Store

SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is known when a box that shares its store was heard of last."""
GONE_AFTER = timedelta(minutes=3)
"""A box that was not heard of for so long is off, or cut off from the store."""
TAKEN_FOR = timedelta(minutes=5)
"""How long a machine that wants another box's name is told of: it tries again and again."""

_b, _l, _a = tables.box, tables.number_lease, tables.alert
_WENT_BACK = "went_back"
_ASKED = "asked"


@dataclass(frozen=True)
class LastUpdate:
    """The last update of a box.

    Attributes:
        before, after: the versions.
        step: where it stands, as the box's journal has it; it is over when ``confirmed`` or ``went_back``.
        reason: why it went back: ``asked``, ``interrupted`` or ``failed``; None: it did not.
        at: when that step was begun.
        noted: whether somebody said that they know that it went back.
    """

    before: str
    after: str
    step: str
    reason: str | None
    at: datetime
    noted: bool = False

    @property
    def failed(self) -> bool:
        """Whether it went back, and nobody had asked for that."""
        return self.step == _WENT_BACK and self.reason != _ASKED


@dataclass(frozen=True)
class Box:
    """A box.

    Attributes:
        name: its name among those that share the store.
        version, version_at: the program's version, and since when it has been that.
        started_at: since when the program runs.
        seen_at: when it was heard of last.
        machine: the machine's own name, and the address by which the database knows it.
        is_here: whether this is the box that was asked.
        is_gone: whether it was not heard of for :data:`GONE_AFTER`.
        alone_until: of a box that is gone, until when it may go on with numbers that it holds; None: it does not.
        update: its last one; None for none.
        taken_by, taken_at: another machine that goes by its name and is kept out, and when it last tried; None: none.
    """

    name: str
    version: str
    version_at: datetime
    started_at: datetime
    seen_at: datetime
    machine: str
    is_here: bool
    is_gone: bool
    alone_until: datetime | None
    update: LastUpdate | None
    taken_by: str | None
    taken_at: datetime | None


class Boxes:
    """The verbs and views of boxes. Safe to use from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def report(self, machine: str, version: str, started_at: datetime, last: LastUpdate | None) -> None:
        """Say how this box is; written where that is news, and else once a minute if others are to know."""
        ledger = self._ledger
        told = {"version": version, "started_at": microseconds(started_at), **_columns(last)}
        with ledger.look() as m:
            if _is_known(m, ledger, told):
                return
        with ledger.verb() as m:
            row = _row(m)
            new = told | {"seen_at": m.at, "machine": _with_address(m.conn, machine)}
            if row is None or row.version != version:
                new["version_at"] = m.at
            if row is None or row.update_at != told["update_at"]:
                new["update_noted_at"] = None
            if row is None:
                m.conn.execute(insert(_b).values(name=ledger.box, **new))
            else:
                m.conn.execute(update(_b).where(_b.c.name == ledger.box).values(**new))

    def all(self) -> list[Box]:
        """All boxes by name."""
        with self._ledger.look() as m:
            return [_box(m, row, self._ledger) for row in m.conn.execute(_all(m))]

    def note_update(self, name: str, actor: Actor) -> None:
        """Take note that a box went back from an update: nobody need be told any more.

        Raises:
            UnknownError: ``unknown_box``.
            StateError: ``update_fine``: its last update did not fail.
        """
        with self._ledger.verb() as m:
            box = self._one(m, name)
            if box.update is None or not box.update.failed:
                raise StateError("update_fine")
            if not box.update.noted:
                m.conn.execute(update(_b).where(_b.c.name == name).values(update_noted_at=m.at))
                _log(m, actor, "box-update-noted", f"{name}: {box.update.after} → {box.update.before}")
                _end_alerts(m, name)

    def forget(self, name: str, actor: Actor) -> None:
        """Take a box off the list, with what was said of it; one that is at work comes back by itself.

        Raises:
            UnknownError: ``unknown_box``.
        """
        with self._ledger.verb() as m:
            self._one(m, name)
            m.conn.execute(delete(_b).where(_b.c.name == name))
            _log(m, actor, "box-forgotten", name)
            _end_alerts(m, name)

    def _one(self, m: Transaction, name: str) -> Box:
        row = m.conn.execute(_all(m).where(_b.c.name == name)).one_or_none()
        if row is None:
            raise UnknownError("unknown_box")
        return _box(m, row, self._ledger)


def note_taken(store: Store, name: str, machine: str) -> None:
    """Say that a machine wants to be the box of a name that another one has; at most once a minute."""
    at = store.wall() // 1000
    stale = or_(_b.c.taken_at.is_(None), _b.c.taken_at < at - _span(SEEN_EVERY))
    with store.write() as conn:
        by = _with_address(conn, machine)
        conn.execute(update(_b).where(_b.c.name == name, stale).values(taken_at=at, taken_by=by))


def that_went_back(m: Transaction) -> list[tuple[str, LastUpdate]]:
    """The boxes whose last update failed, with it, where nobody has taken note of that yet."""
    failed = (_b.c.update_step == _WENT_BACK, _b.c.update_reason != _ASKED, _b.c.update_noted_at.is_(None))
    rows = m.conn.execute(select(_b).where(*failed).order_by(_b.c.name)).all()
    return [(row.name, last) for row in rows if (last := _update(m, row))]


def _is_known(m: Transaction, ledger: Ledger, told: dict[str, Any]) -> bool:
    row = _row(m)
    if row is None or any(getattr(row, name) != value for name, value in told.items()):
        return False
    # A box on a file of its own is the one that shows it: a write a minute would only wear the card out.
    return not ledger.store.shared or abs(m.at - row.seen_at) < _span(SEEN_EVERY)


def _row(m: Transaction) -> Row[Any] | None:
    return m.conn.execute(select(_b).where(_b.c.name == m.box)).one_or_none()


def _all(m: Transaction) -> Select[Any]:
    ends = select(func.max(_l.c.ends_at)).where(_l.c.box == _b.c.name, _l.c.ends_at > m.at)
    return select(_b, ends.scalar_subquery().label("alone_until")).order_by(_b.c.name)


def _box(m: Transaction, row: Row[Any], ledger: Ledger) -> Box:
    here = row.name == ledger.box
    gone = not here and m.at - row.seen_at >= _span(GONE_AFTER)
    taken = row.taken_at is not None and m.at - row.taken_at < _span(TAKEN_FOR)
    return Box(
        row.name,
        row.version,
        m.time(row.version_at),
        m.time(row.started_at),
        m.now if here else m.time(row.seen_at),
        row.machine,
        here,
        gone,
        m.time(row.alone_until) if gone and row.alone_until else None,
        _update(m, row),
        row.taken_by if taken else None,
        m.time(row.taken_at) if taken else None,
    )


def _columns(last: LastUpdate | None) -> dict[str, Any]:
    return {
        "update_before": last and last.before,
        "update_after": last and last.after,
        "update_step": last and last.step,
        "update_reason": last and last.reason,
        "update_at": last and microseconds(last.at),
    }


def _update(m: Transaction, row: Row[Any]) -> LastUpdate | None:
    if row.update_at is None:
        return None
    noted = row.update_noted_at is not None
    at = m.time(row.update_at)
    return LastUpdate(row.update_before, row.update_after, row.update_step, row.update_reason, at, noted)


def _with_address(conn: Connection, machine: str) -> str:
    """A machine's name, and by which address the database knows it: copied cards have one name."""
    if conn.dialect.name != "postgresql":
        return machine
    address = conn.scalar(text("SELECT host(inet_client_addr())"))
    return f"{machine} ({address})" if address else machine


def _end_alerts(m: Transaction, name: str) -> None:
    """End what stands of a box's update, at once: somebody has just said that they know."""
    which = (tables.standing, _a.c.kind == "update", _a.c.subject == name)
    for (alert,) in m.conn.execute(update(_a).where(*which).values(cleared_at=m.at).returning(_a.c.id)).all():
        m.append(AlertCleared(alert, "update"))


def _log(m: Transaction, actor: Actor, action: str, what: str) -> None:
    access_log.append(m.conn, m.vault, m.now, actor, action, None, what)


def _span(span: timedelta) -> int:
    """A span as the store counts it."""
    return span // timedelta(microseconds=1)
