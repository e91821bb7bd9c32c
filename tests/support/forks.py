"""Processes of their own, forked from one that has loaded the program already.

To load it costs a process a second, more than most of them work; so that is done once in a test process.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

_START = multiprocessing.get_context("forkserver")
_LOADED = ["offices", "kiosk.cli.main", "kiosk.wiring", "ticketing.store.migrations"]
_STORES = ["ticketing.store.postgres", "ticketing.store.sqlite"]
_START.set_forkserver_preload([*_LOADED, *_STORES])
each_loads = False
"""Whether each program is started as in a hall, and loads itself: where all is measured."""


class ForkedProgram:
    """The program with some arguments, as :class:`subprocess.Popen` would start it.

    Args:
        arguments: after ``quhao``.
        folder: where it works.
        environment: what is different in it.
        log: the file that all it says is appended to.
    """

    def __init__(self, arguments: list[str], folder: Path, environment: dict[str, str], log: Path) -> None:
        # It may be read before the process has opened it.
        log.touch()
        self._process = _START.Process(target=_become, args=(arguments, folder, environment, log), daemon=True)
        self._process.start()
        assert self._process.pid
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """What it ended with; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The same."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended: what it ended with."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("quhao", timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """A power cut."""
        self.send_signal(signal.SIGKILL)


def _become(arguments: list[str], folder: Path, environment: dict[str, str], log: Path) -> None:
    os.chdir(folder)
    os.environ |= environment
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)
    # What it says stands in the log at once, as each line of the standard error does.
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", buffering=1)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", buffering=1, errors="backslashreplace")
    sys.argv = ["quhao", *arguments]
    from kiosk.cli.main import quhao

    quhao(arguments, prog_name="quhao")


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
