"""Finds devices: on this box's ports, and printers and strips on its network, each with lines for the settings.

Nothing is sent to a serial line: nobody knows what hangs on it. On the network, what listens on a known port is asked
for its status by that port's protocol.
"""

import errno
import fcntl
import json
import re
import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from itertools import islice
from pathlib import Path

from display.prompts import Words
from drivers.errors import DeviceError
from drivers.led import onbon_bx
from drivers.port import Port, open_port
from drivers.printer.escpos_status import request_status

CONNECT, ANSWER = 0.6, 1.0
"""Seconds to connect, and to answer."""
AT_ONCE = 256
"""Connections that are tried at one time."""
LARGEST = 22
"""Prefix of the largest network that is looked through, 1,024 addresses; of a larger one, the /24 around this box."""
_SIOCGIFADDR, _SIOCGIFNETMASK = 0x8915, 0x891B  # netdevice(7)
_SCANNERS = re.compile(
    "honeywell|newland|zebra|symbol|datalogic|mindeo|metrologic|barcode|scanner|gm65|qr", re.IGNORECASE
)


@dataclass(frozen=True)
class Found:
    """Something that may be a device.

    Attributes:
        what: it is, as far as can be seen.
        driver: the most likely one; "" where nobody can know.
        port: as the settings have it.
        more: other lines of the settings, such as ``window = "1"``.
        sure: whether it is what it is taken for.
    """

    what: Words
    driver: str
    port: str
    more: tuple[str, ...] = ()
    sure: bool = True

    def table(self, name: str, driver: str = "") -> str:
        """Its table of the settings, to be pasted; ``driver`` where nobody but a technician can know."""
        line = (
            f'driver = "{driver or self.driver}"'
            if driver or self.driver
            else f'driver = "sam"   # 或 or: {", ".join(UNKNOWN[1:])}'
        )
        return "\n".join(["[[devices]]", f'name = "{name}"', line, f"port = {json.dumps(self.port)}", *self.more, ""])


UNKNOWN = ("sam", "escpos", "scanner", "led-bx", "led-lihe", "pad", "climate")
"""What may hang on a serial line."""
CALLED = {"escpos": "printer", "sam": "reader", "pcsc": "card-reader", "scanner": "scanner", "led-bx": "strip"}
"""What a found device is called in the settings, by its driver."""


def find_devices(
    networks: Iterable[IPv4Network],
    root: Path = Path("/"),
    known: Mapping[int, str] | None = None,
    *,
    connect: float = CONNECT,
    answer: float = ANSWER,
) -> Iterator[Found]:
    """What is found, this box's own ports first.

    Args:
        networks: whose addresses are tried.
        root: where ``dev`` and ``sys`` are.
        known: drivers by TCP port; the usual ones of printers and strips by default.
        connect: seconds that an address has to take a connection.
        answer: seconds that it then has to answer.
    """
    yield from _serial_lines(root)
    yield from _usb(root)
    yield from _smart_cards()
    yield from _inputs(root)
    yield from _on_network(networks, known or {9100: "escpos", 5005: "led-bx"}, connect, answer)


