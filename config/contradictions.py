"""Checks across keys: duplicate names, references to what does not exist, missing files.

It reads the values as they stand in the file, not the settings made of them, because one bad key must not hide what
is wrong elsewhere. A value of the wrong kind is passed over here: it has its own problem already.
"""

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from config.opening_hours import Table, Tables, contradictions_of_hours, tables_in
from config.page_language import read_page_language
from config.problems import ConfigProblem, nearest
from config.settings import Kind
from config.values import minutes_of

Texts: TypeAlias = list[tuple[str, str]]
"""Texts of one field in a list of tables, each with its table's key."""

SQLITE = "sqlite:///"


def contradictions(values: Table, folder: Path, kinds: Mapping[str, Kind]) -> Iterator[ConfigProblem]:
    """Every contradiction in ``values``; relative paths start from ``folder``, ``kinds`` are the known drivers."""
    devices = tables_in(values, "devices")
    windows = _texts(tables_in(values, "windows"), "id")
    classes = _texts(tables_in(_table(values, "queue"), "classes", "queue."), "id")

    yield from _twice("name", _texts(devices, "name"))
    day_starts = _table(values, "hall").get("day_starts")
    yield from contradictions_of_businesses(values, (isinstance(day_starts, str) and minutes_of(day_starts)) or 0)
    yield from _of_classes(classes)
    yield from _of_ports(devices, kinds)
    yield from _of_devices(devices, [name for _, name in windows], kinds)
    yield from _of_devices_apart(devices, kinds)
    yield from _of_languages(_table(values, "hall"), folder)
    yield from _of_tls(_table(values, "server"), folder)
    yield from _of_store(_table(values, "store"), folder)
    yield from _of_privacy(_table(values, "privacy"))


def contradictions_of_hall(values: Table, day_starts: int) -> Iterator[ConfigProblem]:
    """Every contradiction of a hall's make-up, whole; ``day_starts`` in minutes after midnight."""
    yield from contradictions_of_businesses(values, day_starts)
    yield from _of_classes(_texts(tables_in(values, "classes"), "id"))
    for paper, needed in NEEDED.items():
        lines = tables_in(_table(values, paper), "lines", f"{paper}.")
        shown = {line.get("shows") for _, line in lines}
        for shows, (zh, en) in needed.items():
            if paper in values and shows not in shown:
                yield ConfigProblem(
                    f"{paper}.lines", (f"没有{zh}", f"{en} is missing"), ("把它加回来", "add its line again")
                )


NEEDED: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "slip": {"number": ("号码", "the number"), "code": ("二维码", "the QR code")},
    "receipt": {"code": ("二维码", "the QR code")},
}
"""What a paper is worth nothing without."""


def contradictions_of_businesses(values: Table, day_starts: int) -> Iterator[ConfigProblem]:
    """Every contradiction of services, windows, hours and holidays; ``day_starts`` in minutes after midnight."""
    services = tables_in(values, "services")
    named = _texts(services, "id")
    windows = tables_in(values, "windows")
    yield from _twice("id", named)
    yield from _twice("id", _texts(windows, "id"))
    days = [(key, str(table["day"])) for key, table in tables_in(values, "holidays") if "day" in table]
    yield from _twice("day", days)
    known = [name for _, name in named]
    yield from _of_windows(windows, known)
    yield from _of_chains(services, known)
    yield from contradictions_of_hours(values, services, day_starts)


def _of_classes(classes: Texts) -> Iterator[ConfigProblem]:
    yield from _twice("id", classes)
    for key, name in classes:
        if name == "normal":
            yield ConfigProblem(
                f"{key}.id",
                ("normal 是普通号的名字", "normal is what an ordinary ticket's class is called"),
                ("换一个名字", "choose another name"),
            )


def _of_windows(windows: Tables, services: list[str]) -> Iterator[ConfigProblem]:
    for key, window in windows:
        asked = window.get("services", ["*"])
        asked = [name for name in asked if isinstance(name, str)] if isinstance(asked, list) else ["*"]
        for name in asked:
            if name != "*" and name not in services:
                yield _stranger(f"{key}.services", "业务", "service", name, [*services, "*"])
        weights = window.get("weights")
        for name in weights if isinstance(weights, dict) else []:
            if name not in services:
                yield _stranger(f"{key}.weights.{name}", "业务", "service", name, services)
            elif "*" not in asked and name not in asked:
                yield ConfigProblem(
                    f"{key}.weights.{name}",
                    (f"这个窗口不办 {name}", f"this window does not serve {name}"),
                    (f"把 {name} 加进 services，或去掉这一项", f"add {name} to its services, or leave this out"),
                )


def _of_chains(services: Tables, known: list[str]) -> Iterator[ConfigProblem]:
    for key, service in services:
        chain = service.get("chain")
        stops = [name for name in chain if isinstance(name, str)] if isinstance(chain, list) else []
        for place, name in enumerate(stops):
            if name not in known:
                yield _stranger(f"{key}.chain", "业务", "service", name, known)
            elif name == service.get("id") or name in stops[:place]:
                yield ConfigProblem(
                    f"{key}.chain",
                    (f"{name} 在这条路上出现了两次", f"the way comes to {name} twice"),
                    ("每项业务只写一次，不写自己", "name each service once, and not the service itself"),
                )


