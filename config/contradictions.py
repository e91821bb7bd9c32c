"""What no single key shows: names given twice, names that point nowhere, files that are not there.

It reads the values as they stand in the file, not the settings made of them, because one bad key must not hide what
is wrong elsewhere. A value of the wrong kind is passed over here: it has its own problem already.
"""

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from config.opening_hours import contradictions_of_hours
from config.problems import ConfigProblem, nearest
from config.settings import Kind
from config.values import minutes_of

Table: TypeAlias = dict[str, Any]
Texts: TypeAlias = list[tuple[int, str]]
"""Texts of one field in a list of tables, each with its table's index."""

SQLITE = "sqlite:///"


def contradictions(values: Table, folder: Path, kinds: Mapping[str, Kind]) -> Iterator[ConfigProblem]:
    """All of them; ``folder`` is where relative paths in ``values`` start, ``kinds`` is as for ``load``."""
    devices = _tables(values, "devices")
    windows = _texts(_tables(values, "windows"), "id")
    classes = _texts(_tables(values, "queue", "classes"), "id")

    yield from _twice("devices", "name", _texts(devices, "name"))
    day_starts = _table(values, "hall").get("day_starts")
    yield from contradictions_of_businesses(values, (isinstance(day_starts, str) and minutes_of(day_starts)) or 0)
    yield from _twice("queue.classes", "id", classes)
    yield from _twice("devices", "port", [(n, port) for n, port in _texts(devices, "port") if port != "sim:"])

    yield from _of_devices(devices, [name for _, name in windows], kinds)
    yield from _of_tls(_table(values, "server"), folder)
    yield from _of_store(_table(values, "store"), folder)
    for index, name in classes:
        if name == "normal":
            yield ConfigProblem(
                f"queue.classes[{index}].id",
                ("normal 是普通号的名字", "normal is what an ordinary ticket's class is called"),
                ("换一个名字", "choose another name"),
            )


def contradictions_of_businesses(values: Table, day_starts: int) -> Iterator[ConfigProblem]:
    """Those of services, windows, hours and holidays; ``day_starts`` in minutes after midnight."""
    services = _tables(values, "services")
    named = _texts(services, "id")
    windows = _tables(values, "windows")
    yield from _twice("services", "id", named)
    yield from _twice("windows", "id", _texts(windows, "id"))
    days = [(index, str(table["day"])) for index, table in _tables(values, "holidays") if "day" in table]
    yield from _twice("holidays", "day", days)
    known = [name for _, name in named]
    yield from _of_windows(windows, known)
    yield from _of_chains(services, known)
    yield from contradictions_of_hours(values, services, day_starts)


def _of_windows(windows: list[tuple[int, Table]], services: list[str]) -> Iterator[ConfigProblem]:
    for index, window in windows:
        asked = window.get("services", ["*"])
        asked = [name for name in asked if isinstance(name, str)] if isinstance(asked, list) else ["*"]
        for name in asked:
            if name != "*" and name not in services:
                yield _stranger(f"windows[{index}].services", "业务", "service", name, [*services, "*"])
        weights = window.get("weights")
        for name in weights if isinstance(weights, dict) else []:
            key = f"windows[{index}].weights.{name}"
            if name not in services:
                yield _stranger(key, "业务", "service", name, services)
            elif "*" not in asked and name not in asked:
                yield ConfigProblem(
                    key,
                    (f"这个窗口不办 {name}", f"this window does not serve {name}"),
                    (f"把 {name} 加进 services，或去掉这一项", f"add {name} to its services, or leave this out"),
                )


def _of_chains(services: list[tuple[int, Table]], known: list[str]) -> Iterator[ConfigProblem]:
    for index, service in services:
        chain = service.get("chain")
        stops = [name for name in chain if isinstance(name, str)] if isinstance(chain, list) else []
        key = f"services[{index}].chain"
        for place, name in enumerate(stops):
            if name not in known:
                yield _stranger(key, "业务", "service", name, known)
            elif name == service.get("id") or name in stops[:place]:
                yield ConfigProblem(
                    key,
                    (f"{name} 在这条路上出现了两次", f"the way comes to {name} twice"),
                    ("每项业务只写一次，不写自己", "name each service once, and not the service itself"),
                )


def _of_devices(
    devices: list[tuple[int, Table]], windows: list[str], kinds: Mapping[str, Kind]
) -> Iterator[ConfigProblem]:
    first: dict[tuple[str, str], int] = {}
    for index, device in devices:
        for key, window in _windows_in(device, f"devices[{index}]"):
            if window and windows and window not in windows:
                yield _stranger(key, "窗口", "window", window, windows)
        driver = device.get("driver")
        only_one = kinds[driver].only_one if isinstance(driver, str) and driver in kinds else None
        if only_one and first.setdefault(only_one, index) != index:
            yield ConfigProblem(
                f"devices[{index}].driver",
                (f"一台机器只带一个{only_one[0]}", f"one box has one {only_one[1]}"),
                ("把它移到另一台机器的配置里", "move it to another box's configuration"),
            )


def _windows_in(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Each window that a device's table names, and under which key; some have several, in lists of tables."""
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _windows_in(one, f"{key}[{index}]")
    elif isinstance(value, dict):
        for name, one in value.items():
            if name == "window" and isinstance(one, str):
                yield f"{key}.window", one
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
    """A certificate and key that are there, and are none or not each other's."""
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


def _is(path: Path, kind: Any) -> bool:
    try:
        return bool(kind(path))
    except OSError:  # a folder on the way that we may not enter
        return False


def _twice(table: str, field: str, texts: Texts) -> Iterator[ConfigProblem]:
    first: dict[str, int] = {}
    for index, text in texts:
        if first.setdefault(text, index) != index:
            where = f"{table}[{first[text]}]"
            yield ConfigProblem(
                f"{table}[{index}].{field}",
                (f"{text} 已在 {where} 用过", f"{text} is already used by {where}"),
                ("换一个", "choose another"),
            )


def _stranger(key: str, what: str, what_en: str, name: str, known: list[str]) -> ConfigProblem:
    return ConfigProblem(
        key, (f"没有{what} {name}", f"there is no {what_en} {name}"), nearest(name, list(dict.fromkeys(known)))
    )


def _table(values: Table, name: str) -> Table:
    found = values.get(name)
    return found if isinstance(found, dict) else {}


def _tables(values: Table, *path: str) -> list[tuple[int, Table]]:
    found: Any = values
    for part in path:
        found = found.get(part) if isinstance(found, dict) else None
    listed = found if isinstance(found, list) else []
    return [(index, table) for index, table in enumerate(listed) if isinstance(table, dict)]


def _texts(tables: list[tuple[int, Table]], field: str) -> Texts:
    return [(index, table[field]) for index, table in tables if isinstance(table.get(field), str)]
