"""Problems of a configuration, worded for the person who edits the file."""

import re
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel

from config.settings import Settings

Pair: TypeAlias = tuple[str, str]
"""The same thing said in Chinese and in English."""


@dataclass(frozen=True)
class ConfigProblem:
    """One thing wrong with a configuration; ``key`` says where, such as ``devices[1].port``, "" the file as a whole."""

    key: str
    reason: Pair
    suggestion: Pair

    def __str__(self) -> str:
        """A line for each language, under the key."""
        lines = (f"  {self.key}" if self.key else "  (file)",)
        words = zip(self.reason, self.suggestion, strict=True)
        return "\n".join((*lines, *(f"      {reason} → {advice}" for reason, advice in words)))


class ConfigError(Exception):
    """A configuration that cannot be used; ``problems`` lists all of its problems."""

    def __init__(self, path: Path, problems: list[ConfigProblem]) -> None:
        super().__init__(f"{len(problems)} problems in {path}")
        self.path = path
        self.problems = problems

    def __str__(self) -> str:
        """Every problem, for a technician."""
        number = len(self.problems)
        head = f"{self.path}: 配置有 {number} 处问题 / {number} problem{'s' * (number != 1)} in this configuration"
        return "\n".join((head, *map(str, self.problems)))


def unreadable(error: OSError | UnicodeDecodeError | tomllib.TOMLDecodeError) -> ConfigProblem:
    """The file is not there or not for us, is in another encoding, or is no TOML."""
    match error:
        case OSError():
            return ConfigProblem(
                "",
                (f"读不了配置文件({error.strerror})", f"the configuration file cannot be read ({error.strerror})"),
                (
                    "检查路径和权限，或用 --config 指明文件",
                    "check the path and its permissions, or name a file with --config",
                ),
            )
        case UnicodeDecodeError():
            return ConfigProblem(
                "",
                (f"第 {error.start} 个字节不是 UTF-8", f"byte {error.start} is not UTF-8"),
                ("用编辑器把文件另存为 UTF-8", "save the file as UTF-8 in your editor"),
            )
        case _:
            return ConfigProblem(
                "",
                (f"不是合法的 TOML:{error}", f"this is not TOML: {error}"),
                ("改正所指的行；字符串要加双引号", "mend the line it names; strings stand in double quotes"),
            )


def no_json(message: str) -> ConfigProblem:
    """The file cannot be taken apart at all."""
    return ConfigProblem(
        "",
        (f"不是合法的 JSON：{message}", f"this is not JSON: {message}"),
        ("改正所指的地方", "mend the place it names"),
    )


SAYS_NOTHING = ConfigProblem(
    "",
    ("文件是空的，会撤销全部业务和窗口", "the file is empty, which would take every service and window away"),
    ("真要这样，请写 services = []", "if that is meant, write services = []"),
)
"""The file is empty: most likely it was truncated, and is no request to remove every service and window."""


GONE: dict[str, tuple[Pair, Pair]] = {
    "server.kiosk_addresses": (
        ("这一项已取消：地址不再给予权限", "this key is gone: an address gives no rights any more"),
        (
            "删去它；用 quhao token add NAME --role kiosk 为每台取号机做一个令牌，再用 quhao kiosk --token-file 打开",
            "leave it out; make each kiosk a token by quhao token add NAME --role kiosk, and open it by "
            "quhao kiosk --token-file",
        ),
    ),
}
"""Keys that were settings once: the reason and what to do instead."""


def wrong_value(item: Any, model: type[BaseModel] = Settings, above: tuple[str | int, ...] = ()) -> ConfigProblem:
    """What is wrong with one value: ``item`` is an error of pydantic, ``above`` where in the file ``model`` begins."""
    location: tuple[str | int, ...] = above + item["loc"]
    return ConfigProblem(_dotted(location), *_wrong(item, model, location))


