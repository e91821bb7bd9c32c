"""The hall's setup, read and replaced as a whole: services, windows, opening hours, special days, quotas, slots.

Priority classes and the layouts of its papers belong to it, too, once the hall says something of them; until then the
settings of each box do. Each setup that comes into force is kept (:mod:`ticketing.setup.publications`).

So do the windows that each clerk may sit at, of the accounts that there are; accounts themselves are
:mod:`ticketing.people`'s, and no file of a setup names them.

No ticket is lost by a change: a removed service or window stays, marked as removed, until no ticket needs it.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update

from ticketing.calendar import Hours, Quota, Slot, SpecialDay
from ticketing.day import windows
from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction
from ticketing.day.transaction import t as _t
from ticketing.events import HallChanged
from ticketing.model import Actor, Service, StateError, Window
from ticketing.people.principal import EVERY_WINDOW, checked_windows, free_windows
from ticketing.policy import PriorityClass
from ticketing.privacy import access_log
from ticketing.setup import publications, timetable
from ticketing.store import tables

log = logging.getLogger(__name__)

_AFTER_ALL = 100_000
"""Position of removed services and windows: behind all others."""

_s, _w, _ws, _p, _c = tables.service, tables.window, tables.window_service, tables.setup_part, tables.account
_CLERKS = select(_c.c.name, _c.c.windows).where(_c.c.role == tables.word("clerk")).order_by(_c.c.name)
_FIELDS = ("name", "name_en", "prefix", "place", "bring", "bring_en", "per_person_day", "promise_days")
_RETURNS = or_(tables.live, _t.c.state == "missed")

What = Literal["service", "window", "hours", "special_days", "quotas", "slots", "classes", "papers", "clerk"]
How = Literal["added", "changed", "removed", "moved"]


@dataclass(frozen=True)
class Clerk:
    """A clerk's account, by its name, and the ids of the windows they may sit at, or ``"*"`` for all."""

    id: str
    windows: tuple[str, ...]


@dataclass(frozen=True)
class HallSetup:
    """The setup, in the hall's order, without removed services and windows.

    Attributes:
        services, windows: of a window its name, zone, services and head starts; its state is no part of the setup.
        hours, special_days, quotas, slots: the calendar's, in any order.
        classes: of priority, in the hall's order; None: those of each box's settings.
        papers: the layouts of slip and receipt, as JSON that is none of this package's business; "" for the usual ones.
        clerks: by name; None: as they are. One who has no account any more is left out.
    """

    services: tuple[Service, ...] = ()
    windows: tuple[Window, ...] = ()
    hours: tuple[Hours, ...] = ()
    special_days: tuple[SpecialDay, ...] = ()
    quotas: tuple[Quota, ...] = ()
    slots: tuple[Slot, ...] = ()
    classes: tuple[PriorityClass, ...] | None = None
    papers: str = ""
    clerks: tuple[Clerk, ...] | None = None

    @property
    def version(self) -> str:
        """A digest of what a file says: who changes it names the version it was based on (optimistic locking)."""
        return hashlib.sha256(replace(self, clerks=None).to_json().encode()).hexdigest()[:16]

    def to_json(self) -> str:
        """The whole setup as a text; equal setups give the same."""
        return json.dumps(asdict(_plain(self)), ensure_ascii=False, sort_keys=True, default=_told)

    @classmethod
    def from_json(cls, text: str) -> "HallSetup":
        """The setup that :meth:`to_json` gave, also of an older program that knew fewer fields."""
        told = json.loads(text)
        classes, clerks = told.get("classes"), told.get("clerks")
        return cls(
            tuple(_service(one) for one in told["services"]),
            tuple(Window(**{**one, "services": tuple(one["services"])}) for one in told["windows"]),
            tuple(Hours(**one) for one in told["hours"]),
            tuple(SpecialDay(**{**one, "day": date.fromisoformat(one["day"])}) for one in told["special_days"]),
            tuple(Quota(**one) for one in told["quotas"]),
            tuple(Slot(**one) for one in told["slots"]),
            None if classes is None else tuple(map(_class, classes)),
            told.get("papers", ""),
            None if clerks is None else tuple(Clerk(one["id"], tuple(one["windows"])) for one in clerks),
        )


@dataclass(frozen=True)
class Change:
    """One difference between two setups.

    Attributes:
        what: what kind of thing.
        id: of the service, window or clerk; "" for what belongs to the hall as a whole.
        how: ``moved`` means another place in the order.
        fields: the changed fields.
    """

    what: What
    id: str
    how: How
    fields: tuple[str, ...] = ()


