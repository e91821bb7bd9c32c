"""Matters (事项): what residents come for, apart from the queue that it is called from.

They are replaced as a whole, or one by one. One that is taken away keeps its names for the figures of past days; one
whose service is gone stays, and is not available until the service is back.
"""

import hashlib
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from functools import cached_property
from threading import Lock
from typing import Any, Literal

from sqlalchemy import bindparam, func, insert, select, update

from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction
from ticketing.day.transaction import t as _t
from ticketing.events import HallChanged
from ticketing.matters.spelling import spell
from ticketing.model import Actor, StateError, TicketRow, UnknownError
from ticketing.privacy import access_log
from ticketing.setup import timetable
from ticketing.store import tables
from ticketing.store.prepared import Prepared, PreparedIn

log = logging.getLogger(__name__)

Audience = Literal["personal", "business"]
LONGEST_SPAN = 366
"""Days that figures are given for."""


@dataclass(frozen=True)
class Paper:
    """A paper to bring.

    Attributes:
        name, name_en: what it is.
        original: whether the original is looked at.
        copies: how many copies stay there.
        sample: where a filled-in one is to be seen; "" for nowhere.
    """

    name: str
    name_en: str = ""
    original: bool = True
    copies: int = 0
    sample: str = ""


@dataclass(frozen=True)
class Matter:
    """A matter.

    Attributes:
        id, name, name_en: its id and names.
        audience: for persons (个人) or for businesses (企业).
        theme, theme_en: the event in life that it belongs to; themes stand in the order of their first matters.
        service: id of the service whose queue it is called from.
        words: what else people call it.
        task_code, task_handle_item, area_code: codes of GB/T 39554.1, as given.
        who, who_en: who may bring it.
        papers: what to bring.
        fee, fee_en: what it costs.
        statutory_days, promised_days: working days; None where nothing is said.
        guide, guide_en: how it goes.
        resident_fields: names of the fields of :class:`~ticketing.model.Resident` that it needs; None for those that
            its service needs.
        applies: whether it may be applied for at a terminal.
        form: id of its form, "" for none.
    """

    id: str
    name: str
    name_en: str
    audience: Audience
    theme: str
    theme_en: str
    service: str
    words: tuple[str, ...] = ()
    task_code: str = ""
    task_handle_item: str = ""
    area_code: str = ""
    who: str = ""
    who_en: str = ""
    papers: tuple[Paper, ...] = ()
    fee: str = ""
    fee_en: str = ""
    statutory_days: int | None = None
    promised_days: int | None = None
    guide: str = ""
    guide_en: str = ""
    resident_fields: tuple[str, ...] | None = None
    applies: bool = False
    form: str = ""


@dataclass(frozen=True)
class Listed:
    """A matter in the list that is searched.

    Attributes:
        available: whether its service is there, so that numbers are issued for it.
        pinyin: of the name; its syllables, letters and digits with blanks between.
        words_pinyin: of each of ``words``.
    """

    id: str
    name: str
    name_en: str
    audience: Audience
    theme: str
    theme_en: str
    service: str
    words: tuple[str, ...]
    applies: bool
    form: str
    available: bool
    pinyin: str
    words_pinyin: tuple[str, ...]

    @property
    def initials(self) -> str:
        """The first letter of each syllable of the name."""
        return "".join(syllable[0] for syllable in self.pinyin.split())


