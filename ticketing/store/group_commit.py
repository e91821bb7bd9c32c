"""Group commit: verbs of many threads run one after another on one connection, and share a commit under load.

A commit waits for the disk, and on PostgreSQL for the server and for the other processes' turns, too. So a verb that
is done while others wait leaves its transaction open for the next one; the last one, or the sixteenth, commits for
all of them::

    A  begin, verb ─────────────────────────────────── waits ─┐
    B     waits for A ─ savepoint, verb ────────────── waits ─┤ answers
    C     waits for A ─────────── savepoint, verb, commit ────┘

* Nobody is answered before the commit of the group is durable, so nothing that anybody was told can be undone by a
  crash. That holds for refusals, too: a verb may be refused because of what another one of its group did.
* Each verb has a savepoint of its own. A verb that fails is rolled back alone, and takes no other one along.
* When the commit fails, all verbs of the group have failed, with the same error.
* A verb that is alone has no savepoint and commits at once.
"""

import threading
from abc import abstractmethod
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import Connection, Engine

from ticketing.model import StoreError
from ticketing.store.base import LOST, NEWS, STAYS, Store

TOGETHER = 16
"""Verbs that share a commit at most: the first of them has to wait for all the others."""


class _Group:
    """Verbs in one transaction; only for the thread that has the turn, until ``ended`` is set.

    Attributes:
        conn: the transaction.
        members: how many verbs are done in it.
        in_savepoint: whether the verb at work has a savepoint, since there were others before it.
        news: whether any of them appended events.
        failed: why none of them was kept.
        ended: set when the transaction is over.
    """

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.members = 0
        self.in_savepoint = False
        self.news = False
        self.failed: StoreError | None = None
        self.ended = threading.Event()


class GroupStore(Store):
    """A store whose writers share commits. A kind of store says how to begin, commit and roll back."""

    def __init__(self, engine: Engine, patience: float) -> None:
        super().__init__(engine, patience)
        # Guards the three below. A turn is handed to the first in the queue, by releasing its lock.
        self._door = threading.Lock()
        self._taken = False
        self._queue: deque[threading.Lock] = deque()
        # The open transaction, and how often one was lost; only for the thread that has the turn.
        self._group: _Group | None = None
        self._lost = 0

    @abstractmethod
    def _begin(self) -> Connection:
        """Begin a transaction that has its turn to write among all processes."""

    @abstractmethod
    def _errors(self) -> AbstractContextManager[None]:
        """Turn the database's errors into ours."""

    def _commit(self, conn: Connection) -> None:
        """Commit durably; ``conn.info`` holds ``NEWS`` when events were appended."""
        conn.commit()

    def _roll_back(self, conn: Connection) -> None:
        """End the transaction, if the database has not done so by itself."""
        conn.rollback()

    def _savepoint(self, conn: Connection) -> None:
        """Begin a verb that can be undone alone."""
        _raw(conn).execute("SAVEPOINT verb")

    def _undo(self, conn: Connection) -> None:
        """Undo what came after the savepoint."""
        _raw(conn).execute("ROLLBACK TO verb")

    def _check(self, conn: Connection) -> None:
        """Refuse a verb that is done, and cannot be kept."""

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """See :class:`~ticketing.store.base.Store`; verbs that wait for each other share a commit."""
        self._take_turn(self._patience)
        group = None
        try:
            with self._errors():
                group = self._enter()
                yield group.conn
                self._keep(group)
        except BaseException as error:
            self._note(error)
            if group is not None:
                self._leave_out(group, error)
            raise
        finally:
            self._leave(group)

    @contextmanager
    def _alone(self, patience: float = -1) -> Iterator[None]:
        """A turn with no transaction open; ``patience`` in seconds, -1 to wait as long as it takes."""
        self._take_turn(patience)
        group = None
        try:
            group = self._end_group()
            yield
        finally:
            self._give_back(group)

    # Turns

    def _take_turn(self, patience: float) -> None:
        with self._door:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._queue.append(mine)
        if not mine.acquire(timeout=patience):
            with self._door:
                if mine in self._queue:
                    self._queue.remove(mine)
                    raise StoreError("store_busy")
            # Too late to go: it was handed the turn just now, and perhaps a group to commit.

    def _hand_on(self) -> bool:
        """Hand the turn to the next in the queue, if there is one; call it with the door held."""
        if self._queue:
            self._queue.popleft().release()
            return True
        return False

    def _give_back(self, group: _Group | None) -> None:
        """End the turn; then the listeners are told the news of the group that was committed in it."""
        with self._door:
            self._taken = self._hand_on()
        if group is not None and group.news:
            self._tell()

    # The group

    def _enter(self) -> _Group:
        group = self._group
        if group is None:
            group = self._group = _Group(self._begin())
            group.conn.info[LOST] = self._lost
        else:
            # It lies in those of the verbs before it, and hides them: to roll back to it is to undo this verb alone.
            self._savepoint(group.conn)
            group.in_savepoint = True
        group.conn.info.pop(NEWS, None)
        return group

    def _keep(self, group: _Group) -> None:
        """The verb is done."""
        self._check(group.conn)
        if not group.in_savepoint and not self._queue:
            # It is alone: an error of the commit is its own.
            news = group.conn.info.get(NEWS)
            self._commit(group.conn)
            self._group = None
            self._note_kept(news)
        group.in_savepoint = False
        group.members += 1
        group.news |= group.conn.info.pop(NEWS, False)

    def _leave_out(self, group: _Group, why: BaseException) -> None:
        """The verb was refused or could not be done: nothing of it is left."""
        if group.in_savepoint:
            group.in_savepoint = False
            try:
                with self._errors():
                    self._undo(group.conn)
            except Exception as error:  # noqa: BLE001 - whatever it is, the transaction of the others is lost with it
                self._give_up(group, why if isinstance(why, StoreError) else error)
        elif self._group is group:
            self._group = None
            self._roll_back(group.conn)

    def _leave(self, group: _Group | None) -> None:
        """Have the group committed, by this thread or a later one, and wait for that."""
        current = self._group
        handed_on = False
        if current is not None and 0 < current.members < TOGETHER:
            with self._door:
                handed_on = self._hand_on()
        if not handed_on:
            ended = self._end_group() or group
            self._give_back(ended)
        elif group is not None:
            group.ended.wait()
        if group is not None and group.failed:
            # Each verb raises an error of its own, since a traceback grows with each thread that raises it.
            raise StoreError(group.failed.code, **group.failed.facts)

    def _end_group(self) -> _Group | None:
        """Commit what is open; the group that was."""
        group, self._group = self._group, None
        if group is not None:
            try:
                group.conn.info[NEWS] = group.news
                with self._errors():
                    self._commit(group.conn)
                self._note_kept(group.news)
                group.ended.set()
            except Exception as error:  # noqa: BLE001 - raised by each verb of the group
                self._give_up(group, error)
        return group

    def _give_up(self, group: _Group, why: BaseException) -> None:
        """None of the group is kept; what its verbs saw of each other never was."""
        group.failed = why if isinstance(why, StoreError) else StoreError("store_broken", cause=type(why).__name__)
        self._note(group.failed)
        group.news = False
        self._lost += 1
        self._group = None
        self._roll_back(group.conn)
        group.ended.set()

    # Whether it can be written to

    def _note(self, error: BaseException) -> None:
        if isinstance(error, StoreError) and error.code in STAYS:
            self.trouble = error.code

    def _note_kept(self, news: bool | None) -> None:
        # Without events perhaps nothing was written at all.
        if news:
            self.trouble = None


def _raw(conn: Connection) -> Any:
    return conn.connection.dbapi_connection
