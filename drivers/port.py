"""Byte pipes by URL: a serial path (``/dev/ttyUSB0``), a USB printer (``/dev/usb/lp0``) or ``tcp://host:port``.

All kinds are held by one program at a time: a second one is told who is in the way (``busy``), since two hosts on
one printer mix their papers and two on one reader steal each other's answers.
"""

import errno
import fcntl
import math
import os
import re
import select
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from io import FileIO
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import serial

from drivers.errors import OfflineError

CHUNK = 4096
_NAME = re.compile(r"(?:(?!-)[\w-]{1,63}(?<!-)\.)*(?!-)[\w-]{1,63}(?<!-)")
"""A host's name (RFC 1123)."""
_USB_PRINTER = re.compile(r"(?:.*/)?usb/?lp\d+")
_USB_MAJOR, _USB_PRINTERS = 180, range(16)
"""The numbers of usblp's devices (Linux, Documentation/admin-guide/devices.txt)."""


class Port(Protocol):
    """A byte pipe to one device. Every method raises :class:`OfflineError` once the other end is gone."""

    def read(self, timeout: float) -> bytes:
        """What has arrived, waiting at most ``timeout`` seconds for the first byte; ``b""`` when none came."""

    def write(self, data: bytes, timeout: float) -> None:
        """Hand over all of ``data`` or raise ``OfflineError("stuck")`` after ``timeout`` seconds."""

    def close(self) -> None:
        """Let go of the pipe; may be called twice."""


def open_port(url: str, baudrate: int = 115200, timeout: float = 3.0) -> Port:
    """Open ``url``; ``baudrate`` is for serial ports, ``timeout`` (seconds) for connecting."""
    if url.startswith("tcp://"):
        return TcpPort(*_host_and_port(url), timeout)
    return UsbPrinterPort(url) if _is_usb_printer(url) else SerialPort(url, baudrate)


def slices(seconds: float, longest: float) -> Iterator[float]:
    """How long to read each time, no more than ``longest``, until ``seconds`` are over; at last 0.

    So what came while the machine stood still is looked at before it is called late.
    """
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        yield min(left, longest)
    yield 0.0


class _Pipe:
    """Reading and writing on what does not block.

    Args:
        ends: an open serial line, device or socket. Its descriptor is asked for each time: once it is closed, the
            number may be that of another file, while a thread that prints still holds the port.
        lost: the reason when the other end is gone.
    """

    def __init__(self, ends: serial.Serial | socket.socket | FileIO, lost: str) -> None:
        self._ends = ends
        self._lost = lost

    def read(self, timeout: float) -> bytes:
        """What has arrived; waits at most ``timeout`` seconds for the first byte."""
        try:
            descriptor = self._ends.fileno()
            if not _wait(descriptor, select.POLLIN, timeout):
                return b""
            data = os.read(descriptor, CHUNK)
        except (OSError, ValueError) as error:
            raise OfflineError(self._lost) from error
        return data or self._read_end(descriptor, timeout)

    def _read_end(self, descriptor: int, timeout: float) -> bytes:  # noqa: ARG002 - not every end is one
        """Nothing was read though something was there."""
        raise OfflineError(self._lost)

    def write(self, data: bytes, timeout: float) -> None:
        """Write all of ``data`` within ``timeout`` seconds, or raise ``OfflineError("stuck")``."""
        deadline = time.monotonic() + timeout
        rest = memoryview(data)
        try:
            while rest:
                descriptor = self._ends.fileno()
                if not _wait(descriptor, select.POLLOUT, deadline - time.monotonic()):
                    raise OfflineError("stuck")
                try:
                    rest = rest[os.write(descriptor, rest) :]
                except BlockingIOError:
                    continue
        except (OSError, ValueError) as error:
            raise OfflineError(self._lost) from error

    def close(self) -> None:
        """Let go of the pipe; may be called twice."""
        self._ends.close()


class SerialPort(_Pipe):
    """A serial line, 8N1, or the slave end of a pty."""

    def __init__(self, path: str, baudrate: int) -> None:
        try:
            # pyserial sets the line up; reading and writing is done on its descriptor, because each change of its
            # timeouts is another tcsetattr, which ptys answer with termios.error.
            line = serial.Serial(path, baudrate, exclusive=True, timeout=0, write_timeout=0)
        except OSError as error:
            raise OfflineError(_why_not_open(error.errno), path) from error
        except ValueError as error:
            raise OfflineError("not_found", f"{path} cannot be set to {baudrate} baud") from error
        super().__init__(line, "unplugged")


