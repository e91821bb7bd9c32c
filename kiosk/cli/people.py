"""Commands for accounts, tokens and purging. They work while the service runs, and beside it.

Output for programs (a token) is alone on standard output; what people read goes to standard error. Commands import what
they need when they run: `quhao --help` loads no store.
"""

import sys
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from kiosk.cli.options import Context, ledger_of, needs_store, people_of, who
from ticketing.model import ROLES, Actor

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from config.settings import Settings
    from ticketing.people.people import Duty
    from ticketing.store.base import Store

FAR = timedelta(days=31)
"""A hall that has not worked for longer may have a box with a wrong date."""

_role = click.option("--role", type=click.Choice(ROLES), required=True, help="What it may do.")
_windows = click.option(
    "--window", "windows", multiple=True, metavar="W", help="A window it may use, * for all; may be given again."
)


@click.group()
def user() -> None:
    """People who log in with a password."""


@user.command("add")
@click.argument("name")
@_role
@_windows
@click.option("--must-change", is_flag=True, help="They must give it another password at their first log-in.")
@click.option(
    "--duty",
    type=click.Choice(["system", "security", "audit"]),
    help="What it administers, where the settings keep duties apart.",
)
@click.pass_obj
def add_user(
    context: Context, name: str, role: str, windows: tuple[str, ...], must_change: bool, duty: "Duty | None"
) -> None:
    """Add a person, or give one that is there another password, role and windows.

    The password comes from a prompt, or from one line of standard input: at least 10 characters, and not soon guessed.
    """
    settings = context.settings
    _needs_window(role, windows)
    password = _password()
    with people_of(settings) as (store, people):
        _warn_of_unknown(settings, store, windows)
        by = _by("user add")
        added = people.add_account(
            name,
            role,  # type: ignore[arg-type]
            windows,
            password,
            must_change=must_change,
            duty=duty,
            by=by,
        )
    if added.new:
        click.echo(f"已添加 {name} / added {name}", err=True)
    else:
        what = ", ".join(added.changed)
        click.echo(f"{name} 已存在，已修改 / {name} was there, changed: {what}", err=True)


@user.command("remove")
@click.argument("name")
@click.pass_obj
def remove_user(context: Context, name: str) -> None:
    """Remove a person, who is logged out at once."""
    with people_of(context.settings) as (_, people):
        removed = people.remove_account(name, _by("user remove"))
    if not removed:
        raise _no_user(name)
    click.echo(f"已删除 {name} / removed {name}", err=True)


@user.command("list")
@click.pass_obj
def list_users(context: Context) -> None:
    """All people: role, windows, second factor, and where each is logged in."""
    needs_store(context.settings)
    zone = context.settings.hall.zone
    with people_of(context.settings) as (_, people):
        found = people.accounts(datetime.now(zone))
    for one in found:
        notes = [
            one.duty and f"duty {one.duty}",
            one.totp and "两步验证 / second factor",
            one.must_change and "须改密码 / must change the password",
        ]
        windows = ",".join(one.windows) or "-"
        said = "  ".join([one.name, one.role, windows, *(note for note in notes if note)])
        click.echo(said)
        for session in one.sessions:
            locked = "  已锁定 / locked" if session.locked else ""
            begun, seen = (_minute(at, zone) for at in (session.begun_at, session.seen_at))
            source = session.source or "-"
            click.echo(f"    {session.id}  {source}  登录 / since {begun}  最后操作 / last act {seen}{locked}")
    if not found:
        click.echo("还没有用户 / there are no users", err=True)


@user.command("end")
@click.argument("name")
@click.option("--session", metavar="ID", help="This log-in alone, by its id in `quhao user list`.")
@click.pass_obj
def end_sessions(context: Context, name: str, session: str | None) -> None:
    """End a person's log-ins."""
    with people_of(context.settings) as (_, people):
        ended = people.end_sessions(name, session, _by("user end"))
    if not ended:
        raise click.ClickException(f"{name} 没有这样的登录 / {name} has no such log-in")
    click.echo(f"已结束 {ended} 个登录 / log-ins ended: {ended}", err=True)


