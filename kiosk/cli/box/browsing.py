"""What ``quhao kiosk`` and ``quhao screen`` have in common: server, browser, folder, and the end."""

import logging
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from kiosk.box.service_manager import notify
from kiosk.box.signals import hear_endings
from kiosk.browser.asking import HallServer
from kiosk.browser.chromium import command_of, own_certificate, program_of
from kiosk.browser.local_page import Kind
from kiosk.browser.screen_power import Backlights, Commands, ScreenPower
from kiosk.browser.watch import DEAF, Guide, Watch
from kiosk.cli.options import Context

BROWSER = "browser"
"""The folder of the browser's profile, inside that of the command; emptied at each start."""

server_option = click.option(
    "--server",
    "--url",
    "address",
    envvar="QUHAO_SERVER",
    help="The box that serves it, where it is not this one, such as https://hall.example.",
)
_turn_option = click.option(
    "--turn",
    type=click.Choice(["0", "90", "180", "270"]),
    default="0",
    help="Degrees by which the picture is turned clockwise, where cage shows it.",
)
_patience_option = click.option("--patience", type=click.FloatRange(1), default=DEAF, hidden=True)
_off_option = click.option(
    "--screen-off",
    metavar="COMMAND",
    envvar="QUHAO_SCREEN_OFF",
    help="Switches the screen off at night, with --screen-on; without the two its backlight is, where it has one.",
)
_on_option = click.option(
    "--screen-on", metavar="COMMAND", envvar="QUHAO_SCREEN_ON", help="Switches it on again, before the hall opens."
)
_browser_option = click.option("--browser", help="Chromium's program, where it is not found by itself.")


@dataclass(frozen=True)
class Browsing:
    """What a command was told of its browser and its screen, and found to be so.

    Attributes:
        program: Chromium's.
        arguments: more of them, those behind ``--``.
        turn: degrees by which the picture is turned clockwise.
        power: switches the screen off and on.
        patience: seconds after which a browser that says nothing hangs.
    """

    program: str
    arguments: tuple[str, ...]
    turn: int
    power: ScreenPower
    patience: float


def browser_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command options for its browser and its screen, and the arguments behind ``--``: its :class:`Browsing`."""

    @wraps(command)
    def told(
        *args: Any,
        browser: str | None,
        turn: str,
        screen_off: str | None,
        screen_on: str | None,
        patience: float,
        arguments: tuple[str, ...],
        **options: Any,
    ) -> None:
        power = _power_of(screen_off, screen_on)
        command(*args, browsing=Browsing(_program(browser), arguments, int(turn), power, patience), **options)

    told = click.argument("arguments", nargs=-1)(told)
    return _browser_option(_turn_option(_off_option(_on_option(_patience_option(told)))))


def _power_of(screen_off: str | None, screen_on: str | None) -> ScreenPower:
    """What switches the screen off and on.

    Raises:
        click.UsageError: one of the commands is missing, or is none.
    """
    if not screen_off and not screen_on:
        return ScreenPower(Backlights())
    try:
        off, on = shlex.split(screen_off or ""), shlex.split(screen_on or "")
    except ValueError as error:
        raise click.UsageError(f"--screen-off, --screen-on: {error}") from None
    if not off or not on:
        raise click.UsageError(
            "--screen-off 和 --screen-on 要一起写 / --screen-off and --screen-on go together: give both commands"
        )
    return ScreenPower(Commands(off, on))


def server_of(context: Context, address: str | None) -> tuple[HallServer, tuple[str, ...]]:
    """The server, and the browser's arguments to trust it; this box's own without an address.

    Raises:
        click.UsageError: that is no address of a server.
    """
    if address is None:
        own = context.settings.server
        return HallServer(own.address(own.port), own.tls_cert), own_certificate(own.tls_cert)
    if not re.fullmatch(r"https?://[^/?#\s@]+/?", address):
        raise click.UsageError(f"--server 写成 https://主机 / write --server as https://host, not {address}")
    return HallServer(address.rstrip("/")), ()


def _program(browser: str | None) -> str:
    """Chromium's program; raises ClickException."""
    found = program_of(browser)
    if found is None:
        raise click.ClickException(
            "没有找到 Chromium，请先安装：sudo apt install chromium / Chromium is not there: sudo apt install chromium"
        )
    return found


def own_folder(folder: Path) -> Path:
    """The folder, made for this user alone; raises ClickException."""
    folder = folder.expanduser().absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Not for its own sake: the disk may be one that is not to be written to.
        if folder.stat().st_mode & 0o777 != 0o700:
            folder.chmod(0o700)
    except OSError as error:
        raise click.ClickException(f"{folder}: {error.strerror}") from error
    return folder


def keep_browser(
    browsing: Browsing, guide: Guide, server: HallServer, kind: Kind, *, folder: Path, trusted: tuple[str, ...]
) -> None:
    """Keep the browser on what the guide says until a signal ends it.

    Where there is no display, it comes with a compositor of its own (cage), which shows nothing else. ``folder`` is for
    the browser's own, ``trusted`` are the arguments by which it trusts the server: see :func:`server_of`.

    Raises:
        click.ClickException: there is neither a display nor cage; the folder cannot be written.
    """
    arguments = (*trusted, *browsing.arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s", force=True)
    has_display = any(os.environ.get(one) for one in ("DISPLAY", "WAYLAND_DISPLAY"))
    is_headless = any(one.startswith("--headless") for one in arguments)
    cage = None if has_display or is_headless else shutil.which("cage")
    if not (has_display or is_headless or cage):
        raise click.ClickException(
            "没有显示环境，请先安装 cage：sudo apt install cage xwayland / "
            "there is no display, and no cage to make one: sudo apt install cage xwayland"
        )
    told = hear_endings()
    # In memory where systemd gives a folder there (RuntimeDirectory): nothing of it is to outlive the browser.
    profile = Path(os.environ.get("RUNTIME_DIRECTORY") or folder) / BROWSER
    watch = Watch(
        command_of(browsing.program, profile, arguments, cage, browsing.turn),
        profile,
        guide,
        server,
        kind,
        power=browsing.power,
        patience=browsing.patience,
        told=told,
        alive=lambda: notify("READY=1", "WATCHDOG=1"),
        status=lambda words: notify(f"STATUS={words}"),
    )
    try:
        watch.run()
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error
    finally:
        notify("STOPPING=1")
