"""How many tickets wait in each service's line, without counting them for each ticket that is issued.

They are counted once a day. After that, the counts follow the events, which every change of the queue appends in its
own transaction; so they are right whichever process made the change. After a rollback, the sequence numbers of its
events are used again. Therefore events of the running transaction are not applied, and after a lost transaction whose
events were applied, everything is counted anew.
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, func, literal_column, select

from ticketing.day.transaction import Transaction
from ticketing.day.transaction import t as _t
from ticketing.events import kind_of
from ticketing.store import tables
from ticketing.store.base import LOST, NEWS
from ticketing.store.prepared import Prepared

_MOST_EVENTS = 200
"""With more than these, counting anew is quicker."""

_e = tables.event
_COUNTS = Prepared(
    select(_t.c.line, func.count().label("waiting"))
    .where(tables.waiting, _t.c.hall_day == bindparam("day"))
    .group_by(_t.c.line)
)
_LAST = Prepared(select(func.coalesce(func.max(_e.c.seq), literal_column("0"))))
_SINCE = Prepared(
    select(_e.c.seq, _e.c.type, _e.c.data)
    .where(_e.c.seq > bindparam("after"))
    .order_by(_e.c.seq)
    .limit(bindparam("most"))
)


class WaitingCounts:
    """Today's waiting tickets by line. Only for verbs, since only one transaction writes at a time."""

    def __init__(self) -> None:
        self._day = ""
        self._seq = 0
        self._lost = 0
        self._waiting: Counter[str] = Counter()

    def since(self) -> tuple[Prepared[Any], dict[str, int]]:
        """The statement by which :meth:`of` learns of the events since its last use, and its values."""
        return _SINCE, {"after": self._seq, "most": _MOST_EVENTS}

    def of(self, m: Transaction, service: str, news: Sequence[Any]) -> int:
        """How many tickets wait in the line of ``service``; ``news`` are the rows of :meth:`since`."""
        if m.conn.info.get(NEWS):
            # Events of this transaction, such as the end of a day, are not committed yet.
            return self._counted(m)[service]
        lost = m.conn.info.get(LOST, 0)
        known = (self._day, self._lost) == (m.day, lost)
        if not known or len(news) == _MOST_EVENTS or any(kind_of(row.type).changes_all for row in news):
            self._waiting, self._seq = self._counted(m), _LAST.scalar(m.conn)
            self._day, self._lost = m.day, lost
        else:
            for row in news:
                if changes := kind_of(row.type).waiting:
                    told = json.loads(row.data)
                    self._waiting[told.get("line", told["service"])] += changes.get(told.get("was"), 0)
                self._seq = row.seq
        return self._waiting[service]

    @staticmethod
    def _counted(m: Transaction) -> Counter[str]:
        return Counter({row.line: row.waiting for row in _COUNTS.all(m.conn, {"day": m.day})})
