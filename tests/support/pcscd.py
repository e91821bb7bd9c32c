"""The real PC/SC service with Debian's virtual reader (vpcd), and virtual cards of ours to put into it.

vpcd listens on every address, at a fixed port: it runs in a network of its own, where nothing but the cards can reach
it, and in file systems of its own, since the service's socket has a fixed place, too. Where namespaces are not allowed,
it runs beside everything else, at a port of its own, for one process of tests at a time.
"""

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from drivers.simulators.card_reader.chip_cards import ChipCard
from wires import wait_until

PORT = 35963
SOCKET = Path("/run/pcscd/pcscd.comm")
READERS = """FRIENDLYNAME "Virtual PCD"
DEVICENAME /dev/null:0x{port:04X}
LIBPATH /usr/lib/pcsc/drivers/serial/libifdvpcd.so
CHANNELID 0x{port:04X}
"""
OWN_WORLD = """
set -e
ip link set lo up 2>/dev/null || python3 -c '{up}'
mount -t tmpfs none /run
mkdir -p /run/pcscd
exec "$@"
"""
UP = """
import fcntl, socket, struct
with socket.socket() as s:
    flags = struct.unpack("16sh", fcntl.ioctl(s, 0x8913, struct.pack("16sh", b"lo", 0)))[1]
    fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", flags | 1))
"""
"""Sets the loopback up where the tool ``ip`` is not installed (SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP)."""
DIALLER = """
import socket, sys
talk = socket.socket(fileno=int(sys.argv[1]))
while talk.recv(1):
    line = socket.socket()
    try:
        line.connect(("127.0.0.1", int(sys.argv[2])))
        socket.send_fds(talk, [b"+"], [line.fileno()])
    except OSError:
        talk.send(b"-")
    line.close()
"""
"""Connects to the virtual reader from inside its network, and hands the connection out."""


class Pcscd:
    """The service and its virtual reader, started and stopped by hand.

    Attributes:
        socket_path: where the service listens, as seen from here; for ``PCSCLITE_CSOCK_NAME``.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="quhao-pcscd-"))
        self._world = _namespaces()
        self._lock = None if self._world else (self._folder.parent / "quhao-pcscd.lock").open("w")
        if self._lock:
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.port = PORT if self._world else _free_port()
        readers = self._folder / "readers"
        readers.mkdir()
        (readers / "vpcd").write_text(READERS.format(port=self.port))
        self._config = readers
        self._here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        # The namespaces live as long as this process in them; the service comes and goes.
        self._dialler = subprocess.Popen(
            [*self._world, *self._inside(), sys.executable, "-c", DIALLER, str(there.fileno()), str(self.port)],
            pass_fds=[there.fileno()],
        )
        there.close()
        self._service: subprocess.Popen[bytes] | None = None
        if self._world:
            wait_until(lambda: self.socket_path.parent.is_dir())

    def _inside(self) -> list[str]:
        return ["sh", "-c", OWN_WORLD.replace("{up}", UP), "sh"] if self._world else []

    @property
    def socket_path(self) -> Path:
        """See the class."""
        return Path(f"/proc/{self._dialler.pid}/root{SOCKET}") if self._world else SOCKET

    def start(self) -> None:
        """Start the service, and wait until it listens."""
        enter = ["nsenter", "-t", str(self._dialler.pid), "-n", "-m"] if self._world else []
        if "-r" in self._world:
            enter += ["-U", "--preserve-credentials"]
        SOCKET.parent.mkdir(exist_ok=True) if not self._world else None
        self._service = subprocess.Popen(
            [*enter, "pcscd", "--foreground", "--critical", "-c", str(self._config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self.socket_path.exists)

    def stop(self) -> None:
        """Stop the service: every reader is gone."""
        if self._service:
            self._service.terminate()
            self._service.wait(30)
            self._service = None
            wait_until(lambda: not self.socket_path.exists())

    def close(self) -> None:
        """Stop everything."""
        self.stop()
        self._here.close()
        self._dialler.wait(30)
        shutil.rmtree(self._folder)
        if self._lock:
            self._lock.close()

    def connect(self) -> socket.socket:
        """A line to the virtual reader, as a card has it."""
        line: list[socket.socket] = []

        def dial() -> bool:
            self._here.send(b"?")
            word, descriptors, _, _ = socket.recv_fds(self._here, 1, 1)
            if word == b"+":
                line.append(socket.socket(fileno=descriptors[0]))
            return bool(line)

        wait_until(dial)
        return line[0]


class VirtualSlot:
    """Puts virtual cards into the reader of a service, one at a time."""

    def __init__(self, pcscd: Pcscd) -> None:
        self._pcscd = pcscd
        self._line: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self.commands: list[bytes] = []
        """What the card was asked."""
        self.silent = threading.Event()
        """Set: the card takes commands and answers none."""

    def put(self, card: ChipCard) -> None:
        """Put a card in."""
        self._line = self._pcscd.connect()
        self._thread = threading.Thread(target=self._be, args=(self._line, card), daemon=True)
        self._thread.start()

    def take_out(self) -> None:
        """Take it out."""
        if self._line and self._thread:
            with contextlib.suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)
            self._thread.join(30)
            self._line.close()
        self._line = self._thread = None

    def _be(self, line: socket.socket, card: ChipCard) -> None:
        # vpcd: two bytes of length, then one byte for off, on, reset and "what is your answer to reset", or a command.
        while True:
            try:
                # Else each exchange waits 40 ms for an acknowledgement (Nagle's algorithm at the other end).
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                asked = _exactly(line, int.from_bytes(_exactly(line, 2), "big"))
                if len(asked) == 1:
                    if asked in (b"\x01", b"\x02"):
                        card.reset()
                    answer = card.atr if asked == b"\x04" else None
                else:
                    self.commands.append(asked)
                    answer = None if self.silent.is_set() else card.answer(asked)
                if answer is not None:
                    line.sendall(len(answer).to_bytes(2, "big") + answer)
            except OSError:
                break
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


def _exactly(line: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = line.recv(size - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


def _namespaces() -> list[str]:
    """The command that runs another in namespaces of its own; nothing where none are allowed."""
    for command in (["unshare", "-n", "-m"], ["unshare", "-r", "-n", "-m"]):
        tried = [*command, "sh", "-c", "mount -t tmpfs none /run"]
        if shutil.which("unshare") and subprocess.run(tried, capture_output=True).returncode == 0:
            return command
    return []


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def pcscd() -> Iterator[Pcscd]:
    """The service, running, and found by this process's PC/SC library."""
    one = Pcscd()
    try:
        os.environ["PCSCLITE_CSOCK_NAME"] = str(one.socket_path)
        one.start()
        yield one
    finally:
        one.close()
