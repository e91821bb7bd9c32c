"""What ``quhao setup`` is to do: taken from a file or asked for, and all of it checked before anything is written."""

import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kiosk.cli.box.setup_talk import Talk

if TYPE_CHECKING:
    from config.problems import ConfigProblem
    from config.settings import Settings
    from config.setup_answers import SetupAnswers, TokenAnswer
    from ticketing.setup.setup import HallSetup

INSTALLED, DATA = Path("/etc/quhao"), Path("/var/lib/quhao")
"""Where settings and data are on a box with the Debian package: the service can write the data alone."""
SCREEN = Path("/var/lib/quhao-screen")
"""Where its units look for a kiosk's token; the account that they run as is called like this folder."""
_LONGEST_PASSWORD_FILE = 4096


@dataclass
class Plan:
    """What is to be done, all of it checked.

    Attributes:
        settings: of the box.
        text: of the file of settings; None where the one that is there is kept.
        answers: what the settings do not say.
        hall: services and windows for a hall without any.
        password: of the manager; None: one is made.
        left: what the technician has to see to, in Chinese and in English.
    """

    settings: "Settings"
    text: str | None
    answers: "SetupAnswers"
    hall: "HallSetup | None"
    password: str | None
    left: list[tuple[str, str]] = field(default_factory=list)


def from_file(path: Path, source: Path, *, anew: bool) -> Plan:
    """What the file ``source`` says for a box with settings at ``path``; raises ConfigError with every problem."""
    from config.setup_answers import read_answers
    from kiosk.cli.box.setup_devices import look, with_found

    said = read_answers(source.absolute())
    text, left = said.text + _missing_tables(said.values, path), list[tuple[str, str]]()
    kept = path.exists() and not anew
    if said.answers and said.answers.find != "none" and not kept:
        text, left = with_found(text, look(said.answers.find))
    problems = [*said.problems, *(_differences(path, said.values) if kept else ())]
    return _plan(path, None if kept else text, said.answers, source.absolute(), None, left, problems)


def asked(path: Path, talk: Talk, *, anew: bool) -> Plan:
    """What is answered at the terminal; raises ConfigError with every problem that no question can find."""
    if not sys.stdin.isatty():
        raise click.ClickException("没有终端可以提问，请加 --from 文件 / no terminal to ask at: give --from FILE")
    from kiosk.cli.box.setup_talk import ask

    data = DATA if path.parent == INSTALLED else None
    token = SCREEN / "kiosk.token" if data else Path("kiosk.token")
    said = ask(talk, path, data, token, keep=path.exists() and not anew)
    text = None if said.text is None else said.text + _missing_tables(tomllib.loads(said.text), path)
    return _plan(path, text, said.answers, path, said.password, said.left, [])


def _plan(
    path: Path,
    text: str | None,
    answers: "SetupAnswers | None",
    source: Path,
    password: str | None,
    left: list[tuple[str, str]],
    problems: "list[ConfigProblem]",
) -> Plan:
    """The plan, when nothing is wrong; else ConfigError that names ``source``, with ``problems`` and all others."""
    from config.problems import ConfigError

    settings: Settings | None = None
    try:
        settings = _settings(path, text)
        problems += _problems_of_paths(path, settings)
    except ConfigError as error:
        problems += error.problems
    hall: HallSetup | None = None
    if answers is not None:
        if answers.password_file is not None:
            password, wrong = _read_password(answers.password_file, source.parent)
            problems += wrong
        problems += _problems_of_manager(answers.manager, password, settings)
        hall, wrong = _hall(answers.hall, source.parent, settings)
        problems += wrong
        problems += _problems_of_tokens(answers.tokens, hall)
    if settings is None or answers is None or problems:
        raise ConfigError(source, problems)
    return Plan(settings, text, answers, hall, password, left)


def _settings(path: Path, text: str | None) -> "Settings":
    from kiosk.settings import load

    if text is None:
        return load(path)
    with _draft(path, text) as draft:
        return load(draft)


@contextmanager
def _draft(path: Path, text: str) -> Iterator[Path]:
    """The settings beside the place where they will be, for what is relative to it."""
    from ticketing.files import draft_beside

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = draft_beside(path, text.encode(), 0o600)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _missing_tables(values: dict[str, Any], path: Path) -> str:
    """The tables about paths that the settings lack, for a box on which the package is installed; else nothing.

    Relative paths start beside the settings, where the service cannot write.
    """
    if path.parent != INSTALLED:
        return ""
    tables = {
        "store": (f'url = "sqlite:///{DATA}/quhao.db"', f'key_file = "{DATA}/master.key"'),
        "backup": (f'folder = "{DATA}/backups"',),
        "fill": (f'folder = "{DATA}/fill"',),
        "screen": (f'media = "{DATA}/media"',),
    }
    return "".join("\n".join(["", f"[{name}]", *lines, ""]) for name, lines in tables.items() if name not in values)


def _problems_of_paths(path: Path, settings: "Settings") -> "Iterator[ConfigProblem]":
    from config.problems import ConfigProblem

    if path.parent != INSTALLED:
        return
    places = {
        "store.url": Path(settings.store.url.removeprefix("sqlite:///")),
        "store.key_file": settings.store.key_file,
        "backup.folder": settings.backup.folder,
        "fill.folder": settings.fill.folder,
        "screen.media": settings.screen.media,
    }
    for key, place in places.items():
        if place is not None and place.is_relative_to(path.parent):
            yield ConfigProblem(
                key,
                (f"服务不能写 {path.parent}", f"the service cannot write below {path.parent}"),
                (f"写 {DATA} 下的绝对路径", f"write an absolute path below {DATA}"),
            )