@dataclass(frozen=True)
class MatterList:
    """All matters in their order, without those that were taken away; ``version`` is a digest of all their fields."""

    version: str
    matters: tuple[Listed, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Listed]:
        """By id."""
        return {one.id: one for one in self.matters}

    @cached_property
    def theme_of(self) -> Mapping[str, str]:
        """By service: the theme of the most of its matters; in the order of the themes."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for one in self.matters:
            counts[one.service][one.theme] += 1
        places = {theme: place for place, theme in enumerate(dict.fromkeys(one.theme for one in self.matters))}
        found = [(service, themes.most_common(1)[0][0]) for service, themes in counts.items()]
        return dict(sorted(found, key=lambda pair: places[pair[1]]))


@dataclass(frozen=True)
class MatterChange:
    """One difference between two lists; ``how`` is ``moved`` for the order as a whole, whose ``id`` is ""."""

    id: str
    how: Literal["added", "changed", "removed", "moved"]
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class MatterFigures:
    """What came of a matter on some days.

    Attributes:
        id, name, name_en, theme, service: of the matter, also of one that was taken away since.
        tickets: how many tickets carried it when they were issued.
        cases: how many cases were recorded of it.
    """

    id: str
    name: str
    name_en: str
    theme: str
    service: str
    tickets: int
    cases: int


NONE = MatterList(hashlib.sha256(b"[]").hexdigest()[:16], ())

_m = tables.matter
_FIELDS = tuple(one.name for one in fields(Matter))
_COLUMN = {name: "service_id" if name == "service" else name for name in _FIELDS}


def _matter(*values: Any) -> Matter:
    told = dict(zip(_FIELDS, values, strict=True))
    told["words"] = tuple(json.loads(told["words"]))
    told["papers"] = tuple(Paper(**one) for one in json.loads(told["papers"]))
    if told["resident_fields"] is not None:
        told["resident_fields"] = tuple(json.loads(told["resident_fields"]))
    return Matter(**told)


_matters = select(*(_m.c[_COLUMN[name]] for name in _FIELDS))
_HERE = _m.c.removed_at.is_(None)
_ALL = Prepared(_matters.where(_HERE).order_by(_m.c.position), _matter)
_ONE = Prepared(_matters.where(_m.c.id == bindparam("matter"), _HERE), _matter)
_OF_TICKET = PreparedIn(lambda ids: _matters.where(_m.c.id.in_(ids)), "matter", _matter)
_SERVICES_OF = PreparedIn(
    lambda ids: select(_m.c.id, _m.c.service_id).where(_m.c.id.in_(ids), _HERE),
    "matter",
    lambda one, service: (one, service),
)
_SPELT = Prepared(select(_m.c.name, _m.c.words, _m.c.pinyin))
_PUT = update(_m).where(_m.c.id == bindparam("which"))
_ASKED = Prepared(
    select(_t.c.matters, func.count().label("n"))
    .where(_t.c.hall_day.between(bindparam("first"), bindparam("last")), _t.c.matters.is_not(None))
    .group_by(_t.c.matters)
)
_c = tables.case_file
_CASES = Prepared(
    select(_c.c.matter_id, func.count().label("n"))
    .where(_c.c.hall_day.between(bindparam("first"), bindparam("last")), _c.c.matter_id.is_not(None))
    .group_by(_c.c.matter_id)
)
_NAMES = Prepared(
    select(_m.c.id, _m.c.name, _m.c.name_en, _m.c.theme, _m.c.service_id).order_by(_m.c.position, _m.c.id)
)


class Matters:
    """Reads and changes the matters. Safe to use from any thread, and while others serve the same store.

    ``spell`` gives the pinyin of texts, as :func:`~ticketing.matters.spelling.spell` does.
    """

    def __init__(self, ledger: Ledger, spell: Callable[[Sequence[str]], list[str]] = spell) -> None:
        self._ledger = ledger
        self._spell = spell
        self._lock = Lock()
        self._kept: tuple[bytes | None, MatterList] | None = None

    def listed(self) -> MatterList:
        """The matters as they are searched; read from the store once a change of the hall."""
        with self._ledger.look() as m:
            return self._listed(m)

    def listed_and_asked(self) -> tuple[MatterList, Mapping[str, int]]:
        """The same, and how many of today's tickets carry each matter."""
        with self._ledger.look() as m:
            listed = self._listed(m)
            return listed, asked_on(m, m.day, m.day) if listed.matters else {}

    def figures(self, first: date, last: date) -> tuple[MatterFigures, ...]:
        """How often each matter came on the hall days from ``first`` to ``last``; those that did not are left out.

        Raises:
            StateError: ``bad_span`` (``most``: days): it ends before it begins, or is too long.
        """
        if not 0 <= (last - first).days < LONGEST_SPAN:
            raise StateError("bad_span", most=LONGEST_SPAN)
        days = {"first": first.isoformat(), "last": last.isoformat()}
        with self._ledger.look() as m:
            tickets = asked_on(m, **days)
            cases = {row.matter_id: row.n for row in _CASES.all(m.conn, days)}
            rows = _NAMES.all(m.conn)
        return tuple(
            MatterFigures(
                row.id, row.name, row.name_en, row.theme, row.service_id, tickets[row.id], cases.get(row.id, 0)
            )
            for row in rows
            if row.id in tickets or row.id in cases
        )

    def read(self) -> tuple[Matter, ...]:
        """All matters, whole."""
        with self._ledger.look() as m:
            return tuple(_ALL.all(m.conn))

    def find(self, matter: str) -> Matter:
        """A matter; raises ``unknown_matter``."""
        with self._ledger.look() as m:
            return known(m, matter)

    def of(self, matters: Sequence[str]) -> tuple[Matter, ...]:
        """Those of a ticket, in its order, also such as were taken away since."""
        if not matters:
            return ()
        with self._ledger.look() as m:
            return of_ticket(m, matters)

    def replace(
        self, matters: Sequence[Matter], actor: Actor, *, version: str | None = None
    ) -> tuple[MatterChange, ...]:
        """Replace them all, or nothing, and append ``hall.changed``; gives what changed.

        Args:
            matters: checked: their ids differ. A service that is not there makes one unavailable.
            actor: who did it, for the audit log.
            version: of the list this one was based on; None to replace whatever there is.

        Raises:
            StateError: ``matters_changed``: another change came after ``version``.
        """
        return self._change(lambda _: tuple(matters), actor, version)

    def put(self, matter: Matter, actor: Actor, *, version: str | None = None) -> tuple[MatterChange, ...]:
        """Add or change one; a new one goes behind the last of its theme. As :meth:`replace`."""

        def changed(before: tuple[Matter, ...]) -> tuple[Matter, ...]:
            if any(one.id == matter.id for one in before):
                return tuple(matter if one.id == matter.id else one for one in before)
            alike = [place for place, one in enumerate(before, 1) if _theme(one) == _theme(matter)]
            place = alike[-1] if alike else len(before)
            return (*before[:place], matter, *before[place:])

        return self._change(changed, actor, version)

    def remove(self, matter: str, actor: Actor, *, version: str | None = None) -> tuple[MatterChange, ...]:
        """Take one away; raises ``unknown_matter``, and as :meth:`replace`."""

        def changed(before: tuple[Matter, ...]) -> tuple[Matter, ...]:
            after = tuple(one for one in before if one.id != matter)
            if len(after) == len(before):
                raise UnknownError("unknown_matter", matter=matter)
            return after

        return self._change(changed, actor, version)

    def _change(
        self, change: Callable[[tuple[Matter, ...]], tuple[Matter, ...]], actor: Actor, version: str | None
    ) -> tuple[MatterChange, ...]:
        # Spelt before the store is held: it takes a second where all names are new.
        with self._ledger.look() as m:
            spelt = _spelt(m)
            wanted = change(tuple(_ALL.all(m.conn)))
        spelt |= self._spellings(wanted, spelt)
        with self._ledger.verb() as m:
            before = tuple(_ALL.all(m.conn))
            if version is not None and version != version_of(before):
                raise StateError("matters_changed")
            after = change(before)
            changes = differences(before, after)
            if changes:
                spelt |= self._spellings(after, spelt)
                _write(m, before, after, spelt)
                timetable.changed(m)
                access_log.append(m.conn, m.vault, m.now, actor, "matters-changed", None, _summary(changes))
                m.append(HallChanged())
        if changes:
            log.info("matters were changed by %s: %s", actor.who, _summary(changes))
        return changes

    def _spellings(self, matters: Iterable[Matter], known: Mapping[str, str]) -> dict[str, str]:
        """Of the texts that have none yet."""
        new = dict.fromkeys(text for one in matters for text in (one.name, *one.words) if text not in known)
        return dict(zip(new, self._spell(list(new)), strict=True)) if new else {}

    def _listed(self, m: Transaction) -> MatterList:
        mark = timetable.mark(m)
        with self._lock:
            kept = self._kept
        if kept is None or kept[0] != mark:
            kept = mark, _list(m)
            with self._lock:
                self._kept = kept
        return kept[1]


