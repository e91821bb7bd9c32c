"""Processes of their own for a few lines of Python, forked from one that has loaded the program already.

To load it costs a process as much as most of these lines do; so that is done once in a test process.
"""

import multiprocessing
import os
import sys
import traceback
from multiprocessing.connection import Connection
from typing import Self

_START = multiprocessing.get_context("forkserver")
_START.set_forkserver_preload(
    ["offices", "ticketing.store.migrations", "ticketing.store.postgres", "ticketing.store.sqlite"]
)


class Forked:
    """A process that runs ``program``, which finds what the tests' support has.

    A context that leaves no process behind. What it raises is the last that it tells, and it ends with 1.

    Attributes:
        stdin: its standard input, a line at once.
        stdout: what it tells.
        pid: its number.
    """

    def __init__(self, program: str) -> None:
        reads, writes = _START.Pipe(duplex=False)
        hears, tells = _START.Pipe(duplex=False)
        self._process = _START.Process(target=_run, args=(program, reads, tells), daemon=True)
        self._process.start()
        assert self._process.pid
        self.pid = self._process.pid
        self.stdin = os.fdopen(os.dup(writes.fileno()), "w", encoding="utf-8", buffering=1)
        self.stdout = os.fdopen(os.dup(hears.fileno()), encoding="utf-8")
        for end in (reads, writes, hears, tells):
            end.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()
        self.stdin.close()
        self.stdout.close()

    def go(self) -> None:
        """Let it go on that waits for a line."""
        self.stdin.write("go\n")

    def finish(self) -> str:
        """What it told until its end, which must be a good one."""
        with self:
            told = self.stdout.read()
            self._process.join(60)
            assert self._process.exitcode == 0, told
        return told

    def kill(self) -> None:
        """A power cut, unless it has ended; what it told before can still be read."""
        self._process.kill()
        self._process.join(60)


def _run(program: str, stdin: Connection, stdout: Connection) -> None:
    for end, place in ((stdin, 0), (stdout, 1)):
        os.dup2(end.fileno(), place)
        end.close()
    sys.stdin, sys.stdout = os.fdopen(0, encoding="utf-8"), os.fdopen(1, "w", encoding="utf-8", buffering=1)
    try:
        exec(compile(program, "<forked>", "exec"), {"__name__": "__main__"})
    except BaseException:
        traceback.print_exc(file=sys.stdout)
        raise
