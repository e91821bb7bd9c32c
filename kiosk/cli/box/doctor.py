"""``quhao doctor``: looks over the box, and packs what support needs to know: nothing of a resident is in it."""

import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kiosk.browser.screen_power import BACKLIGHTS
from kiosk.cli.options import Context, write_whole

if TYPE_CHECKING:
    from config.settings import Settings
    from drivers.supervisor import DeviceState

_GROUPS = {"tty": "dialout", "usb": "lp", "input": "input", "i2c": "i2c", "gpiochip": "gpio", "snd": "audio"}
"""The group that may open a file, by how its name below ``/dev`` begins; as in Debian's udev rules."""


@click.command()
@click.option("--bundle", type=click.Path(path_type=Path, dir_okay=False), help="Pack a ZIP for support.")
@click.pass_obj
def doctor(context: Context, bundle: Path | None) -> None:
    """Look over the settings, the store, the disk, permissions, the clock and the devices of this box.

    Exit code 1 where something is to be mended (✗), or a device does not work. With --bundle, pack this, the settings
    without passwords, figures, versions and the service's log for support. Nothing of a resident is in it, and no
    person's name: no store, no key, no ID number.
    """
    from kiosk.devices.probing import lines

    settings = context.settings
    devices, why = _devices(settings)
    said = [*_findings(settings), *([why] if why else _readiness(settings)), *lines(devices)]
    for line in said:
        click.echo(line)
    if bundle:
        from kiosk.cli.box.bundle import pack

        write_whole(bundle, pack(context.path, settings, said, devices, _ask(settings, "/metrics")))
        click.echo(f"已打包到 {bundle} / packed into {bundle}", err=True)
    if any(line.startswith("✗") for line in said) or any(one.state != "online" for one in devices):
        sys.exit(1)


def _devices(settings: "Settings") -> "tuple[list[DeviceState], str]":
    from kiosk.devices.probing import probe
    from kiosk.devices.status_socket import NotAskedError, ask_service

    try:
        found = ask_service(settings)
    except NotAskedError as error:
        return [], f"✗ {error}"
    return (probe(settings), "· 服务没有运行 / the service does not run") if found is None else (found, "")


def _findings(settings: "Settings") -> Iterator[str]:
    """A line each: ✓ right, ✗ to be mended, · worth knowing."""
    import platform
    from importlib.metadata import version

    from kiosk.box.clock_sync import clock_is_synchronised
    from kiosk.box.disks import MB, disks
    from kiosk.opening import store_exists, store_name

    yield f"· quhao {version('quhao')}, Python {platform.python_version()}, {platform.platform()}"
    yield "✓ 配置正确 / the settings are right"
    if store_exists(settings):
        yield _store(settings)
    else:
        yield f"· 还没有数据库，首次运行时建立 / no store yet, the first run makes it: {store_name(settings)}"
    key = settings.store.key_file
    if key.exists():
        # Whoever reads it beside the store reads residents' data.
        private = key.stat().st_mode & 0o077 == 0
        yield f"{'✓' if private else '✗'} 主密钥 / master key: {key} {'' if private else '→ chmod 600'}".rstrip()
    for disk in disks(settings):
        mark = "✗" if disk.trouble(settings.alerts.disk_free_mb * MB) else "✓"
        yield f"{mark} 磁盘剩余 / free on disk: {disk.free // MB} MB {disk.folder} ({disk.holds})"
    if (right := clock_is_synchronised()) is not None:
        yield f"{'✓' if right else '✗'} 时钟已校准 / clock synchronised: {'yes' if right else 'no'}"
    yield from _certificate(settings)
    yield from _backups(settings)
    yield from _permissions(settings)
    yield from backlights()


def _store(settings: "Settings") -> str:
    """Whether the store can be read, and at which version of the schema it is; it is not changed."""
    from kiosk.opening import store_name
    from ticketing.store.base import HEAD, KNOWN, StoreOpenError
    from ticketing.store.opening import schema_of

    try:
        schema = schema_of(settings.store.url)
    except StoreOpenError as error:
        return f"✗ 数据库 / store: {error}"
    version = schema.version
    if schema.is_usable:
        return f"✓ 数据库 / store: {store_name(settings)} ({version})"
    if version is None or version in KNOWN:
        said = f"下次启动时升级到 {HEAD} / the next start brings it from {version} to {HEAD}"
        return f"· 数据库 / store: {store_name(settings)}: {said}"
    return f"✗ 数据库由更新的版本写成，请升级 / the store was written by a newer version, update this box ({version})"


