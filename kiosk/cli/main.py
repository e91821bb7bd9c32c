"""The command ``quhao``, and its commands that run or check a box."""

import errno
import gc
import logging
import os
import resource
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

import config
from kiosk.box.service_manager import notify, watchdog_seconds
from kiosk.box.signals import hear_endings
from kiosk.cli.appointments import appointments
from kiosk.cli.audit import audit
from kiosk.cli.box.backup import backup, restore
from kiosk.cli.box.doctor import doctor
from kiosk.cli.box.keys import key
from kiosk.cli.box.kiosk import kiosk
from kiosk.cli.box.screen import screen
from kiosk.cli.box.setup import setup
from kiosk.cli.box.update import update
from kiosk.cli.devices import devices
from kiosk.cli.hall import hall
from kiosk.cli.matters import matters
from kiosk.cli.options import Context, store_as_it_is
from kiosk.cli.people import purge, token, user
from kiosk.cli.report import replay, report
from kiosk.cli.voice import voice

if TYPE_CHECKING:
    from config.settings import Settings
    from kiosk.demonstration.hall_time import HallTime
    from kiosk.web.hall import Hall
    from kiosk.wiring import Program

log = logging.getLogger("quhao")

DEFAULT_CONFIG = "quhao.toml"
PATIENCE = 10.0
"""Seconds that ``run`` waits for a store or port which an earlier run still holds; ``--patience``."""
PAUSE = 0.5
UNWATCHED = 24 * 3600 * 1_000_000
"""Microseconds in which systemd's watchdog wants to hear of a start that waits (sd_notify(3))."""
SETTLED = 2.0
"""Seconds after the start until all objects are taken for permanent by the garbage collector."""
LONGEST_STOP = 4.0
"""Seconds after which ``run`` ends although a part still waits, such as for a database that hangs."""
AWAY = ("store_gone", "store_in_doubt")
"""Codes of a database that stops, starts or is not there yet."""
DEMO_VISITOR = ("demo", "quhao-demo")
DEMO_DESK, DEMO_MANAGER = "desk", "manager"
"""Account names of the demonstration."""
DEMO_KIOSK, DEMO_TERMINAL = "demo-kiosk", "demo-terminal"
"""Names of its tokens."""


@click.group()
@click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONFIG,
    envvar="QUHAO_CONFIG",
    show_default=True,
    help="The settings of this box.",
)
@click.version_option(package_name="quhao")
@click.pass_context
def quhao(context: click.Context, path: Path) -> None:
    """取号: a government service hall in one program.

    Reads ID cards, prints queue tickets, drives the call displays, and brings the resident's data to the window.
    """
    context.obj = Context(path)


_COMMANDS = (
    *(setup, devices, doctor, user, token, purge, key, audit),
    *(hall, matters, appointments, report, replay, backup, restore, update, voice, kiosk, screen),
)
for command in _COMMANDS:
    quhao.add_command(command)


@quhao.command()
@click.option("--patience", type=click.FloatRange(0), default=PATIENCE, hidden=True)
@click.pass_obj
def run(context: Context, patience: float) -> None:
    """Run this box until it is told to stop (SIGTERM, Ctrl-C, or its terminal is closed)."""
    from kiosk.box.logs import begin_log

    settings = context.settings
    begin_log(settings.log.number)
    _serve(settings, patience)


@quhao.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep the hall's store in this folder.")
def demo(port: int, keep: Path | None) -> None:
    """A whole hall on this machine, without hardware or internet."""
    from kiosk.box.logs import begin_log
    from kiosk.demonstration.hall_time import HallTime

    begin_log(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="quhao-demo-") as temporary:
        folder = (keep or Path(temporary)).absolute()
        settings = _demo_settings(folder, port)
        _serve(settings, PATIENCE, visitor=DEMO_VISITOR, hall_time=HallTime())


