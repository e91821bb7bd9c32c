"""Statements on a PostgreSQL connection: prepared once, and several in one round trip (libpq's pipeline mode).

::

    later(A)  later(B)  ask(C)  ──►  A, B, C and a sync in one packet  ──►  their answers in one packet

psycopg's cursors take four times as long for a statement, and longer still in its own pipeline mode. This is its
documented wrapper of libpq, ``psycopg.pq``, with ``psycopg.errors`` for what fails.
"""

import select
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg.pq import Escaping, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

Step = tuple[str, Sequence[Any]]
"""A statement with ``$1`` and so on, and its values in that order."""

_Sent = tuple[str, list[bytes | None], list[int]]
"""A statement, its values as they are sent, and their formats: 1 for binary, 0 for text."""

_LOAD: dict[int, Callable[[bytes], Any]] = {
    16: b"t".__eq__,  # boolean
    17: Escaping().unescape_bytea,
    20: int,  # bigint, smallint, integer
    21: int,
    23: int,
    25: bytes.decode,  # text, varchar
    1043: bytes.decode,
    2278: lambda _nothing: None,  # void
}
"""By the type's number in PostgreSQL (pg_type.dat); a statement on the hot path gives no others."""


class Answer:
    """The answer to a statement, read as from a cursor."""

    def __init__(self, result: PGresult) -> None:
        self._result = result

    @property
    def description(self) -> list[tuple[str]]:
        """The names of its columns."""
        return [((self._result.fname(at) or b"").decode(),) for at in range(self._result.nfields)]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Its rows."""
        load = [(at, _LOAD[self._result.ftype(at)]) for at in range(self._result.nfields)]
        get = self._result.get_value
        return [
            tuple([None if (value := get(row, at)) is None else of(value) for at, of in load])
            for row in range(self._result.ntuples)
        ]

    def close(self) -> None:
        """Nothing is held."""


class Pipeline:
    """Sends the statements of one connection; only for the thread that uses the connection."""

    def __init__(self, raw: "psycopg.Connection[Any]") -> None:
        self._pg = raw.pgconn
        self._names: dict[str, bytes] = {}
        self._poll = select.poll()
        self._poll.register(self._pg.socket, select.POLLIN)
        self.begin()

    def begin(self) -> None:
        """Nothing is left of an earlier transaction."""
        self._waiting: list[_Sent] = []
        # How many of those are from before the verb at work, and the error of such a statement.
        self._before = 0
        self._broken: psycopg.Error | None = None

    def roll_back(self) -> None:
        """End the transaction, if there is one. psycopg's own rollback has the server forget what it prepared."""
        self.begin()
        if self._pg.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            self.ask(("ROLLBACK", ()))

    def later(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Have a statement sent with the next :meth:`ask`, which raises its error; its answer is not wanted."""
        self._waiting.append(_dumped(sql, values))

    def ask(self, *steps: Step) -> list[Answer]:
        """The answers to statements that are sent now, after those that wait.

        Raises:
            psycopg.Error: the first error of any of them; those after it were not run. When it is from before the
                savepoint, it is raised again by every later use in the transaction, which cannot be kept.
        """
        if self._broken:
            raise self._broken
        sent, self._waiting = [*self._waiting, *(_dumped(*step) for step in steps)], []
        before, self._before = self._before, 0
        try:
            answers, failed = self._exchange(sent)
        except BaseException:
            # Nobody knows what is still on the way.
            self._pg.finish()
            raise
        if failed is not None:
            error = psycopg.errors.error_from_result(failed)
            if len(answers) < before:
                self._broken = error
            raise error
        return [Answer(one) for one in answers[len(sent) - len(steps) :]]

    def flush(self) -> None:
        """Send what waits."""
        if self._waiting:
            self.ask()

    def savepoint(self) -> None:
        """Begin a verb that can be undone alone."""
        self.later("SAVEPOINT verb")
        self._before = len(self._waiting)

    def undo(self) -> None:
        """Undo what came after the savepoint. Raises the error of a statement before it."""
        if self._broken:
            raise self._broken
        if self._before:
            del self._waiting[self._before - 1 :]
        else:
            self._waiting = []
            self.later("ROLLBACK TO verb")
        self._before = 0

    def _exchange(self, sent: Sequence[_Sent]) -> tuple[list[PGresult], PGresult | None]:
        """The answers up to the first error, and that error."""
        pg = self._pg
        new: dict[str, bytes] = {}
        expected: list[str | None] = []
        pg.enter_pipeline_mode()
        for sql, values, formats in sent:
            name = self._names.get(sql) or new.get(sql)
            if name is None:
                name = new[sql] = b"quhao_%d" % (len(self._names) + len(new))
                pg.send_prepare(name, sql.encode())
                expected.append(sql)
            pg.send_query_prepared(name, values, formats)
            expected.append(None)
        pg.pipeline_sync()
        while pg.flush():
            self._wait(select.POLLIN | select.POLLOUT)
        answers: list[PGresult] = []
        failed = None
        try:
            for prepared in expected:
                result = self._next()
                # The end of this statement's answers.
                pg.get_result()
                if failed is not None:
                    continue
                if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
                    failed = result
                elif prepared is not None:
                    self._names[prepared] = new[prepared]
                else:
                    answers.append(result)
            self._next()
            pg.exit_pipeline_mode()
        except psycopg.OperationalError:
            # A server that ends a connection says why, and hangs up.
            if failed is None:
                raise
            pg.finish()
        return answers, failed

    def _next(self) -> PGresult:
        while self._pg.is_busy():
            self._wait(select.POLLIN)
        result = self._pg.get_result()
        if result is None:
            raise psycopg.OperationalError("the connection is lost")
        return result

    def _wait(self, how: int) -> None:
        self._poll.modify(self._pg.socket, how)
        self._poll.poll()
        self._pg.consume_input()


def _dumped(sql: str, values: Sequence[Any]) -> _Sent:
    return sql, [_dump(value) for value in values], [int(isinstance(value, bytes)) for value in values]


def _dump(value: Any) -> bytes | None:
    if isinstance(value, str):
        # No name or number holds the character 0, and PostgreSQL keeps none.
        return value.replace("\0", "\ufffd").encode()
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, int):
        return b"%d" % value
    raise psycopg.ProgrammingError("a value is missing, or of no type that is kept")
