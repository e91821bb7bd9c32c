"""Watchdog for a database that has stopped answering: nobody waits for it longer than a few seconds.

A server that hangs, or whose disk does, keeps its connections open and says nothing. Its own timeouts do not help
then, nor do those of TCP: every thread of the program would wait in the middle of a statement, for as long as it lasts.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg

PATIENCE = 3.0
"""Seconds a transaction may take before the database is asked whether it still answers anybody."""

_LOOK = 1.0

log = logging.getLogger(__name__)


class Watchdog:
    """Shuts down the connections at work when the database does not answer, so that their threads get an error.

    Args:
        answers: whether the database lets anybody in now; it may take some seconds to find out.
        forget: closes the connections that are not at work.
    """

    def __init__(self, answers: Callable[[], bool], forget: Callable[[], None]) -> None:
        self._answers = answers
        self._forget = forget
        self._working: dict[object, tuple[float, psycopg.Connection[Any]]] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Stop watching, and shut down whatever has been at work for long."""
        self._over.set()
        self._shut_down(_LOOK)

    def begin(self, transaction: object, raw: "psycopg.Connection[Any]") -> None:
        """A transaction begins on ``raw``."""
        with self._lock:
            self._working[transaction] = (time.monotonic(), raw)

    def end(self, transaction: object) -> None:
        """It is over."""
        with self._lock:
            self._working.pop(transaction, None)

    def _run(self) -> None:
        while not self._over.wait(_LOOK):
            if self._late() and not self._answers():
                log.warning("the database does not answer any more")
                self._forget()
                self._shut_down(PATIENCE)

    def _late(self) -> bool:
        limit = time.monotonic() - PATIENCE
        with self._lock:
            return any(since < limit for since, _ in self._working.values())

    def _shut_down(self, patience: float) -> None:
        limit = time.monotonic() - patience
        with self._lock:
            for since, raw in self._working.values():
                if since <= limit:
                    shut_down(raw)


def shut_down(raw: "psycopg.Connection[Any]") -> None:
    """Wake the thread that waits for ``raw``, with an error; closing the connection is left to that thread."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(raw.fileno())) as end:
        end.shutdown(socket.SHUT_RDWR)
