"""Hearing of what other processes committed: PostgreSQL's LISTEN, on a connection and a thread of its own."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg

from ticketing.model import StoreError
from ticketing.store.watchdog import shut_down

CHANNEL = "quhao"
"""What is notified on. A notification says nothing but that there are events: the table of events holds them."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_LOOK = 1.0

log = logging.getLogger(__name__)


class Messenger:
    """Listens to the database for as long as it runs, and connects again whenever the connection is lost.

    Args:
        connect: gives a new connection.
        tell: is called for news of other processes, and after every time in which some may have been missed.
        is_own: whether the server process of this number works for us, who know our own news already.
    """

    def __init__(
        self, connect: "Callable[[], psycopg.Connection[Any]]", tell: Callable[[], None], is_own: Callable[[int], bool]
    ) -> None:
        self._connect = connect
        self._tell = tell
        self._is_own = is_own
        self._over = threading.Event()
        self._conn: psycopg.Connection[Any] | None = None
        self._thread = threading.Thread(target=self._run, name="store news", daemon=True)

    def start(self) -> None:
        """Begin to listen; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening; returns within a second, even when the database does not answer."""
        self._over.set()
        if (conn := self._conn) is not None:
            shut_down(conn)
        self._thread.join(_LOOK)

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._over.is_set():
            try:
                self._conn = self._connect()
            except StoreError as error:
                if pause == _FIRST_PAUSE:
                    log.warning("no news from other boxes: %s", error.code)
                self._over.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            pause = _FIRST_PAUSE
            try:
                self._listen(self._conn)
            except psycopg.Error as error:
                if not self._over.is_set():
                    log.warning("no news from other boxes: %s", error.sqlstate or type(error).__name__)
                    self._over.wait(pause)
            finally:
                conn, self._conn = self._conn, None
                with suppress(psycopg.Error):
                    conn.close()

    def _listen(self, conn: "psycopg.Connection[Any]") -> None:
        conn.execute(f"LISTEN {CHANNEL}")
        self._tell()
        # The timeout is for a close() that came before there was a connection to shut down.
        while not self._over.is_set():
            for news in conn.notifies(timeout=_LOOK):
                if not self._is_own(news.pid):
                    self._tell()