class Setup:
    """Reads and replaces the setup. Safe to use from any thread, and while others serve the same store."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def read(self) -> HallSetup:
        """The present setup."""
        with self._ledger.look() as m:
            return read(m)

    def replace(self, setup: HallSetup, actor: Actor, *, version: str | None = None) -> tuple[Change, ...]:
        """Replace the setup, all of it or nothing, and append ``hall.changed``; gives what changed.

        An equal setup changes nothing and appends nothing.

        Args:
            setup: checked: names are unique, references point to what is there.
            actor: who did it, for the audit log.
            version: of the setup this one was based on; None to replace whatever there is.

        Raises:
            StateError: ``setup_changed``: another change came after ``version``.
        """
        with self._ledger.verb() as m:
            before = read(m)
            if version is not None and version != before.version:
                raise StateError("setup_changed")
            changes = differences(before, setup)
            if changes:
                publish(m, before, setup, actor, "import")
        return changes

    def parts(self) -> tuple[tuple[PriorityClass, ...] | None, str]:
        """What overrules the boxes' settings, as :func:`parts` has it."""
        with self._ledger.look() as m:
            return parts(m)

    def seed(self, setup: HallSetup) -> bool:
        """Fill a store that has neither services nor windows; gives whether it was one."""
        with self._ledger.verb() as m:
            return seed(m, setup)

    def tidy(self) -> bool:
        """Delete removed services and windows that nothing refers to; gives whether there were any."""
        with self._ledger.look() as m:
            if not _removed(m, _s) and not _removed(m, _w):
                return False
        with self._ledger.verb() as m:
            gone = tidy(m)
            if gone:
                m.append(HallChanged())
        return gone

    def unserved(self) -> tuple[Service, ...]:
        """Services with waiting tickets that no window serves."""
        with self._ledger.look() as m:
            waiting = set(
                m.conn.scalars(select(_t.c.service_id).where(tables.waiting, _t.c.hall_day == m.day).distinct())
            )
            served = [window for window in m.windows() if not window.removed]
            return tuple(
                one for one in m.services() if one.id in waiting and not any(at.serves(one.id) for at in served)
            )


def read(m: Transaction) -> HallSetup:
    """The present setup."""
    services = tuple(one for one in m.services() if not one.removed)
    known = {one.id for one in services} | {"*"}
    serving = tuple(
        replace(one, services=tuple(service for service in one.services if service in known))
        for one in m.windows()
        if not one.removed
    )
    return HallSetup(
        services,
        serving,
        timetable.read(m, Hours),
        timetable.read(m, SpecialDay),
        timetable.read(m, Quota),
        timetable.read(m, Slot),
        *parts(m),
        _clerks(m) or None,
    )


def _clerks(m: Transaction) -> tuple[Clerk, ...]:
    """The clerks there are, with all windows of their accounts, though one may be gone, or not there yet."""
    return tuple(Clerk(row.name, tuple(json.loads(row.windows))) for row in m.conn.execute(_CLERKS))


def parts(m: Transaction) -> tuple[tuple[PriorityClass, ...] | None, str]:
    """The setup's priority classes and layouts of papers, as :class:`HallSetup` has them."""
    said = {row.name: row.value for row in m.conn.execute(select(_p))}
    classes = tuple(map(_class, json.loads(said["classes"]))) if "classes" in said else None
    return classes, said.get("papers", "")


def seed(m: Transaction, setup: HallSetup) -> bool:
    """Fill a store that has neither services nor windows; gives whether it was one."""
    if any(m.conn.scalar(select(func.count()).select_from(table)) for table in (_s, _w)):
        return False
    put(m, setup)
    return True


def publish(
    m: Transaction,
    before: HallSetup,
    setup: HallSetup,
    actor: Actor,
    how: publications.How,
    edits: Sequence[publications.Edit] = (),
) -> None:
    """Put a setup in force over ``before``, which is; it is told, kept in the history, and in the audit log by ids."""
    if setup.clerks is None:
        setup = replace(setup, clerks=before.clerks)
    put(m, setup)
    for one in differences(before, setup):
        if one.what == "clerk":
            access_log.append(m.conn, m.vault, m.now, actor, "account-changed", None, f"{one.id} clerk: windows")
    publications.append(m, before.to_json(), setup.to_json(), actor, how, edits)
    said = _summary(differences(before, setup))
    access_log.append(m.conn, m.vault, m.now, actor, "setup-changed", None, said)
    m.append(HallChanged())
    log.info("the hall was changed by %s: %s", actor.who, said)


