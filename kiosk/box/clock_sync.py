"""Whether the clock of this box is set by a time server."""

import subprocess


def clock_is_synchronised() -> bool | None:
    """Whether the clock of this box is set by NTP; None where systemd does not tell."""
    command = ("timedatectl", "show", "--property=NTPSynchronized", "--value")
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - fixed words
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(told.stdout.strip())