def own_networks() -> list[IPv4Network]:
    """The networks of this box's interfaces but loopback."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for _, name in socket.if_nameindex():
            try:
                address, mask = (
                    IPv4Address(fcntl.ioctl(asked, what, struct.pack("256s", name.encode()[:15]))[20:24])
                    for what in (_SIOCGIFADDR, _SIOCGIFNETMASK)
                )
            except OSError:  # an interface without an address
                continue
            if not address.is_loopback:
                network = IPv4Interface(f"{address}/{mask}").network
                small = network.prefixlen >= LARGEST
                found.append(network if small else IPv4Interface(f"{address}/24").network)
    return found


def _serial_lines(root: Path) -> Iterator[Found]:
    by_id = sorted((root / "dev/serial/by-id").glob("*"))
    named = {link.resolve() for link in by_id}
    plain = [one for kind in ("ttyUSB", "ttyACM", "ttyAMA") for one in sorted((root / "dev").glob(f"{kind}[0-9]*"))]
    for path in [*by_id, *(one for one in plain if one.resolve() not in named)]:
        port = f"/{path.relative_to(root)}"
        if _SCANNERS.search(path.name):
            yield Found(Words("串口扫描枪", "A scanner on a serial line"), "scanner", port, ('window = "1"',))
        else:
            yield Found(Words("串口", "A serial line"), "", port, ("baudrate = 115200",))


def _usb(root: Path) -> Iterator[Found]:
    for printer in sorted((root / "dev/usb").glob("lp[0-9]*")):
        model = _text(root / "sys/class/usbmisc" / printer.name / "device/ieee1284_id")
        named = dict(part.split(":", 1) for part in model.split(";") if ":" in part)
        name = f"{named.get('MFG', '')} {named.get('MDL', '')}".strip()
        yield Found(
            Words(f"USB 打印机 {name}".strip(), f"A USB printer {name}".strip()), "escpos", f"/dev/usb/{printer.name}"
        )
    for vendor in sorted((root / "sys/bus/usb/devices").glob("*/idVendor")):
        if (_text(vendor), _text(vendor.with_name("idProduct"))) == ("0400", "c35a"):
            yield Found(Words("USB 身份证阅读器", "A USB ID card reader"), "sam", "usb:0400:c35a")


def _smart_cards() -> Iterator[Found]:
    try:
        readers = import_module("smartcard.System").readers()
    except Exception:  # noqa: BLE001 - the extra is not installed, or pcscd does not run: nothing is found there
        return
    for reader in readers:
        yield Found(Words(f"智能卡读卡器 {reader}", f"A smart card reader: {reader}"), "pcsc", f"pcsc:{reader}")


def _inputs(root: Path) -> Iterator[Found]:
    for keyboard in sorted((root / "dev/input/by-id").glob("*-event-kbd")):
        scanner = _SCANNERS.search(keyboard.name)
        what = (
            Words("键盘式扫描枪", "A scanner that types")
            if scanner
            else Words("键盘或键盘式扫描枪", "A keyboard, or a scanner that types")
        )
        yield Found(what, "scanner", f"evdev:/{keyboard.relative_to(root)}", ('window = "1"',), scanner is not None)
    for bus in sorted((root / "dev").glob("i2c-[0-9]*")):
        yield Found(Words("I²C 总线", "An I²C bus"), "climate", f"i2c:{bus.name[4:]}", ("sht3x = 0x44",))
    for _ in islice((root / "dev").glob("gpiochip[0-9]*"), 1):
        yield Found(Words("GPIO 引脚", "GPIO pins"), "gpio", "gpio:", ("inputs = []",))


def _on_network(
    networks: Iterable[IPv4Network], known: Mapping[int, str], connect: float, answer: float
) -> Iterator[Found]:
    hosts = (str(host) for network in networks for host in network.hosts())
    for host, port in _listening(((host, port) for host in hosts for port in known), connect):
        driver = known[port]
        where = f"tcp://{host}:{port}"
        if _answers(where, driver, answer):
            what, sure = _ANSWERS[driver], True
        else:
            what = Words("端口开着，但没有按协议应答", "Something listens there, and does not answer as such a device")
            sure = False
        more = ('window = "1"', "width = 192", "height = 32") if driver == "led-bx" else ()
        yield Found(what, driver, where, more, sure)


_ANSWERS = {
    "escpos": Words("网络打印机", "A network printer"),
    "led-bx": Words("BX 条屏控制卡", "A BX controller card of a strip"),
}


def _listening(places: Iterator[tuple[str, int]], timeout: float) -> Iterator[tuple[str, int]]:
    """The places that take a connection."""
    while batch := list(islice(places, AT_ONCE)):
        with selectors.DefaultSelector() as selector:
            for place in batch:
                trial = socket.socket()
                trial.setblocking(False)
                if trial.connect_ex(place) in (0, errno.EINPROGRESS):
                    selector.register(trial, selectors.EVENT_WRITE, place)
                else:
                    trial.close()
            deadline = time.monotonic() + timeout
            # Also when the time is over, what is there by then is looked at: this box may have stood still.
            while selector.get_map() and (ready := selector.select(max(0.0, deadline - time.monotonic()))):
                for key, _ in ready:
                    trial = key.fileobj  # type: ignore[assignment]
                    there = trial.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
                    selector.unregister(trial)
                    trial.close()
                    if there:
                        yield key.data
            for key in list(selector.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]


def _answers(url: str, driver: str, timeout: float) -> bool:
    question, is_answer = _QUESTIONS[driver]
    try:
        port = open_port(url)
    except DeviceError:
        return False
    try:
        port.write(question, timeout)
        return is_answer(_read(port, timeout))
    except DeviceError:
        return False
    finally:
        port.close()


def _read(port: Port, timeout: float) -> bytes:
    heard, deadline = b"", time.monotonic() + timeout
    while len(heard) < 256:
        left = max(0.0, deadline - time.monotonic())
        piece = port.read(min(left, 0.2))
        if not piece and (heard or not left):
            break
        heard += piece
    return heard


def _is_status(heard: bytes) -> bool:
    # Of an answer to DLE EOT, bits 0 and 7 are 0 and bits 1 and 4 are 1.
    return any(byte & 0x93 == 0x12 for byte in heard)


_QUESTIONS: dict[str, tuple[bytes, Callable[[bytes], bool]]] = {
    "escpos": (request_status(1), _is_status),
    "led-bx": (
        onbon_bx.Frame(onbon_bx.encode_command(onbon_bx.CMD_PING)).to_bytes(),
        lambda heard: bool(onbon_bx.Unwrapper().feed(heard)),
    ),
}


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
