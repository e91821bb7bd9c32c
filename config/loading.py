"""Read one TOML file into :class:`~config.settings.Settings`, or say everything that is wrong with it at once."""

import ssl
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from config.settings import DRIVERS, PLANNED_DRIVERS, ServerSettings, Settings


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a configuration.

    Attributes:
        key: where, such as ``devices[1].port``; "" for the file as a whole.
        reason: what is wrong, in Chinese and in English.
        suggestion: what to write instead, in both.
    """

    key: str
    reason: tuple[str, str]
    suggestion: tuple[str, str]

    def __str__(self) -> str:
        """A line for each language, under the key."""
        lines = (f"  {self.key}" if self.key else "  (file)",)
        words = zip(self.reason, self.suggestion, strict=True)
        return "\n".join((*lines, *(f"      {reason} → {advice}" for reason, advice in words)))


class ConfigError(Exception):
    """A configuration that cannot be used; ``problems`` holds all that is wrong with it."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problems in {path}")
        self.path = path
        self.problems = problems

    def __str__(self) -> str:
        """All of it, for a technician."""
        number = len(self.problems)
        head = f"{self.path}: 配置有 {number} 处问题 / {number} problem{'s' * (number != 1)} in this configuration"
        return "\n".join((head, *map(str, self.problems)))


def load(path: Path) -> Settings:
    """The settings in ``path``; relative paths in it are made absolute, starting from its folder.

    Raises:
        ConfigError: with every problem at once.
    """
    path = path.absolute()
    try:
        values = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ConfigError(path, [_unreadable(error)]) from error
    except UnicodeDecodeError as error:
        raise ConfigError(path, [_not_utf8(error)]) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, [_no_toml(str(error))]) from error
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems = [_problem(item) for item in error.errors(include_url=False)]
        raise ConfigError(path, problems) from error
    settings = _absolute(settings, path.parent)
    problems = list(_contradictions(settings))
    if problems:
        raise ConfigError(path, problems)
    return settings


def _absolute(settings: Settings, folder: Path) -> Settings:
    store, server = settings.store, settings.server
    file = folder / store.url.removeprefix("sqlite:///")
    store = store.model_copy(update={"url": f"sqlite:///{file}", "key_file": folder / store.key_file})
    if server.tls_cert and server.tls_key:
        server = server.model_copy(update={"tls_cert": folder / server.tls_cert, "tls_key": folder / server.tls_key})
    devices = tuple(
        device.model_copy(update={"port": str(folder / device.port)})
        if device.driver != "speaker" and "://" not in device.port and not device.simulated
        else device
        for device in settings.devices
    )
    return settings.model_copy(update={"store": store, "server": server, "devices": devices})


def _unreadable(error: OSError) -> Problem:
    return Problem(
        "",
        (f"读不了配置文件({error.strerror})", f"the configuration file cannot be read ({error.strerror})"),
        ("检查路径和权限，或用 --config 指明文件", "check the path and its permissions, or name a file with --config"),
    )


def _not_utf8(error: UnicodeDecodeError) -> Problem:
    return Problem(
        "",
        (f"第 {error.start} 个字节不是 UTF-8", f"byte {error.start} is not UTF-8"),
        ("用编辑器把文件另存为 UTF-8", "save the file as UTF-8 in your editor"),
    )


def _no_toml(message: str) -> Problem:
    return Problem(
        "",
        (f"不是合法的 TOML:{message}", f"this is not TOML: {message}"),
        ("改正所指的行;字符串要加双引号", "mend the line it names; strings stand in double quotes"),
    )


def _problem(item: Any) -> Problem:
    """One of pydantic's errors, in the words of somebody who edits the file."""
    location: tuple[str | int, ...] = item["loc"]
    key = _dotted(location)
    context = item.get("ctx", {})
    given = item.get("input")
    match item["type"]:
        case "missing":
            return Problem(
                key, ("缺少这一项", "this key is missing"), (f"加上一行 {location[-1]} = …", f"add {location[-1]} = …")
            )
        case "extra_forbidden":
            known = _known_keys(location[:-1])
            near = get_close_matches(str(location[-1]), known, 1)
            advice = (f"是不是 {near[0]}?", f"did you mean {near[0]}?") if near else _one_of(known)
            return Problem(key, ("没有这一项", "there is no such key"), advice)
        case "literal_error":
            return _not_one_of(key, str(location[-1]), given, context.get("expected", ""))
        case "string_pattern_mismatch":
            return Problem(key, (f"写法不对:{_short(given)}", f"not well formed: {_short(given)}"), _form_of(location))
        case "value_error":
            return _own_error(key, str(context.get("error", "")), given)
        case _:
            message = item["msg"][:1].lower() + item["msg"][1:]
            return Problem(
                key,
                (f"值不对:{_short(given)}({message})", f"{_short(given)} will not do: {message}"),
                ("换成符合要求的值", "write a value that fits"),
            )


def _not_one_of(key: str, field: str, given: Any, expected: str) -> Problem:
    if field == "driver" and given in PLANNED_DRIVERS:
        return Problem(
            key,
            (f"这个版本还没有驱动 {given}", f"driver {given} is not in this version yet"),
            _one_of(list(DRIVERS)),
        )
    choices = [choice.strip("' ") for choice in expected.replace(" or ", ", ").split(",")]
    near = get_close_matches(str(given), choices, 1)
    advice = (f"是不是 {near[0]}?", f"did you mean {near[0]}?") if near else _one_of(choices)
    return Problem(key, (f"没有 {_short(given)} 这个选择", f"{_short(given)} is not a choice"), advice)