def put(m: Transaction, setup: HallSetup) -> None:
    """Write the setup over the present one."""
    _put_services(m, setup.services)
    _put_windows(m, setup.windows)
    timetable.put(m, Hours, setup.hours)
    timetable.put(m, SpecialDay, setup.special_days)
    timetable.put(m, Quota, setup.quotas)
    timetable.put(m, Slot, setup.slots)
    m.conn.execute(delete(_p))
    classes = None if setup.classes is None else json.dumps([asdict(one) for one in setup.classes], default=_told)
    for name, value in (("classes", classes), ("papers", setup.papers or None)):
        if value is not None:
            m.conn.execute(insert(_p).values(name=name, value=value))
    _seat(m, setup.clerks or ())
    tidy(m)
    timetable.changed(m)


def tidy(m: Transaction) -> bool:
    """Delete removed services and windows that nothing refers to; gives whether there were any."""
    services = [one for one in _removed(m, _s) if not _is_needed(m, one)]
    # Its last ticket can still be undone, or called back to it.
    gone = [
        one
        for one in _removed(m, _w)
        if m.conn.scalar(
            select(_t.c.id)
            .where(_t.c.window_id == one, or_(tables.open_, and_(_t.c.hall_day == m.day, _may_return(m))))
            .limit(1)
        )
        is None
    ]
    if gone:
        m.conn.execute(delete(_ws).where(_ws.c.window_id.in_(gone)))
        m.conn.execute(delete(_w).where(_w.c.id.in_(gone)))
    if services:
        m.conn.execute(delete(_ws).where(_ws.c.service_id.in_(services)))
        m.conn.execute(delete(_s).where(_s.c.id.in_(services)))
        timetable.changed(m)
    return bool(services or gone)


def differences(before: HallSetup, after: HallSetup) -> tuple[Change, ...]:
    """The changes from one setup to another. Pure."""
    old, new = _plain(before), _plain(after)
    found: list[Change] = []
    found += _between("service", old.services, new.services)
    found += _between("window", old.windows, new.windows)
    whole: tuple[What, ...] = ("hours", "special_days", "quotas", "slots", "classes", "papers")
    found += [Change(what, "", "changed") for what in whole if getattr(old, what) != getattr(new, what)]
    was = {one.id: one.windows for one in old.clerks or ()}
    found += [
        Change("clerk", one.id, "changed", ("windows",))
        for one in new.clerks or ()
        if was.get(one.id, one.windows) != one.windows
    ]
    return tuple(found)


def _between(what: What, was: Sequence[Any], now: Sequence[Any]) -> Iterable[Change]:
    known = {one.id: one for one in was}
    kept = [one.id for one in now if one.id in known]
    order = [one.id for one in was if one.id in set(kept)]
    for place, one in enumerate(now):
        if one.id not in known:
            yield Change(what, one.id, "added")
            continue
        old, new = asdict(known[one.id]), asdict(one)
        fields = tuple(name for name in new if new[name] != old[name])
        if fields:
            yield Change(what, one.id, "changed", fields)
        if kept.index(one.id) != order.index(one.id):
            yield Change(what, one.id, "moved", (str(place + 1),))
    wanted = {one.id for one in now}
    for one in was:
        if one.id not in wanted:
            yield Change(what, one.id, "removed")


