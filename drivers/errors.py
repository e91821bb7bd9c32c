"""What can go wrong with a device, split by what the caller will do about it.

::

    DeviceError            has a stable ``reason`` code; never carries a resident's data
    ├── OfflineError       not there, busy, silent          the supervisor tries again
    ├── ProtocolError      bytes that are not its own        counted, resynchronised
    └── RefusedError       it said no: paper out, card gone  shown to whoever stands in front of it

``reason`` is one word for programs (``display.staff.advice`` has the words for people), ``detail`` a short technical
addition such as an address or a status byte.
"""

import traceback


class DeviceError(Exception):
    """Something a device did or did not do.

    Attributes:
        reason: a stable code, for example ``"silent"`` or ``"paper_out"``.
        detail: a technical addition, fit for a technician and a log.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class OfflineError(DeviceError):
    """The device cannot be reached.

    Reasons: ``not_found``, ``permission``, ``busy``, ``refused``, ``unreachable``, ``silent``, ``hung_up``,
    ``unplugged``, ``not_installed``, ``stuck`` (it takes no more bytes).
    """


class ProtocolError(DeviceError):
    """Bytes that are not the device's own protocol: ``garbled``."""


class RefusedError(DeviceError):
    """The device answered, and the answer was no; the reasons are listed by each driver."""


def kind_and_place(error: BaseException) -> str:
    """What to log of an error: its type, and where it arose, innermost first. Its text may hold what was on a card."""
    places = " < ".join(f"{f.filename}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)[::-1])
    return f"{type(error).__name__} at {places}"
