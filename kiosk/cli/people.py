"""Commands for accounts, tokens, purging and the access log. They work while the service runs, and beside it.

Output for programs (a token) is alone on standard output; what people read goes to standard error. Commands import what
they need when they run: `quhao --help` loads no store.
"""

import sys
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from kiosk.cli.options import Context, in_words, ledger_of, needs_store, people_of
from ticketing.model import ROLES

if TYPE_CHECKING:
    from config.settings import Settings
    from ticketing.privacy.access_log import Fault
    from ticketing.store.base import Store

BROKEN = 1
NOT_VERIFIED = 2

_FAULTS: "dict[Fault, tuple[str, str]]" = {
    "changed": ("内容被改动", "is not as it was written"),
    "missing": ("缺失", "is missing"),
    "cut": ("及其后的记录被删除", "and all after it were removed"),
    "head": ("处的日志首部丢失或被改动", "is where the sealed head is gone, changed or of another time"),
}


class _NotVerifiedError(click.ClickException):
    exit_code = NOT_VERIFIED


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
@click.pass_obj
def add_user(context: Context, name: str, role: str, windows: tuple[str, ...]) -> None:
    """Add a person, or give one that is there another password, role and windows.

    The password comes from a prompt, or from one line of standard input.
    """
    settings = context.settings
    _needs_window(role, windows)
    password = _password()
    with people_of(settings) as (store, people):
        _warn_of_unknown(settings, store, windows)
        added = people.add_account(name, role, windows, password)  # type: ignore[arg-type]
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
        removed = people.remove_account(name)
    if not removed:
        raise click.ClickException(f"没有名为 {name} 的用户 / there is no user {name}")
    click.echo(f"已删除 {name} / removed {name}", err=True)


@click.group()
def token() -> None:
    """Keys of machines that use the API."""


@token.command("add")
@click.argument("name")
@_role
@_windows
@click.option("--terminal", metavar="T", help="The self-service terminal it is for.")
@click.pass_obj
def add_token(context: Context, name: str, role: str, windows: tuple[str, ...], terminal: str | None) -> None:
    """Make a token and print it, this once, alone on standard output."""
    settings = context.settings
    _needs_window(role, windows)
    with people_of(settings) as (store, people):
        _warn_of_unknown(settings, store, windows)
        secret = people.add_token(name, role, windows, terminal)  # type: ignore[arg-type]
    click.echo(secret)


@token.command("remove")
@click.argument("name")
@click.pass_obj
def remove_token(context: Context, name: str) -> None:
    """Remove all tokens of that name; they open nothing from then on."""
    with people_of(context.settings) as (_, people):
        removed = people.remove_tokens(name)
    if not removed:
        raise click.ClickException(f"没有名为 {name} 的令牌 / there is no token {name}")
    click.echo(f"已删除 {removed} 个令牌 / tokens removed: {removed}", err=True)


@click.command()
@click.option(
    "--before",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Erase the days before this one, instead of those whose retention is over.",
)
@click.pass_obj
def purge(context: Context, before: datetime | None) -> None:
    """Erase residents' data of past days, for good."""
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
        with ledger.store.read() as conn:
            days = [day for day in ledger.vault.days(conn) if day < limit.isoformat()]
        erased = Office(ledger.store, ledger.vault, ledger.rules, ledger.zone, ledger.now).purge(limit)
    for day in days:
        click.echo(f"已销毁 {day} 的居民数据 / erased residents' data of {day}")
    if not erased:
        click.echo(f"{limit} 之前没有要销毁的数据 / nothing to erase before {limit}")


@click.group()
def audit() -> None:
    """The log of who looked at which resident's data."""


@audit.command()
@click.pass_obj
def verify(context: Context) -> None:
    """Prove the log whole: exit code 0; 1 when it is broken, saying where; 2 when it cannot be verified."""
    from kiosk.opening import open_office_parts
    from ticketing.privacy import access_log

    settings = context.settings
    try:
        needs_store(settings)
        with in_words():
            store, vault, _people = open_office_parts(settings)
            with closing(store), store.read() as conn:
                verdict = access_log.verify(conn, vault)
    except click.ClickException as error:
        raise _NotVerifiedError(error.message) from error
    if verdict.fault is None:
        click.echo(f"访问日志完整，共 {verdict.entries} 条 / the access log is whole: {verdict.entries} entries")
        return
    zh, en = _FAULTS[verdict.fault]
    click.echo(
        f"访问日志已损坏：第 {verdict.broken_at} 条{zh}，现有 {verdict.entries} 条 / "
        f"the access log is broken: entry {verdict.broken_at} {en}; {verdict.entries} entries are there",
        err=True,
    )
    sys.exit(BROKEN)


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
