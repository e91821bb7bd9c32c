"""Writers of a SQLite file: one after another, and those who wait for each other share one wait for the disk.

A commit is nothing but a wait for the disk, and by far the longest part of a verb. So whoever is done while others
wait for their turn leaves the transaction open for the next one, and the last one, or the sixteenth, commits for all::

    A  begin, verb ─────────────────────────────────── waits ─┐
    B     waits for A ─ savepoint, verb ────────────── waits ─┤ answers
    C     waits for A ─────────── savepoint, verb, commit ────┘

Each verb is done or refused for itself, as if those before it had been committed. None is answered before all of its
group are kept, a refused one neither, since it may be refused for what another of the group did. If they cannot be
kept, all have failed. Who is alone commits at once, with no savepoint.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import cast

from sqlalchemy import Connection

from ticketing.model import StoreError
from ticketing.store.base import LOST, NEWS

TOGETHER = 16
"""Verbs that share a commit at most: the first of them is to wait for no more than these."""


class Writers:
    """Transactions on one connection, for many threads.

    Args:
        connect: makes that connection, once it is needed.
        begun: looks at a transaction that has just begun; what it raises ends it.
        errors: a context that turns the database's errors into ours.
        tell: called after each commit with news, on the thread that made it.
        patience: seconds to wait for a turn.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        begun: Callable[[Connection], None],
        errors: Callable[[], AbstractContextManager[None]],
        tell: Callable[[], None],
        patience: float,
    ) -> None:
        self._connect = connect
        self._begun = begun
        self._errors = errors
        self._tell = tell
        self._patience = patience
        self._conn: Connection | None = None
        # Who has the turn works with the connection, and with the group.
        self._turn = threading.Lock()
        self._group: _Group | None = None
        # While a group is open and nobody has the turn, somebody waits for it: that is what this lock sees to.
        self._door = threading.Lock()
        self._waiting = 0

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """See :meth:`ticketing.store.base.Store.write`."""
        group = self._enter()
        try:
            with self._errors():
                yield group.conn
                group.take_in()
        except BaseException as error:
            group.leave_out(error)
            raise
        finally:
            self._leave(group)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A turn with no transaction open."""
        self._take_turn()
        news = False
        try:
            news = self._end_group()
            yield
        finally:
            self._give_back(news)

    def close(self) -> None:
        """Close the connection, after whoever has the turn."""
        with self._turn:
            self._end_group()
            if self._conn is not None:
                self._conn.close()
                self._conn = None

    def _take_turn(self) -> None:
        if self._turn.acquire(blocking=False):
            return
        with self._door:
            self._waiting += 1
        taken = False
        try:
            taken = self._turn.acquire(timeout=self._patience)
        finally:
            with self._door:
                self._waiting -= 1
                # Who had the turn last may have left the commit to this thread, which goes.
                left = not taken and self._waiting == 0 and self._turn.acquire(blocking=False)
            if left:
                self._end_and_give_back()
        if not taken:
            raise StoreError("store_busy")

    def _enter(self) -> "_Group":
        self._take_turn()
        try:
            with self._errors():
                if self._group is None:
                    self._group = self._begin()
                else:
                    self._group.admit()
                return self._group
        except BaseException:
            self._end_and_give_back()
            raise

    def _begin(self) -> "_Group":
        if self._conn is None:
            self._conn = self._connect()
        group = _Group(self._conn)
        try:
            self._begun(group.conn)
        except BaseException as error:
            group.leave_out(error)
            raise
        return group

    def _leave(self, group: "_Group") -> None:
        """Have the group committed, by this thread or a later one, and wait for that."""
        with self._door:
            handed_on = self._waiting > 0 and 0 < group.members < TOGETHER and not group.over
            if handed_on:
                ended = group.ended = group.ended or threading.Event()
                self._turn.release()
        if handed_on:
            ended.wait()
        else:
            self._end_and_give_back()
        if group.failed:
            # One for each, since an error grows with the thread that raises it.
            raise StoreError(group.failed.code, **group.failed.facts)

    def _end_and_give_back(self) -> None:
        news = False
        try:
            news = self._end_group()
        finally:
            self._give_back(news)

    def _give_back(self, news: bool) -> None:
        self._turn.release()
        if news:
            self._tell()

    def _end_group(self) -> bool:
        """Commit what is open; whether there is news in it, to be told once the turn is given back."""
        group, self._group = self._group, None
        if group is None:
            return False
        group.end(self._errors)
        return group.news


class _Group:
    """Verbs in one transaction. Only for who has the turn; ``failed`` and ``news`` for the others once it is over.

    Attributes:
        conn: the transaction.
        members: how many verbs are done in it.
        news: whether any of them appended events.
        over: whether it is committed, or cannot be.
        ended: set when it is over; None while nobody waits for that.
        failed: why it was not kept.
    """

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.members = 0
        self.news = False
        self.over = False
        self.ended: threading.Event | None = None
        self.failed: StoreError | None = None
        self._transaction = conn.begin()
        self._in_savepoint = False
        conn.info.pop(NEWS, None)

    def admit(self) -> None:
        """One more verb begins."""
        self._run("SAVEPOINT verb")
        self._in_savepoint = True
        self.conn.info.pop(NEWS, None)

    def take_in(self) -> None:
        """It is done."""
        if self._in_savepoint:
            self._run("RELEASE verb")
            self._in_savepoint = False
        self.members += 1
        self.news |= self.conn.info.pop(NEWS, False)

    def leave_out(self, why: BaseException) -> None:
        """It was refused, or could not be done, for this reason: nothing of it is left."""
        if not self._in_savepoint:
            # It is alone, since who comes later has a savepoint.
            try:
                self._transaction.rollback()
            finally:
                self._is_over()
            return
        self._in_savepoint = False
        # An error of the disk has SQLite roll back everything (sqlite.org, lang_transaction.html, 2.3).
        if not self._raw.in_transaction:
            self._give_up(why)
            return
        try:
            self._run("ROLLBACK TO verb")
            self._run("RELEASE verb")
        except sqlite3.Error as error:
            self._give_up(error)

    def end(self, errors: Callable[[], AbstractContextManager[None]]) -> None:
        """Commit."""
        if self.over:
            return
        try:
            with errors():
                self._transaction.commit()
            self._is_over()
        except BaseException as error:
            self._give_up(error)
            if not isinstance(error, Exception):
                raise

    def _give_up(self, why: BaseException) -> None:
        self.failed = why if isinstance(why, StoreError) else StoreError("store_broken", cause=type(why).__name__)
        # What others of the group saw in it never was.
        self.conn.info[LOST] = self.conn.info.get(LOST, 0) + 1
        try:
            self._transaction.rollback()
        finally:
            self._is_over()

    def _is_over(self) -> None:
        self.over = True
        if self.ended:
            self.ended.set()

    @property
    def _raw(self) -> sqlite3.Connection:
        return cast("sqlite3.Connection", self.conn.connection.dbapi_connection)

    def _run(self, statement: str) -> None:
        self._raw.execute(statement).close()
