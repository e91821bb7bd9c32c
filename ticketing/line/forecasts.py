"""The forecast of waits: the queue of the store simulated once for each event, whoever asks."""

import threading
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select

from ticketing.day import numbers
from ticketing.day.transaction import Transaction
from ticketing.day.transaction import t as _t
from ticketing.store import tables
from ticketing.store.prepared import Prepared
from ticketing.waits import estimate
from ticketing.waits.estimate import Forecast, OpenWindow, Place
from ticketing.waits.pace import Experience, PastCase, learn

_EXPERIENCE_LASTS = timedelta(minutes=1)
_MINUTE = 60_000_000
_TICKETS = 3000
"""How far back the lengths of cases are learned from, in tickets: some days of a busy hall."""

_v = tables.visit
_AT_WINDOWS = select(_t.c.window_id, _t.c.service_id, _t.c.called_at).where(tables.open_)
_LINE = (
    select(_t.c.id, _t.c.service_id, _t.c.rank_at, _t.c.line)
    .where(tables.waiting, _t.c.hall_day == bindparam("day"))
    .order_by(_t.c.rank_at, _t.c.id)
)
_RECENT = select(func.max(_t.c.id) - _TICKETS).where(_t.c.id < numbers.LEASED).scalar_subquery()
# Waiting tickets too: they tell how many come with a head start.
_CASES = Prepared(
    select(
        _t.c.service_id,
        func.coalesce(_t.c.queued_at, _t.c.issued_at).label("queued_at"),
        (_t.c.issued_at - _t.c.rank_at).label("head_start"),
        _t.c.rank_by,
        _t.c.window_id,
        _t.c.called_at,
        _t.c.ended_at,
        _t.c.hall_day,
        _t.c.state,
        _t.c.outcome,
    ).where(_t.c.id > _RECENT)
)
_VISITS = Prepared(
    select(_v.c.service_id, _v.c.queued_at, _v.c.window_id, _v.c.called_at, _v.c.ended_at, _v.c.hall_day).where(
        _v.c.ticket_id > _RECENT
    )
)


@dataclass(frozen=True)
class Situation:
    """The windows that are open, who waits, all services, and what the hall has learned."""

    windows: tuple[OpenWindow, ...]
    line: tuple[Place, ...]
    services: tuple[str, ...]
    experience: Experience

    def forecast(self, *more: OpenWindow) -> Forecast:
        """The forecast; with ``more`` windows, of the hall as it would be if they were open too."""
        return estimate.forecast([*self.windows, *more], self.line, self.services, self.experience)


class Forecasts:
    """Keeps the newest forecast, and what was learned for it. Safe to use from any thread.

    A forecast depends on what the events tell and on the time; so it holds until the next event, or for the rest of
    the minute. Boxes that share a store have one each.

    Attributes:
        simulated: how often the queue was simulated.
    """

    def __init__(self) -> None:
        self.simulated = 0
        self._lock = threading.Lock()
        self._learned: tuple[datetime, Experience] | None = None
        self._kept: tuple[tuple[int, int], Forecast] | None = None

    def at(self, m: Transaction, *, keep: bool = True) -> Forecast:
        """The forecast at this moment; ``keep`` is False in a verb, since what it sees may be rolled back.

        A call during a simulation waits for its result. A verb does not wait: it would hold up all other verbs.
        """
        key = m.last_seq(), m.at // _MINUTE
        with self._lock if keep else nullcontext():
            if self._kept is None or self._kept[0] != key:
                found = self._simulate(m)
                if not keep:
                    return found
                self._kept = key, found
            return self._kept[1]

    def situation(self, m: Transaction) -> Situation:
        """The queue as it stands, from which a forecast is made."""
        busy = {row.window_id: row for row in m.conn.execute(_AT_WINDOWS)}
        windows = []
        for one in m.windows():
            # A paused window finishes its case; when it calls again is not known.
            if one.state == "open":
                row = busy.get(one.id)
                weights = {service: 60.0 * minutes for service, minutes in one.weights.items()}
                service, since = (row.service_id, (m.at - row.called_at) / 1e6) if row else (None, 0.0)
                windows.append(OpenWindow(one.services, service, since, one.id, weights=weights))
        line = tuple(
            Place(row.id, row.service_id, (row.rank_at - m.at) / 1e6, row.line[1:] if row.line.startswith("@") else "")
            for row in m.conn.execute(_LINE, {"day": m.day})
        )
        return Situation(tuple(windows), line, tuple(one.id for one in m.services()), self._experience(m))

    def _simulate(self, m: Transaction) -> Forecast:
        self.simulated += 1
        return self.situation(m).forecast()

    def _experience(self, m: Transaction) -> Experience:
        if self._learned is None or abs(m.now - self._learned[0]) >= _EXPERIENCE_LASTS:
            self._learned = m.now, learn(_cases(m))
        return self._learned[1]


def _cases(m: Transaction) -> Iterator[PastCase]:
    def since(at: int | None) -> float | None:
        return None if at is None else (at - m.at) / 1e6

    for row in _CASES.all(m.conn):
        # The end of the day ended these, not the end of a case.
        unknown = row.state == "expired" or row.outcome == "end_of_day"
        yield PastCase(
            row.service_id,
            (row.queued_at - m.at) / 1e6,
            0.0 if row.rank_by else row.head_start / 1e6,
            row.window_id,
            since(row.called_at),
            None if unknown else since(row.ended_at),
            row.hall_day == m.day,
        )
    for row in _VISITS.all(m.conn):
        yield PastCase(
            row.service_id,
            (row.queued_at - m.at) / 1e6,
            window=row.window_id,
            called=since(row.called_at),
            ended=since(row.ended_at),
            today=row.hall_day == m.day,
        )