@user.command("totp")
@click.argument("name")
@click.option("--remove", is_flag=True, help="Take it away, as when the phone is lost.")
@click.pass_obj
def totp(context: Context, name: str, remove: bool) -> None:
    """Set up a person's second factor: shows a QR code for their phone, asks for a code of it, gives recovery codes."""
    settings = context.settings
    with people_of(settings) as (_, people):
        if remove:
            if not people.remove_totp(name, _by("user totp")):
                raise click.ClickException(f"{name} 没有两步验证 / {name} has no second factor")
            click.echo(f"已取消 {name} 的两步验证 / {name} has no second factor any more", err=True)
            return
        secret, address = people.begin_totp(name)
        _draw(address)
        click.echo(f"{secret}\n扫不了就输入上面这串 / or type this into the app", err=True)
        code = click.prompt("手机上的动态码 / the code on the phone", err=True)
        codes = people.confirm_totp(name, code, datetime.now(settings.hall.zone), _by("user totp"))
    click.echo("恢复码，每个用一次，请抄下收好 / recovery codes, each for one log-in, to be kept on paper:", err=True)
    for one in codes:
        click.echo(one)


@click.group()
def token() -> None:
    """Keys of machines that use the API."""


@token.command("add")
@click.argument("name")
@_role
@_windows
@click.option("--terminal", metavar="T", help="The self-service terminal it is for.")
@click.option("--days", type=click.IntRange(1, 3650), metavar="N", help="It opens nothing after so many days.")
@click.option("--from", "source", metavar="ADDRESS", help="The IP address or network it may be used from.")
@click.pass_obj
def add_token(
    context: Context,
    name: str,
    role: str,
    windows: tuple[str, ...],
    terminal: str | None,
    days: int | None,
    source: str | None,
) -> None:
    """Make a token and print it, this once, alone on standard output."""
    settings = context.settings
    _needs_window(role, windows)
    with people_of(settings) as (store, people):
        _warn_of_unknown(settings, store, windows)
        by = _by("token add")
        secret = people.add_token(name, role, windows, terminal, days=days, source=source, by=by)  # type: ignore[arg-type]
    click.echo(secret)


@token.command("list")
@click.pass_obj
def list_tokens(context: Context) -> None:
    """All tokens: role, end, address, and when and from where each was used last; none of them opens anything here."""
    needs_store(context.settings)
    zone = context.settings.hall.zone
    with people_of(context.settings) as (_, people):
        found = people.tokens()
    for one in found:
        ends = _minute(one.expires_at, zone) if one.expires_at else "不限 / none"
        used = f"{_minute(one.used_at, zone)} {one.used_from or ''}".strip() if one.used_at else "未用 / never"
        terminal = f" {one.terminal}" if one.terminal else ""
        only = f"  仅限 / only from {one.source}" if one.source else ""
        click.echo(f"{one.name}  {one.role}{terminal}  到期 / end {ends}  最后使用 / last used {used}{only}")
    if not found:
        click.echo("还没有令牌 / there are no tokens", err=True)


@token.command("remove")
@click.argument("name")
@click.pass_obj
def remove_token(context: Context, name: str) -> None:
    """Remove all tokens of that name; they open nothing from then on."""
    with people_of(context.settings) as (_, people):
        removed = people.remove_tokens(name, _by("token remove"))
    if removed:
        _tell_service(context.settings)
    if not removed:
        raise click.ClickException(f"没有名为 {name} 的令牌 / there is no token {name}")
    click.echo(f"已删除 {removed} 个令牌 / tokens removed: {removed}", err=True)


