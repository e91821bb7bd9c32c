"""``quhao devices``: a technician's look at the devices of this box."""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from kiosk.cli.options import Context

if TYPE_CHECKING:
    from config.settings import Settings
    from display.prompts import Words
    from kiosk.devices.building import Devices
    from kiosk.devices.testing import DeviceTests

SILENCE = 0.02
"""Seconds of silence that part the frames of a recording."""


@click.group(invoke_without_command=True)
@click.pass_context
def devices(context: click.Context) -> None:
    """Show each device of this box: what is up, what is down since when, and what to do about it."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@devices.command("list")
@click.pass_obj
def list_(context: Context) -> None:
    """The same as without a command."""
    from kiosk.devices.probing import lines, probe
    from kiosk.devices.status_socket import NotAskedError, ask_service

    settings = context.settings
    try:
        found = ask_service(settings)
    except NotAskedError as error:
        # Not tried out behind the service's back: it holds the devices, and they would only look busy.
        _give_up(str(error))
    for line in lines(probe(settings) if found is None else found):
        click.echo(line)


@devices.command()
@click.argument("name", required=False)
@click.option("--wire", is_flag=True, help="Show what passes on its wire; what may be of a resident is cut.")
@click.option("--seconds", type=click.FloatRange(0), help="End after so many seconds; else Ctrl-C ends it.")
@click.pass_obj
def watch(context: Context, name: str | None, wire: bool, seconds: float | None) -> None:
    """Show the states of all devices, or of the device NAME, and every change."""
    from kiosk.devices.status_socket import watch as watch_devices

    settings = context.settings
    _is_there(settings, name)
    end = threading.Event()
    if seconds is not None:
        timer = threading.Timer(seconds, end.set)
        timer.daemon = True
        timer.start()
    with _asked(settings, {"do": "watch", "device": name, "wire": wire}) as told:
        if told is not None:
            _show(told, end.is_set)
            return
    with _built(settings) as (built, _):
        _show(watch_devices(built.supervisors, built.taps, name, wire, end.wait), end.is_set)


@devices.command()
@click.argument("name")
@click.pass_obj
def test(context: Context, name: str) -> None:
    """Test the device NAME: print a test slip, show a text, speak; or wait for a card, a code, a key."""
    settings = context.settings
    _is_there(settings, name)
    click.echo(
        "读卡器、扫描枪和按键请试用一次；打印机、屏和语音会自己动作 / "
        "Try a reader, a scanner or a key once; printers, strips and speakers act by themselves",
        err=True,
    )
    ok, said = test_device(settings, name)
    _said(ok, said.zh, said.en)


def test_device(settings: "Settings", name: str) -> "tuple[bool, Words]":
    """Whether the device works, and what to tell the technician: by the running service, or where none runs here."""
    from display.prompts import Words
    from kiosk.devices.testing import PATIENCE
    from ticketing.model import TicketingError

    with _asked(settings, {"do": "test", "device": name}, PATIENCE + 20) as answers:
        if answers is not None:
            told = next(answers, None) or {"ok": False, "zh": "服务没有应答", "en": "The service gave no answer"}
            return told["ok"], Words(told["zh"], told["en"])
    with _built(settings) as (built, tests):
        device = next(one for one in built.supervisors if one.name == name)
        _wait_for_start([device])
        try:
            return tests.test(name, PATIENCE)
        except TicketingError as error:
            from display.refusals import words

            return False, words(error.code, error.facts)


@devices.command()
@click.option("--network", "networks", multiple=True, help="Look through this network, such as 192.168.1.0/24.")
@click.option("--here", is_flag=True, help="Only this box's own ports, no network.")
@click.pass_obj
def find(context: Context, networks: tuple[str, ...], here: bool) -> None:
    """Find serial ports, card readers, scanners, and printers and strips on the network, with lines to paste.

    Nothing is sent to serial lines. What the settings already have is named.
    """
    from kiosk.devices.finding import CALLED, find_devices, own_networks

    try:
        chosen = [IPv4Network(one, strict=False) for one in networks]
    except ValueError as error:
        raise click.BadParameter(f"写成 192.168.1.0/24 / write it as 192.168.1.0/24 ({error})") from error
    # Without settings it is as useful: it is how settings begin.
    known = {one.port: one.name for one in context.settings.devices} if context.path.exists() else {}
    counts: dict[str, int] = {}
    for one in find_devices([] if here else chosen or own_networks()):
        click.echo(f"# {one.what.zh} / {one.what.en}")
        if one.port in known:
            click.echo(f"#   {one.port}: 已配置为 / is in the settings as {known[one.port]}\n")
            continue
        base = CALLED.get(one.driver, one.driver or "device")
        counts[base] = counts.get(base, 0) + 1
        click.echo(one.table(f"{base}-{counts[base]}"))
    if not counts and not known:
        click.echo("没有找到设备 / no device was found", err=True)


@devices.command()
@click.argument("port")
@click.option("--baudrate", type=click.IntRange(300, 4_000_000), default=9600, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.1), default=20.0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Keep the recording in this file.")
def record(port: str, baudrate: int, seconds: float, out: Path | None) -> None:
    """Record what an unknown device on PORT says, and guess length, checksum and escapes of its frames.

    PORT is a serial path or tcp://host:port. Press each key of a pad a few times, or have the old program show
    different texts. Do not record a card reader: what is on a card would be in the recording.
    """
    from drivers.errors import DeviceError
    from drivers.recording import Chunk, cut_frames, guess, report

    chunks: list[Chunk] = []
    try:
        for chunk in _recorded(port, baudrate, seconds):
            chunks.append(chunk)
            click.echo(f"{chunk.at:9.3f}  {chunk.data.hex(' ').upper()}")
    except KeyboardInterrupt:
        pass
    except DeviceError as error:
        from display.staff.advice import advice

        said = advice(error.reason, error.detail)
        _give_up(f"{said.reason_zh}，{said.advice_zh} / {said.reason_en}: {said.advice_en}")
    if out:
        from kiosk.cli.options import write_whole

        rows = (json.dumps({"at": round(one.at, 4), "hex": one.data.hex()}) for one in chunks)
        write_whole(out, "".join(f"{row}\n" for row in rows).encode())
    for line in report(guess(cut_frames(chunks, SILENCE))):
        click.echo(line)


def _recorded(port: str, baudrate: int, seconds: float) -> "Iterator[Any]":
    from drivers.port import open_port
    from drivers.recording import Chunk

    opened = open_port(port, baudrate)
    try:
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < seconds:
            # Short reads, so that a silence between frames is seen as such.
            if data := opened.read(min(0.5, seconds - passed)):
                yield Chunk(time.monotonic() - begun, data)
    finally:
        opened.close()


@contextmanager
def _asked(settings: "Settings", request: dict[str, Any], timeout: float = 5.0) -> "Iterator[Iterator[Any] | None]":
    """The running service's answers; None when none runs."""
    from kiosk.devices.status_socket import NotAskedError, ask

    try:
        with ask(settings, request, timeout) as answers:
            yield answers
    except NotAskedError as error:
        _give_up(str(error))