def _of_devices(devices: Tables, windows: list[str], kinds: Mapping[str, Kind]) -> Iterator[ConfigProblem]:
    first: dict[tuple[str, str], str] = {}
    yield from _of_backups(devices)
    backups = [device.get("backup") for _, device in devices]
    for key, device in devices:
        for place, window in _windows_in(device, key):
            if window and windows and window not in windows:
                yield _stranger(place, "窗口", "window", window, windows)
        driver = device.get("driver")
        kind = kinds[driver] if isinstance(driver, str) and driver in kinds else None
        if device.get("name") in backups:
            continue
        if kind and kind.only_one and not (kind.windows_have and (device.get("window") or device.get("terminal"))):
            name, name_en = kind.only_one
            if first.setdefault(kind.only_one, key) == key:
                continue
            advice = ("把它移到另一台机器的配置里", "move it to another box's configuration")
            if kind.windows_have:
                advice = (
                    "窗口上的要写 window，终端上的写 terminal；或移到另一台机器",
                    "name its window or terminal, or move it to another box",
                )
            yield ConfigProblem(f"{key}.driver", (f"一台机器只带一个{name}", f"one box has one {name_en}"), advice)


def _of_devices_apart(devices: Tables, kinds: Mapping[str, Kind]) -> Iterator[ConfigProblem]:
    """Devices of one kind that must differ in a key and do not: two speakers of one zone would speak at once."""
    first: dict[tuple[str, str, str], str] = {}
    for key, device in devices:
        driver = device.get("driver")
        apart = kinds[driver].apart if isinstance(driver, str) and driver in kinds else ""
        value = device.get(apart, "") if apart else None
        place = (str(driver), str(device.get("at", "")), str(value))
        if isinstance(value, str) and (other := first.setdefault(place, key)) != key:
            yield ConfigProblem(
                f"{key}.{apart}",
                (f"与 {other} 的 {apart} 相同", f"its {apart} is that of {other}"),
                (f"给每一个写上自己的 {apart}", f"give each a {apart} of its own"),
            )


def _of_languages(hall: Table, folder: Path) -> Iterator[ConfigProblem]:
    """Files of languages that cannot be used, and one language in two files."""
    names = hall.get("languages")
    first: dict[str, str] = {}
    for place, name in enumerate(names if isinstance(names, list) else []):
        key = f"hall.languages[{place}]"
        if not isinstance(name, str):
            continue
        language, problems = read_page_language(folder / name)
        for one in problems:
            yield replace(one, key=f"{key} {one.key or name}")
        if language and (other := first.setdefault(language.id, name)) != name:
            yield ConfigProblem(
                key,
                (f"与 {other} 是同一种语言 {language.id}", f"it is the language {language.id}, as {other} is"),
                ("去掉其中一个", "leave one of them out"),
            )


def _of_ports(devices: Tables, kinds: Mapping[str, Kind]) -> Iterator[ConfigProblem]:
    """Devices on one port: only those of one driver that has addresses, each with its own, at one speed."""
    lines: dict[str, list[tuple[str, Table]]] = {}
    for key, device in devices:
        port = device.get("port")
        if not isinstance(port, str) or port == "sim:":
            continue
        before = lines.setdefault(port, [])
        before.append((key, device))
        first_key, first = before[0]
        if first is device:
            continue
        driver = device.get("driver")
        kind = kinds.get(driver) if isinstance(driver, str) else None
        if kind is None or driver != first.get("driver") or not kind.shares_port:
            yield _used_twice(f"{key}.port", port, first_key)
            continue
        if (rate := _value("baudrate", device, kind)) != (first_rate := _value("baudrate", first, kind)):
            yield ConfigProblem(
                f"{key}.baudrate",
                (
                    f"{rate}，而同一端口上的 {first_key} 是 {first_rate}",
                    f"{rate}, but {first_key} on the same port has {first_rate}",
                ),
                ("同一条线上的设备波特率要相同", "all devices on a line have one speed"),
            )
        for other_key, other in before[:-1]:
            if same := _addresses(device, kind) & _addresses(other, kind):
                address = min(same)
                yield ConfigProblem(
                    f"{key}.port",
                    (
                        f"{port} 上的地址 {address} 已在 {other_key} 用过",
                        f"address {address} on {port} is already used by {other_key}",
                    ),
                    (
                        "给同一端口上的每个设备写不同的 address",
                        "give each device on this port an address of its own",
                    ),
                )
                break


def _addresses(device: Table, kind: Kind) -> set[int]:
    """Every address that a device's table names: its own, or those in its list of tables."""
    listed = [one for field in device.values() if isinstance(field, list) for one in field if isinstance(one, dict)]
    found = [one.get("address") for one in listed if "address" in one] or [_value("address", device, kind)]
    return {one for one in found if isinstance(one, int)}


