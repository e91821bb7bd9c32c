"""An I²C bus of the machine, through smbus2 (``/dev/i2c-1`` of a Raspberry Pi).

Not tried on hardware: there was none. What is below smbus2's ``i2c_rdwr`` is simulated in the tests.
"""

import errno
from typing import Any, Protocol

from drivers.errors import OfflineError


class I2cBus(Protocol):
    """A bus. Its methods raise ``OfflineError``: ``silent`` where no device acknowledges, ``unplugged`` for the bus."""

    def send(self, address: int, data: bytes) -> None:
        """Write ``data`` to the device at ``address``."""

    def receive(self, address: int, size: int) -> bytes:
        """Read ``size`` bytes from the device at ``address``."""

    def close(self) -> None:
        """Let go of the bus; may be called twice."""


class Smbus:
    """See :class:`I2cBus`.

    Args:
        bus: an ``smbus2.SMBus``.
    """

    def __init__(self, bus: Any) -> None:
        from smbus2 import i2c_msg

        self._bus = bus
        self._message = i2c_msg

    @classmethod
    def open(cls, number: int) -> "Smbus":
        """The bus ``/dev/i2c-<number>``; raises OfflineError: ``not_installed``, ``not_found``, ``permission``."""
        try:
            from smbus2 import SMBus
        except ImportError as error:
            raise OfflineError("package_missing", "pip install 'quhao[climate]'") from error
        path = f"/dev/i2c-{number}"
        try:
            return cls(SMBus(path))
        except PermissionError as error:
            raise OfflineError("permission", path) from error
        except OSError as error:
            raise OfflineError("not_found", path) from error

    def send(self, address: int, data: bytes) -> None:
        """Write ``data`` to the device at ``address``."""
        self._transfer(self._message.write(address, data), address)

    def receive(self, address: int, size: int) -> bytes:
        """Read ``size`` bytes from the device at ``address``."""
        message = self._message.read(address, size)
        self._transfer(message, address)
        return bytes(message)

    def close(self) -> None:
        """Let go of the bus; may be called twice."""
        self._bus.close()

    def _transfer(self, message: Any, address: int) -> None:
        try:
            self._bus.i2c_rdwr(message)
        except OSError as error:
            # What the kernel's drivers say of an address that nobody acknowledges; the Pi's also says EREMOTEIO.
            if error.errno in (errno.ENXIO, errno.EREMOTEIO, errno.EIO, errno.ETIMEDOUT):
                raise OfflineError("silent", f"0x{address:02X}") from error
            raise OfflineError("unplugged") from error
        except (TypeError, ValueError) as error:  # closed meanwhile
            raise OfflineError("unplugged") from error