@contextmanager
def _built(settings: "Settings") -> "Iterator[tuple[Devices, DeviceTests]]":
    """This box's devices, started, where no service runs."""
    from kiosk.devices.building import build_devices
    from kiosk.devices.testing import DeviceTests

    def now() -> datetime:
        return datetime.now(settings.hall.zone)

    built = build_devices(settings, now, lambda device, event: tests.hear(device, event))
    tests = DeviceTests(settings.hall.name, built.supervisors, now)
    built.start()
    try:
        yield built, tests
    finally:
        built.stop()


def _wait_for_start(supervisors: list[Any]) -> None:
    from kiosk.devices.probing import wait_for_start

    wait_for_start(supervisors)


def _show(told: "Iterator[dict[str, Any]]", over: Callable[[], bool]) -> None:
    from kiosk.devices.probing import lines
    from kiosk.devices.status_socket import state_of

    try:
        for one in told:
            if "state" in one:
                for line in lines([state_of(one["state"])]):
                    click.echo(line)
            elif "wire" in one:
                at = datetime.fromtimestamp(one["at"]).astimezone()
                click.echo(f"{at:%H:%M:%S.%f}"[:-3] + f"  {one['device']:<14}{one['wire']}")
            if over():
                return
    except KeyboardInterrupt:
        return


def _is_there(settings: "Settings", name: str | None) -> None:
    names = [one.name for one in settings.devices]
    if name is not None and name not in names:
        _give_up(f"没有设备 {name}；配置里有 / there is no device {name}; the settings have: {', '.join(names) or '-'}")


def _said(ok: bool, zh: str, en: str) -> None:
    click.echo(f"{zh} / {en}", err=not ok)
    if not ok:
        sys.exit(1)


def _give_up(reason: str) -> NoReturn:
    click.echo(reason, err=True)
    sys.exit(1)
