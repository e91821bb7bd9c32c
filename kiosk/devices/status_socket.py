"""How commands ask the running service: over a Unix socket beside the key file, open to its user alone.

Whoever connects sends one JSON object in a line, ``{"do": "list" | "watch" | "test" | …, …}``, and is answered by JSON
values, one a line. The file's name comes from store and box, so the service of another store is not asked by mistake; a
file that a dead service left refuses the connection.
"""

import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from config.settings import Settings
from display.refusals import words
from drivers.supervisor import DeviceState, Supervisor
from drivers.wire_tap import WireTap
from kiosk.devices.testing import PATIENCE, DeviceTests
from kiosk.opening import box_of, store_exists, store_name
from ticketing.model import TicketingError
from ticketing.store.base import StoreInUseError
from ticketing.store.opening import open_store

log = logging.getLogger(__name__)

TIMEOUT = 5.0
"""Seconds the service has to answer."""
WATCHED = 0.1
"""Seconds between looks at what changes."""
MOST_CLIENTS, MOST_BYTES = 8, 4096
"""Clients at one time, and bytes of a request."""


Verb = Callable[[Mapping[str, Any]], dict[str, Any]]


class NotAskedError(Exception):
    """A service runs and does not tell how its devices are; ``str()`` says why, in Chinese and English."""


