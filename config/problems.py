"""What is wrong with a configuration, in the words of somebody who edits the file."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from config.addresses import is_network
from config.settings import Settings

PLANNED_DRIVERS = ("pcsc", "gpio", "climate")


@dataclass(frozen=True)
class ConfigProblem:
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

    def __init__(self, path: Path, problems: list[ConfigProblem]) -> None:
        super().__init__(f"{len(problems)} problems in {path}")
        self.path = path
        self.problems = problems

    def __str__(self) -> str:
        """All of it, for a technician."""
        number = len(self.problems)
        head = f"{self.path}: 配置有 {number} 处问题 / {number} problem{'s' * (number != 1)} in this configuration"
        return "\n".join((head, *map(str, self.problems)))


def unreadable(error: OSError) -> ConfigProblem:
    """The file is not there, or not for us."""
    return ConfigProblem(
        "",
        (f"读不了配置文件({error.strerror})", f"the configuration file cannot be read ({error.strerror})"),
        ("检查路径和权限，或用 --config 指明文件", "check the path and its permissions, or name a file with --config"),
    )


def not_utf8(error: UnicodeDecodeError) -> ConfigProblem:
    """The file is in another encoding."""
    return ConfigProblem(
        "",
        (f"第 {error.start} 个字节不是 UTF-8", f"byte {error.start} is not UTF-8"),
        ("用编辑器把文件另存为 UTF-8", "save the file as UTF-8 in your editor"),
    )


def no_toml(message: str) -> ConfigProblem:
    """The file cannot be taken apart at all."""
    return ConfigProblem(
        "",
        (f"不是合法的 TOML:{message}", f"this is not TOML: {message}"),
        ("改正所指的行；字符串要加双引号", "mend the line it names; strings stand in double quotes"),
    )


def no_json(message: str) -> ConfigProblem:
    """The file cannot be taken apart at all."""
    return ConfigProblem(
        "",
        (f"不是合法的 JSON：{message}", f"this is not JSON: {message}"),
        ("改正所指的地方", "mend the place it names"),
    )


def says_nothing() -> ConfigProblem:
    """The file is empty: one that was cut, most likely, and no wish to take all there is away."""
    return ConfigProblem(
        "",
        ("文件是空的，会撤销全部业务和窗口", "the file is empty, which would take every service and window away"),
        ("真要这样，请写 services = []", "if that is meant, write services = []"),
    )


def wrong_value(item: Any, model: type[BaseModel] = Settings, above: tuple[str | int, ...] = ()) -> ConfigProblem:
    """What is wrong with one value.

    Args:
        item: one of pydantic's errors: a mapping with ``loc``, ``type``, ``input``, ``ctx``, ``msg``.
        model: what the error is about.
        above: where in the file ``model`` begins.
    """
    within: tuple[str | int, ...] = item["loc"]
    location = above + within
    key = _dotted(location)
    context = item.get("ctx", {})
    given = item.get("input")
    match item["type"]:
        case "missing":
            return ConfigProblem(key, ("缺少这一项", "this key is missing"), _add(location, model))
        case "extra_forbidden":
            near = nearest(str(location[-1]), _known_keys(within[:-1], model))
            return ConfigProblem(key, ("没有这一项", "there is no such key"), near)
        case "literal_error":
            choices = [choice.strip("' ") for choice in context["expected"].replace(" or ", ", ").split(",")]
            return ConfigProblem(key, *_not_one_of(given, choices))
        case "string_pattern_mismatch":
            return ConfigProblem(
                key, (f"写法不对：{_short(given)}", f"not well formed: {_short(given)}"), _form_of(location)
            )
        case "int_type":
            shown = _short(given)
            reason = (f"这里要一个整数，不是 {shown}", f"a whole number belongs here, not {shown}")
            return ConfigProblem(key, reason, _as_whole(given))
        case "wrong-setting":
            # In the words of the device's own settings.
            reason = (f"{_short(given)} {context['zh']}", f"{_short(given)} {context['en']}")
            return ConfigProblem(key, reason, (context["advice"], context["advice_en"]))
        case "value_error":
            return _own_error(key, str(context.get("error", "")), given)
        case "string_type" | "path_type":
            return ConfigProblem(
                key,
                (f"这里要一段文字，不是 {_short(given)}", f"a text belongs here, not {_short(given)}"),
                (f'加上双引号："{given}"', f'put it in double quotes: "{given}"')
                if isinstance(given, (int, float)) and not isinstance(given, bool)
                else ("写一段带双引号的文字", "write a text in double quotes"),
            )
        case "tuple_type":
            return ConfigProblem(
                key,
                (f"这里要一个列表，不是 {_short(given)}", f"a list belongs here, not {_short(given)}"),
                _as_list(key, given),
            )
        case "model_type" | "dict_type":
            return ConfigProblem(
                key,
                (f"这里要一节，不是 {_short(given)}", f"a table belongs here, not {_short(given)}"),
                (f"写成 {_heading(location)} 一节", f"write a table {_heading(location)}"),
            )
        case "greater_than_equal" | "less_than_equal":
            least = item["type"] == "greater_than_equal"
            limit = context["ge"] if least else context["le"]
            return ConfigProblem(
                key,
                (f"{given} 太{'小' if least else '大'}", f"{given} is too {'small' if least else 'large'}"),
                (f"最{'小' if least else '大'}为 {limit}", f"write {limit} at {'least' if least else 'most'}"),
            )
        case "string_too_short" | "too_short":
            return ConfigProblem(key, ("不能为空", "this is empty"), ("写上内容", "write something"))
        case "too_long":
            limit = context["max_length"]
            return ConfigProblem(
                key, ("这个列表太长", "this list is too long"), (f"最多 {limit} 项", f"write {limit} entries at most")
            )
        case "string_too_long":
            limit = context["max_length"]
            return ConfigProblem(
                key,
                (f"太长：{_short(given)}", f"too long: {_short(given)}"),
                (f"最多 {limit} 个字", f"write {limit} characters at most"),
            )
        case _:
            message = item["msg"][:1].lower() + item["msg"][1:]
            return ConfigProblem(
                key,
                (f"值不对：{_short(given)}({message})", f"{_short(given)} will not do: {message}"),
                ("换成符合要求的值", "write a value that fits"),
            )


def nearest(name: str, known: list[str]) -> tuple[str, str]:
    """What somebody who wrote ``name`` may have meant."""
    near = get_close_matches(name, known, 1)
    return (f"是不是 {near[0]}?", f"did you mean {near[0]}?") if near else one_of(known)


def one_of(choices: list[str]) -> tuple[str, str]:
    """All there is."""
    return f"可选：{'、'.join(choices)}", f"choose from {', '.join(choices)}"


def no_driver(key: str, given: str, drivers: list[str]) -> ConfigProblem:
    """A device of a kind that there is not."""
    if given in PLANNED_DRIVERS:
        reason = (f"这个版本还没有驱动 {given}", f"driver {given} is not in this version yet")
        return ConfigProblem(key, reason, one_of(drivers))
    return ConfigProblem(key, *_not_one_of(given, drivers))


def _not_one_of(given: Any, choices: list[str]) -> tuple[tuple[str, str], tuple[str, str]]:
    reason = (f"没有 {_short(given)} 这个选择", f"{_short(given)} is not a choice")
    return reason, nearest(str(given), choices)


def _own_error(key: str, code: str, given: Any) -> ConfigProblem:
    """What the validators of ``config.settings`` refuse."""
    shown = _short(given)
    if code == "no_address" and is_network(str(given)):
        reason = (f"{shown} 是一个网段", f"{shown} is a network")
        return ConfigProblem(key, reason, ("逐个写出 IP 地址", "write the IP addresses one by one"))
    zh, en, advice, advice_en = _OWN_ERRORS[code]
    return ConfigProblem(key, (f"{shown} {zh}", f"{shown} {en}"), (advice, advice_en))


_OWN_ERRORS = {
    "unknown_timezone": (
        "不是时区",
        "is no time zone",
        "写 IANA 名称，如 Asia/Shanghai",
        "write an IANA name such as Asia/Shanghai",
    ),
    "no_host": (
        "不是主机名或 IP 地址",
        "is neither a host name nor an IP address",
        "只写地址，端口另写在 port:127.0.0.1 仅限本机，0.0.0.0 为所有网络",
        "write the address alone, the port goes to port: 127.0.0.1 for this box, 0.0.0.0 for every network",
    ),
    "no_public_host": (
        "不是主机名",
        "is no host name",
        "只写主机名，不带 https://，如 Q.EXAMPLE.CN；端口为 1–65535",
        "the host name alone, no https://, such as Q.EXAMPLE.CN; a port is from 1 to 65535",
    ),
    "no_address": (
        "不是一台机器的 IP 地址",
        "is not the IP address of a machine",
        "写 IP 地址，如 192.168.1.2",
        "write an IP address such as 192.168.1.2",
    ),
    "store_url": (
        "不是数据库的地址",
        "names no store",
        "写成 sqlite:///文件，绝对路径为 sqlite:////var/lib/quhao/quhao.db；多台机器共用时写 "
        "postgresql+psycopg://用户@主机/数据库",
        "write sqlite:///file, or with an absolute path sqlite:////var/lib/quhao/quhao.db; "
        "for several boxes postgresql+psycopg://user@host/database",
    ),
    "store_scheme": (
        "的开头不对",
        "begins with another name",
        "PostgreSQL 写成 postgresql+psycopg://用户@主机/数据库",
        "for PostgreSQL write postgresql+psycopg://user@host/database",
    ),
    "store_postgresql": (
        "不是 PostgreSQL 数据库的地址",
        "does not name a database on PostgreSQL",
        "写成 postgresql+psycopg://用户:口令@主机:5432/数据库；口令中的 @ : / % 写成 %40 %3A %2F %25",
        "write postgresql+psycopg://user:password@host:5432/database; "
        "in a password @ : / % are written %40 %3A %2F %25",
    ),
    "no_time": ("不是一天中的时刻", "is no time of the day", "写成 HH:MM，如 04:00", "write HH:MM, such as 04:00"),
    "no_period": (
        "不是一段时间",
        "is no period",
        "写成 HH:MM-HH:MM，如 09:00-12:00",
        "write HH:MM-HH:MM, such as 09:00-12:00",
    ),
    "period_backwards": (
        "的结束不晚于开始",
        "does not end after it begins",
        "跨过午夜的时间写成 20:00-26:00 这样",
        "past midnight write it like 20:00-26:00",
    ),
    "no_day": ("不是日期", "is no date", "写成 2026-10-01 这样", "write it like 2026-10-01"),
}


def _as_whole(given: Any) -> tuple[str, str]:
    try:
        number = int(given) if not isinstance(given, bool) and float(given) == int(float(given)) else None
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None:
        return "写成不带引号的整数", "write a whole number without quotes"
    return f"写成 {number}", f"write {number}"


def _as_list(key: str, given: Any) -> tuple[str, str]:
    if isinstance(given, dict):
        return f"用双方括号：[[{key}]]", f"use double brackets: [[{key}]]"
    if isinstance(given, str):
        return f'写成 ["{given}"]', f'write ["{given}"]'
    return '写成 ["…", "…"]', 'write ["…", "…"]'


def _add(location: tuple[str | int, ...], model: type[BaseModel]) -> tuple[str, str]:
    if len(location) == 1:
        table = _model_at(location, model)
        needed = [name for name, field in table.model_fields.items() if field.is_required()]
        return (
            f"加上 [{location[0]}] 一节，写 {'、'.join(needed)}",
            f"add a table [{location[0]}] with {' and '.join(needed)}",
        )
    return f"加上一行 {location[-1]} = …", f"add {location[-1]} = …"


def _form_of(location: tuple[str | int, ...]) -> tuple[str, str]:
    if location[-1] == "prefix":
        return "一到三个大写字母，如 A", "one to three capital letters, such as A"
    if location[0] == "windows":
        return "最多 16 个字母、数字、- 和 _", "letters, digits, - and _ only, 16 at most"
    most = 32 if location[0] == "queue" else 64
    return (
        f"只用字母、数字和 - _ .，以字母或数字开头，最多 {most} 个",
        f"letters, digits and - _ . only, a letter or digit first, {most} at most",
    )


def _known_keys(location: tuple[str | int, ...], model: type[BaseModel]) -> list[str]:
    return list(_model_at(location, model).model_fields)


def _model_at(location: tuple[str | int, ...], model: type[BaseModel]) -> type[BaseModel]:
    for part in location:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            model = next(
                inner
                for inner in (annotation, *getattr(annotation, "__args__", ()))
                if isinstance(inner, type) and issubclass(inner, BaseModel)
            )
    return model


def _heading(location: tuple[str | int, ...]) -> str:
    names = ".".join(part for part in location if isinstance(part, str))
    return f"[[{names}]]" if isinstance(location[-1], int) else f"[{names}]"


def _dotted(location: tuple[str | int, ...]) -> str:
    key = ""
    for part in location:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else part
    return key


def _short(value: Any) -> str:
    if isinstance(value, str):
        # The password in a database's address is nobody's business, however the rest of it is written.
        value = re.sub(r"(://[^/@:]*:).*@", r"\1***@", value)
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
