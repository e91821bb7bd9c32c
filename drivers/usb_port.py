"""A byte pipe over the two bulk endpoints of a USB device: one takes what is written, the other gives what is read.

Uses pyusb (extra ``usb``) on libusb, which is imported when a port is opened and not before. Seen at work on a
backend of pyusb that plays the device; no such device was at hand. One document of a maker parts a frame among two
pairs of endpoints; the devices that public programs speak to take it whole.
"""

import errno
import math
import re
from typing import Any

from drivers.errors import OfflineError

_URL = re.compile(r"usb:([0-9a-f]{4}):([0-9a-f]{4})", re.ASCII | re.IGNORECASE)
INSTALL = "pip install 'quhao[usb]'; apt install libusb-1.0-0"
INTERFACE = 0
_IN = 0x80
_TYPE, _BULK = 0x03, 0x02


def is_usb(url: str) -> bool:
    """Whether ``url`` is ``usb:VENDOR:PRODUCT``, each four hexadecimal digits."""
    return _URL.fullmatch(url) is not None


def open_usb(url: str, backend: Any = None) -> "UsbPort":
    """Open ``usb:VENDOR:PRODUCT``; ``backend`` is pyusb's, None for the machine's own.

    Raises:
        OfflineError: ``not_found``, ``permission``, ``busy``, ``library_missing``.
    """
    found = _URL.fullmatch(url)
    if found is None:
        raise OfflineError("not_found", f"{url} is not usb:vendor:product")
    try:
        import usb.core
    except ImportError as error:
        raise OfflineError("library_missing", INSTALL) from error
    try:
        device = usb.core.find(idVendor=int(found[1], 16), idProduct=int(found[2], 16), backend=backend)
    except usb.core.NoBackendError as error:
        raise OfflineError("library_missing", INSTALL) from error
    except usb.core.USBError as error:
        raise OfflineError(_why(error), url) from error
    if device is None:
        raise OfflineError("not_found", url)
    return UsbPort(device, url)


class UsbPort:
    """A device of pyusb as a :class:`~drivers.port.Port`; one program at a time."""

    def __init__(self, device: Any, url: str) -> None:
        import usb.core

        self._device = device
        self._error = usb.core.USBError
        self._timeout = usb.core.USBTimeoutError
        try:
            if device.is_kernel_driver_active(INTERFACE):
                device.detach_kernel_driver(INTERFACE)
            self._configure()
            usb.util.claim_interface(device, INTERFACE)
            interface = device.get_active_configuration()[(INTERFACE, 0)]
        except (usb.core.USBError, NotImplementedError) as error:
            self.close()
            raise OfflineError(_why(error), url) from error
        bulk = [one for one in interface if one.bmAttributes & _TYPE == _BULK]
        ins = [one for one in bulk if one.bEndpointAddress & _IN]
        outs = [one for one in bulk if not one.bEndpointAddress & _IN]
        if not ins or not outs:
            self.close()
            raise OfflineError("not_found", f"{url} has no bulk endpoints")
        self._in, self._out = ins[0], outs[0]

    def _configure(self) -> None:
        # A configuration that is set again resets the device.
        try:
            self._device.get_active_configuration()
        except self._error:
            self._device.set_configuration()

    def read(self, timeout: float) -> bytes:
        """See :meth:`drivers.port.Port.read`; a packet at a time, since a longer read waits for a short one."""
        try:
            return bytes(self._in.read(self._in.wMaxPacketSize, _milliseconds(timeout)))
        except self._timeout:
            return b""
        except self._error as error:
            raise OfflineError(_why(error)) from error

    def write(self, data: bytes, timeout: float) -> None:
        """See :meth:`drivers.port.Port.write`."""
        try:
            written = self._out.write(data, _milliseconds(timeout))
        except self._timeout as error:
            raise OfflineError("stuck") from error
        except self._error as error:
            raise OfflineError(_why(error)) from error
        if written != len(data):
            raise OfflineError("stuck")

    def close(self) -> None:
        """See :meth:`drivers.port.Port.close`."""
        import usb.util

        usb.util.dispose_resources(self._device)


def _milliseconds(timeout: float) -> int:
    # 0 would wait for ever.
    return max(1, math.ceil(timeout * 1000))


def _why(error: Exception) -> str:
    match getattr(error, "errno", None):
        case errno.EACCES | errno.EPERM:
            return "permission"
        case errno.EBUSY:
            return "busy"
        case errno.ENODEV | errno.ENOENT | errno.ENXIO | errno.EIO | errno.EPIPE | errno.EPROTO:
            return "unplugged"
        case _:
            return "usb_error"
