"""``quhao update``: brings this box to another version of the program, and back."""

import signal
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kiosk.cli.options import Context, in_words

if TYPE_CHECKING:
    from kiosk.box.updates import Updates
    from kiosk.box.versions import Versions
    from ticketing.store.base import Turn

_NAMES = {
    "backing_up": ("备份", "backing up"),
    "stopping": ("停止服务", "stopping the service"),
    "migrating": ("升级数据库", "bringing the store up to date"),
    "switching": ("切换版本", "switching"),
    "starting": ("启动并检查", "starting and looking"),
    "on_trial": ("试运行，等待确认", "on trial, to be confirmed"),
    "confirmed": ("已完成", "done"),
    "going_back": ("正在退回", "going back"),
    "went_back": ("已退回", "went back"),
}


@click.group()
@click.option("--root", type=click.Path(path_type=Path), default="/opt/quhao", envvar="QUHAO_ROOT", hidden=True)
@click.option("--service", envvar="QUHAO_SERVICE", help="Without systemd: a command, called with start, stop, status.")
@click.pass_context
def update(context: click.Context, root: Path, service: str | None) -> None:
    """Bring this box to another version of the program, and back.

    A version that does not get well, or a power cut before it is confirmed, leads back to the version before, with all
    that was issued meanwhile.
    """
    from kiosk.box.versions import Versions

    context.meta["versions"] = Versions(root)
    context.meta["service"] = service


@update.command()
@click.argument("version")
@click.option("--trial", is_flag=True, help="Leave it on trial until `quhao update confirm`.")
@click.option("--anyway", is_flag=True, help="Although another box of the hall went back from it.")
@click.pass_context
def apply(context: click.Context, version: str, trial: bool, anyway: bool) -> None:
    """Update to VERSION, which is installed beside; or install a package (FILE.deb), which does that.

    Backs up, stops the service, brings the store up to date, switches, starts, and looks whether the new version gets
    ready. Exit code 1: refused, or gone back; the version before runs.
    """
    if version.endswith(".deb"):
        _install(Path(version))
        return
    # Whoever closes the terminal does not mean the hall to stand still.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with in_words():
        _updates(context).apply(version, trial=trial, anyway=anyway)


@update.command()
@click.pass_context
def confirm(context: click.Context) -> None:
    """Keep the version that is on trial."""
    with in_words():
        _updates(context).confirm()


@update.command()
@click.pass_context
def revert(context: click.Context) -> None:
    """Go back to the version before the last update; nothing that was issued since is lost."""
    with in_words():
        _updates(context).revert()
    _say_where(context)


@update.command()
@click.option("--boot", is_flag=True, help="At the start of the machine, before the service.")
@click.pass_context
def recover(context: click.Context, boot: bool) -> None:
    """End an update that was cut off: what is not confirmed goes back."""
    with in_words():
        done = _updates(context).recover(boot=boot)
    if done is None:
        click.echo("没有中断的更新 / no update was cut off", err=True)
    else:
        _say_where(context)


@update.command()
@click.pass_context
def status(context: click.Context) -> None:
    """Say which versions are on this box, which one runs, and how the last update went."""
    from kiosk.box.updates import journal_of

    versions = _versions(context)
    for name in versions.names():
        marks = [
            said
            for said, which in (("运行 runs", versions.current), ("已确认 confirmed", versions.confirmed))
            if which == name
        ]
        click.echo(f"{name}  {'，'.join(marks)}".rstrip())
    journal = journal_of(context.obj.settings)
    if journal is None:
        click.echo("还没有更新过 / no update yet")
        return
    zh, en = _NAMES[journal.step]
    click.echo(f"{journal.before} → {journal.after}: {zh} / {en} ({journal.at})")
    if journal.told:
        click.echo(journal.told)


@update.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.pass_context
def add(context: click.Context, folder: Path) -> None:
    """Put the program in FOLDER beside the versions of this box; for the package's own scripts."""
    versions = _versions(context)
    with in_words():
        versions.root.mkdir(parents=True, exist_ok=True)
        try:
            with versions.alone():
                added = versions.add(folder.absolute())
        except OSError as error:
            raise click.ClickException(f"{versions.root}: {error.strerror}") from error
    click.echo(f"{added.name}: {versions.folder(added.name)}", err=True)


@update.command(hidden=True)
@click.argument("version")
@click.pass_context
def switch(context: click.Context, version: str) -> None:
    """Have a box that is not set up yet run VERSION; for the package's own scripts."""
    versions = _versions(context)
    with in_words(), versions.alone():
        name = versions.read(version).name
        versions.link("current", name)
        versions.link("confirmed", name)
        versions.prune(())


@update.command(hidden=True)
def describe() -> None:
    """Say what this version is, as JSON, once all of it could be loaded."""
    import json
    from dataclasses import asdict

    import kiosk.wiring  # noqa: F401 - what the service loads
    from kiosk.box.updates import describe as described

    click.echo(json.dumps(asdict(described())))


@update.command(hidden=True)
@click.pass_obj
def migrate(context: Context) -> None:
    """Bring the store to the schema of this version."""
    from contextlib import closing

    from ticketing.store.opening import open_store

    with in_words(), closing(open_store(context.settings.store.url, exclusive=False, patience=60.0)):
        pass


def _versions(context: click.Context) -> "Versions":
    versions: Versions = context.meta["versions"]
    return versions


def _updates(context: click.Context) -> "Updates":
    from kiosk.box.updates import Updates, service_of

    known: Context = context.obj
    _take_passwords_of_owner(known.settings.store.key_file.parent)
    service = service_of(context.meta["service"])
    return Updates(
        known.settings,
        known.path,
        _versions(context),
        service,
        lambda said: click.echo(said, err=True),
        lambda: _turn(known),
    )


def _take_passwords_of_owner(data: Path) -> None:
    """Have root find the database's password where the service does, in ``.pgpass`` of the user whose data they are."""
    import os
    import pwd

    if os.geteuid() == 0 and data.is_dir():
        with suppress(KeyError):
            os.environ.setdefault("PGPASSFILE", str(Path(pwd.getpwuid(data.stat().st_uid).pw_dir) / ".pgpass"))


def _turn(known: Context) -> "AbstractContextManager[Turn]":
    """The turn of this box among those of the hall."""
    from kiosk.opening import box_of
    from ticketing.store.opening import turn_to_update

    def waits(box: str) -> None:
        click.echo(f"主机 {box} 正在更新，等它完成 / the box {box} is being updated: waiting for it", err=True)

    return turn_to_update(known.settings.store.url, box_of(known.settings), waits)


def _install(package: Path) -> None:
    """Install a package; its scripts call ``quhao update add`` and ``apply``."""
    import os

    path = package.absolute()
    if not path.is_file():
        raise click.ClickException(f"没有文件 {path} / there is no file {path}")
    try:
        os.execvp("dpkg", ["dpkg", "--install", str(path)])  # noqa: S606, S607 - Debian's
    except OSError as error:
        raise click.ClickException(f"dpkg: {error.strerror}") from error


def _say_where(context: click.Context) -> None:
    current = _versions(context).current
    click.echo(f"现在运行 {current} / {current} runs now", err=True)
