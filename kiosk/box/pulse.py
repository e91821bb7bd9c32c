"""The pulse of the service, which systemd's watchdog wants to feel (``WatchdogSec``).

It beats while the web server answers and the store gives an answer: its own, or that it cannot (a database that is
away, a full disk). A box that waits for its database is alive. One whose web server is silent, or whose store neither
answers nor fails, hangs; without a beat systemd ends it and starts it again.
"""

import logging
from collections.abc import Callable

from sqlalchemy import text

from kiosk.box.service_manager import notify
from ticketing.model import StoreError
from ticketing.store.base import Store

log = logging.getLogger(__name__)

ANSWERS_WITHIN = 3.0
"""Seconds that the web server may take to answer."""
BEATS = 4
"""Beats in the time after which systemd takes the service for dead: one that comes late must not end it."""


class Pulse:
    """Beats once each time ``beat`` is called, where all is well.

    Args:
        store: the hall's.
        answers: whether the web server answers; takes a few seconds at most.
        tell: sends lines to the service manager.
    """

    def __init__(self, store: Store, answers: Callable[[], bool], tell: Callable[..., None] = notify) -> None:
        self._store = store
        self._answers = answers
        self._tell = tell

    def beat(self) -> None:
        """Ask both; tell systemd that the service lives, and what it waits for."""
        trouble = ""
        try:
            with self._store.read() as conn:
                conn.execute(text("SELECT 1"))
        except StoreError as error:
            trouble = error.code
        if not self._answers():
            log.error("the web server of this box does not answer")
            return
        self._tell("WATCHDOG=1", f"STATUS={f'waits: {trouble}' if trouble else 'at work'}")