def _differences(path: Path, wanted: dict[str, Any]) -> "Iterator[ConfigProblem]":
    """What the settings that are there say otherwise than ``wanted``; devices that were found may be more."""
    from config.problems import ConfigError, ConfigProblem, unreadable

    try:
        there = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(path, [unreadable(error)]) from error
    for key, value in wanted.items():
        found = there.get(key)
        if key == "devices" and isinstance(found, list) and isinstance(value, list):
            found = found[: len(value)]
        if found != value:
            yield ConfigProblem(
                key,
                (f"{path} 已经存在，这一项写的不一样", f"{path} is there, and says otherwise"),
                (
                    "要换成新的请加 --replace，旧的另存为 .old；要保留旧的就不加 --from",
                    "--replace writes it anew and keeps the old one as .old; without --from the old one is kept",
                ),
            )


def _read_password(file: Path, folder: Path) -> "tuple[str | None, list[ConfigProblem]]":
    from config.problems import ConfigProblem

    def wrong(zh: str, en: str) -> "tuple[None, list[ConfigProblem]]":
        advice = ("写一行 UTF-8 文字", "give one line of UTF-8")
        return None, [ConfigProblem("setup.password_file", (zh, en), advice)]

    try:
        if str(file) == "-":
            line = sys.stdin.buffer.readline(_LONGEST_PASSWORD_FILE)
        else:
            with (folder / file).open("rb") as opened:
                line = opened.readline(_LONGEST_PASSWORD_FILE)
        password = line.decode("utf-8-sig").rstrip("\r\n")
    except OSError as error:
        return wrong(f"读不了 {file}：{error.strerror}", f"{file} cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return wrong(f"{file} 不是 UTF-8", f"{file} is not UTF-8")
    return (password, []) if password else wrong(f"{file} 的第一行是空的", f"the first line of {file} is empty")


def _problems_of_manager(name: str, password: str | None, settings: "Settings | None") -> "Iterator[ConfigProblem]":
    from config.problems import ConfigProblem
    from display.refusals import words
    from ticketing.people.password_rules import AccountError, check_password
    from ticketing.people.principal import checked_name

    def wrong(key: str, error: AccountError) -> ConfigProblem:
        said = words(error.code, error.facts)
        return ConfigProblem(key, (said.zh, said.en), ("换一个", "choose another"))

    try:
        checked_name(name)
    except AccountError as error:
        yield wrong("setup.manager", error)
    if password is None:
        return
    hall = settings and settings.hall
    names = (name, *filter(None, (hall.name, hall.name_en, hall.id) if hall else ()))
    try:
        check_password(password, names)
    except AccountError as error:
        yield wrong("setup.password_file", error)


def _hall(wanted: str, folder: Path, settings: "Settings | None") -> "tuple[HallSetup | None, list[ConfigProblem]]":
    """Services and windows for an empty hall; None where nothing is wanted."""
    import config
    from config.hall_file import read
    from config.problems import ConfigError
    from config.setup_answers import NONE, SAMPLE
    from kiosk.exchange.hall_files import setup_of
    from kiosk.exchange.papers import problems_of_papers

    if wanted == NONE:
        # What the settings name is filled in as at the first start.
        named = settings is not None and (settings.services or settings.windows)
        return (setup_of(settings, "open") if settings is not None and named else None), []
    sample = Path(config.__file__).parent / "sample-hall.toml"
    file = sample if wanted == SAMPLE else folder / wanted
    try:
        said = read(file, settings.hall.day_offset.seconds // 60 if settings else 0)
    except ConfigError as error:
        return None, [replace(one, key=f"setup.hall: {file.name} {one.key}".rstrip()) for one in error.problems]
    return setup_of(said), [*problems_of_papers(said, settings.hall)] if settings else []


def _problems_of_tokens(tokens: "tuple[TokenAnswer, ...]", hall: "HallSetup | None") -> "Iterator[ConfigProblem]":
    from config.problems import ConfigProblem, nearest

    windows = [one.id for one in hall.windows] if hall else []
    for at, one in enumerate(tokens):
        key = f"setup.tokens[{at}]"
        if one.role == "clerk" and not one.windows:
            yield ConfigProblem(
                f"{key}.windows",
                ("窗口人员至少要有一个窗口", "a clerk needs at least one window"),
                ('写 windows = ["3"]，全部写 ["*"]', 'write windows = ["3"], or ["*"] for all'),
            )
        if one.role == "terminal" and not one.terminal:
            yield ConfigProblem(
                f"{key}.terminal",
                ("终端要有名字", "a terminal needs its name"),
                ('写 terminal = "hall-1"', 'write terminal = "hall-1"'),
            )
        for window in one.windows:
            if windows and window not in (*windows, "*"):
                yield ConfigProblem(
                    f"{key}.windows",
                    (f"没有窗口 {window}", f"there is no window {window}"),
                    nearest(window, windows),
                )


def token_file(one: "TokenAnswer", settings: "Settings") -> Path | None:
    """Where a token is put; None where it is printed."""
    return one.file and settings.store.key_file.parent / one.file


def cannot_write(path: Path, error: OSError) -> click.ClickException:
    """What to say where ``path`` cannot be written."""
    from ticketing.files import NO_ROOM

    if error.errno in NO_ROOM:
        zh, en = "磁盘已满，腾出空间后再执行一次", "the disk is full: make room, and run this again"
    else:
        zh, en = "请检查权限，或用 sudo 执行", "see to its permissions, or run this with sudo"
    return click.ClickException(
        f"写不了 {path}（{error.strerror}），{zh} / {path} cannot be written ({error.strerror}): {en}"
    )