def _wrong(item: Any, model: type[BaseModel], location: tuple[str | int, ...]) -> tuple[Pair, Pair]:
    """The reason and the suggestion of :func:`wrong_value`."""
    within: tuple[str | int, ...] = item["loc"]
    context = item.get("ctx", {})
    given = item.get("input")
    shown = _short(given)
    match item["type"]:
        case "missing":
            return ("缺少这一项", "this key is missing"), _add(location, model)
        case "extra_forbidden" if _dotted(location) in GONE:
            return GONE[_dotted(location)]
        case "extra_forbidden":
            known = list(_model_at(within[:-1], model).model_fields)
            return ("没有这一项", "there is no such key"), nearest(str(location[-1]), known)
        case "literal_error":
            choices = [choice.strip("' ") for choice in context["expected"].replace(" or ", ", ").split(",")]
            return _not_one_of(given, choices)
        case "string_pattern_mismatch":
            return (f"写法不对：{shown}", f"not well formed: {shown}"), _form_of(location)
        case "int_type":
            return (f"这里要一个整数，不是 {shown}", f"a whole number belongs here, not {shown}"), _as_whole(given)
        case "wrong-setting":
            # In the words of the validator; what it finds wrong may be a whole table.
            shown = given.get("name", "") if isinstance(given, dict) else shown
            shown = "***" if context.get("secret") else shown
            return (f"{shown} {context['zh']}", f"{shown} {context['en']}"), (context["advice"], context["advice_en"])
        case "string_type" | "path_type":
            is_number = isinstance(given, (int, float)) and not isinstance(given, bool)
            return (
                (f"这里要一段文字，不是 {shown}", f"a text belongs here, not {shown}"),
                (f'加上双引号："{given}"', f'put it in double quotes: "{given}"')
                if is_number
                else ("写一段带双引号的文字", "write a text in double quotes"),
            )
        case "tuple_type":
            return (
                (f"这里要一个列表，不是 {shown}", f"a list belongs here, not {shown}"),
                _as_list(_dotted(location), given),
            )
        case "model_type" | "dict_type":
            heading = _heading(location)
            return (
                (f"这里要一节，不是 {shown}", f"a table belongs here, not {shown}"),
                (f"写成 {heading} 一节", f"write a table {heading}"),
            )
        case "greater_than_equal":
            least = context["ge"]
            return (f"{given} 太小", f"{given} is too small"), (f"最小为 {least}", f"write {least} at least")
        case "less_than_equal":
            most = context["le"]
            return (f"{given} 太大", f"{given} is too large"), (f"最大为 {most}", f"write {most} at most")
        case "string_too_short" | "too_short":
            return ("不能为空", "this is empty"), ("写上内容", "write something")
        case "too_long":
            most = context["max_length"]
            return ("这个列表太长", "this list is too long"), (f"最多 {most} 项", f"write {most} entries at most")
        case "string_too_long":
            most = context["max_length"]
            return (f"太长：{shown}", f"too long: {shown}"), (f"最多 {most} 个字", f"write {most} characters at most")
        case _:
            message = item["msg"][:1].lower() + item["msg"][1:]
            return (
                (f"值不对：{shown}({message})", f"{shown} will not do: {message}"),
                ("换成符合要求的值", "write a value that fits"),
            )


def nearest(name: str, known: list[str]) -> Pair:
    """A suggestion for ``name``: the known name most like it, else all of them."""
    near = get_close_matches(name, known, 1)
    return (f"是不是 {near[0]}?", f"did you mean {near[0]}?") if near else one_of(known)


def one_of(choices: list[str]) -> Pair:
    """A suggestion that lists all choices."""
    return f"可选：{'、'.join(choices)}", f"choose from {', '.join(choices)}"


def no_driver(key: str, given: str, drivers: list[str]) -> ConfigProblem:
    """A device with an unknown driver."""
    return ConfigProblem(key, *_not_one_of(given, drivers))


def _not_one_of(given: Any, choices: list[str]) -> tuple[Pair, Pair]:
    reason = (f"没有 {_short(given)} 这个选择", f"{_short(given)} is not a choice")
    return reason, nearest(str(given), choices)


def _as_whole(given: Any) -> Pair:
    try:
        number = int(given) if not isinstance(given, bool) and float(given) == int(float(given)) else None
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None:
        return "写成不带引号的整数", "write a whole number without quotes"
    return f"写成 {number}", f"write {number}"


def _as_list(key: str, given: Any) -> Pair:
    if isinstance(given, dict):
        return f"用双方括号：[[{key}]]", f"use double brackets: [[{key}]]"
    if isinstance(given, str):
        return f'写成 ["{given}"]', f'write ["{given}"]'
    return '写成 ["…", "…"]', 'write ["…", "…"]'


def _add(location: tuple[str | int, ...], model: type[BaseModel]) -> Pair:
    if len(location) == 1:
        table = _model_at(location, model)
        needed = [name for name, field in table.model_fields.items() if field.is_required()]
        return (
            f"加上 [{location[0]}] 一节，写 {'、'.join(needed)}",
            f"add a table [{location[0]}] with {' and '.join(needed)}",
        )
    return f"加上一行 {location[-1]} = …", f"add {location[-1]} = …"


def _form_of(location: tuple[str | int, ...]) -> Pair:
    if location[-1] == "prefix":
        return "一到三个大写字母，如 A", "one to three capital letters, such as A"
    if location[0] == "windows":
        return "最多 16 个字母、数字、- 和 _", "letters, digits, - and _ only, 16 at most"
    most = 32 if location[0] in ("queue", "classes") else 64
    return (
        f"只用字母、数字和 - _ .，以字母或数字开头，最多 {most} 个",
        f"letters, digits and - _ . only, a letter or digit first, {most} at most",
    )


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
        # The password in a database's address is masked, even where the address is malformed.
        value = re.sub(r"(://[^/@:]*:).*@", r"\1***@", value)
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