def _own_error(key: str, code: str, given: Any) -> Problem:
    match code:
        case "unknown_timezone":
            return Problem(
                key,
                (f"没有时区 {_short(given)}", f"there is no time zone {_short(given)}"),
                ("写 IANA 名称，如 Asia/Shanghai", "write an IANA name such as Asia/Shanghai"),
            )
        case "half_tls":
            return Problem(
                key,
                ("tls_cert 和 tls_key 只写了一个", "only one of tls_cert and tls_key is given"),
                ("两个都写，或都不写", "give both, or neither"),
            )
        case _:
            return Problem(
                key,
                (f"这里要一个整数，不是 {_short(given)}", f"a whole number belongs here, not {_short(given)}"),
                ("写成不带引号的数字", "write a number without quotes"),
            )


def _form_of(location: tuple[str | int, ...]) -> tuple[str, str]:
    match location[-1]:
        case "prefix":
            return "一到三个大写字母，如 A", "one to three capital letters, such as A"
        case "url":
            return (
                "写成 sqlite:///文件;这个版本只有 SQLite",
                "write sqlite:///file; this version keeps its store in SQLite",
            )
        case "public_host":
            return "只写主机名，不带 https://,如 Q.EXAMPLE.CN", "the host name alone, no https://, such as Q.EXAMPLE.CN"
        case _:
            return "只用字母、数字和 - _ .", "letters, digits and - _ . only"


def _contradictions(settings: Settings) -> Iterator[Problem]:
    """What no single key shows."""
    yield from _twice("devices", "name", [device.name for device in settings.devices])
    yield from _twice("services", "id", [service.id for service in settings.services])
    yield from _twice("windows", "id", [window.id for window in settings.windows])
    yield from _twice("queue.classes", "id", [one.id for one in settings.queue.classes])
    hardware = [device.port if not device.simulated else f"sim: {n}" for n, device in enumerate(settings.devices)]
    yield from _twice("devices", "port", hardware)

    services = [service.id for service in settings.services]
    for index, window in enumerate(settings.windows):
        for name in window.services:
            if name != "*" and name not in services:
                yield _stranger(f"windows[{index}].services", "业务", "service", name, [*services, "*"])

    windows = [window.id for window in settings.windows]
    for index, device in enumerate(settings.devices):
        if device.window and windows and device.window not in windows:
            yield _stranger(f"devices[{index}].window", "窗口", "window", device.window, windows)
        if device.driver in ("led-bx", "scanner") and not device.window:
            yield Problem(
                f"devices[{index}].window",
                (f"{device.name} 没有写属于哪个窗口", f"{device.name} does not say whose window it is"),
                ('加上 window = "3"', 'add window = "3"'),
            )
    for number, driver in enumerate(("sam", "escpos")):
        found = [index for index, device in enumerate(settings.devices) if device.driver == driver]
        for index in found[1:]:
            what = (("读卡器", "card reader"), ("打印机", "printer"))[number]
            yield Problem(
                f"devices[{index}].driver",
                (f"一台机器只带一个{what[0]}", f"one box has one {what[1]}"),
                ("把它移到另一台机器的配置里", "move it to another box's configuration"),
            )

    for key in ("tls_cert", "tls_key"):
        file: Path | None = getattr(settings.server, key)
        if file is not None and not file.is_file():
            yield Problem(
                f"server.{key}",
                (f"没有文件 {file}", f"there is no file {file}"),
                ("检查路径", "check the path"),
            )
    yield from _bad_certificate(settings.server)
    for index, one in enumerate(settings.queue.classes):
        if one.id == "normal":
            yield Problem(
                f"queue.classes[{index}].id",
                ("normal 是普通号的名字", "normal is what an ordinary ticket's class is called"),
                ("换一个名字", "choose another name"),
            )


def _bad_certificate(server: ServerSettings) -> Iterator[Problem]:
    """A certificate and key that are there, and are none or not each other's."""
    if not (server.tls_cert and server.tls_key and server.tls_cert.is_file() and server.tls_key.is_file()):
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(server.tls_cert, server.tls_key, password="")
    except (ssl.SSLError, OSError) as error:
        why = error.strerror or str(error)
        yield Problem(
            "server.tls_cert",
            (f"证书和密钥不能一起使用({why})", f"the certificate and the key cannot be used together ({why})"),
            (
                "两个都要是 PEM 文件，密钥不加口令，且与证书配对",
                "both are PEM files, the key without a passphrase, and each other's",
            ),
        )


def _twice(table: str, field: str, names: list[str]) -> Iterator[Problem]:
    for name, times in Counter(names).items():
        if times > 1:
            where = [index for index, other in enumerate(names) if other == name]
            yield Problem(
                f"{table}[{where[1]}].{field}",
                (f"{name} 已在 {table}[{where[0]}] 用过", f"{name} is already used by {table}[{where[0]}]"),
                ("换一个", "choose another"),
            )


def _stranger(key: str, what: str, what_en: str, name: str, known: list[str]) -> Problem:
    near = get_close_matches(name, known, 1)
    advice = (f"是不是 {near[0]}?", f"did you mean {near[0]}?") if near else _one_of(known)
    return Problem(key, (f"没有{what} {name}", f"there is no {what_en} {name}"), advice)


def _one_of(choices: list[str]) -> tuple[str, str]:
    return f"可选:{'、'.join(choices)}", f"choose from {', '.join(choices)}"


def _known_keys(location: tuple[str | int, ...]) -> list[str]:
    model: type[BaseModel] = Settings
    for part in location:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            model = next(
                inner
                for inner in (annotation, *getattr(annotation, "__args__", ()))
                if isinstance(inner, type) and issubclass(inner, BaseModel)
            )
    return list(model.model_fields)


def _dotted(location: tuple[str | int, ...]) -> str:
    key = ""
    for part in location:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else part
    return key


def _short(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