@quhao.command()
@click.option("--baseline", is_flag=True, help="The points of 等保 2.0 (GB/T 22239) instead, and which of them hold.")
@click.pass_obj
def check(context: Context, baseline: bool) -> None:
    """Say whether the settings are right, what in them to think about twice, and what is found of each device.

    With --baseline: exit code 1 when a point does not hold.
    """
    from config.cautions import cautions
    from kiosk.devices.probing import lines, probe

    settings = context.settings
    if baseline:
        _check_baseline(context)
    click.echo(f"{context.path}: 配置正确 / the configuration is right")
    if found := list(cautions(settings, context.path)):
        click.echo("请再考虑 / think about these again:")
        for one in found:
            click.echo(str(one))
    _tell_of_languages(settings)
    for line in lines(probe(settings)):
        click.echo(line)
    _check_forms(settings)


def _check_forms(settings: "Settings") -> None:
    """Say what is wrong with the files of forms, exit code 1 if anything is; and which matters' forms are not here."""
    from config.problems import ConfigError
    from kiosk.forms.folder import checked_form, form_files

    wrong = 0
    files = form_files(settings.forms.folder)
    for path in files:
        try:
            checked_form(path)
        except ConfigError as error:
            wrong += 1
            click.echo(str(error))
    for matter, form in _forms_of_matters(settings) if settings.forms.folder else ():
        if form not in {path.stem for path in files}:
            zh = f"事项 {matter} 的表单 {form} 不在 {settings.forms.folder} 中，自助终端不能填写"
            click.echo(f"{zh} / the form {form} of the matter {matter} is not there: terminals cannot fill it in")
    if wrong:
        sys.exit(1)


def _forms_of_matters(settings: "Settings") -> list[tuple[str, str]]:
    """The ids of all matters that have a form, each with the form's; nothing where the store cannot be read now."""
    from sqlalchemy import select

    from ticketing.model import TicketingError
    from ticketing.store.tables import matter

    wanted = select(matter.c.id, matter.c.form).where(matter.c.form != "").order_by(matter.c.position)
    with store_as_it_is(settings) as store, suppress(TicketingError):
        if store is not None:
            with store.read() as conn:
                return [(row.id, row.form) for row in conn.execute(wanted)]
    return []


def _tell_of_languages(settings: "Settings") -> None:
    """Which sentences of residents' pages the files of further languages do not have, or have for nothing."""
    from config.page_language import read_page_language
    from kiosk.exchange.sentences import unfit

    for path in settings.hall.languages:
        language, _ = read_page_language(path)
        if language is None:
            continue
        missing, unknown = unfit(language, settings)
        zh = f"缺 {len(missing)} 句，多 {len(unknown)} 句"
        en = f"{len(missing)} sentences missing, {len(unknown)} unknown"
        click.echo(f"{path.name}: {language.name}: {zh} / {en}")
        for words in missing:
            click.echo(f"    缺 missing  {words}")
        for words in unknown:
            click.echo(f"    多 unknown  {words}")


def _check_baseline(context: Context) -> NoReturn:
    from datetime import datetime

    from kiosk.cli.box.baseline import baseline

    points = baseline(context.settings, context.path, datetime.now(context.settings.hall.zone))
    for point in points:
        click.echo(str(point))
    holds, fails = (sum(point.holds is verdict for point in points) for verdict in (True, False))
    click.echo(f"{holds} 项符合，{fails} 项不符合 / {holds} points hold, {fails} do not")
    sys.exit(1 if fails else 0)


def _demo_settings(folder: Path, port: int) -> "Settings":
    from kiosk.settings import load

    settings = load(Path(config.__file__).parent / "demo.toml")
    store = settings.store.model_copy(
        update={"url": f"sqlite:///{folder / 'quhao.db'}", "key_file": folder / "master.key"}
    )
    server = settings.server.model_copy(update={"port": port if _is_free(settings.server.host, port) else 0})
    fill = settings.fill.model_copy(update={"folder": folder / "fill"})
    screen = settings.screen.model_copy(update={"media": folder / "media"})
    return settings.model_copy(update={"store": store, "server": server, "fill": fill, "screen": screen})