def _value(field: str, device: Table, kind: Kind) -> Any:
    model = kind.settings.model_fields
    return device.get(field, model[field].default if field in model else None)


def _of_backups(devices: Tables) -> Iterator[ConfigProblem]:
    """That what takes over for a device is another one of its kind."""
    for key, device in devices:
        backup, name = device.get("backup"), device.get("name")
        if not isinstance(backup, str) or not backup:
            continue
        others = [str(one.get("name")) for _, one in devices if one.get("driver") == device.get("driver")]
        if backup == name:
            yield ConfigProblem(
                f"{key}.backup",
                (f"{backup} 不能做自己的备用", f"{backup} cannot take over for itself"),
                ("写另一台的 name，或去掉这一项", "write the name of another one, or leave this out"),
            )
        elif backup not in others:
            yield _stranger(f"{key}.backup", "打印机", "printer", backup, [one for one in others if one != name])


def _windows_in(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Each window that a device's table names, and under which key; some have several, in lists."""
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _windows_in(one, f"{key}[{index}]")
    elif isinstance(value, dict):
        for name, one in value.items():
            if name == "window" and isinstance(one, str):
                yield f"{key}.window", one
            if name == "windows" and isinstance(one, list):
                yield from ((f"{key}.windows", window) for window in one if isinstance(window, str))
            yield from _windows_in(one, f"{key}.{name}")


def _of_tls(server: Table, folder: Path) -> Iterator[ConfigProblem]:
    given = [key for key in ("tls_cert", "tls_key") if key in server]
    if len(given) == 1:
        other = "tls_key" if given == ["tls_cert"] else "tls_cert"
        yield ConfigProblem(
            f"server.{other}",
            (f"写了 {given[0]}，没有写 {other}", f"{given[0]} is given without {other}"),
            (f"加上 {other}，或去掉 {given[0]}", f"add {other}, or leave {given[0]} out as well"),
        )
    files = {key: folder / server[key] for key in given if isinstance(server[key], str)}
    there = {key: file for key, file in files.items() if _is(file, Path.is_file)}
    for key in [key for key in files if key not in there]:
        yield ConfigProblem(
            f"server.{key}",
            (f"没有文件 {files[key]}", f"there is no file {files[key]}"),
            ("检查路径", "check the path"),
        )
    if len(there) == 2:
        yield from _bad_certificate(there["tls_cert"], there["tls_key"])


def _bad_certificate(certificate: Path, key: Path) -> Iterator[ConfigProblem]:
    """Checks that both files hold PEM, and that the key belongs to the certificate."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, OSError) as error:
        why = error.strerror or str(error)
        yield ConfigProblem(
            "server.tls_cert",
            (f"证书和密钥不能一起使用({why})", f"the certificate and the key cannot be used together ({why})"),
            (
                "两个都要是 PEM 文件，密钥不加口令，且与证书配对",
                "both are PEM files, the key without a passphrase, and each other's",
            ),
        )


def _of_store(store: Table, folder: Path) -> Iterator[ConfigProblem]:
    files = {"key_file": store.get("key_file")}
    url = store.get("url")
    if isinstance(url, str) and url.startswith(SQLITE):
        files["url"] = url.removeprefix(SQLITE)
    for key, name in files.items():
        if isinstance(name, str) and name and _is(folder / name, Path.is_dir):
            yield ConfigProblem(
                f"store.{key}",
                (f"{folder / name} 是一个文件夹", f"{folder / name} is a folder"),
                ("写一个文件的路径", "write the path of a file"),
            )


def _of_privacy(privacy: Table) -> Iterator[ConfigProblem]:
    if privacy.get("suite") == "sm" and privacy.get("cipher") == "aes-256-gcm":
        yield ConfigProblem(
            "privacy.cipher",
            ('suite = "sm" 只用 sm4-gcm', 'suite = "sm" uses sm4-gcm alone'),
            ("去掉 cipher", "leave cipher out"),
        )


def _is(path: Path, kind: Any) -> bool:
    try:
        return bool(kind(path))
    except OSError:  # a folder on the way that we may not enter
        return False


def _twice(field: str, texts: Texts) -> Iterator[ConfigProblem]:
    first: dict[str, str] = {}
    for key, text in texts:
        where = first.setdefault(text, key)
        if where != key:
            yield _used_twice(f"{key}.{field}", text, where)


def _used_twice(key: str, text: str, where: str) -> ConfigProblem:
    return ConfigProblem(
        key, (f"{text} 已在 {where} 用过", f"{text} is already used by {where}"), ("换一个", "choose another")
    )


def _stranger(key: str, what: str, what_en: str, name: str, known: list[str]) -> ConfigProblem:
    return ConfigProblem(
        key, (f"没有{what} {name}", f"there is no {what_en} {name}"), nearest(name, list(dict.fromkeys(known)))
    )


def _table(values: Table, name: str) -> Table:
    found = values.get(name)
    return found if isinstance(found, dict) else {}


def _texts(tables: Tables, field: str) -> Texts:
    return [(key, table[field]) for key, table in tables if isinstance(table.get(field), str)]
