"""Safety rules taken out of the program, one at a time, each at its one place: the simulation has to find each of them.

A rule that nothing here can miss would not be watched at all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from sqlalchemy import select, update

from tests.simulation.boxes import Box
from ticketing import office
from ticketing.cut_off import leasing, steps
from ticketing.day import closing, print_jobs
from ticketing.day.windows import READY
from ticketing.line import calling, issuing, next_up
from ticketing.store import tables
from ticketing.store.group_commit import GroupStore


@contextmanager
def _instead(where: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(where, name)
    setattr(where, name, value)
    try:
        yield
    finally:
        setattr(where, name, before)


@contextmanager
def numbers_from_memory() -> Iterator[None]:
    """Each box counts the numbers it issues by itself, without the store's counter and its lock."""
    real, counted = issuing.together, dict[tuple[str, str, str], int]()

    def together(conn: Any, first: Any, second: Any) -> Any:
        rows, news = real(conn, first, second)
        if rows:
            # Every box has its own engine.
            which = str(id(conn.engine)), first[1]["day"], rows[0].prefix
            counted[which] = counted.get(which, rows[0].last - 1) + 1
            rows = [rows[0]._replace(last=counted[which])]
        return rows, news

    with _instead(issuing, "together", together):
        yield


@contextmanager
def copies_without_mark() -> Iterator[None]:
    """A slip that is printed again does not say so."""
    real = print_jobs._earlier
    with _instead(print_jobs, "_earlier", lambda m, ticket, case: (real(m, ticket, case)[0], False)):
        yield


@contextmanager
def sending_not_kept() -> Iterator[None]:
    """That the first byte of a slip is sent is not kept before it is."""
    with _instead(office.Office, "print_sending", lambda _office, _job: None):
        yield


@contextmanager
def answered_before_commit() -> Iterator[None]:
    """Every other verb is answered while its transaction is still open, and kept with the next one."""
    leave, turns = GroupStore._leave, count()

    def keep(store: Any, group: Any) -> None:
        store._check(group.conn)
        group.in_savepoint = False
        group.members += 1
        group.news |= group.conn.info.pop("quhao.news", False)

    def leave_open(store: Any, group: Any) -> None:
        if store._group is not None and next(turns) % 2:
            store._give_back(None)
        else:
            leave(store, group)

    with _instead(GroupStore, "_keep", keep), _instead(GroupStore, "_leave", leave_open):
        yield


@contextmanager
def keys_ignored() -> Iterator[None]:
    """A request that comes again with its idempotency key is done again."""
    with _instead(office, "once", lambda _m, _actor, _key, _asked, do, _as_json, _from_json: (do(), True)):
        yield


@contextmanager
def newest_line_first() -> Iterator[None]:
    """A window of several services takes the line whose first came last."""

    def wrong_id(*, weighed: bool, only_own: bool = False) -> Any:
        found = next_up._first_of_each(only_own=only_own).subquery()
        (first,) = found.c
        return select(first).order_by(first.is_(None), first.desc()).limit(1)

    with _instead(next_up, "next_id", wrong_id):
        call = {
            weighed: calling.transition("call", calling._call(weighed=weighed), **calling._HERE)
            for weighed in (False, True)
        }
        at_once = calling.transition("call", calling._call(weighed=False) & READY, **calling._HERE)
    with _instead(calling, "_CALL", call), _instead(calling, "_CALL_AT_ONCE", at_once):
        yield


@contextmanager
def nothing_erased() -> Iterator[None]:
    """What is sealed of past days is left in the store."""
    with _instead(closing, "erase", lambda _m, _before: 0):
        yield


@contextmanager
def lease_by_a_clock_that_is_set() -> Iterator[None]:
    """A box measures its lease by its own clock, which anybody may set, instead of the time since boot."""
    with _instead(Box, "since_boot", lambda box: box.wall()):
        yield


@contextmanager
def blocks_end_with_their_lease() -> Iterator[None]:
    """The numbers that a box holds are the store's again once its lease is over, though it may have issued some."""
    real, block, lease = leasing.renew, tables.number_block, tables.number_lease

    def renew(m: Any, rules: Any, asked: Any) -> Any:
        over = select(lease.c.holder).where(lease.c.ends_at < m.at, lease.c.holder != asked.holder)
        m.conn.execute(update(block).where(block.c.holder.in_(over)).values(holder=None))
        return real(m, rules, asked)

    with _instead(leasing, "renew", renew):
        yield


@contextmanager
def windows_call_what_others_may_call() -> Iterator[None]:
    """A window of a box that is cut off calls whoever is next, and not only those whom nobody else knows of."""
    with _instead(calling, "_CALL_OWN", calling._CALL), _instead(steps, "is_own", lambda _m, _ticket: True):
        yield


MUTATIONS: dict[str, Callable[[], Any]] = {
    one.__name__: one
    for one in (
        numbers_from_memory,
        copies_without_mark,
        sending_not_kept,
        answered_before_commit,
        keys_ignored,
        newest_line_first,
        nothing_erased,
        lease_by_a_clock_that_is_set,
        blocks_end_with_their_lease,
        windows_call_what_others_may_call,
    )
}
