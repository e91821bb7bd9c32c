"""Answers kept for requests that carry a key: repeated, after a lost reply or a double tap, they get the same one.

A key belongs to whoever sent it. The answer is kept in the transaction of the change it tells of, until its day is
erased. It may hold a ticket's code; so it is sealed under the day's key and the client's key, which is kept nowhere.
A client's key must be as hard to guess as a ticket's code: 16 random characters or more.
"""

import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import bindparam, insert, select

from ticketing.day.transaction import Transaction, microseconds
from ticketing.model import Actor, State, StateError, Ticket
from ticketing.store import tables
from ticketing.store.prepared import Prepared

_a = tables.answer
_KEPT = Prepared(select(_a.c.hall_day, _a.c.request_hash, _a.c.sealed).where(_a.c.key_hash == bindparam("kept_key")))
_KEEP = Prepared(insert(_a).inline())
_PURPOSE = "answer"
_TIMES = ("issued_at", "called_at", "started_at", "ended_at", "rank_at", "held_until")


_Made = TypeVar("_Made")


def once(
    m: Transaction,
    actor: Actor,
    key: str | None,
    asked: tuple[Any, ...],
    do: Callable[[], _Made],
    as_json: Callable[[_Made], Any],
    from_json: Callable[[Any], _Made],
) -> tuple[_Made, bool]:
    """What ``do`` gives, or what it gave to the earlier request with this key; and whether it was done now.

    ``key`` is the actor's idempotency key, None where none was sent; ``asked`` what was asked for, anything JSON can
    hold. ``as_json`` gives what is kept of the answer, ``from_json`` the reverse.

    Raises:
        StateError: ``idempotency_key_reused``: the earlier request asked for something else.
    """
    if key is None:
        return do(), True
    secret = f"{actor.who}\n{key}".encode("utf-8", "surrogatepass")
    key_hash = m.vault.lasting_mac("key of an answer", secret)
    request = json.dumps(asked, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")
    row = _KEPT.one_or_none(m.conn, {"kept_key": key_hash})
    if row is not None:
        # What was asked for may hold an ID number, which nobody must find by trying: its hash takes the client's key.
        under = m.vault.key_with(m.conn, row.hall_day, _PURPOSE, secret)
        if not hmac.compare_digest(row.request_hash, m.vault.mac_under(under, request)):
            raise StateError("idempotency_key_reused")
        kept = m.vault.open_under(under, row.hall_day, _PURPOSE, key_hash.hex(), row.sealed)
        return from_json(json.loads(kept)), False
    made = do()
    under = m.vault.key_with(m.conn, m.day, _PURPOSE, secret)
    sealed = m.vault.seal_under(under, m.day, _PURPOSE, key_hash.hex(), json.dumps(as_json(made)).encode())
    hashed = m.vault.mac_under(under, request)
    _KEEP.later(m.conn, {"key_hash": key_hash, "hall_day": m.day, "request_hash": hashed, "sealed": sealed})
    return made, True


def ticket_as_json(ticket: Ticket) -> dict[str, Any]:
    """A ticket as it was in an answer."""
    values = dict(vars(ticket))
    for name in _TIMES:
        at: datetime | None = values[name]
        values[name] = None if at is None else microseconds(at)
    return values


def ticket_from_json(m: Transaction, values: dict[str, Any]) -> Ticket:
    """The reverse of :func:`ticket_as_json`."""
    times = {name: None if values[name] is None else m.time(values[name]) for name in _TIMES if name in values}
    lists = {name: tuple(values.get(name, ())) for name in ("chain", "matters")}
    return Ticket(**{**values, **times, **lists, "state": State(values["state"])})