class DeviceSocket:
    """A part of the service: answers commands, above all ``quhao devices``.

    Args:
        settings: whose service it is.
        devices: what it tells about.
        taps: their wire traces, by name.
        tests: tests them.
        verbs: what else may be asked for, by name: each gets the request and gives its answer; a refusal that it raises
            is answered as ``{"ok": false, "code", "zh", "en"}``.
    """

    def __init__(
        self,
        settings: Settings,
        devices: Sequence[Supervisor[Any]],
        taps: Mapping[str, WireTap],
        tests: DeviceTests,
        verbs: Mapping[str, Verb] | None = None,
    ) -> None:
        self._path = socket_of(settings)
        self._devices = devices
        self._taps = taps
        self._verbs = {"test": self._test, **(verbs or {})}
        self._tests = tests
        self._stopping = threading.Event()
        self._places = threading.Semaphore(MOST_CLIENTS)
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
        self._stopping.set()
        if self._thread.is_alive():
            # It ends the accept() of the thread.
            self._socket.shutdown(socket.SHUT_RDWR)
            self._thread.join(2.0)
            # On a disk that is read-only by now it stays, and the next start replaces it.
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
        self._socket.close()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                if self._places.acquire(blocking=False):
                    threading.Thread(target=self._serve, args=(connection,), name="device client", daemon=True).start()
                else:
                    connection.close()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, suppress(OSError):
                connection.settimeout(TIMEOUT)
                for answer in self._answers(connection):
                    connection.sendall(json.dumps(answer).encode() + b"\n")
        finally:
            self._places.release()

    def _answers(self, connection: socket.socket) -> Iterator[Any]:
        try:
            with connection.makefile("rb") as lines:
                asked = json.loads(lines.readline(MOST_BYTES))
            do, device = asked["do"], asked.get("device")
        except (ValueError, LookupError, TypeError, AttributeError):
            return
        if do == "list":
            yield [as_json(one.state) for one in self._devices]
        elif do == "watch":
            yield from watch(self._devices, self._taps, device, bool(asked.get("wire")), self._stopping.wait)
        elif do in self._verbs:
            try:
                yield self._verbs[do](asked)
            except TicketingError as error:
                said = words(error.code, error.facts)
                yield {"ok": False, "code": error.code, "zh": said.zh, "en": said.en}

    def _test(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        ok, said = self._tests.test(asked.get("device", ""), PATIENCE)
        return {"ok": ok, "zh": said.zh, "en": said.en}


def as_json(state: DeviceState) -> dict[str, Any]:
    """A state as it goes over the socket."""
    return asdict(state) | {"since": state.since.isoformat()}


def watch(
    devices: Sequence[Supervisor[Any]],
    taps: Mapping[str, WireTap],
    device: str | None,
    wire: bool,
    pause: Callable[[float], object],
) -> Iterator[dict[str, Any]]:
    """Every state now and whenever it changes, and with ``wire`` what passes on the wires; ends when ``pause`` is true.

    Args:
        devices: to be watched.
        taps: their wire traces, by name.
        device: the only device to be watched; None for all.
        wire: whether to tell what passes.
        pause: waits for so many seconds.

    Yields:
        ``{"state": {…}}``, ``{"device", "wire", "at"}``, or ``{}`` as a sign of life.
    """
    chosen = [one for one in devices if device in (None, one.name)]
    told: dict[str, DeviceState] = {}
    with ExitStack() as listening:
        heard = {one.name: listening.enter_context(taps[one.name].listen()) for one in chosen if wire}
        quiet = 0.0
        while True:
            before = quiet
            quiet += WATCHED
            for one in chosen:
                if told.get(one.name) != (state := one.state):
                    told[one.name] = state
                    yield {"state": as_json(state)}
                    quiet = 0.0
            for name, passed in heard.items():
                while passed:
                    chunk = passed.popleft()
                    yield {"device": name, "wire": str(chunk), "at": chunk.at}
                    quiet = 0.0
            if quiet >= 1.0 > before:
                # Whoever hung up is noticed by it.
                yield {}
                quiet = 0.0
            if pause(WATCHED):
                return


@contextmanager
def ask(settings: Settings, request: Mapping[str, Any], timeout: float = TIMEOUT) -> Iterator[Iterator[Any] | None]:
    """Asks the running service: gives its answers, as they come; None when none runs.

    Args:
        settings: whose service it is.
        request: what is asked.
        timeout: seconds it has for each answer.

    Raises:
        NotAskedError: one runs, but does not tell; also while the answers are read.
    """
    path = socket_of(settings)
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        try:
            connection.settimeout(timeout)
            with unix_address(path) as address:
                connection.connect(address)
            connection.sendall(json.dumps(request).encode() + b"\n")
            answers = connection.makefile("rb")
        except (FileNotFoundError, ConnectionRefusedError) as error:
            if (holder := _who_runs(settings)) is not None:
                raise NotAskedError(
                    f"服务在运行({holder})，但没有打开 {path}；请重启服务 / "
                    f"the service runs ({holder}), but has not opened {path}: restart it"
                ) from error
        except OSError as error:
            raise _no_answer(path, error) from error
        else:
            with answers:
                yield _values(answers, path)
            return
        yield None


def _values(answers: Iterable[bytes], path: Path) -> Iterator[Any]:
    try:
        for line in answers:
            yield json.loads(line)
    except (OSError, ValueError) as error:
        raise _no_answer(path, error) from error


def _no_answer(path: Path, error: Exception) -> NotAskedError:
    why = getattr(error, "strerror", None) or type(error).__name__
    return NotAskedError(
        f"{path} 没有给出应答({why})；请用运行服务的用户执行 / "
        f"{path} gave no answer ({why}): run this as the user of the service"
    )


def ask_service(settings: Settings, timeout: float = TIMEOUT) -> list[DeviceState] | None:
    """All devices of the running service; None when none runs. ``timeout`` in seconds.

    Raises:
        NotAskedError: one runs, but does not tell.
    """
    with ask(settings, {"do": "list"}, timeout) as answers:
        if answers is None:
            return None
        try:
            return [state_of(one) for one in next(answers)]
        except (StopIteration, ValueError, TypeError, LookupError) as error:
            raise _no_answer(socket_of(settings), error) from error


def state_of(told: Mapping[str, Any]) -> DeviceState:
    """A state that came over the socket."""
    return DeviceState(**dict(told) | {"since": datetime.fromisoformat(told["since"])})


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
