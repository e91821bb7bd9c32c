"""The file of ``quhao setup --from``: the settings of a box, and the answers to what they do not say in ``[setup]``."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from config.problems import ConfigError, ConfigProblem, unreadable, wrong_value
from config.values import Identifier, Section

SAMPLE, NONE = "sample", "none"
"""What ``setup.hall`` may be besides a file: the small set that comes with the program, and nothing."""

_HEADER = re.compile(r"^\s*\[\[?\s*[\"']?(?P<table>[A-Za-z0-9_-]+)[^\[\]]*\]\]?\s*(#.*)?$")


class TokenAnswer(Section):
    """``[[setup.tokens]]``: a machine that shall have a token.

    Attributes:
        name: of the machine.
        role: what it may do.
        windows: windows it may use, ``"*"`` for all.
        terminal: the self-service terminal it is for.
        file: where the token is put, mode 0600; a relative path starts beside the key file. None: it is printed once.
    """

    name: Identifier
    role: Literal["kiosk", "clerk", "terminal", "desk", "manager", "technician", "auditor"]
    windows: tuple[str, ...] = ()
    terminal: Identifier | None = None
    file: Path | None = None


class SetupAnswers(Section):
    """``[setup]``: what is done once, and is no setting.

    Attributes:
        manager: name of the first manager.
        password_file: file whose first line is their password, ``-`` for standard input; a relative path starts from
            this file's folder. None: a password is made and printed once.
        hall: services, windows and hours: a file of ``quhao hall export``, ``sample`` or ``none``.
        find: where devices are looked for besides those given: ``none``, ``box`` (its ports) or ``network`` as well.
        test_slip: whether each ticket printer prints a test slip.
        tokens: machines that shall have one.
    """

    manager: str = Field("manager", min_length=1, max_length=64)
    password_file: Path | None = None
    hall: str = Field(NONE, min_length=1)
    find: Literal["none", "box", "network"] = "none"
    test_slip: bool = True
    tokens: tuple[TokenAnswer, ...] = Field((), max_length=64)


@dataclass(frozen=True)
class AnswerFile:
    """What a file of answers holds.

    Attributes:
        path: of it.
        text: the settings, as they stand in it, without ``[setup]``.
        values: the same, read.
        answers: None where they are wrong.
        problems: everything that is wrong with ``[setup]``.
    """

    path: Path
    text: str
    values: dict[str, Any]
    answers: SetupAnswers | None
    problems: tuple[ConfigProblem, ...]


def read_answers(path: Path) -> AnswerFile:
    """Read a file of answers; its settings are not looked at. Raises ConfigError where it cannot be taken apart."""
    try:
        # Notepad begins a file with a byte order mark, which is no part of TOML.
        text = path.read_bytes().decode("utf-8-sig")
        values = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(path, [unreadable(error)]) from error
    said = values.pop("setup", {})
    settings = _without_setup(text)
    if _read(settings) != values:
        raise ConfigError(path, [_ENTANGLED])
    problems = [*_passwords(said)]
    answers = None
    try:
        answers = SetupAnswers.model_validate(said)
    except ValidationError as error:
        problems += (wrong_value(item, SetupAnswers, ("setup",)) for item in error.errors(include_url=False))
    return AnswerFile(path, settings, values, None if problems else answers, tuple(problems))


def _without_setup(text: str) -> str:
    kept, inside = [], False
    for line in text.splitlines(keepends=True):
        if header := _HEADER.match(line):
            inside = header["table"] == "setup"
        if not inside:
            kept.append(line)
    return "".join(kept)


def _read(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _passwords(said: Any) -> list[ConfigProblem]:
    """A password that stands in the file is refused by a word of its own, and taken out: nothing may show it."""
    if not isinstance(said, dict) or "password" not in said:
        return []
    del said["password"]
    return [
        ConfigProblem(
            "setup.password",
            ("密码不能写在这个文件里", "a password must not stand in this file"),
            (
                '写在单独的文件里：password_file = "路径"，或 "-" 从标准输入读取一行',
                'write it into a file of its own: password_file = "PATH", or "-" for a line of standard input',
            ),
        )
    ]


_ENTANGLED = ConfigProblem(
    "setup",
    ("这一节和其他内容分不开", "this table cannot be told from the rest"),
    ("写成单独的 [setup] 一节，放在文件最后", "write it as a table [setup] of its own, at the end of the file"),
)