def _tell_service(settings: "Settings") -> None:
    """Have the service of this box, if one runs, know at once what it would know within a second."""
    from kiosk.devices.status_socket import NotAskedError, ask

    with suppress(NotAskedError), ask(settings, {"do": "forget-tokens"}) as answers:
        if answers is not None:
            next(answers, None)


@click.command()
@click.option(
    "--before",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Erase the days before this one, instead of those whose retention is over.",
)
@click.pass_obj
def purge(context: Context, before: datetime | None) -> None:
    """Erase residents' data of past days, for good."""
    from kiosk.clock import newest_event
    from ticketing.calendar import hall_day
    from ticketing.office import Office

    settings = context.settings
    today = hall_day(datetime.now(settings.hall.zone), settings.hall.day_offset)
    limit = before.date() if before else today - timedelta(days=settings.privacy.retention_days)
    if limit > today:
        raise click.UsageError(
            f"今天的数据还在使用，--before 最晚为 {today} / "
            f"today's data are in use: --before may be {today} at the latest"
        )
    with ledger_of(settings) as ledger:
        newest = newest_event(ledger.store)
        if before is None and newest is not None and today - newest.date() > FAR:
            # What is destroyed is gone for good, and the date may be wrong.
            raise click.ClickException(
                f"本机日期为 {today}，而大厅最近一次办事是 {newest:%Y-%m-%d}：请核对时钟，"
                f"日期无误请加 --before {limit} / "
                f"this box says it is {today}, and the hall last worked on {newest:%Y-%m-%d}: check the clock; "
                f"if the date is right, say --before {limit}"
            )
        with ledger.store.read() as conn:
            days = [day for day in ledger.vault.days(conn) if day < limit.isoformat()]
        erased = Office(ledger.store, ledger.vault, ledger.rules, ledger.zone, ledger.now).purge(
            limit, Actor(who(), "technician", "quhao purge")
        )
    for day in days:
        click.echo(f"已销毁 {day} 的居民数据 / erased residents' data of {day}")
    if not erased:
        click.echo(f"{limit} 之前没有要销毁的数据 / nothing to erase before {limit}")


def _by(command: str) -> Actor:
    """Who runs the command, for the log."""
    return Actor(who(), "technician", f"quhao {command}")


def _no_user(name: str) -> click.ClickException:
    return click.ClickException(f"没有名为 {name} 的用户 / there is no user {name}")


def _minute(at: datetime, zone: "ZoneInfo") -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _draw(address: str) -> None:
    """Draw a QR code with characters, for people at a terminal."""
    from qrcode.main import QRCode

    code: QRCode[Any] = QRCode(border=2)
    code.add_data(address)
    code.print_ascii(out=sys.stderr, invert=True)


def _needs_window(role: str, windows: tuple[str, ...]) -> None:
    if role == "clerk" and not windows:
        raise click.UsageError("窗口人员至少要有一个 --window / a clerk needs at least one --window, * for all")


def _warn_of_unknown(settings: "Settings", store: "Store", windows: tuple[str, ...]) -> None:
    from sqlalchemy import select

    from ticketing.store.tables import window

    with store.read() as conn:
        # A store that no service has run on yet gets its windows from the settings.
        known = set(conn.scalars(select(window.c.id))) or {one.id for one in settings.windows}
    for one in windows:
        if one not in known and one != "*":
            click.echo(
                f"提醒：没有窗口 {one}，现有 {', '.join(sorted(known)) or '-'} / "
                f"warning: there is no window {one}, only {', '.join(sorted(known)) or 'none'}",
                err=True,
            )


def _password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("密码 / password", hide_input=True, confirmation_prompt="再输一次 / again", err=True))
    line = sys.stdin.buffer.readline(4096)
    try:
        password = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        # Without its text, which would contain the password.
        raise click.ClickException("密码不是 UTF-8 / the password is not UTF-8") from None
    if not password:
        raise click.ClickException("标准输入没有密码 / there is no password on standard input")
    return password
