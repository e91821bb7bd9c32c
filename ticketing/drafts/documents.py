"""A setup as a document: sections of rows of fields, compared, changed and merged field by field. Pure.

A document is what JSON can say, in the form of the file of ``quhao hall export``: sections that are lists of rows
(each with a key, such as a service's id) and sections that are one row (the opening hours). What the fields mean is
not known here; a document may be as wrong as somebody typed it.

A field that is null, "", [] or {} is the same as one that is left out.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ticketing.model import StateError, UnknownError

Document: TypeAlias = dict[str, Any]
Row: TypeAlias = dict[str, Any]

CLERKS = "clerks"
"""The section whose rows are the clerks' accounts: what is drafted is their windows, and no row comes or goes."""
KEYS: Mapping[str, str] = {"services": "id", "windows": "id", "holidays": "day", "classes": "id", CLERKS: "id"}
"""Sections that are lists, with the field that names a row."""
SINGLE = ("hours", "slip", "receipt")
"""Sections that are one row, whose name is ""."""
SECTIONS = (*KEYS, *SINGLE)

How = Literal["set", "add", "remove", "move"]


@dataclass(frozen=True)
class Change:
    """What somebody wants of a draft.

    Attributes:
        how: ``set`` a field, ``add``, ``remove`` or ``move`` a row.
        section: one of :data:`SECTIONS`.
        row: the key of the row; of one that is added, too.
        field: that is set.
        was: the value that whoever changes it has seen; of a row that is removed, the whole row.
        value: the field's new value; of a row that is added, the whole row.
        place: of a row that is added or moved: its place in the list from 0; None for the end.
    """

    how: How
    section: str
    row: str = ""
    field: str = ""
    was: Any = None
    value: Any = None
    place: int | None = None


@dataclass(frozen=True)
class Difference:
    """One field, or one row as a whole, that is not the same in two documents.

    ``how`` is ``set`` with a field, or ``add``, ``remove``, ``move`` with ``field`` ""; then ``before`` and ``after``
    are rows, or places from 0.
    """

    how: How
    section: str
    row: str
    field: str
    before: Any
    after: Any


def apply(document: Document, change: Change) -> Document:
    """The document after a change; the one given stays as it is.

    Raises:
        StateError: ``draft_conflict`` with ``theirs``: the field is not any more what ``was`` says; or the row that is
            removed is another one now; ``row_there``: a row of this key is there already.
        UnknownError: ``unknown_row``; an account is added, removed or moved.
    """
    if change.section == CLERKS and change.how != "set":
        raise UnknownError("unknown_row", row=change.row)
    changed = dict(document)
    if change.section in SINGLE:
        changed[change.section] = _set(changed.get(change.section) or {}, change)
        return changed
    listed = list(rows(document, change.section))
    at = next((at for at, one in enumerate(listed) if key_of(change.section, one) == change.row), None)
    if change.how == "add":
        if at is not None:
            raise StateError("row_there", row=change.row)
        whole = {**copy.deepcopy(change.value), KEYS[change.section]: change.row}
        listed.insert(len(listed) if change.place is None else change.place, whole)
    elif at is None:
        raise UnknownError("unknown_row", row=change.row)
    elif change.how == "remove":
        if change.was is not None and not same_rows(listed[at], change.was):
            raise StateError("draft_conflict", section=change.section, row=change.row, field="", theirs=listed[at])
        del listed[at]
    elif change.how == "move":
        listed.insert(len(listed) - 1 if change.place is None else change.place, listed.pop(at))
    else:
        listed[at] = _set(listed[at], change)
    changed[change.section] = listed
    return changed


def differences(before: Document, after: Document) -> Iterator[Difference]:
    """What must change in ``before`` to become ``after``, section by section."""
    for section in KEYS:
        yield from _between_lists(section, rows(before, section), rows(after, section))
    for section in SINGLE:
        yield from _between_rows(section, "", before.get(section) or {}, after.get(section) or {})


