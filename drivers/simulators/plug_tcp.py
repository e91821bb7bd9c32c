"""The device's end of a TCP connection: a real listener whose plug can be pulled and put back.

As the network boards of printers and LED strips do, it serves one host at a time; the next one waits.
"""

import contextlib
import select
import socket
import threading
from collections.abc import Callable

CHUNK = 4096


class PlugTcp:
    """A listener behind one port number, which it keeps while unplugged.

    Args:
        on_bytes: given what the host sent, on the plug's own thread.
        on_connect: told that a host has connected, on the same thread.
        on_hang_up: told that the connection has ended, on the same thread or on that of a hand.
        port: the port number; 0 takes a free one.
    """

    def __init__(
        self,
        on_bytes: Callable[[bytes], None],
        on_connect: Callable[[], None] = lambda: None,
        on_hang_up: Callable[[], None] = lambda: None,
        port: int = 0,
    ) -> None:
        self._on_bytes = on_bytes
        self._on_connect = on_connect
        self._on_hang_up = on_hang_up
        self._lock = threading.RLock()
        # Bound but never listening: while the plug is out the port number stays reserved, and hosts are refused.
        self._holder = _bound(port)
        self.port: int = self._holder.getsockname()[1]
        self._listener: socket.socket | None = None
        self._host: socket.socket | None = None
        self._forgotten: list[socket.socket] = []
        self._waking, self._woken = socket.socketpair()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=f"plug {self.port}", daemon=True)

    @property
    def url(self) -> str:
        """Where a driver finds it."""
        return f"tcp://127.0.0.1:{self.port}"

    @property
    def plugged(self) -> bool:
        """Whether the plug is in."""
        return self._listener is not None

    @property
    def connected(self) -> bool:
        """Whether a host is connected."""
        return self._host is not None

    def start(self) -> None:
        """Plug in and serve."""
        self.plug_in()
        self._thread.start()

    def stop(self) -> None:
        """Hang up and let go of the port number."""
        self.unplug()
        self._stopped = True
        self._wake()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(5.0)
        for host in self._forgotten:
            host.close()
        self._holder.close()
        self._waking.close()
        self._woken.close()

    def plug_in(self) -> None:
        """Listen again, at the same address."""
        with self._lock:
            if self._listener is None:
                listener = _bound(self.port)
                listener.listen(4)
                self._listener = listener
        self._wake()

    def unplug(self) -> None:
        """Hang up and refuse every host from now on."""
        with self._lock:
            if self._listener is not None:
                self._listener.close()
                self._listener = None
        self.hang_up()

    def hang_up(self, reset: bool = False) -> None:
        """End the present connection; the next host is served. ``reset`` ends it as a pulled plug on a LAN does."""
        with self._lock:
            host, self._host = self._host, None
            if host is not None:
                if reset:
                    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
                    host.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                else:
                    with contextlib.suppress(OSError):
                        host.shutdown(socket.SHUT_RDWR)
                host.close()
        self._wake()
        if host is not None:
            self._on_hang_up()

    def forget_host(self) -> None:
        """Serve the next host and leave the present one without an answer or an end, as after a cut in the network."""
        with self._lock:
            if self._host is not None:
                self._forgotten.append(self._host)
                self._host = None
        self._wake()

    def send(self, data: bytes) -> bool:
        """Send to the host; False when there is none, or it does not take it."""
        with self._lock:
            if self._host is None:
                return False
            try:
                self._host.sendall(data)
            except OSError:
                return False
            return True

    def _run(self) -> None:
        while not self._stopped:
            with self._lock:
                host, listener = self._host, self._listener
            source = host or listener
            watched = [self._woken] if source is None else [self._woken, source]
            try:
                ready, _, _ = select.select(watched, [], [])
            except (OSError, ValueError):
                continue  # a hand closed it meanwhile
            if self._woken in ready:
                self._woken.recv(CHUNK)
            elif source is host:
                self._receive(source)
            else:
                self._accept(source)

    def _accept(self, listener: socket.socket | None) -> None:
        with self._lock:
            if listener is None or listener is not self._listener or self._host is not None:
                return
            try:
                host, _ = listener.accept()
            except OSError:
                return
            host.settimeout(2.0)
            host.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._host = host
        self._on_connect()

    def _receive(self, host: socket.socket | None) -> None:
        if host is None:
            return
        try:
            data = host.recv(CHUNK)
        except OSError:
            data = b""
        if data:
            self._on_bytes(data)
        elif self._host is host:
            self.hang_up()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._waking.send(b"\x00")


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(("127.0.0.1", port))
    return bound
