"""A USB plug that can be pulled: a backend of pyusb, the lowest layer of the library, with one device on it.

Everything above is the real library: descriptors are looked up, the interface is claimed, packets have their size.
"""

import errno
import threading
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import usb.backend
import usb.core

OUT, IN = 0x02, 0x81
PACKET = 64


class PlugUsb:
    """A USB device's end of the line.

    Args:
        on_bytes: called with what the host wrote, on the host's thread, as a device's controller is that takes it.
        vendor, product: of the device.
    """

    def __init__(self, on_bytes: Callable[[bytes], None], vendor: int = 0x0400, product: int = 0xC35A) -> None:
        self.url = f"usb:{vendor:04x}:{product:04x}"
        self.backend = _Backend(self, vendor, product)
        self.claimed: object | None = None
        self._on_bytes = on_bytes
        self._changed = threading.Condition()
        self._packets: deque[bytes] = deque()
        self._plugged = False

    @property
    def plugged(self) -> bool:
        """Whether the plug is in."""
        return self._plugged

    def start(self) -> None:
        """Plug in for the first time."""
        self.plug_in()

    def plug_in(self) -> None:
        """Make the device appear."""
        with self._changed:
            self._plugged = True

    def unplug(self) -> None:
        """Make it vanish: a host that has it open is told so by its next read or write."""
        with self._changed:
            self._plugged, self.claimed = False, None
            self._packets.clear()
            self._changed.notify_all()

    def stop(self) -> None:
        """Unplug it for good."""
        self.unplug()

    def send(self, data: bytes) -> bool:
        """Have packets ready for the host, which wait until they are fetched; False when the plug is out."""
        with self._changed:
            if self._plugged:
                self._packets += [data[at : at + PACKET] for at in range(0, len(data), PACKET)]
                self._changed.notify_all()
            return self._plugged

    def receive(self, data: bytes) -> None:
        """The host wrote."""
        self._on_bytes(data)

    def packet(self, timeout: float) -> bytes:
        """The next packet for the host, b"" when none came in ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._packets or not self._plugged, timeout)
            self.must_be_there()
            return self._packets.popleft() if self._packets else b""

    def must_be_there(self) -> None:
        """Raise what libusb says of a device that is gone."""
        if not self._plugged:
            raise usb.core.USBError("No such device", -4, errno.ENODEV)


class _Backend(usb.backend.IBackend):  # type: ignore[misc]  # pyusb has no types
    def __init__(self, plug: PlugUsb, vendor: int, product: int) -> None:
        super().__init__()
        self._plug = plug
        common = {"bLength": 18, "extra_descriptors": []}
        self._device = SimpleNamespace(
            **common,
            bDescriptorType=1,
            bcdUSB=0x0110,
            bDeviceClass=0,
            bDeviceSubClass=0,
            bDeviceProtocol=0,
            bMaxPacketSize0=PACKET,
            idVendor=vendor,
            idProduct=product,
            bcdDevice=0x0100,
            iManufacturer=0,
            iProduct=0,
            iSerialNumber=0,
            bNumConfigurations=1,
            address=5,
            bus=1,
            port_number=1,
            port_numbers=(1,),
            speed=2,
        )
        self._configuration = SimpleNamespace(
            **common,
            bDescriptorType=2,
            wTotalLength=32,
            bNumInterfaces=1,
            bConfigurationValue=1,
            iConfiguration=0,
            bmAttributes=0x80,
            bMaxPower=250,
        )
        self._interface = SimpleNamespace(
            **common,
            bDescriptorType=4,
            bInterfaceNumber=0,
            bAlternateSetting=0,
            bNumEndpoints=2,
            bInterfaceClass=0xFF,
            bInterfaceSubClass=0,
            bInterfaceProtocol=0,
            iInterface=0,
        )
        self._endpoints = [
            SimpleNamespace(
                **common,
                bDescriptorType=5,
                bEndpointAddress=address,
                bmAttributes=2,
                wMaxPacketSize=PACKET,
                bInterval=0,
                bRefresh=0,
                bSynchAddress=0,
            )
            for address in (OUT, IN)
        ]

    def enumerate_devices(self) -> Iterator[Any]:
        return iter([self._plug] if self._plug.plugged else [])

    def get_device_descriptor(self, _dev: Any) -> Any:
        return self._device

    def get_configuration_descriptor(self, _dev: Any, config: int) -> Any:
        return _nth([self._configuration], config)

    def get_interface_descriptor(self, _dev: Any, intf: int, alt: int, _config: int) -> Any:
        return _nth([self._interface], max(intf, alt))

    def get_endpoint_descriptor(self, _dev: Any, ep: int, _intf: int, _alt: int, _config: int) -> Any:
        return _nth(self._endpoints, ep)

    def open_device(self, _dev: Any) -> Any:
        self._plug.must_be_there()
        return object()

    def close_device(self, _dev_handle: Any) -> None:
        pass

    def get_configuration(self, _dev_handle: Any) -> int:
        return 1

    def set_configuration(self, _dev_handle: Any, _config_value: int) -> None:
        pass

    def claim_interface(self, dev_handle: Any, _intf: int) -> None:
        if self._plug.claimed not in (None, dev_handle):
            raise usb.core.USBError("Resource busy", -6, errno.EBUSY)
        self._plug.claimed = dev_handle

    def release_interface(self, dev_handle: Any, _intf: int) -> None:
        if self._plug.claimed is dev_handle:
            self._plug.claimed = None

    def is_kernel_driver_active(self, _dev_handle: Any, _intf: int) -> bool:
        return False

    def bulk_write(self, _dev_handle: Any, _ep: int, _intf: int, data: Any, _timeout: int) -> int:
        self._plug.must_be_there()
        self._plug.receive(bytes(data))
        return len(data)

    def bulk_read(self, _dev_handle: Any, _ep: int, _intf: int, buff: "array[int]", timeout: int) -> int:
        packet = self._plug.packet(timeout / 1000)
        if not packet:
            raise usb.core.USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)
        buff[: len(packet)] = array("B", packet)
        return len(packet)


def _nth(things: list[Any], index: int) -> Any:
    if index >= len(things):
        raise IndexError(index)  # how pyusb learns that there are no more
    return things[index]