def merge(base: Document, mine: Document, theirs: Document) -> Document:
    """``theirs`` with every change that ``mine`` makes to ``base``; where both changed a field, mine.

    A row that one side removed stays if the other one changed it.
    """
    merged: Document = {}
    for section, key in KEYS.items():
        sides = [{str(one.get(key)): one for one in rows(side, section)} for side in (base, mine, theirs)]
        old, own, other = sides
        mine_moved = [one for one in own if one in old] != [one for one in old if one in own]
        order = [*own, *(one for one in other if one not in own)] if mine_moved else _with_added(own, other)
        merged[section] = [row for one in order if (row := _merged(old.get(one), own.get(one), other.get(one)))]
    for section in SINGLE:
        row = _merged_fields(*((side.get(section) or {}) for side in (base, mine, theirs)))
        if row:
            merged[section] = row
    return merged


def with_clerks_of(published: Document, document: Document) -> Document:
    """The document with the clerks that there are: those it does not know as they are, and none who is gone."""
    own = {key_of(CLERKS, one): one for one in rows(document, CLERKS)}
    others = {name: value for name, value in document.items() if name != CLERKS}
    there = [own.get(key_of(CLERKS, one), one) for one in rows(published, CLERKS)]
    return {**others, CLERKS: there} if there else others


def rows(document: Document, section: str) -> Sequence[Row]:
    """The rows of a list section."""
    return document.get(section) or ()


def key_of(section: str, row: Row) -> str:
    """What names a row."""
    return str(row.get(KEYS[section]))


def same(one: Any, other: Any) -> bool:
    """Whether two values of a field are the same."""
    return bool(one == other) or (_is_nothing(one) and _is_nothing(other))


def same_rows(one: Row, other: Row) -> bool:
    """Whether two rows are the same."""
    return all(same(one.get(name), other.get(name)) for name in {*one, *other})


def _set(row: Row, change: Change) -> Row:
    now = row.get(change.field)
    if not same(now, change.was) and not same(now, change.value):
        facts = {"section": change.section, "row": change.row, "field": change.field}
        raise StateError("draft_conflict", **facts, theirs=now, yours=change.value)
    others = {name: value for name, value in row.items() if name != change.field}
    return others if change.value is None else {**others, change.field: copy.deepcopy(change.value)}


def _between_lists(section: str, before: Sequence[Row], after: Sequence[Row]) -> Iterator[Difference]:
    old, new = ({key_of(section, one): one for one in side} for side in (before, after))
    kept = [one for one in new if one in old]
    order = [one for one in old if one in new]
    for place, (key, row) in enumerate(new.items()):
        if key not in old:
            yield Difference("add", section, key, "", None, row)
            continue
        yield from _between_rows(section, key, old[key], row)
        if kept.index(key) != order.index(key):
            yield Difference("move", section, key, "", list(old).index(key), place)
    for key, row in old.items():
        if key not in new:
            yield Difference("remove", section, key, "", row, None)


def _between_rows(section: str, key: str, before: Row, after: Row) -> Iterator[Difference]:
    for field in {**before, **after}:
        if not same(before.get(field), after.get(field)):
            yield Difference("set", section, key, field, before.get(field), after.get(field))


def _with_added(own: Mapping[str, Row], other: Mapping[str, Row]) -> list[str]:
    """The keys in the order of ``other``, each that is new in ``own`` behind the one that it follows there."""
    order = list(other)
    before: str | None = None
    for one in own:
        if one not in order:
            order.insert(order.index(before) + 1 if before in order else len(order) if before else 0, one)
        before = one
    return order


def _merged(base: Row | None, mine: Row | None, theirs: Row | None) -> Row | None:
    if base is None:
        return mine or theirs
    if mine is None:
        return None if theirs is None or same_rows(base, theirs) else theirs
    if theirs is None:
        return None if same_rows(base, mine) else mine
    return _merged_fields(base, mine, theirs)


def _merged_fields(base: Row, mine: Row, theirs: Row) -> Row:
    merged = dict(theirs)
    for field in {**base, **mine}:
        if not same(base.get(field), mine.get(field)):
            if field in mine:
                merged[field] = mine[field]
            else:
                merged.pop(field, None)
    return merged


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)
