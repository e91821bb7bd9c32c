"""The bundle of ``quhao doctor``: what support needs to know of a box, with nothing of a person and no secret in it."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiosk.cli.options import store_as_it_is

if TYPE_CHECKING:
    from config.settings import Settings
    from drivers.supervisor import DeviceState

LOG_LINES = "2000"

_KEY = r"[\w-]*(?:password|secret|token|passphrase)[\w-]*"
_ASSIGNED = re.compile(rf"""(?i)({_KEY}["']?\s*=\s*)(?:"[^"\n]*"|'[^'\n]*'|[^\s,}}\]]+)""")
_IS_KEY = re.compile(rf"(?i){_KEY}")
_IN_URLS = re.compile(r"(://[^\s:/@\"']*):[^\s@\"']*@")
# What a QR code or a hand typed may have got into a log, of this program or another: never passed on.
_PERSONAL = (
    (re.compile(r"(?<![0-9A-Za-z])(?:\d{17}[\dXx]|\d{15})(?![0-9A-Za-z])"), "<number>"),
    # A Chinese mobile number.
    (re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)"), "<number>"),
    # The code of a slip, as display prints it; a token.
    (re.compile(r"(?<![0-9A-Za-z])[0-9A-HJKMNP-TV-Z]{16}(?![0-9A-Za-z])"), "<code>"),
    (re.compile(r"quhao_[\w-]{8,}"), "<token>"),
)
_ADDRESS = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")


def pack(
    config: Path, settings: "Settings", said: Iterable[str], devices: "Iterable[DeviceState]", metrics: str | None
) -> bytes:
    """A ZIP file of texts.

    Args:
        config: the file of settings.
        settings: the same, read.
        said: the doctor's report.
        devices: their states.
        metrics: of the running service; None where it gave none.
    """
    # Imported here, as in all commands: each command is loaded at the start of the service, too.
    import json
    import platform
    import zipfile
    from importlib import metadata
    from io import BytesIO

    from kiosk.devices.status_socket import as_json

    usb = [
        f"{one.parent.name}: {one.read_text().strip()}"
        for one in sorted(Path("/sys/bus/usb/devices").glob("*/product"))
    ]
    ports = [f"{one} -> {one.resolve()}" for one in sorted(Path("/dev").glob("*/by-id/*"))]
    versions = sorted(f"{one.name}=={one.version}" for one in metadata.distributions())
    written = config.read_text("utf-8-sig", "replace")
    log = _output("journalctl", "--unit=quhao", f"--lines={LOG_LINES}", "--no-pager", "--output=short-iso")
    files = {
        "doctor.txt": "\n".join([f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S %z}", *said]),
        "devices.json": json.dumps([as_json(one) for one in devices], ensure_ascii=False, indent=1),
        "settings.toml": without_secrets(written),
        "system.txt": "\n".join([platform.platform(), platform.python_version(), *ports, *usb]),
        "versions.txt": "\n".join(versions),
        "metrics.txt": metrics or "",
        "log.txt": _without_strangers(_without_names(log, _names(settings)), written),
    }
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        for name, text in files.items():
            out.writestr(name, _without_persons(text))
    return packed.getvalue()


def without_secrets(text: str) -> str:
    """Settings without passwords: what stands behind such keys, also in comments, and in URLs."""
    import tomllib

    try:
        values = sorted(set(_secrets(tomllib.loads(text))), key=len, reverse=True)
    except tomllib.TOMLDecodeError:
        values = []
    # A text over several lines, or one that is named again elsewhere.
    for value in values:
        text = text.replace(value, "***")
    return _IN_URLS.sub(r"\1:***@", _ASSIGNED.sub(r'\1"***"', text))


def _secrets(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            if isinstance(one, str) and one and _IS_KEY.fullmatch(key):
                yield one
            else:
                yield from _secrets(one)
    elif isinstance(value, list):
        for one in value:
            yield from _secrets(one)


def _names(settings: "Settings") -> list[str]:
    """The people who log in; none where the store cannot be read now."""
    from sqlalchemy import select

    from ticketing.model import TicketingError
    from ticketing.store.tables import account

    with store_as_it_is(settings) as store, suppress(TicketingError):
        if store is not None:
            with store.read() as conn:
                return list(conn.scalars(select(account.c.name)))
    return []


def _without_names(text: str, names: Iterable[str]) -> str:
    """The same person has the same number throughout, so that it can be seen who did what."""
    for number, name in enumerate(sorted(names, key=len, reverse=True), 1):
        text = re.sub(rf"(?<![\w@.-]){re.escape(name)}(?![\w@-])", f"<person {number}>", text)
    return text


def _without_strangers(text: str, settings: str) -> str:
    """Without addresses of phones: of others than the settings name."""
    return _ADDRESS.sub(lambda found: found[0] if found[0] in settings or _is_own(found[0]) else "<address>", text)


def _is_own(address: str) -> bool:
    return address.startswith("127.") or address == "0.0.0.0"  # noqa: S104 - compared, not bound


def _without_persons(text: str) -> str:
    for found, shown in _PERSONAL:
        text = found.sub(shown, text)
    return text


def _output(*command: str) -> str:
    """What a program of the system says; "" where there is none."""
    import subprocess

    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - fixed words
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
