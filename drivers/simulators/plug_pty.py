"""A serial plug that can be pulled: a pty behind a path that stays the same.

What a real serial device does and a bare pty does not: its path vanishes when it is unplugged and comes back under
the same name, nothing is echoed or rewritten, and bytes that nobody reads are lost instead of blocking it.
"""

import contextlib
import os
import select
import shutil
import tempfile
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path

CHUNK = 4096


class PlugPty:
    """A serial device's end of the line.

    Args:
        on_bytes: called with what the host wrote, on the plug's own thread.
        name: the last part of the path that the host opens.
    """

    def __init__(self, on_bytes: Callable[[bytes], None], name: str = "device") -> None:
        self._on_bytes = on_bytes
        self._name = name
        self._hands = threading.RLock()
        self._lock = threading.Lock()
        self._folder = Path(tempfile.mkdtemp(prefix="quhao-"))
        self._master = -1
        self._slave = -1
        self._thread: threading.Thread | None = None
        self._unplugging = threading.Event()
        self._wake = (-1, -1)

    @property
    def url(self) -> str:
        """What the host opens; the same before and after pulling the plug."""
        return str(self._folder / self._name)

    @property
    def plugged(self) -> bool:
        """Whether the plug is in."""
        return self._thread is not None

    def start(self) -> None:
        """Plug in for the first time."""
        self.plug_in()

    def plug_in(self) -> None:
        """Make the device appear at :attr:`url`."""
        with self._hands:
            if self._thread is None:
                self._appear()

    def unplug(self) -> None:
        """Make it vanish: a host that has it open is told so by its next read or write."""
        with self._hands:
            if self._thread is not None:
                self._vanish(self._thread)

    def stop(self) -> None:
        """Unplug it for good and remove its folder."""
        self.unplug()
        shutil.rmtree(self._folder, ignore_errors=True)

    def send(self, data: bytes, timeout: float = 0.5) -> bool:
        """Send to the host; False when the plug is out, or when the line stayed full and the rest was lost."""
        deadline = time.monotonic() + timeout
        rest = memoryview(data)
        while rest:
            is_over = time.monotonic() > deadline
            # Not held while waiting, so that the plug can be pulled meanwhile.
            with self._lock:
                if self._master < 0:
                    return False
                with contextlib.suppress(BlockingIOError):
                    rest = rest[os.write(self._master, rest) :]
                    continue
            if is_over or self._unplugging.wait(0.005):
                return False
        return True

    def _appear(self) -> None:
        master, slave = os.openpty()
        # Raw: no echo, no line editing, no CR/LF rewriting. The slave end stays open here, because a pty whose last
        # slave is closed fails every read of its master until the next host comes.
        tty.setraw(slave)
        os.set_blocking(master, False)
        with self._lock:
            self._master, self._slave = master, slave
        self._wake = os.pipe()
        self._unplugging = threading.Event()
        ears = (master, self._wake[0], self._unplugging)
        self._thread = threading.Thread(target=self._listen, args=ears, name=f"pty {self._name}", daemon=True)
        self._thread.start()
        self._folder.mkdir(mode=0o700, exist_ok=True)
        fresh = Path(f"{self.url}.new")
        fresh.symlink_to(os.ttyname(slave))
        fresh.replace(self.url)

    def _vanish(self, thread: threading.Thread) -> None:
        Path(self.url).unlink(missing_ok=True)
        self._unplugging.set()
        os.write(self._wake[1], b"x")
        if thread is not threading.current_thread():
            thread.join()
        self._thread = None
        with self._lock:
            for descriptor in (self._master, self._slave, *self._wake):
                os.close(descriptor)
            self._master = self._slave = -1

    def _listen(self, master: int, wake: int, unplugging: threading.Event) -> None:
        poller = select.poll()
        poller.register(master, select.POLLIN)
        poller.register(wake, select.POLLIN)
        while not unplugging.is_set():
            if any(descriptor == wake for descriptor, _ in poller.poll()):
                return
            try:
                data = os.read(master, CHUNK)
            except (BlockingIOError, InterruptedError):
                continue
            except OSError:
                return
            self._on_bytes(data)