class UsbPrinterPort(_Pipe):
    """A USB printer behind Linux's usblp: a character device without the settings of a serial line.

    Not tried on hardware. One that never answers (unidirectional) has nothing to read, and is written to all the same.
    """

    def __init__(self, path: str) -> None:
        try:
            device = FileIO(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), "r+")
        except OSError as error:
            raise OfflineError(_why_not_open(error.errno), path) from error
        try:
            fcntl.flock(device.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            device.close()
            raise OfflineError("busy", path) from error
        super().__init__(device, "unplugged")

    def _read_end(self, descriptor: int, timeout: float) -> bytes:
        """A USB packet may be empty; only a device that is gone hangs up."""
        if _wait(descriptor, 0, timeout):
            raise OfflineError(self._lost)
        return b""


class TcpPort(_Pipe):
    """A TCP connection to a device that serves one host at a time."""

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self._lock = _hold(f"{host}-{port}")
        try:
            connection = socket.create_connection((host, port), timeout)
        except UnicodeError as error:
            os.close(self._lock)
            raise OfflineError("not_found", f"{host} is no host name") from error
        except OSError as error:
            os.close(self._lock)
            raise OfflineError(_why_not_connected(error), f"{host}:{port}") from error
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setblocking(False)
        super().__init__(connection, "hung_up")

    def close(self) -> None:
        """Let go of the pipe; may be called twice."""
        super().close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def is_tcp(url: str) -> bool:
    """Whether ``url`` is ``tcp://host:port`` and nothing more, by its form alone; the host a name or an IP address."""
    try:
        host, port = _host_and_port(url)
    except OfflineError:
        return False
    if url.lower() not in (f"tcp://{host}:{port}", f"tcp://[{host}]:{port}"):
        return False
    try:
        return bool(ip_address(host))
    except ValueError:
        return bool(_NAME.fullmatch(host)) and not host.rpartition(".")[2].isdigit()


def _is_usb_printer(path: str) -> bool:
    real = os.path.realpath(path)
    if _USB_PRINTER.fullmatch(path) or _USB_PRINTER.fullmatch(real):
        return True
    try:
        there = Path(real).stat()
    except OSError:
        return False
    is_usb = stat.S_ISCHR(there.st_mode) and os.major(there.st_rdev) == _USB_MAJOR
    return is_usb and os.minor(there.st_rdev) in _USB_PRINTERS


def _host_and_port(url: str) -> tuple[str, int]:
    try:
        where = urlsplit(url)
        host, port = where.hostname, where.port
    except ValueError:  # what urlsplit says to a port above 65535, to letters in it, and to brackets left open
        host = port = None
    if not host or not port or not host.isprintable():
        raise OfflineError("not_found", f"{url} is not tcp://host:port")
    return host, port


def _wait(descriptor: int, event: int, timeout: float) -> bool:
    """Whether ``event`` (or an error) came within ``timeout`` seconds.

    poll, not select: with hundreds of screens connected, a descriptor may be above the 1,023 that select can take.
    """
    poller = select.poll()
    poller.register(descriptor, event)
    # Rounded up, since a poll of 0 ms for the last fraction would spin.
    return bool(poller.poll(math.ceil(max(0.0, timeout) * 1000)))


def _hold(name: str) -> int:
    """Take this machine's lock on a TCP device; its descriptor, or ``OfflineError("busy")``.

    A lock dies with its process, so that a killed program blocks nobody.
    """
    folder = Path("/run/lock")
    if not os.access(folder, os.W_OK):
        folder = Path(tempfile.gettempdir())
    path = folder / f"quhao-{name.replace('/', '_').replace(':', '_')}.lock"
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise OfflineError("busy", f"{path} belongs to another user") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.pread(lock, 32, 0).decode("ascii", "replace").strip()
        os.close(lock)
        raise OfflineError("busy", f"used by process {owner}" if owner else "") from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _why_not_open(number: int | None) -> str:
    match number:
        case errno.EACCES | errno.EPERM:
            return "permission"
        case errno.EBUSY | errno.EAGAIN:
            return "busy"
        case _:
            return "not_found"


def _why_not_connected(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, TimeoutError):
        return "silent"
    return "unreachable"