def _is_free(host: str, port: int) -> bool:
    import socket

    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            return False
    return True


def _keep_memory_off_the_disk() -> None:
    """No core dump of this process and its children: it would hold keys and residents' data."""
    # 1 byte, not 0: only this keeps a core_pattern that pipes, such as systemd-coredump, from being run (core(5)).
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))


def _serve(
    settings: "Settings",
    patience: float,
    visitor: tuple[str, str] | None = None,
    hall_time: "HallTime | None" = None,
) -> None:
    """Start everything, wait for the signal to stop, stop everything."""
    told = hear_endings()
    _keep_memory_off_the_disk()
    # Loading and building leave little garbage; collecting it takes a tenth of the start.
    gc.disable()
    program = start(settings, patience, visitor, told, hall_time)
    if program is None:
        return
    address = program.server.address
    log.info("ready at %s", address)
    watched = [f"WATCHDOG_USEC={int(within * 1_000_000)}"] if (within := watchdog_seconds()) else []
    notify("READY=1", *watched, "WATCHDOG=1", "STATUS=at work")
    if visitor:
        name, password = visitor
        people = program.hall.people
        windows = tuple(window.id for window in program.hall.office.windows())
        _load_matters(program.hall)
        people.add_account(name, "clerk", windows, password)
        people.add_account(DEMO_DESK, "desk", (), password)
        people.add_account(DEMO_MANAGER, "manager", (), password)
        for one in (DEMO_KIOSK, DEMO_TERMINAL):
            # Those of an earlier run on a store that is kept.
            people.remove_tokens(one)
        kiosk_token = people.add_token(DEMO_KIOSK, "kiosk")
        terminal_token = people.add_token(DEMO_TERMINAL, "terminal", windows, "1")
        click.echo(f"取号演示大厅 / the Quhao demonstration hall:  {address}/bench#token={kiosk_token}")
        click.echo(f"取号机 / the kiosk alone:  {address}/kiosk#token={kiosk_token}")
        click.echo(f"自助终端 / a terminal:  {address}/terminal#terminal=1&token={terminal_token}")
        click.echo(f"评价平板 / a tablet:  {address}/rate/{next(iter(windows), 1)}#token={terminal_token}")
        click.echo(f"窗口登录 / windows log in as:  {name}  {password}")
        click.echo(f"咨询台登录 / the guide desk logs in as:  {DEMO_DESK}  {password}")
        click.echo(f"管理员登录 / the manager logs in as:  {DEMO_MANAGER}  {password}")
        click.echo("按 Ctrl-C 结束 / Ctrl-C ends it")
    # Not at once: it stops all threads for a tenth of a second while the first screens connect.
    if not told(SETTLED):
        _spare_the_collector()
        told(None)
    log.info("stopping")
    notify("STOPPING=1")
    last = threading.Timer(LONGEST_STOP, _leave)
    last.daemon = True
    last.start()
    # Not cancelled: the interpreter waits for threads, too, before it ends.
    program.parts.stop()


def _leave() -> None:
    """End the process now: as after a power cut, nothing that was answered is lost."""
    log.warning("ended without waiting for the rest")
    os._exit(0)


def _load_matters(hall: "Hall") -> None:
    """Give the demonstration's hall its matters, unless an earlier run on a store that is kept has."""
    from kiosk.exchange.matter_files import read_matters
    from ticketing.model import Actor

    if not hall.matters.listed().matters:
        found = read_matters((Path(config.__file__).parent / "demo-matters.csv").read_bytes(), hall.office.services())
        hall.matters.replace(found.matters, Actor("demo", "manager", "cli"))


