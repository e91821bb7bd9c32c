"""Whose turn it is at a window, and whom that passes over: the queue as one window sees it.

A window takes from the lines of its services and from the line of those who wait for it alone. The first of a line is
one look into the index ``ticket_next``, however many tickets there are or were; the few first ones are then compared.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Row,
    ScalarSelect,
    String,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from ticketing import policy
from ticketing.day.transaction import Moment, line_at, tickets
from ticketing.day.transaction import t as _t
from ticketing.model import Window
from ticketing.policy import Why
from ticketing.store import tables
from ticketing.store.opening import Prepared

BY_NUMBER = Why("由工作人员按号呼叫", "Called by its number, out of turn")
"""Why a ticket is at a window whose turn it was not."""

# Wide enough to be multiplied: PostgreSQL takes a bare number for one of 32 bits.
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
    """By how much earlier window ``:window`` takes the tickets of the service ``of``, in microseconds."""
    own = select(_ws.c.head_start).where(_ws.c.window_id == bindparam("window"), _ws.c.service_id == of)
    return func.coalesce(own.correlate_except(_ws).scalar_subquery(), literal_column("0")) * _MINUTE


EFFECTIVE = (_t.c.rank_at - head_start(_t.c.service_id)).label("effective")
"""A ticket's rank at window ``:window``: the smallest is next."""

_RANK = bindparam("rank", type_=BigInteger)
_EARLIER = bindparam("issued", type_=BigInteger)


def _first_of_each(passed: bool = False) -> CompoundSelect[Any]:
    """The first in rank today of each line that the window takes from; of those that were ``passed`` over alone."""
    x = tables.ticket.alias("x")

    def first(line: ColumnElement[str], service: ColumnElement[str]) -> ScalarSelect[Any]:
        found = select(x.c.id).where(
            x.c.line == line, x.c.state == literal_column("'waiting'"), x.c.hall_day == bindparam("day")
        )
        if passed:
            found = found.where(x.c.rank_at >= _RANK + head_start(service), x.c.issued_at < _EARLIER)
        return found.order_by(x.c.rank_at, x.c.id).limit(1).correlate(_s).scalar_subquery()

    of_services = select(first(_s.c.id, _s.c.id)).select_from(_s).where(_served_here)
    return union_all(of_services, select(first(bindparam("alone", type_=String), x.c.service_id)))


# Most windows give no service any weight, and compare what is in the tickets.
_FIRST_OF_EACH = tickets.where(_t.c.id.in_(_first_of_each())).limit(1)
NEXT = Prepared(_FIRST_OF_EACH.order_by(_t.c.rank_at, _t.c.id))
NEXT_WEIGHED = Prepared(_FIRST_OF_EACH.order_by(EFFECTIVE.element, _t.c.id))
PASSED = Prepared(
    select(_t.c.number, EFFECTIVE)
    .where(_t.c.id.in_(_first_of_each(passed=True)))
    .order_by("effective", _t.c.id)
    .limit(1)
)
# The same, told later: who was passed over then waited still, or was called after.
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


def next_at(m: Moment, window: Window) -> Row[Any] | None:
    """The row of the ticket whose turn it is at ``window``."""
    next_one = NEXT_WEIGHED if window.weights else NEXT
    return next_one.one_or_none(m.conn, {"window": window.id, "alone": line_at(window.id), "day": m.day})


def why(m: Moment, window: Window, row: Row[Any]) -> Why:
    """Why it is the turn of the ticket in ``row``, of :func:`next_at`."""
    # Who is not before the others of the same time passes nobody, unless the window takes some services later.
    if row.rank_at >= row.issued_at and not window.weights:
        return policy.IN_ORDER
    overtaken = PASSED.scalar(m.conn, _passed(window, row))
    return policy.why(m.standing(row, window.weights.get(row.service_id, 0)), overtaken, m.rules)


def why_called(m: Moment, window: Window, row: Row[Any]) -> Why | None:
    """Why the ticket at ``window`` was called before others; None when it is not at one."""
    if row.called_at is None or row.window_id is None:
        return None
    if row.called_by is not None:
        return BY_NUMBER
    if row.rank_at >= row.issued_at and not window.weights:
        return policy.IN_ORDER
    overtaken = _WAS_PASSED.scalar(m.conn, {**_passed(window, row), "called": row.called_at})
    return policy.why(m.standing(row, window.weights.get(row.service_id, 0)), overtaken, m.rules)


def _passed(window: Window, row: Row[Any]) -> dict[str, Any]:
    return {
        "window": window.id,
        "alone": line_at(window.id),
        "day": row.hall_day,
        "rank": row.rank_at - window.weights.get(row.service_id, 0) * 60_000_000,
        "issued": row.issued_at,
    }