# -- inside a transaction ----------------------------------------------------------------------------------------------


def asked_of(m: Transaction, matters: Iterable[str], services: Collection[str]) -> list[str]:
    """The matters of a new ticket that goes to these services, each once, in their order.

    Raises:
        UnknownError: ``unknown_matter`` (``matter``).
        StateError: ``matter_elsewhere`` (``matter``, ``service``): it is called from another queue.
    """
    wanted = list(dict.fromkeys(matters))
    service_of = dict(_SERVICES_OF.all(m.conn, wanted))
    for one in wanted:
        if one not in service_of:
            raise UnknownError("unknown_matter", matter=one)
        if service_of[one] not in services:
            raise StateError("matter_elsewhere", matter=one, service=service_of[one])
    return wanted


def known(m: Transaction, matter: str) -> Matter:
    """A matter; raises ``unknown_matter``."""
    return m.known(_ONE.one_or_none(m.conn, {"matter": matter}), "unknown_matter", matter=matter)


def of_case(m: Transaction, row: TicketRow, service: str, matter: str | None) -> str | None:
    """The matter that a case of a ticket is of: ``matter``, or the first of the ticket's that belongs to ``service``.

    Raises:
        UnknownError: ``unknown_matter``.
    """
    if matter is not None:
        return known(m, matter).id
    asked = row.asked_for
    return next((one.id for one in of_ticket(m, asked) if one.service == service), None) if asked else None


