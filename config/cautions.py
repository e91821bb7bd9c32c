"""Settings that are allowed, and that a technician should think about twice: they leave data or log less guarded.

``quhao check`` says them; nothing is refused.
"""

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from config.problems import ConfigProblem
from config.settings import CARD_READERS, Settings

_GUARDED_MODES = ("require", "verify-ca", "verify-full")
_SECRET_IN_FILE = re.compile(r"(?m)^[^#\n]*://[^\s:/@\"']*:[^\s@\"']+@")


def cautions(settings: Settings, path: Path) -> Iterator[ConfigProblem]:
    """What to think about twice in ``settings``, which were read from the file ``path``."""
    yield from _of_server(settings)
    yield from _of_store(settings.store.url)
    yield from _of_file(path)
    yield from _of_devices(settings)
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


def _of_file(path: Path) -> Iterator[ConfigProblem]:
    try:
        mode, text = path.stat().st_mode, path.read_text("utf-8-sig", "replace")
    except OSError:
        return
    if mode & 0o044 and _SECRET_IN_FILE.search(text):
        yield ConfigProblem(
            path.name,
            (
                "其他用户可以读取这个文件，其中有密码",
                "other users of this box may read this file, and a password is in it",
            ),
            (f"执行 chmod 600 {path}", f"run chmod 600 {path}"),
        )


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