def _certificate(settings: "Settings") -> Iterator[str]:
    from datetime import UTC

    from kiosk.box.certificate import SOON, certificate_ends

    if not settings.server.tls_cert:
        return
    ends = certificate_ends(settings)
    if ends is None:
        yield f"✗ 读不了证书 / the certificate cannot be read: {settings.server.tls_cert}"
        return
    mark = "✓" if ends - datetime.now(UTC) >= SOON else "✗"
    yield f"{mark} 证书到期 / the certificate ends: {ends:%Y-%m-%d}"


def _readiness(settings: "Settings") -> Iterator[str]:
    """What the running service itself says is missing; devices have lines of their own."""
    from kiosk.box.readiness import UnansweredError, ask_readiness

    try:
        told = ask_readiness(settings)
    except UnansweredError as error:
        yield f"✗ 服务没有回答 / the service does not answer at {error}"
        return
    found = [("✗", one) for one in told["missing"] if not one["what"].startswith("device ")]
    found += [("·", one) for one in told["warnings"]]
    for mark, one in found:
        yield f"{mark} {one['what']}: {one['zh']} / {one['en']}"
    if not found:
        yield "✓ 服务就绪 / the service is ready"


def _ask(settings: "Settings", path: str) -> str | None:
    """What the running service answers a program of this box; None where it does not answer."""
    from kiosk.box.readiness import UnansweredError, ask

    try:
        status, told = ask(settings, path)
    except UnansweredError:
        return None
    return told.decode() if status in (200, 503) else None


def _backups(settings: "Settings") -> Iterator[str]:
    """How old the newest backup of the timer is."""
    from datetime import UTC

    from kiosk.box.backups import kept_backups

    if settings.backup.folder is None:
        yield "· 没有设置定时备份（backup.folder） / no backups by timer (backup.folder)"
        return
    kept = kept_backups(settings)
    if not kept:
        yield f"✗ 没有备份 / no backup: {settings.backup.folder}"
        return
    hours = (datetime.now(UTC) - kept[0].at).total_seconds() / 3600
    mark = "✓" if hours <= settings.backup.old_hours else "✗"
    yield f"{mark} 最近的备份 / newest backup: {hours:.0f} h, {kept[0].path.name} ({len(kept)})"


def _permissions(settings: "Settings") -> Iterator[str]:
    """Ports that are there and that this user may not open, with the group that may."""
    for device in settings.devices:
        path = Path(device.port.removeprefix("evdev:"))
        if path.is_absolute() and path.exists() and not os.access(path, os.R_OK | os.W_OK):
            name = str(path.resolve().relative_to("/dev")) if path.resolve().is_relative_to("/dev") else path.name
            group = next((group for begins, group in _GROUPS.items() if name.startswith(begins)), _group_of(path))
            yield (
                f"✗ {device.name}: 无权打开 {path}，请执行 / may not open {path}, run: "
                f"sudo usermod -aG {group} {os.environ.get('USER', 'quhao')}"
            )


def backlights(folder: Path = BACKLIGHTS, account: str = "quhao-screen") -> Iterator[str]:
    """Backlights that the kiosk and screen units may not switch off at night; none where these units are not."""
    import grp

    try:
        group = grp.getgrnam(account).gr_gid
    except KeyError:
        return
    for file in sorted(folder.glob("*/bl_power")):
        found = file.stat()
        if found.st_gid != group or not found.st_mode & 0o020:
            yield (
                f"✗ {file}: {account} 夜间关不了背光，请执行 / {account} cannot switch it off at night, run: "
                "sudo udevadm trigger --action=change --subsystem-match=backlight"
            )


def _group_of(path: Path) -> str:
    import grp

    try:
        return grp.getgrgid(path.stat().st_gid).gr_name
    except KeyError:
        return str(path.stat().st_gid)
