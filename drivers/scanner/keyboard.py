"""Scanners that are keyboards to Linux: an input device, taken exclusively, so that its keys reach no page.

:class:`KeyDecoder` is pure: bytes of ``struct input_event`` in, bytes of text out. Layout and codes are those of
``linux/input.h`` and ``linux/input-event-codes.h``; the keys are those of a US keyboard, which scanners pretend to be
unless set otherwise. Chinese characters cannot be typed this way: codes are ASCII.

Tried on bytes through a pipe: the machines that test this have no uinput. Read so, no library is needed: the one for
Python is built by a compiler on each Pi.
"""

import errno
import fcntl
import os
import select
import struct
import time
from collections.abc import Callable

from drivers.errors import OfflineError

EVENT = struct.Struct("@llHHi")
"""seconds, microseconds, type, code, value: 24 bytes on 64-bit machines, 16 on 32-bit ones."""
EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
RELEASED, PRESSED = 0, 1
SHIFTS = (42, 54)
EVIOCGRAB = 0x40044590
"""_IOW('E', 0x90, int)."""
CHUNK = 64 * EVENT.size


def _row(first: int, plain: str, shifted: str) -> dict[int, tuple[int, int]]:
    return {first + place: (ord(a), ord(b)) for place, (a, b) in enumerate(zip(plain, shifted, strict=True))}


KEYS: dict[int, tuple[int, int]] = {
    **_row(2, "1234567890-=", "!@#$%^&*()_+"),
    **_row(16, "qwertyuiop[]", "QWERTYUIOP{}"),
    **_row(30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    **_row(43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    **_row(71, "789-456+1230.", "789-456+1230."),
    **_row(55, "*", "*"),
    **_row(57, " ", " "),
    **_row(98, "/", "/"),
    **_row(28, "\r", "\r"),
    **_row(96, "\r", "\r"),
    # Tab, which some are set to send behind a code
    **_row(15, "\r", "\r"),
}
"""What a key types without and with Shift, by its code: KEY_1 is 2, KEY_Q 16, KEY_KP7 71."""


class KeyDecoder:
    """Makes text of key events, in any chunks. Holds less than one event."""

    def __init__(self) -> None:
        self._rest = b""
        self._shifts: set[int] = set()

    def receive(self, data: bytes) -> bytes:
        """The characters typed by ``data``; Enter and Tab are CR."""
        data = self._rest + data
        whole = len(data) - len(data) % EVENT.size
        self._rest = data[whole:]
        typed = bytearray()
        for _, _, kind, code, value in EVENT.iter_unpack(data[:whole]):
            if kind == EV_SYN and code == SYN_DROPPED:
                # The kernel's buffer ran over: what is held down is not known any more.
                self._shifts.clear()
            elif kind != EV_KEY:
                continue
            elif code in SHIFTS:
                (self._shifts.discard if value == RELEASED else self._shifts.add)(code)
            elif value == PRESSED and code in KEYS:  # a key that repeats was held by a hand
                typed.append(KEYS[code][bool(self._shifts)])
        return bytes(typed)


def _grab(descriptor: int) -> None:
    fcntl.ioctl(descriptor, EVIOCGRAB, 1)


class KeyboardPort:
    """An input device as a :class:`~drivers.port.Port` to read text from.

    Args:
        path: best one below ``/dev/input/by-id``, which is the same after a restart.
        grab: takes the device exclusively; raises OSError.

    Raises:
        OfflineError: ``not_found``, ``permission_input``, or ``busy`` where another program has taken it.
    """

    def __init__(self, path: str, grab: Callable[[int], None] = _grab) -> None:
        self._keys = KeyDecoder()
        self._descriptor = -1
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            grab(self._descriptor)
        except OSError as error:
            self.close()
            reasons = {errno.EACCES: "permission_input", errno.EPERM: "permission_input", errno.EBUSY: "busy"}
            known = error.errno in (errno.ENOENT, *reasons)
            detail = path if known else f"{path} is no input device"
            raise OfflineError(reasons.get(error.errno or 0, "not_found"), detail) from error
        self._poller = select.poll()
        self._poller.register(self._descriptor, select.POLLIN)

    def read(self, timeout: float) -> bytes:
        """What was typed, waiting at most ``timeout`` seconds for it; OfflineError when the device is gone."""
        end = time.monotonic() + timeout
        while True:
            left = max(0.0, end - time.monotonic())
            try:
                if not self._poller.poll(int(left * 1000) + (left > 0)):
                    return b""
                data = os.read(self._descriptor, CHUNK)
            except BlockingIOError:
                continue
            except OSError as error:
                raise OfflineError("unplugged") from error
            if not data:
                raise OfflineError("unplugged")
            typed = self._keys.receive(data)
            if typed or left <= 0:
                return typed

    def write(self, data: bytes, timeout: float) -> None:
        """Nothing: a keyboard takes nothing."""

    def close(self) -> None:
        """Let go of it; may be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
