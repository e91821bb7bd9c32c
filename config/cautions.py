"""Settings that are allowed, and that a technician should think about twice: they leave data or log less guarded.

``quhao check`` says them; nothing is refused.
"""

import ipaddress
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from config.problems import ConfigProblem
from config.settings import CARD_READERS, Settings

_GUARDED_MODES = ("require", "verify-ca", "verify-full")
_NUMBERED_LINE = re.compile(r"/dev/tty(?:USB|ACM)\d+")
_NUMBERED_PRINTER = re.compile(r"/dev/usb/lp\d+")
_SECRET_IN_FILE = re.compile(r"(?m)^[^#\n]*://[^\s:/@\"']*:[^\s@\"']+@")


def cautions(settings: Settings, path: Path, root: Path = Path("/")) -> Iterator[ConfigProblem]:
    """What to think about twice in ``settings``, which were read from the file ``path``; ``root`` holds ``dev``."""
    yield from _of_server(settings)
    yield from _of_store(settings.store.url)
    yield from _of_file(settings, path)
    yield from _of_devices(settings)
    yield from _of_ports(settings, root)
    if settings.audit.closing_slip_at and not any(one.driver == "escpos" for one in settings.devices):
        yield ConfigProblem(
            "audit.closing_slip_at",
            ("这台机器没有打印机，打不出日结凭条", "this box has no printer, so no closing slip is printed"),
            (
                "写在有打印机的机器上，并把 quhao audit show --head 的结果抄在别处",
                "set it on a box with a printer, and write down elsewhere what quhao audit show --head says",
            ),
        )


def _of_server(settings: Settings) -> Iterator[ConfigProblem]:
    server = settings.server
    if not (_is_this_box(server.host) or server.tls_cert or server.trusted_proxy):
        yield ConfigProblem(
            "server.host",
            (
                f"{server.host} 会让其他机器访问，但没有 TLS：其他机器上的登录和令牌都会被拒绝",
                f"{server.host} is reached by other machines, but without TLS their log-ins and tokens are refused",
            ),
            (
                "写上 tls_cert 和 tls_key，或在 trusted_proxy 写上负责 TLS 的代理",
                "set tls_cert and tls_key, or name the proxy that ends TLS in trusted_proxy",
            ),
        )


def _of_store(url: str) -> Iterator[ConfigProblem]:
    address = urlsplit(url)
    if not address.scheme.startswith("postgresql"):
        return
    options = parse_qs(address.query)
    host = address.hostname or next(iter(options.get("host", [])), "")
    # No host, or a path: the Unix socket of this box.
    if not host or host.startswith("/") or _is_this_box(host):
        return
    if not set(options.get("sslmode", ())) & set(_GUARDED_MODES):
        yield ConfigProblem(
            "store.url",
            (
                "数据库在另一台机器上，但没有要求加密连接",
                "the database is on another machine, and the connection need not be encrypted",
            ),
            (
                "在地址后加 ?sslmode=verify-full&sslrootcert=文件",
                "add ?sslmode=verify-full&sslrootcert=FILE to the address",
            ),
        )


def _of_file(settings: Settings, path: Path) -> Iterator[ConfigProblem]:
    try:
        about, text = path.stat(), path.read_text("utf-8-sig", "replace")
    except OSError:
        return
    readers = 0o004 if _is_of_the_service(about, settings.store.key_file) else 0o044
    if about.st_mode & readers and _SECRET_IN_FILE.search(text):
        yield ConfigProblem(
            path.name,
            (
                "其他用户可以读取这个文件，其中有密码",
                "other users of this box may read this file, and a password is in it",
            ),
            (f"执行 chmod o= {path}", f"run chmod o= {path}"),
        )


def _is_of_the_service(about: os.stat_result, key_file: Path) -> bool:
    """Whether a file of root's has the group of whom the data are, as ``quhao setup`` leaves it."""
    data = next(one for one in key_file.absolute().parents if one.is_dir()).stat()
    return about.st_uid == 0 != data.st_uid and about.st_gid == data.st_gid


def _of_ports(settings: Settings, root: Path) -> Iterator[ConfigProblem]:
    """Ports whose names follow the order in which devices are plugged in or answer at the start."""
    printers = sum(_NUMBERED_PRINTER.fullmatch(device.port) is not None for device in settings.devices)
    for at, device in enumerate(settings.devices):
        serial = _NUMBERED_LINE.fullmatch(device.port)
        if not (serial or (printers > 1 and _NUMBERED_PRINTER.fullmatch(device.port))):
            continue
        lasting = _lasting_name(device.port, root) if serial else None
        yield ConfigProblem(
            f"devices[{at}].port",
            (
                f"{device.port} 是按接入顺序起的名字，重启后可能换成别的设备（{device.name}）",
                f"{device.port} is named by the order of plugging in: after a start it may be another device "
                f"({device.name})",
            ),
            (f'写成 "{lasting}"', f'write "{lasting}"')
            if lasting
            else (
                "写 /dev/serial/by-id 或 by-path 下的名字，或用 udev 规则（60-quhao.rules）起一个名字",
                "write its name below /dev/serial/by-id or by-path, or give it one by a rule of udev (60-quhao.rules)",
            ),
        )


def _lasting_name(port: str, root: Path) -> str | None:
    """The name of the same serial line that stays, of its device or else of its socket; None where udev made none."""
    there = (root / port.lstrip("/")).resolve()
    links = (link for kind in ("by-id", "by-path") for link in sorted((root / "dev/serial" / kind).glob("*")))
    return next((f"/{link.relative_to(root)}" for link in links if link.resolve() == there), None)


def _of_devices(settings: Settings) -> Iterator[ConfigProblem]:
    for at, device in enumerate(settings.devices):
        host = urlsplit(device.port).hostname if device.port.startswith("tcp://") else None
        if device.driver in CARD_READERS and host and not _is_this_box(host):
            yield ConfigProblem(
                f"devices[{at}].port",
                (
                    f"身份证资料会不加密地经过网络（{device.name}）",
                    f"data of ID cards cross the network in the clear ({device.name})",
                ),
                (
                    "把读卡器接在本机上，或让它走单独的网线或 VPN",
                    "attach the reader to this box, or give it a cable or VPN of its own",
                ),
            )


def _is_this_box(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