def _plain(setup: HallSetup) -> HallSetup:
    """The setup in canonical form, for comparison."""

    def window(one: Window) -> Window:
        services = ("*",) if "*" in one.services else tuple(sorted(set(one.services)))
        weights = {name: minutes for name, minutes in sorted(one.weights.items()) if minutes}
        return Window(one.id, one.name, services, "closed", weights, zone=one.zone)

    def by(key: Callable[[Any], Any], ones: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(sorted(ones, key=key))

    return HallSetup(
        tuple(replace(one, removed=False) for one in setup.services),
        tuple(window(one) for one in setup.windows),
        by(lambda one: (one.service, one.weekday, one.opens_at), setup.hours),
        by(lambda one: one.day, setup.special_days),
        by(lambda one: (one.service, one.from_at), setup.quotas),
        by(lambda one: (one.service, one.weekday, one.from_at), setup.slots),
        setup.classes,
        setup.papers,
        by(lambda one: one.id, map(_plain_clerk, setup.clerks or ())) or None,
    )


def _plain_clerk(one: Clerk) -> Clerk:
    return Clerk(one.id, (EVERY_WINDOW,) if EVERY_WINDOW in one.windows else tuple(sorted(set(one.windows))))


def _told(value: date | timedelta) -> str | int:
    """What JSON has no words for: a day, and a span in minutes."""
    return value.isoformat() if isinstance(value, date) else value // timedelta(minutes=1)


def _service(told: dict[str, Any]) -> Service:
    fields = told["resident_fields"]
    lists = {"chain": tuple(told["chain"]), "resident_fields": None if fields is None else tuple(fields)}
    return Service(**{**told, **lists})


def _class(told: dict[str, Any]) -> PriorityClass:
    return PriorityClass(**{**told, "head_start": timedelta(minutes=told["head_start"])})


def _summary(changes: Sequence[Change]) -> str:
    """For log and audit log: ids only."""
    signs = {"added": "+", "changed": "~", "removed": "-", "moved": "^"}
    told = ", ".join(f"{signs[one.how]}{one.what}{one.id and ' '}{one.id}" for one in changes)
    return told if len(told) <= 400 else f"{told[:399]}…"


def _put_services(m: Transaction, services: Sequence[Service]) -> None:
    there = set(m.conn.scalars(select(_s.c.id)))
    for place, one in enumerate(services):
        values = {name: getattr(one, name) for name in _FIELDS}
        needed = None if one.resident_fields is None else json.dumps(one.resident_fields)
        values |= {"position": place, "chain": json.dumps(one.chain), "resident_fields": needed, "removed_at": None}
        if one.id in there:
            m.conn.execute(update(_s).where(_s.c.id == one.id).values(values))
        else:
            m.conn.execute(insert(_s).values(id=one.id, **values))
    _take_away(m, _s, there - {one.id for one in services})


def _put_windows(m: Transaction, wanted: Sequence[Window]) -> None:
    there = set(m.conn.scalars(select(_w.c.id)))
    for place, one in enumerate(wanted):
        values = {"name": one.name, "zone": one.zone, "position": place, "removed_at": None}
        if one.id in there:
            m.conn.execute(update(_w).where(_w.c.id == one.id).values(values))
        else:
            m.conn.execute(insert(_w).values(id=one.id, state=one.state, **values))
        # Its services go on being served by other windows, as long as tickets wait for them.
        stays = set(_removed(m, _s))
        m.conn.execute(delete(_ws).where(_ws.c.window_id == one.id, _ws.c.service_id.not_in(stays)))
        for service in dict.fromkeys((*one.services, *one.weights)):
            m.conn.execute(
                insert(_ws).values(window_id=one.id, service_id=service, head_start=one.weights.get(service, 0))
            )
    gone = there - {one.id for one in wanted}
    for window in sorted(gone):
        windows.release_line(m, window)
    _take_away(m, _w, gone)


def _seat(m: Transaction, clerks: Iterable[Clerk]) -> None:
    """Give clerks their windows; who may not sit any more where they do is logged out, and the window is free."""
    there = {one.id: set(one.windows) for one in _clerks(m)}
    left = set(m.conn.scalars(select(_w.c.id).where(_w.c.removed_at.is_(None)))) | {EVERY_WINDOW}
    for one in clerks:
        windows = [window for window in one.windows if window in left]
        if one.id not in there or set(one.windows) == there[one.id] or not windows:
            continue
        m.conn.execute(update(_c).where(_c.c.name == one.id).values(windows=checked_windows("clerk", windows)))
        if EVERY_WINDOW not in windows and there[one.id] - set(windows):
            m.conn.execute(delete(tables.login).where(tables.login.c.account == one.id))
            free_windows(m.conn, one.id)


def _take_away(m: Transaction, table: Any, gone: Iterable[str]) -> None:
    m.conn.execute(
        update(table)
        .where(table.c.id.in_(sorted(gone)))
        .values(removed_at=func.coalesce(table.c.removed_at, m.at), position=_AFTER_ALL)
    )


def _removed(m: Transaction, table: Any) -> list[str]:
    return list(m.conn.scalars(select(table.c.id).where(table.c.removed_at.is_not(None)).order_by(table.c.id)))


def _may_return(m: Transaction) -> ColumnElement[bool]:
    """Whether a ticket of today is open, or may be undone or called back."""
    return or_(_RETURNS, _t.c.ended_at > m.at - m.rules.undo_within // timedelta(microseconds=1))


def _is_needed(m: Transaction, service: str) -> bool:
    today = _t.c.hall_day == m.day
    mine = select(_t.c.id).where(today, _t.c.service_id == service, _may_return(m)).limit(1)
    if m.conn.scalar(mine) is not None:
        return True
    a = tables.appointment
    booked = select(a.c.id).where(a.c.service_id == service, a.c.day >= m.day, tables.booked).limit(1)
    if m.conn.scalar(booked) is not None:
        return True
    chains = m.conn.scalars(select(_t.c.chain).where(today, _t.c.chain.is_not(None), _RETURNS))
    return any(service in json.loads(chain) for chain in chains)
