"""Where the program's log goes: to systemd's journal with fields that can be searched, else to standard error.

Fields are ``QUHAO_TICKET`` (a number such as A012), ``QUHAO_DEVICE``, ``QUHAO_WINDOW`` and ``QUHAO_REQUEST`` (an id of
the web server's, that a failed answer names, too). Nothing of a person is among them: a message has what its line says,
and the fields that the record was given by these names.
"""

import logging
import os
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path

FIELDS = ("ticket", "device", "window")
"""Of ``extra`` of a record: fields of their own in the journal."""
JOURNAL = Path("/run/systemd/journal/socket")
PATIENCE = 1.0
"""Seconds that a journal has to take a line."""
OURS = ("config", "display", "drivers", "kiosk", "quhao", "ticketing")
"""Loggers of the program; those of libraries tell no more than at ``info``."""

_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
"""syslog(3)'s, by level, the highest first."""

_numbers = count(1)
_boot = os.urandom(3).hex()
_current = threading.local()


def begin_request() -> None:
    """A request begins on this thread: what is logged here from now on belongs to it."""
    _current.request = next(_numbers)


def end_request() -> None:
    """It is answered."""
    _current.request = 0


def request_id() -> str:
    """The id of the request that this thread answers; "" where it answers none."""
    number = getattr(_current, "request", 0)
    return f"{_boot}-{number}" if number else ""


class JournalHandler(logging.Handler):
    """Sends records to the journal, by its native protocol; what it does not take goes to standard error.

    Args:
        path: of the journal's socket.
    """

    def __init__(self, path: Path = JOURNAL) -> None:
        super().__init__()
        # Imported here: a box that logs to a terminal does not need it.
        from logging_journald import JournaldTransport

        # By its path each time: a journal that is started anew has another socket there.
        self._transport: JournaldTransport = JournaldTransport(path, connected=False)
        self.patience(PATIENCE)

    def patience(self, seconds: float) -> None:
        """Wait so long for a journal that does not take a line; a device's thread must not hang with it."""
        self._transport.socket.settimeout(seconds)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        message = self.format(record)
        fields: dict[str, object] = {
            "MESSAGE": message,
            "PRIORITY": next((priority for level, priority in _PRIORITIES if record.levelno >= level), 7),
            "SYSLOG_IDENTIFIER": "quhao",
            "QUHAO_LOGGER": record.name,
        }
        if request := request_id():
            fields["QUHAO_REQUEST"] = request
        for name in FIELDS:
            if (value := getattr(record, name, None)) is not None:
                fields[f"QUHAO_{name.upper()}"] = str(value)
        try:
            self._transport.send(fields.items())
        except OSError:
            # Standard error is the journal's, too, and may still be heard there.
            with suppress(OSError, ValueError):
                sys.stderr.write(f"{message}\n")

    def close(self) -> None:
        """Close the socket."""
        self._transport.socket.close()
        super().close()


def is_journal(stream: int, environment: Mapping[str, str]) -> bool:
    """Whether the file descriptor ``stream`` is the journal's, as systemd says in ``JOURNAL_STREAM`` (systemd.exec(5)).

    A program that has its standard error elsewhere inherits the variable, too.
    """
    try:
        device, inode = map(int, environment.get("JOURNAL_STREAM", "").split(":"))
        about = os.fstat(stream)
    except (OSError, ValueError):
        return False
    return (about.st_dev, about.st_ino) == (device, inode)


def begin_log(level: int = logging.INFO, journal: Path = JOURNAL) -> None:
    """Log from ``level`` on: to the journal where standard error is the journal's, else to standard error."""
    handler: logging.Handler | None = None
    if is_journal(2, os.environ):
        with suppress(OSError):
            handler = JournalHandler(journal)
            handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
    if handler is None:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=max(level, logging.INFO), handlers=[handler], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    # Skip what neither form shows (Python's logging HOWTO, "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # How Alembic sets itself up is no news for a technician.
    logging.getLogger("alembic").setLevel(logging.WARNING)