def of_ticket(m: Transaction, matters: Sequence[str]) -> tuple[Matter, ...]:
    """The matters of these ids, in this order, also such as were taken away since."""
    found = {one.id: one for one in _OF_TICKET.all(m.conn, list(matters))}
    return tuple(found[one] for one in matters if one in found)


def asked_on(m: Transaction, first: str, last: str) -> Counter[str]:
    """How many tickets of the hall days from ``first`` to ``last`` carry each matter."""
    counts: Counter[str] = Counter()
    for row in _ASKED.all(m.conn, {"first": first, "last": last}):
        for matter in json.loads(row.matters):
            counts[matter] += row.n
    return counts


# -- pure --------------------------------------------------------------------------------------------------------------


def version_of(matters: Sequence[Matter]) -> str:
    """A digest of all matters: a caller who changes them names the version it was based on (optimistic locking)."""
    told = json.dumps([asdict(one) for one in matters], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def differences(before: Sequence[Matter], after: Sequence[Matter]) -> tuple[MatterChange, ...]:
    """The changes from one list to another."""
    known = {one.id: one for one in before}
    wanted = {one.id for one in after}
    found: list[MatterChange] = []
    for one in after:
        was = known.get(one.id)
        if was is None:
            found.append(MatterChange(one.id, "added"))
        elif was != one:
            changed = tuple(name for name in _FIELDS if getattr(was, name) != getattr(one, name))
            found.append(MatterChange(one.id, "changed", changed))
    found += (MatterChange(one.id, "removed") for one in before if one.id not in wanted)
    if [one.id for one in before if one.id in wanted] != [one.id for one in after if one.id in known]:
        found.append(MatterChange("", "moved"))
    return tuple(found)


def _theme(matter: Matter) -> tuple[str, str]:
    return matter.audience, matter.theme


def _summary(changes: Sequence[MatterChange]) -> str:
    """For log and audit log: ids only."""
    signs = {"added": "+", "changed": "~", "removed": "-"}
    counts = Counter(one.how for one in changes)
    told = ", ".join(f"{signs[one.how]}{one.id}" if one.id else "order" for one in changes)
    if len(told) <= 300:
        return told
    return f"{', '.join(f'{count} {how}' for how, count in counts.items())}: {told[:300]}…"


# -- rows --------------------------------------------------------------------------------------------------------------


def _list(m: Transaction) -> MatterList:
    whole, spelt = _ALL.all(m.conn), _spelt(m)
    if not whole:
        return NONE
    offered = {one.id for one in m.services() if not one.removed}
    return MatterList(
        version_of(whole),
        tuple(
            Listed(
                **{name: getattr(one, name) for name in Listed.__dataclass_fields__ if name in _COLUMN},
                available=one.service in offered,
                pinyin=spelt[one.name],
                words_pinyin=tuple(spelt[word] for word in one.words),
            )
            for one in whole
        ),
    )


def _spelt(m: Transaction) -> dict[str, str]:
    """The spelling of each text that the store has one for."""
    found: dict[str, str] = {}
    for row in _SPELT.all(m.conn):
        found.update(zip((row.name, *json.loads(row.words)), json.loads(row.pinyin), strict=True))
    return found


def _write(m: Transaction, before: Sequence[Matter], after: Sequence[Matter], spelt: Mapping[str, str]) -> None:
    places = {one.id: place for place, one in enumerate(before)}
    known = {one.id: one for one in before}
    wanted = {one.id for one in after}
    ids = set(m.conn.scalars(select(_m.c.id)))
    rows = {
        one.id: _row(one, place, spelt)
        for place, one in enumerate(after)
        if known.get(one.id) != one or places.get(one.id) != place
    }
    new = [row for one, row in rows.items() if one not in ids]
    changed = [{"which": one, **row} for one, row in rows.items() if one in ids]
    gone = [{"which": one, "removed_at": m.at} for one in known if one not in wanted]
    if new:
        m.conn.execute(insert(_m), new)
    if changed:
        m.conn.execute(_PUT, changed)
    if gone:
        m.conn.execute(_PUT, gone)


def _row(one: Matter, place: int, spelt: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {_COLUMN[name]: getattr(one, name) for name in _FIELDS}
    for name in ("words", "resident_fields"):
        row[name] = None if row[name] is None else json.dumps(row[name], ensure_ascii=False)
    row["papers"] = json.dumps([asdict(paper) for paper in one.papers], ensure_ascii=False)
    row["pinyin"] = json.dumps([spelt[text] for text in (one.name, *one.words)])
    return row | {"position": place, "removed_at": None}
