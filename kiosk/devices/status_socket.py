"""How ``quhao devices`` asks the running service: over a Unix socket beside the key file, open to its user alone.

Whoever connects is sent all devices as one JSON list. The file's name comes from store and box, so the service of
another store is not asked by mistake; a file that a dead service left refuses the connection.
"""

import json
import logging
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from config.settings import Settings
from drivers.supervisor import DeviceState, Supervisor
from kiosk.opening import box_of, store_exists, store_name
from ticketing.model import TicketingError
from ticketing.store.base import StoreInUseError
from ticketing.store.opening import open_store

log = logging.getLogger(__name__)

TIMEOUT = 5.0
"""Seconds the service has to answer."""


class NotAskedError(Exception):
    """A service runs and does not tell how its devices are; ``str()`` says why, in Chinese and English."""


class DeviceSocket:
    """A part of the service: answers ``quhao devices``.

    Args:
        settings: whose service it is.
        devices: what it tells about.
    """

    def __init__(self, settings: Settings, devices: Sequence[Supervisor[Any]]) -> None:
        self._path = socket_of(settings)
        self._devices = devices
        self._thread = threading.Thread(target=self._run, name="device socket", daemon=True)

    def start(self) -> None:
        """Listen. A folder where no socket can be made is logged, and keeps nobody from serving residents."""
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            # A dead service left it: this one holds the store.
            self._path.unlink(missing_ok=True)
            os.fchmod(self._socket.fileno(), 0o600)
            with unix_address(self._path) as address:
                self._socket.bind(address)
            self._socket.listen()
        except OSError as error:
            log.warning("'quhao devices' cannot ask this service: %s: %s", self._path, error.strerror)
        else:
            self._thread.start()

    def stop(self) -> None:
        """End, and remove the file."""
        if self._thread.is_alive():
            # It ends the accept() of the thread.
            self._socket.shutdown(socket.SHUT_RDWR)
            self._thread.join(2.0)
            self._path.unlink(missing_ok=True)
        self._socket.close()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                # It fits into the socket's buffer: no slow client holds up the next.
                with connection, suppress(OSError):
                    states = [asdict(one.state) | {"since": one.state.since.isoformat()} for one in self._devices]
                    connection.sendall(json.dumps(states).encode())


def ask_service(settings: Settings, timeout: float = TIMEOUT) -> list[DeviceState] | None:
    """All devices of the running service; None when none runs. ``timeout`` in seconds.

    Raises:
        NotAskedError: one runs, but does not tell.
    """
    path = socket_of(settings)
    try:
        with closing(socket.socket(socket.AF_UNIX)) as connection, unix_address(path) as address:
            connection.settimeout(timeout)
            connection.connect(address)
            with connection.makefile("rb") as answer:
                return [
                    DeviceState(**one | {"since": datetime.fromisoformat(one["since"])}) for one in json.load(answer)
                ]
    except (FileNotFoundError, ConnectionRefusedError) as error:
        holder = _who_runs(settings)
        if holder is None:
            return None
        raise NotAskedError(
            f"服务在运行({holder})，但没有打开 {path}；请重启服务 / "
            f"the service runs ({holder}), but has not opened {path}: restart it"
        ) from error
    except (OSError, ValueError, TypeError, LookupError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise NotAskedError(
            f"{path} 没有给出应答({why})；请用运行服务的用户执行 / "
            f"{path} gave no answer ({why}): run this as the user of the service"
        ) from error


def socket_of(settings: Settings) -> Path:
    """Where the service of these settings listens."""
    name = sha256(f"{store_name(settings)} {box_of(settings)}".encode()).hexdigest()
    return settings.store.key_file.parent / f"quhao-{name[:16]}.sock"


@contextmanager
def unix_address(path: Path) -> Iterator[str]:
    """``path`` in the 107 bytes that unix(7) allows, however long its folder's name is."""
    folder = os.open(path.parent, os.O_PATH)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _who_runs(settings: Settings) -> str | None:
    """The service on this store, which holds its lock; None when none does, or when this user cannot know."""
    if not store_exists(settings):
        return None
    try:
        with closing(open_store(settings.store.url, exclusive=True)) as store:
            store.claim(box_of(settings))
    except StoreInUseError as error:
        return f"PID {error.pid or '?'}"
    except TicketingError:
        return None
    return None
