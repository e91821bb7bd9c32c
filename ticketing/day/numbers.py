"""Where a new ticket's number and id come from, in a hall whose boxes hold numbers for the time without the store.

::

    counter of the prefix      each number up to it was issued, or lies in a block
    └── blocks                 ranges of numbers below it that are not issued yet
          ├── with a holder    one box alone may issue them, with the store and without
          └── free             the store issues them next, lowest first, before any number above the counter

The counter stands above every block. So a program that knows nothing of blocks issues no number of theirs either.
"""

from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, bindparam, literal_column, select, text, update

from ticketing.day.transaction import THIS, Transaction
from ticketing.day.transaction import t as _t
from ticketing.model import LimitError
from ticketing.store import tables
from ticketing.store.prepared import Prepared

LEASED = 1 << 40
"""Ids of tickets issued without the store begin here; the store's own stay below."""
MOST = 4096
"""Numbers in a block at most."""

_b, _c = tables.number_block, tables.counter
_OVER = select(tables.handed_over.c.ticket_id)
_TAKE = """
    UPDATE number_block SET next = next + 1 WHERE id = (
        SELECT id FROM number_block
         WHERE hall_day = :day AND prefix = :prefix AND holder IS {whose} AND next <= last
         ORDER BY first LIMIT 1)
    RETURNING id, first, next - 1 AS number
"""
_TAKE_FREE = Prepared(text(_TAKE.format(whose="NULL")))
_TAKE_OWN = Prepared(text(_TAKE.format(whose="NOT NULL")))
_UNCOUNT = Prepared(
    update(_c).where(_c.c.hall_day == bindparam("day"), _c.c.prefix == bindparam("of")).values(last=_c.c.last - 1)
)


class Place(NamedTuple):
    """The number of a new ticket within its prefix, and the ticket's id."""

    number: int
    ticket: int


def ident(block: int, first: int, number: int) -> int:
    """The id of the ticket with this number of a block: of no other ticket of the hall, whoever issues it."""
    return LEASED + block * MOST + number - first


def is_leased(ticket: int) -> bool:
    """Whether a ticket was issued without the store."""
    return ticket >= LEASED


def own(of: Any) -> ColumnElement[bool]:
    """Whether a ticket, in ``of``, of a box's own file is its alone while it is cut off.

    It issued the ticket itself without the store, and has not begun to tell the store of it. So nobody else can call
    it, or print its slip.
    """
    told = _OVER.where(tables.handed_over.c.ticket_id == of.c.id).correlate(of).exists()
    mine: ColumnElement[bool] = (of.c.id >= literal_column(str(LEASED), BigInteger)) & ~told
    return mine


_OWN = Prepared(select(_t.c.id).where(THIS, own(_t)))


def is_own(m: Transaction, ticket: int) -> bool:
    """Whether a ticket of the box's own file is its alone (:func:`own`)."""
    return _OWN.scalar(m.conn, {"ticket": ticket}) is not None


def free(m: Transaction, prefix: str, counted: Place) -> Place:
    """The lowest free number instead of the ``counted`` one, which is taken back; that one where none is free."""
    row = _TAKE_FREE.one_or_none(m.conn, {"day": m.day, "prefix": prefix})
    if row is None:
        return counted
    _UNCOUNT.later(m.conn, {"day": m.day, "of": prefix})
    return counted._replace(number=row.number)


def leased(m: Transaction, prefix: str, service: str) -> Place:
    """The next number of those that this box holds, in its own file.

    Raises:
        LimitError: ``numbers_used_up`` (``service``): it holds none any more, and gets more once the store is back.
    """
    row = _TAKE_OWN.one_or_none(m.conn, {"day": m.day, "prefix": prefix})
    if row is None:
        raise LimitError("numbers_used_up", service=service)
    return Place(row.number, ident(row.id, row.first, row.number))
