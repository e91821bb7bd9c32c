"""A database that has stopped answering: nobody waits for it longer than a few seconds.

A server that hangs, or whose disk does, keeps its connections up and says nothing. No limit of its own helps then,
and none of the network's: all threads of the program would wait in the middle of a statement, for as long as it lasts.
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


class Watch:
    """Cuts off whoever works on a database that does not answer, so that they hear that it is gone.

    Args:
        answers: whether the database lets anybody in now; it may take some seconds to find out.
        forget: throws away the connections that nobody works on.
    """

    def __init__(self, answers: Callable[[], bool], forget: Callable[[], None]) -> None:
        self._answers = answers
        self._forget = forget
        self._working: dict[int, tuple[float, psycopg.Connection[Any]]] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store watch", daemon=True)

    def start(self) -> None:
        """Begin to watch; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Stop watching, and cut off whoever has waited for long already."""
        self._over.set()
        self._cut(_LOOK)

    def begin(self, raw: "psycopg.Connection[Any]") -> None:
        """This thread works on ``raw`` from now on."""
        with self._lock:
            self._working[threading.get_ident()] = (time.monotonic(), raw)

    def end(self) -> None:
        """This thread's work is done."""
        with self._lock:
            self._working.pop(threading.get_ident(), None)

    def _run(self) -> None:
        while not self._over.wait(_LOOK):
            if self._late() and not self._answers():
                log.warning("the database does not answer any more")
                self._forget()
                self._cut(PATIENCE)

    def _late(self) -> bool:
        limit = time.monotonic() - PATIENCE
        with self._lock:
            return any(since < limit for since, _ in self._working.values())

    def _cut(self, patience: float) -> None:
        limit = time.monotonic() - patience
        with self._lock:
            for since, raw in self._working.values():
                # To close it is for its own thread, which this wakes.
                if since <= limit:
                    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(raw.fileno())) as end:
                        end.shutdown(socket.SHUT_RDWR)
