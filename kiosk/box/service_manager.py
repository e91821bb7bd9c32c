"""What is told to systemd (sd_notify(3)): that the service is ready, that it lives, what it does.

One datagram each, to the socket that systemd names in ``NOTIFY_SOCKET``; without systemd nothing happens.
"""

import os
import socket
from contextlib import suppress


def notify(*lines: str) -> None:
    """Tell it these, such as ``READY=1``, ``STATUS=waiting for the store``; never raises."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    # "@" stands for the zero byte of an abstract socket.
    place = "\0" + address[1:] if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as wire:
        # A service manager that does not read must not hold this up.
        wire.setblocking(False)
        wire.sendto("\n".join(lines).encode(), place)


def watchdog_seconds() -> float | None:
    """How often systemd wants to hear ``WATCHDOG=1``, at the latest (``WatchdogSec``); None where it does not."""
    text = os.environ.get("WATCHDOG_USEC", "")
    return int(text) / 1_000_000 if text.isascii() and text.isdigit() and int(text) > 0 else None