def _spare_the_collector() -> None:
    """Keep the garbage collector from scanning permanent objects: measured, a tenth of the time of a request."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 50)


def start(
    settings: "Settings",
    patience: float,
    visitor: tuple[str, str] | None,
    told: Callable[[float | None], bool],
    hall_time: "HallTime | None" = None,
) -> "Program | None":
    """The running program; None when told to stop before it ran.

    A store or a port that an earlier run still holds, as at a restart, is waited for, for ``patience`` seconds; a
    database that does not answer, a disk that is full or read-only and an address that the network has not given yet,
    without end.
    """
    # Imported here: `quhao --help` and a bad configuration answer without loading the whole program.
    from kiosk.box.presence import tell_that_the_name_is_taken
    from kiosk.wiring import build
    from ticketing.model import TicketingError
    from ticketing.store.base import StoreInUseError

    said, left = "", patience
    while True:
        try:
            program = build(settings, visitor=visitor, hall_time=hall_time)
            program.parts.start()
            return program
        except (TicketingError, OSError) as error:
            # A failed try leaves its engine in a reference cycle; a database may be away for days.
            gc.enable()
            wanted = _waiting_for(error, settings)
            if getattr(error, "code", "") in AWAY or any(
                hinders(error) for hinders in (_finds_no_room, _is_read_only, _has_no_address)
            ):
                # However long: after a power cut the database's machine or the network may need longer than this one,
                # and the technician who makes room on a full disk is on the way.
                left = patience
            elif not isinstance(error, (StoreInUseError, OSError)):
                _give_up(str(error))
            elif left <= 0:
                if name := getattr(error, "facts", {}).get("box"):
                    tell_that_the_name_is_taken(settings, name)
                _give_up(wanted)
        if wanted != said:
            said = wanted
            log.warning("%s", said)
        # systemd must not take a box for hung that waits for its database, for days if need be, nor while it then
        # brings the schema up to date; whoever starts the service need not wait for that.
        notify("READY=1", f"WATCHDOG_USEC={UNWATCHED}", "WATCHDOG=1", f"STATUS={said}")
        left -= PAUSE
        if told(PAUSE):
            return None


def _finds_no_room(error: Exception) -> bool:
    """Whether a full disk is in the way: of the store, of the key file, or of any other file."""
    from ticketing.files import NO_ROOM

    if getattr(error, "code", "") == "store_full" or getattr(error, "errno", None) in NO_ROOM:
        return True
    return bool(getattr(error, "facts", {}).get("no_room"))


def _is_read_only(error: Exception) -> bool:
    """Whether a disk is in the way that nobody can write to: that of the store, of the key file, or of another file."""
    return bool(getattr(error, "errno", None) == errno.EROFS or getattr(error, "facts", {}).get("read_only"))


def _has_no_address(error: Exception) -> bool:
    """Whether this box is to listen at an address that it does not have, such as before DHCP gave it one."""
    return isinstance(error, OSError) and error.errno == errno.EADDRNOTAVAIL


def _waiting_for(error: Exception, settings: "Settings") -> str:
    if _finds_no_room(error):
        said = "磁盘已满，腾出空间后自动启动 / waiting for room on the disk, which is full"
        return f"{said}: {error if str(error) != getattr(error, 'code', '') else settings.store.key_file.parent}"
    if _is_read_only(error):
        said = "磁盘只读，能写入后自动启动 / waiting for a disk that is read-only to take something"
        return f"{said}: {error if str(error) != getattr(error, 'code', '') else settings.store.key_file.parent}"
    if isinstance(error, OSError):
        where = f"{settings.server.host}:{settings.server.port}"
        if _has_no_address(error):
            zh, en = "等待网络：这台机器现在没有地址", "waiting for the network: this box does not have the address"
            return f"{zh} {where} / {en} {where}"
        return f"等待地址 {where} / waiting for the address {where}: {error.strerror}"
    return f"等待数据库 / waiting for the store: {error}"


def _give_up(reason: str) -> NoReturn:
    click.echo(reason, err=True)
    sys.exit(1)
