"""``quhao setup``: from a fresh installation to a hall that can be opened, by questions or from a file.

Everything is asked and checked before anything is written. Then each step is whole or not there: the settings are
renamed into place, and store, hall, manager and tokens are a transaction each. So after a power cut it is started
again, finds what is done, and goes on.
"""

import os
import pwd
import secrets
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kiosk.cli.box.setup_plan import INSTALLED, SCREEN, Plan, asked, cannot_write, from_file, token_file
from kiosk.cli.box.setup_talk import Talk, language_of
from kiosk.cli.options import Context, in_words, people_of, who

if TYPE_CHECKING:
    from config.settings import Settings
    from config.setup_answers import TokenAnswer

BAD_ANSWERS = 2
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Of passwords that are made: nothing that is read as something else."""


@click.command()
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Ask nothing: take the answers from this file.",
)
@click.option("--replace", is_flag=True, help="Write settings that are there anew; the old ones are kept beside, .old.")
@click.option("--language", type=click.Choice(["zh", "en"]), help="Of the conversation; else as LANG says.")
@click.pass_obj
def setup(context: Context, source: Path | None, replace: bool, language: str | None) -> None:
    """Set this box up: settings, devices, services and windows, the first manager, tokens, a test slip.

    Started again, it goes on where it was interrupted; what is there stays.

    The file of --from is a file of settings (config/default.toml lists them) with one table more:

    \b
    [setup]
    manager = "wang"                # the first manager
    password_file = "manager.txt"   # - for standard input; left out: one is made and printed
    hall = "hall.json"              # of `quhao hall export`; or sample, or none
    find = "box"                    # look for devices: none, box, or network as well
    test_slip = true
    [[setup.tokens]]
    name = "kiosk-1"
    role = "kiosk"                  # windows = ["3"], terminal = "hall-1" where the role wants them
    file = "kiosk.token"            # left out: printed once

    A password and tokens without a file are alone on standard output, a line each: what, name, secret.
    """  # noqa: D301 - a backspace is how click is told to leave lines as they are
    from config.problems import ConfigError

    talk = Talk(language or language_of(os.environ))
    path = context.path.absolute()
    try:
        plan = from_file(path, source, anew=replace) if source else asked(path, talk, anew=replace)
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(BAD_ANSWERS)
    _write_settings(path, plan, talk)
    _fill(plan, talk)
    for name in _printers(plan.settings) if plan.answers.test_slip else ():
        _print_test_slip(plan, name, talk)
    _tell_what_is_left(path, plan, talk)


# -- doing it ----------------------------------------------------------------------------------------------------------


def _write_settings(path: Path, plan: Plan, talk: Talk) -> None:
    from kiosk.box.owner import nearest_folder
    from ticketing.files import replace_whole

    try:
        if plan.text is None:
            talk.tell(f"✓ 沿用 {path}", f"✓ {path} stays as it is")
        else:
            if path.exists():
                replace_whole(path.with_name(f"{path.name}.old"), path.read_bytes(), mode=0o600, like=path)
            replace_whole(path, plan.text.encode(), mode=0o640, like=path.parent)
            talk.tell(f"✓ 已写入 {path}", f"✓ {path} is written")
        group = nearest_folder(plan.settings.store.key_file).stat().st_gid
        if os.geteuid() == 0 and path.stat().st_gid != group:
            # The service's user reads it, and nobody but root writes it.
            os.chown(path, -1, group)
    except OSError as error:
        raise cannot_write(path, error) from error


def _fill(plan: Plan, talk: Talk) -> None:
    """Make the store with keys, hall, manager and tokens, as the user whose data they are."""
    from kiosk.box.owner import as_owner_of, nearest_folder

    settings = plan.settings
    # Looked at before: a file of another user's is not seen by the owner of the data.
    files = {one.name: file for one in plan.answers.tokens if (file := token_file(one, settings))}
    held = {name for name, file in files.items() if file.exists() and file.stat().st_size}
    made: dict[str, str] = {}
    try:
        with as_owner_of(nearest_folder(settings.store.key_file)), in_words():
            _fill_hall(plan, talk)
            with people_of(settings) as (_, people):
                _add_manager(plan, people, talk)
                for one in plan.answers.tokens:
                    if token := _add_token(one, people, talk, held=one.name not in files or one.name in held):
                        made[one.name] = token
        for name, token in made.items():
            if name in files:
                _write_token(files[name], token)
                talk.tell(f"✓ 已添加令牌 {name}（{files[name]}）", f"✓ the token {name} is there ({files[name]})")
            else:
                talk.tell(f"✓ 已添加令牌 {name}：", f"✓ the token {name} is there:")
                click.echo(f"token {name} {token}")
    except OSError as error:
        raise cannot_write(Path(error.filename or settings.store.key_file), error) from error


def _fill_hall(plan: Plan, talk: Talk) -> None:
    from kiosk.opening import open_ledger
    from ticketing.model import Actor
    from ticketing.setup.setup import Setup

    with open_ledger(plan.settings) as ledger:
        stored = Setup(ledger)
        there = stored.read()
        services, windows = len(there.services), len(there.windows)
        if services or windows:
            talk.tell(
                f"✓ 大厅已有 {services} 项业务、{windows} 个窗口，没有改动",
                f"✓ the hall has {services} services and {windows} windows, which stay as they are",
            )
        elif plan.hall is None:
            talk.tell("· 大厅还没有业务和窗口", "· the hall has no services and windows yet")
            plan.left.append(("在 /manage/setup 添加业务和窗口", "add services and windows on /manage/setup"))
        else:
            stored.replace(plan.hall, Actor(who(), "technician", "quhao setup"), version=there.version)
            services, windows = len(plan.hall.services), len(plan.hall.windows)
            talk.tell(
                f"✓ 已添加 {services} 项业务、{windows} 个窗口",
                f"✓ {services} services and {windows} windows are there",
            )


def _add_manager(plan: Plan, people: Any, talk: Talk) -> None:
    name, settings = plan.answers.manager, plan.settings
    accounts = people.accounts(datetime.now(settings.hall.zone))
    if managers := [one.name for one in accounts if one.role == "manager"]:
        named = ", ".join(managers)
        talk.tell(f"✓ 已有管理员 {named}", f"✓ there is a manager: {named}")
        return
    if other := next((one.role for one in accounts if one.name == name), None):
        raise click.ClickException(
            f"{name} 已是 {other}，请给管理员另取一个名字 / {name} is a {other}: give the manager another name"
        )
    password = plan.password
    if password is None:
        password = _made_password()
        # Before the account is there: whatever happens in between, no account has a password that nobody knows.
        talk.tell(
            f"管理员 {name} 的密码，首次登录须更换：",
            f"password of the manager {name}, to be changed at the first log-in:",
        )
        click.echo(f"password {name} {password}")
        sys.stdout.flush()
    people.add_account(
        name,
        "manager",
        (),
        password,
        must_change=plan.password is None,
        duty="security" if settings.accounts.separate_duties else None,
        new=True,
        by=_by(),
    )
    talk.tell(f"✓ 已添加管理员 {name}", f"✓ the manager {name} is there")


def _add_token(wanted: "TokenAnswer", people: Any, talk: Talk, *, held: bool) -> str | None:
    """A new token; None where there is one that somebody has: ``held`` tells that of one that is there."""
    there = any(one.name == wanted.name for one in people.tokens())
    if there and held:
        talk.tell(f"✓ 已有令牌 {wanted.name}", f"✓ there is a token {wanted.name}")
        return None
    if there:
        # Made by a run that was interrupted before anybody had it.
        people.remove_tokens(wanted.name, _by())
    return str(people.add_token(wanted.name, wanted.role, wanted.windows, wanted.terminal, by=_by()))


def _write_token(file: Path, token: str) -> None:
    """Put it where only the owner of the folder reads it."""
    from kiosk.box.owner import as_owner_of, nearest_folder
    from ticketing.files import replace_whole

    if file.parent == SCREEN and not SCREEN.exists() and os.geteuid() == 0:
        # As systemd makes it at the first start of the units.
        account = pwd.getpwnam(SCREEN.name)
        SCREEN.mkdir(mode=0o700)
        os.chown(SCREEN, account.pw_uid, account.pw_gid)
    with as_owner_of(nearest_folder(file)):
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_whole(file, f"{token}\n".encode(), mode=0o600)


def _by() -> Any:
    from ticketing.model import Actor

    return Actor(who(), "technician", "quhao setup")


def _made_password() -> str:
    """Sixteen characters, 79 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def _printers(settings: "Settings") -> list[str]:
    return [one.name for one in settings.devices if one.driver == "escpos"]


