"""The conversation of ``quhao setup`` at a terminal, in Chinese or English; each answer is checked at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from config.setup_answers import SetupAnswers
    from kiosk.devices.finding import Found


def language_of(environment: Mapping[str, str]) -> str:
    """``zh`` or ``en``, as the locale says; without one Chinese, but where the terminal has no Chinese characters."""
    locale = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "C")
    language = locale.partition(".")[0].partition("_")[0].lower()
    if language in ("c", "posix"):
        # The text console of Linux has 512 glyphs.
        return "en" if environment.get("TERM") == "linux" else "zh"
    return "zh" if language == "zh" else "en"


@dataclass(frozen=True)
class Talk:
    """Says and asks in one language, on standard error: standard output is for secrets."""

    language: str

    def words(self, zh: str, en: str) -> str:
        """The one of the two that is wanted."""
        return zh if self.language == "zh" else en

    def tell(self, zh: str, en: str) -> None:
        """Say it."""
        click.echo(self.words(zh, en), err=True)

    def ask(
        self,
        zh: str,
        en: str,
        default: str = "",
        fault: Callable[[str], tuple[str, str] | None] = lambda _text: None,
        *,
        hidden: bool = False,
    ) -> str:
        """A line of text; asked again, with what is wrong, until ``fault`` finds nothing. Enter takes ``default``."""
        while True:
            said = click.prompt(
                self.words(zh, en), default=default, show_default=bool(default), hide_input=hidden, err=True
            )
            said = said if hidden else said.strip()
            wrong = fault(said)
            if wrong is None:
                return str(said)
            self.tell(f"  {wrong[0]}", f"  {wrong[1]}")

    def choose(self, zh: str, en: str, choices: Mapping[str, tuple[str, str]], default: str) -> str:
        """One of ``choices``, by its key."""
        self.tell(zh, en)
        for key, words in choices.items():
            self.tell(f"  {key}  {words[0]}", f"  {key}  {words[1]}")
        known = ", ".join(choices)
        return self.ask(
            "选择",
            "Choice",
            default,
            lambda said: None if said in choices else (f"请输入 {known} 之一", f"type one of {known}"),
        )

    def agree(self, zh: str, en: str, *, default: bool = True) -> bool:
        """Yes or no, typed as y or n, or 是 or 否."""
        answers = {"y": True, "yes": True, "是": True, "n": False, "no": False, "否": False}
        said = self.ask(
            f"{zh}（y/n）",
            f"{en} (y/n)",
            "y" if default else "n",
            lambda said: None if said.lower() in answers else ("请输入 y 或 n", "type y or n"),
        )
        return answers[said.lower()]


@dataclass(frozen=True)
class Asked:
    """What was answered.

    Attributes:
        text: of the settings; None: those that are there.
        answers: what settings do not say.
        password: of the manager; None: one is to be made.
        left: what the technician has to see to.
    """

    text: str | None
    answers: "SetupAnswers"
    password: str | None
    left: list[tuple[str, str]] = field(default_factory=list)


def ask(talk: Talk, path: Path, data: Path | None, token: Path, *, keep: bool) -> Asked:
    """Ask all questions; nothing is written.

    Args:
        talk: in which language.
        path: of the settings.
        data: folder of the data, where it is not beside the settings.
        token: where the token of this box's kiosk is put.
        keep: whether settings at ``path`` are kept, and only the rest is asked.
    """
    from config.problems import ConfigError
    from config.setup_answers import NONE, SAMPLE, SetupAnswers, TokenAnswer
    from kiosk.settings import load

    talk.tell(
        "取号：设置这台机器。回车取方括号中的答案，Ctrl-C 中止；问完才写入。",
        "Quhao: set up this box. Enter takes what is in brackets, Ctrl-C ends it; nothing is written before the end.",
    )
    text: str | None = None
    names: tuple[str, ...] = ()
    left: list[tuple[str, str]] = []
    if keep:
        try:
            hall = load(path).hall
        except ConfigError:
            talk.tell(
                f"{path} 有错，请改正，或加 --replace 重写", f"{path} is wrong: mend it, or write it anew by --replace"
            )
            raise
        names = (hall.name, hall.name_en, hall.id)
        talk.tell(
            f"{path} 已经存在，沿用（重写请加 --replace）", f"{path} is there and stays (--replace writes it anew)"
        )
    else:
        text, names = _ask_settings(talk, data)
        text, left = _ask_devices(talk, text)
    hall_kind = talk.choose(
        "业务和窗口：",
        "Services and windows:",
        {
            "1": ("先用一套示例，以后再改", "a small sample to begin with"),
            "2": ("来自文件（quhao hall export 的 JSON 或 TOML）", "from a file (JSON or TOML of quhao hall export)"),
            "3": ("以后在 /manage/setup 添加", "later, on /manage/setup"),
        },
        "1",
    )
    hall_file = {"1": SAMPLE, "3": NONE}.get(hall_kind) or str(
        Path(talk.ask("文件", "File", fault=_no_file)).expanduser().absolute()
    )
    manager = talk.ask("第一位管理员的登录名", "Log-in name of the first manager", "manager", _fault_of_name)
    password = _ask_password(talk, manager, names)
    tokens: tuple[TokenAnswer, ...] = ()
    if talk.agree(
        "这台机器上有取号触摸屏吗？（为它做一个令牌）", "Has this box the kiosk's touch screen? (it gets a token)"
    ):
        tokens = (TokenAnswer(name="kiosk-1", role="kiosk", file=token),)
    slip = talk.agree("打印一张测试小票吗？", "Print a test slip?")
    return Asked(text, SetupAnswers(manager=manager, hall=hall_file, test_slip=slip, tokens=tokens), password, left)


def _ask_settings(talk: Talk, data: Path | None) -> tuple[str, tuple[str, ...]]:
    from config.addresses import fault_of_store
    from kiosk.cli.box.setup_devices import quoted

    def fault_of_url(said: str) -> tuple[str, str] | None:
        wrong = fault_of_store(said)
        return wrong and (f"{said} {wrong[0]}，{wrong[2]}", f"{said} {wrong[1]}: {wrong[3]}")

    name = talk.ask("大厅名称", "Name of the hall", fault=_between(1, 60))
    name_en = talk.ask("英文名称（可不填）", "Its name in English (may be empty)", fault=_between(0, 80))
    ident = talk.ask(
        "简称，用于地址和备份（字母、数字）", "Short name for addresses and backups", "hall", _fault_of_ident
    )
    own = f"sqlite:///{data or 'var'}/quhao.db"
    several = talk.choose(
        "这个大厅有几台这样的机器？",
        "How many such boxes has the hall?",
        {
            "1": ("一台，数据在本机", "one, with its data on it"),
            "2": ("几台，共用一个 PostgreSQL 数据库", "several, which share a PostgreSQL database"),
        },
        "1",
    )
    url, box = own, ""
    if several == "2":
        url = talk.ask(
            "数据库地址，如 postgresql+psycopg://用户:口令@主机/数据库",
            "Address of the database, such as postgresql+psycopg://user:password@host/database",
            fault=fault_of_url,
        )
        box = talk.ask("这台机器的名字，各台不同", "Name of this box, another one on each", "box-1", _fault_of_ident)
    lines = [
        "# 由 quhao setup 写成；改动后执行 quhao check。所有设置见 README 和 default.toml。",
        "# Written by quhao setup; run quhao check after a change. README and default.toml list all settings.",
        "",
        "[hall]",
        f"id = {quoted(ident)}",
        f"name = {quoted(name)}",
        *([f"name_en = {quoted(name_en)}"] if name_en else []),
        *([f"box = {quoted(box)}"] if box else []),
        "",
        "[server]",
        'host = "127.0.0.1"                  # 0.0.0.0: other machines, too; then give tls_cert and tls_key',
        "port = 8080",
        "",
        "[store]",
        f"url = {quoted(url)}",
        f"key_file = {quoted(str((data or Path('var')) / 'master.key'))}",
        "",
    ]
    return "\n".join(lines), (name, name_en, ident)


def _ask_devices(talk: Talk, text: str) -> tuple[str, list[tuple[str, str]]]:
    """The settings with the devices that were found and are wanted."""
    import tomllib

    from kiosk.cli.box.setup_devices import free_name, look, problems_of

    where = talk.choose(
        "现在查找设备吗？",
        "Look for devices now?",
        {
            "1": ("查找本机接口", "on this box's ports"),
            "2": ("也查找网络上的打印机和条屏", "and for printers and strips on the network"),
            "3": ("不查找", "no"),
        },
        "1",
    )
    if where == "3":
        return text, []
    found = look("network" if where == "2" else "box")
    talk.tell(f"找到 {len(found)} 个", f"{len(found)} found")
    left = []
    for one in found:
        driver = _ask_driver(talk, one)
        if not driver:
            left.append((f"{one.what.zh}（{one.port}）没有使用", f"{one.what.en} ({one.port}) is not used"))
            continue
        more = "\n" + one.table(free_name(tomllib.loads(text), driver), driver)
        if problems := problems_of(text + more):
            # Such as a line of pads, whose addresses nobody can find: not a reason to lose all other answers.
            for problem in problems:
                click.echo(str(problem), err=True)
            left.append(
                (
                    f"{one.what.zh}（{one.port}，{driver}）还要别的设置：写进设置，见 README",
                    f"{one.what.en} ({one.port}, {driver}) needs more settings: write it into them, see the README",
                )
            )
            continue
        text += more
    return text, left


def _ask_driver(talk: Talk, one: "Found") -> str:
    """What it is to be used as; "" for not at all."""
    from kiosk.devices.finding import UNKNOWN

    if one.driver:
        wanted = talk.agree(
            f"{one.what.zh} {one.port}：使用吗？", f"{one.what.en}, {one.port}: use it?", default=one.sure
        )
        return one.driver if wanted else ""
    known = (*UNKNOWN, "")
    return talk.ask(
        f"{one.what.zh} {one.port} 接的是什么（{'、'.join(UNKNOWN)}，回车不用）",
        f"What is on {one.what.en.lower()}, {one.port} ({', '.join(UNKNOWN)}; Enter: nothing)",
        fault=lambda said: None if said in known else (f"没有 {said} 这个选择", f"{said} is not a choice"),
    )


def _ask_password(talk: Talk, name: str, hall: tuple[str, ...]) -> str | None:
    from display.refusals import words
    from ticketing.people.password_rules import AccountError, check_password

    def fault(said: str) -> tuple[str, str] | None:
        if not said:
            return None
        try:
            check_password(said, (name, *filter(None, hall)))
        except AccountError as error:
            told = words(error.code, error.facts)
            return told.zh, told.en
        return None

    while True:
        first = talk.ask(
            "密码（不显示；直接回车则自动生成）", "Password (not shown; Enter has one made)", fault=fault, hidden=True
        )
        if not first:
            return None
        if talk.ask("再输一次", "Again", hidden=True) == first:
            return first
        talk.tell("  两次不一样", "  These were not the same")


def _between(least: int, most: int) -> Callable[[str], tuple[str, str] | None]:
    def fault(said: str) -> tuple[str, str] | None:
        if len(said) < least:
            return "不能为空", "this is empty"
        return None if len(said) <= most else (f"最多 {most} 个字", f"{most} characters at most")

    return fault


def _fault_of_ident(said: str) -> tuple[str, str] | None:
    from pydantic import TypeAdapter, ValidationError

    from config.values import Identifier

    adapter: Any = TypeAdapter(Identifier)
    try:
        adapter.validate_python(said)
    except ValidationError:
        return "只用字母、数字和 - _ .，以字母或数字开头", "letters, digits and - _ . only, a letter or digit first"
    return None


def _fault_of_name(said: str) -> tuple[str, str] | None:
    from display.refusals import words
    from ticketing.people.password_rules import AccountError
    from ticketing.people.principal import checked_name

    try:
        checked_name(said)
    except AccountError as error:
        told = words(error.code, error.facts)
        return told.zh, told.en
    return None


def _no_file(said: str) -> tuple[str, str] | None:
    return None if Path(said).expanduser().is_file() else (f"没有文件 {said}", f"there is no file {said}")
