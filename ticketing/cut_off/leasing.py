"""Leases and blocks in the store. Each function is for one transaction there; the rules are in ``rules``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import bindparam, delete, func, insert, select, text, update

from ticketing.cut_off.rules import Block, LeaseRules, wants_another
from ticketing.day.transaction import Transaction, microseconds
from ticketing.model import StateError
from ticketing.store import tables
from ticketing.store.prepared import Prepared

_l, _b, _s = tables.number_lease, tables.number_block, tables.service
_COLUMNS = (_b.c.id, _b.c.hall_day, _b.c.prefix, _b.c.first, _b.c.next, _b.c.last)
_LEASE = Prepared(select(_l.c.turn).where(_l.c.holder == bindparam("of")))
_NEW_LEASE = Prepared(insert(_l))
_RENEW = Prepared(
    update(_l)
    .where(_l.c.holder == bindparam("of"))
    .values({name: bindparam(f"to_{name}") for name in ("box", "turn", "ends_at")})
)
_BLOCKS_OF = Prepared(select(*_COLUMNS).where(_b.c.holder == bindparam("of")).order_by(_b.c.id), Block)
_NEW_BLOCK = Prepared(insert(_b))
_PUT = Prepared(
    update(_b).where(_b.c.id == bindparam("block")).values(next=bindparam("to_next"), holder=bindparam("to_holder"))
)
_USED_UP = Prepared(delete(_b).where(_b.c.id == bindparam("block")))
_FREE = Prepared(
    select(func.coalesce(func.sum(_b.c.last - _b.c.next + 1), 0)).where(
        _b.c.hall_day == bindparam("day"),
        _b.c.prefix == bindparam("of"),
        _b.c.holder.is_(None),
        _b.c.last < bindparam("below"),
    )
)
_ABOVE_ALL = 1 << 30
_PREFIXES = Prepared(select(_s.c.prefix).where(_s.c.removed_at.is_(None)).distinct().order_by(_s.c.prefix))
_RAISE = Prepared(
    text("""
    INSERT INTO counter (hall_day, prefix, last) VALUES (:day, :prefix, :by)
    ON CONFLICT (hall_day, prefix) DO UPDATE SET last = counter.last + :by
    RETURNING last
""")
)


@dataclass(frozen=True)
class Asked:
    """What a box says when it renews its lease.

    Attributes:
        holder, box: whose lease.
        turn: see :class:`~ticketing.cut_off.rules.Lease`.
        held: every block that it may still issue numbers of, by id, and its next number.
        given_back: those that it has let go of and merged.
        used: how many numbers it issued without the store today, by prefix.
    """

    holder: str
    box: str
    turn: int
    held: Mapping[int, int]
    given_back: Mapping[int, int]
    used: Mapping[str, int]


@dataclass(frozen=True)
class Granted:
    """The store's answer: the blocks are all that the holder has, the new ones among them.

    ``at`` and ``ends_at`` are of the store's clock, in microseconds since 1970 UTC.
    """

    day: str
    at: int
    ends_at: int
    blocks: tuple[Block, ...]


def renew(m: Transaction, rules: LeaseRules, asked: Asked) -> Granted:
    """Renew a box's lease, take what it gives back, and see that it holds a block of each prefix.

    Raises:
        StateError: ``lease_stale`` (``turn``): a later renewal was answered.
    """
    lease = _LEASE.one_or_none(m.conn, {"of": asked.holder})
    if lease is not None and asked.turn <= lease.turn:
        raise StateError("lease_stale", turn=lease.turn)
    theirs = blocks_of(m, asked.holder)
    for one in theirs:
        told = asked.held.get(one.id, asked.given_back.get(one.id))
        # What it does not name it was given by an answer that it never got.
        holder = asked.holder if one.id in asked.held else None
        _put(m, one, max(one.next, told or 0), holder)
    kept = [one for one in blocks_of(m, asked.holder) if one.hall_day == m.day]
    for prefix in _prefixes(m):
        own = [one for one in kept if one.prefix == prefix]
        free = _free(m, prefix, min((one.first for one in own), default=_ABOVE_ALL))
        if wants_another(rules, own, free):
            _grant(m, rules, asked.holder, prefix, rules.size(asked.used.get(prefix, 0)), _free(m, prefix))
    ends_at = min(m.at + int(rules.lasts.total_seconds()) * 1_000_000, _day_ends(m))
    if lease is None:
        new = {"holder": asked.holder, "box": asked.box, "turn": asked.turn, "ends_at": ends_at}
        _NEW_LEASE.later(m.conn, new)
    else:
        to = {"to_box": asked.box, "to_turn": asked.turn, "to_ends_at": ends_at}
        _RENEW.later(m.conn, {"of": asked.holder, **to})
    return Granted(m.day, m.at, ends_at, tuple(blocks_of(m, asked.holder)))


def blocks_of(m: Transaction, holder: str) -> Sequence[Block]:
    """The blocks that a holder has, of any day."""
    return _BLOCKS_OF.all(m.conn, {"of": holder})


def block(m: Transaction, ident: int) -> tuple[Block, str | None] | None:
    """A block and its holder; None where the store does not know it."""
    row = m.conn.execute(select(*_COLUMNS, _b.c.holder).where(_b.c.id == ident)).one_or_none()
    return None if row is None else (Block(*row[:-1]), row[-1])


def passed(m: Transaction, ident: int, number: int) -> None:
    """A number of a block was issued: nobody issues it again, nor those before it."""
    m.conn.execute(update(_b).where(_b.c.id == ident, _b.c.next <= number).values(next=number + 1))


def _put(m: Transaction, one: Block, next_: int, holder: str | None) -> None:
    if holder is None and next_ > one.last:
        # Nothing is left of it. Its number is not used again.
        _USED_UP.later(m.conn, {"block": one.id})
    else:
        _PUT.later(m.conn, {"block": one.id, "to_next": next_, "to_holder": holder})


def _grant(m: Transaction, rules: LeaseRules, holder: str, prefix: str, size: int, free: int) -> None:
    before = max(0, rules.ahead - free)
    last = _RAISE.scalar(m.conn, {"day": m.day, "prefix": prefix, "by": before + size})
    first = last - size + 1
    ranges = [(first - before, first - 1, None), (first, last, holder)]
    for begins, ends, whose in ranges if before else ranges[1:]:
        new = {"hall_day": m.day, "prefix": prefix, "first": begins, "next": begins, "last": ends, "holder": whose}
        _NEW_BLOCK.later(m.conn, new)


def _free(m: Transaction, prefix: str, below: int = _ABOVE_ALL) -> int:
    """How many numbers of a prefix are free ``below`` a number."""
    return int(_FREE.scalar(m.conn, {"day": m.day, "of": prefix, "below": below}))


def _prefixes(m: Transaction) -> list[str]:
    return [row.prefix for row in _PREFIXES.all(m.conn)]


def _day_ends(m: Transaction) -> int:
    return microseconds(m.begin_of(date.fromisoformat(m.day) + timedelta(days=1)))
