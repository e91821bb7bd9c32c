"""Which ticket is next at a window, and which tickets that passes over.

A window takes from the lines of its services and from the line of the tickets that wait for it alone. The first of a
line is one look into the index ``ticket_next``, however long line and history are. These few are then compared.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    ScalarSelect,
    Select,
    String,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from ticketing import policy
from ticketing.day import numbers
from ticketing.day.transaction import Transaction, line_at
from ticketing.day.transaction import t as _t
from ticketing.model import TicketRow, Window
from ticketing.policy import Why
from ticketing.store import tables
from ticketing.store.prepared import Prepared

BY_NUMBER = Why("由工作人员按号呼叫", "Called by its number, out of turn")
"""Why a ticket was called that was not next."""
OF_THIS_BOX = Why(
    "与数据库断开，按顺序呼叫本机发出的号码", "Cut off from the database: numbers given here, in their order"
)
"""Why a ticket was called while its box was cut off."""

# PostgreSQL takes a bare number for 32 bits, and the product needs 64.
_MINUTE: ColumnElement[int] = literal_column("CAST(60000000 AS BIGINT)", BigInteger)
_s, _ws = tables.service, tables.window_service
_served_here = (
    select(_ws.c.window_id)
    .where(
        _ws.c.window_id == bindparam("window"),
        or_(_ws.c.service_id == literal_column("'*'"), _ws.c.service_id == _s.c.id),
    )
    .correlate(_s)
    .exists()
)
"""Whether window ``:window`` serves the service of the enclosing query."""


def head_start(of: Any) -> ColumnElement[int]:
    """The weight of service ``of`` at window ``:window``, in microseconds."""
    own = select(_ws.c.head_start).where(_ws.c.window_id == bindparam("window"), _ws.c.service_id == of)
    return func.coalesce(own.correlate_except(_ws).scalar_subquery(), literal_column("0")) * _MINUTE


EFFECTIVE = (_t.c.rank_at - head_start(_t.c.service_id)).label("effective")
"""A ticket's rank at window ``:window``: the smallest is next."""

_RANK = bindparam("rank", type_=BigInteger)
_EARLIER = bindparam("issued", type_=BigInteger)


def _first_of_each(*, passed: bool = False, only_own: bool = False) -> CompoundSelect[Any]:
    """The id of the first ticket today in each line of the window.

    With ``passed``, of those that were passed over; with ``only_own``, of the box's own (:func:`numbers.own`).
    """
    x = tables.ticket.alias("x")

    def first(line: ColumnElement[str], service: ColumnElement[str]) -> ScalarSelect[Any]:
        found = select(x.c.id).where(
            x.c.line == line, x.c.state == literal_column("'waiting'"), x.c.hall_day == bindparam("day")
        )
        if only_own:
            found = found.where(numbers.own(x))
        if passed:
            found = found.where(x.c.rank_at >= _RANK + head_start(service), x.c.issued_at < _EARLIER)
        return found.order_by(x.c.rank_at, x.c.id).limit(1).correlate(_s).scalar_subquery()

    of_services = select(first(_s.c.id, _s.c.id)).select_from(_s).where(_served_here)
    return union_all(of_services, select(first(bindparam("alone", type_=String), x.c.service_id)))


def next_id(*, weighed: bool, only_own: bool = False) -> Select[Any]:
    """The id of the ticket that is next at window ``:window``; ``weighed`` where the window gives services a weight.

    With ``only_own``, of the tickets that this box alone may call (:func:`numbers.own`).
    """
    # Most windows give none, and compare what is in the tickets.
    rank = EFFECTIVE.element if weighed else _t.c.rank_at
    first = _first_of_each(only_own=only_own).subquery()
    (found,) = first.c
    # Found by its id, one by one: a join would read all tickets where PostgreSQL has not counted them yet.
    of_this = select(rank).where(_t.c.id == found).scalar_subquery()
    return select(found).order_by(found.is_(None), of_this, found).limit(literal_column("1"))


PASSED = Prepared(
    select(_t.c.number, EFFECTIVE)
    .where(_t.c.id.in_(_first_of_each(passed=True)))
    .order_by("effective", _t.c.id)
    .limit(1)
)
# The same, asked later: a ticket that was passed over then still waits, or was called after.
_WAS_PASSED = Prepared(
    select(_t.c.number, EFFECTIVE)
    .join(_s, _s.c.id == _t.c.service_id)
    .where(
        _t.c.hall_day == bindparam("day"),
        EFFECTIVE.element >= _RANK,
        _t.c.issued_at < _EARLIER,
        or_(tables.waiting, _t.c.called_at > bindparam("called")),
        or_(_t.c.line == _t.c.service_id, _t.c.line == bindparam("alone")),
        _served_here,
    )
    .order_by("effective", _t.c.id)
    .limit(1)
)


def why(m: Transaction, row: TicketRow, weights: Mapping[str, int]) -> Why:
    """Why the ticket in ``row`` was next at its window, which gives services these ``weights``."""
    # A ticket without a head start passes no other, unless the window ranks some services later.
    if row.rank_at >= row.issued_at and not weights:
        return policy.IN_ORDER
    overtaken = PASSED.scalar(m.conn, _passed(row, weights))
    return policy.why(m.standing(row, weights.get(row.service_id, 0)), overtaken, m.rules)


def why_called(m: Transaction, window: Window, row: TicketRow) -> Why | None:
    """Why the ticket at ``window`` was called before others; None when it is at no window."""
    if row.called_at is None or row.window_id is None:
        return None
    if row.called_by is not None:
        return BY_NUMBER
    if row.rank_at >= row.issued_at and not window.weights:
        return policy.IN_ORDER
    overtaken = _WAS_PASSED.scalar(m.conn, {**_passed(row, window.weights), "called": row.called_at})
    return policy.why(m.standing(row, window.weights.get(row.service_id, 0)), overtaken, m.rules)


def _passed(row: TicketRow, weights: Mapping[str, int]) -> dict[str, Any]:
    return {
        "window": row.window_id,
        "alone": line_at(row.window_id or ""),
        "day": row.hall_day,
        "rank": row.rank_at - weights.get(row.service_id, 0) * 60_000_000,
        "issued": row.issued_at,
    }
