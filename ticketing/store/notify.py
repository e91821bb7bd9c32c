"""Hearing of what other processes committed: LISTEN, on a connection and a thread of its own."""

import logging
import os
import select
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg

from ticketing.model import StoreError

CHANNEL = "quhao"
"""What news are sent on. They say nothing but that there are any: the table of events holds them."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0

log = logging.getLogger(__name__)


class Messenger:
    """Listens to the database for as long as it runs, through every loss of its connection.

    Args:
        connect: gives a new connection.
        tell: is called for news of other processes, and after every time in which some may have been missed.
        is_own: whether the server's process of this number works for us, who know our own news already.
    """

    def __init__(
        self,
        connect: "Callable[[], psycopg.Connection[Any]]",
        tell: Callable[[], None],
        is_own: Callable[[int], bool],
    ) -> None:
        self._connect = connect
        self._tell = tell
        self._is_own = is_own
        self._over = threading.Event()
        self._ear, self._bell = os.pipe()
        self._thread = threading.Thread(target=self._run, name="store news", daemon=True)

    def start(self) -> None:
        """Begin to listen; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening; returns within a second, even when the database does not answer."""
        if self._over.is_set():
            return
        # First the bell: once it is over, the other end of it may be closed at any moment.
        os.write(self._bell, b"!")
        self._over.set()
        self._thread.join(1.0)
        os.close(self._bell)

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        try:
            while not self._over.is_set():
                try:
                    conn = self._connect()
                except StoreError as error:
                    if pause == _FIRST_PAUSE:
                        log.warning("no news from other boxes: %s", error.code)
                    self._over.wait(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
                    continue
                pause = _FIRST_PAUSE
                try:
                    self._listen(conn)
                except psycopg.Error as error:
                    log.warning("no news from other boxes: %s", error.sqlstate or type(error).__name__)
                    self._over.wait(pause)
                finally:
                    with suppress(psycopg.Error):
                        conn.close()
        finally:
            os.close(self._ear)

    def _listen(self, conn: "psycopg.Connection[Any]") -> None:
        conn.execute(f"LISTEN {CHANNEL}")
        self._tell()
        wire = conn.pgconn
        ready = select.poll()
        ready.register(conn.fileno(), select.POLLIN)
        ready.register(self._ear, select.POLLIN)
        while True:
            # Whatever came with an answer is here already, and shows on no socket.
            if self._heard(wire):
                self._tell()
            ready.poll()
            if self._over.is_set():
                return
            wire.consume_input()

    def _heard(self, wire: "psycopg.pq.abc.PGconn") -> bool:
        heard = False
        while (news := wire.notifies()) is not None:
            heard = heard or not self._is_own(news.be_pid)
        return heard