def _print_test_slip(plan: Plan, name: str, talk: Talk) -> None:
    from kiosk.box.owner import as_owner_of, nearest_folder
    from kiosk.cli.devices import test_device

    with as_owner_of(nearest_folder(plan.settings.store.key_file)):
        ok, said = test_device(plan.settings, name)
    talk.tell(f"{'✓' if ok else '✗'} {name}: {said.zh}", f"{'✓' if ok else '✗'} {name}: {said.en}")
    if not ok:
        plan.left.append(
            (
                f"让 {name} 能打印，再试：quhao devices test {name}",
                f"have {name} print, then: quhao devices test {name}",
            )
        )


# -- what is left ------------------------------------------------------------------------------------------------------


def _tell_what_is_left(path: Path, plan: Plan, talk: Talk) -> None:
    talk.tell("\n还要做：", "\nLeft to do:")
    for number, (zh, en) in enumerate(_left(path, plan), 1):
        talk.tell(f"{number}. {zh}", f"{number}. {en}")


def _left(path: Path, plan: Plan) -> Iterator[tuple[str, str]]:
    from config.cautions import cautions

    settings, quhao = plan.settings, "quhao" if path.parent == INSTALLED else f"quhao --config {path}"
    yield from plan.left
    if not settings.devices:
        yield (
            f"接上设备后执行 {quhao} devices find，把所列内容写进 {path}",
            f"connect devices, run {quhao} devices find, and put its lines into {path}",
        )
    for caution in cautions(settings, path):
        (reason, reason_en), (advice, advice_en) = caution.reason, caution.suggestion
        yield f"{caution.key}：{reason}，{advice}", f"{caution.key}: {reason_en}; {advice_en}"
    yield (
        f"把 {settings.store.key_file} 抄一份放进保险柜：没有它，备份打不开",
        f"keep a copy of {settings.store.key_file} in a safe: without it no backup can be opened",
    )
    if settings.backup.folder is None:
        yield ("在设置中写上 backup.folder，定时备份", "set backup.folder, so that backups are made by timer")
    if path.parent == INSTALLED:
        yield ("启动：systemctl restart quhao", "start it: systemctl restart quhao")
    else:
        yield (f"启动：{quhao} run", f"start it: {quhao} run")
    address = settings.server.address(settings.server.port)
    yield (
        f"打开 {address}/manage，以 {plan.answers.manager} 登录，添加窗口人员",
        f"open {address}/manage, log in as {plan.answers.manager}, and add the clerks",
    )
    for one in plan.answers.tokens:
        if one.role == "kiosk":
            file = token_file(one, settings)
            if file and file.parent == SCREEN:
                yield (
                    "打开取号机：systemctl enable --now quhao-kiosk",
                    "open the kiosk: systemctl enable --now quhao-kiosk",
                )
            else:
                yield (
                    f"打开取号机：{quhao} kiosk --token-file {file or '文件'}",
                    f"open the kiosk: {quhao} kiosk --token-file {file or 'FILE'}",
                )
    if not any(one.role == "kiosk" for one in plan.answers.tokens):
        yield (
            f"取号机要一个令牌：{quhao} token add kiosk-1 --role kiosk",
            f"a kiosk needs a token: {quhao} token add kiosk-1 --role kiosk",
        )
    yield (f"随时检查：{quhao} doctor", f"whenever in doubt: {quhao} doctor")
