"""Answers kept for requests that carry a key: repeated, after a lost reply or a double tap, they get the same one.

A key belongs to whoever sent it. The answer is kept in the transaction of the change it tells of, sealed, until its
day is erased; it holds no ticket code, since that can be made again from the day's key.
"""

import hmac
import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select

from ticketing.day.transaction import Moment, microseconds
from ticketing.model import Actor, State, StateError, Ticket
from ticketing.store import tables
from ticketing.store.opening import Prepared

_a = tables.answer
_KEPT = Prepared(select(_a.c.hall_day, _a.c.request_hash, _a.c.sealed).where(_a.c.key_hash == bindparam("kept_key")))
_KEEP = Prepared(insert(_a))
_PURPOSE = "answer"
_TIMES = ("issued_at", "called_at", "started_at", "ended_at", "rank_at", "held_until")


class Key:
    """An idempotency key in the hands of the actor who sent it.

    Args:
        moment: the transaction of the request.
        actor: whose key it is.
        key: what was sent.
        request: what was asked for; anything JSON can hold.
    """

    def __init__(self, moment: Moment, actor: Actor, key: str, *request: Any) -> None:
        self._moment = moment
        self._hash = moment.vault.lasting_hash("idempotency key", f"{actor.who}\n{key}")
        self._request = json.dumps(request, ensure_ascii=False, sort_keys=True)

    def answer(self) -> tuple[str, Any] | None:
        """The hall day and the answer of an earlier request with this key, None when there was none.

        Raises:
            StateError: ``idempotency_key_reused``: that request asked for something else.
        """
        m = self._moment
        row = _KEPT.one_or_none(m.conn, {"kept_key": self._hash})
        if row is None:
            return None
        if not hmac.compare_digest(row.request_hash, self._request_hash(row.hall_day)):
            raise StateError("idempotency_key_reused")
        answer = m.vault.open(m.conn, row.hall_day, _PURPOSE, self._hash.hex(), row.sealed)
        return row.hall_day, json.loads(answer)

    def keep(self, answer: Any) -> None:
        """Keep the answer."""
        m = self._moment
        sealed = m.vault.seal(m.conn, m.day, _PURPOSE, self._hash.hex(), json.dumps(answer).encode())
        _KEEP.do(
            m.conn,
            {
                "key_hash": self._hash,
                "hall_day": m.day,
                "request_hash": self._request_hash(m.day),
                "sealed": sealed,
            },
        )

    def _request_hash(self, day: str) -> bytes:
        # By the day's key: what was asked for may hold a resident's data, and must become unknowable with the day.
        m = self._moment
        return m.vault.day_hash(m.conn, day, "request", self._request)


def ticket_as_json(ticket: Ticket) -> dict[str, Any]:
    """A ticket as it was in an answer."""
    values = asdict(ticket)
    for name in _TIMES:
        at: datetime | None = values[name]
        values[name] = None if at is None else microseconds(at)
    return values


def ticket_from_json(moment: Moment, values: dict[str, Any]) -> Ticket:
    """The reverse of :func:`ticket_as_json`."""
    times = {name: None if values[name] is None else moment.time(values[name]) for name in _TIMES if name in values}
    chain = tuple(values.get("chain", ()))
    return Ticket(**{**values, **times, "state": State(values["state"]), "chain": chain})
