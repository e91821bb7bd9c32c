"""`quhao devices`: watch, test, find and record, with and without a running service."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from console import say
from foreign import CHEN, ForeignPrinter, ForeignReader
from program import PRINTER, READER, QuhaoProcess
from wires import wait_until


@contextmanager
def begun(config: Path, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """A command that goes on until Ctrl-C."""
    command = [sys.executable, "-m", "kiosk", "--config", str(config), *arguments]
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}

    def hear_ctrl_c() -> None:
        # A shell has what runs in its background ignore it, and so would every program that the tests start.
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment, preexec_fn=hear_ctrl_c
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def open_files(process: int) -> list[str]:
    """Paths of what a process has open now."""
    found = []
    for file in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(str(file.readlink()))
    return found


def test_a_printer_is_tested_by_the_running_service_and_without_one(
    printer: ForeignPrinter, new_quhao: Callable[..., QuhaoProcess]
) -> None:
    process = new_quhao(devices=PRINTER.format(port=printer.port), forked=True)
    assert "测试页已打印" in process.say("devices", "test", "printer").stdout
    process.start(ready="//readyz")
    assert "测试页已打印" in process.say("devices", "test", "printer").stdout
    wait_until(lambda: len(printer.papers) == 2)
    assert all("打印测试" in paper.text for paper in printer.papers)
    printer.has_paper = False
    refused = process.say("devices", "test", "printer", check=False)
    assert refused.returncode == 1
    assert "缺纸" in refused.stderr
    unknown = process.say("devices", "test", "printre", check=False)
    assert unknown.returncode == 1
    assert "the settings have: printer" in unknown.stderr


def test_a_reader_is_tested_by_a_card_and_its_trace_shows_nothing_of_it(
    reader: ForeignReader, new_quhao: Callable[..., QuhaoProcess]
) -> None:
    process = new_quhao(devices=READER.format(path=reader.path), forked=True).start(ready="//readyz")
    traced: list[str] = []
    watching = threading.Thread(
        target=lambda: traced.append(process.command("devices", "watch", "reader", "--wire", "--seconds", "4").stdout)
    )
    watching.start()
    tested: list[str] = []
    testing = threading.Thread(target=lambda: tested.append(process.command("devices", "test", "reader").stdout))
    testing.start()
    # As a technician does who does not see at once that the program waits.
    while testing.is_alive():
        reader.lay(CHEN)
        testing.join(0.7)
        reader.lift()
        testing.join(0.7)
    watching.join(30)
    assert "读到一张证件" in tested[0]
    assert re.search(r"reader +sam +在线 online", traced[0])
    lines = [line for line in traced[0].splitlines() if "→" in line or "←" in line]
    assert any("AA AA AA 96 69" in line for line in lines)
    assert max(len(re.findall(r"\b[0-9A-F]{2}\b", line.split("reader")[1])) for line in lines) <= 11
    assert CHEN[:6].hex(" ").upper() not in traced[0]


def test_watch_without_a_service_opens_the_devices_itself(
    printer: ForeignPrinter, new_quhao: Callable[..., QuhaoProcess]
) -> None:
    process = new_quhao(devices=PRINTER.format(port=printer.port))
    with begun(process.config, "devices", "watch", "--wire") as watching:
        assert watching.stdout
        # That it is there, and what it answered to a question of its status.
        for words in (r"printer +escpos +在线 online", "← 1[0-9A-F]"):
            assert any(re.search(words, line) for line in watching.stdout)
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=60)
    assert watching.returncode == 0


def test_find_names_what_the_settings_have_and_says_how_a_network_is_written(
    printer: ForeignPrinter, new_quhao: Callable[..., QuhaoProcess]
) -> None:
    process = new_quhao(devices=PRINTER.format(port=printer.port))
    assert process.say("devices", "find", "--here").returncode == 0
    refused = process.say("devices", "find", "--network", "192.168.1", check=False)
    assert refused.returncode == 2
    assert "192.168.1.0/24" in refused.stderr


def test_a_recording_of_an_unknown_pad_tells_how_its_frames_are_made(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    frames = [
        "FF6808086805020A0A0A0002032A16",
        "FF6808086805020001070A0A0A2D16",
        "FF6802026805030816",
        "FF680303680511001616",
    ]
    kept = tmp_path / "pad.jsonl"
    port, pause = os.ttyname(slave), threading.Event()
    with begun(tmp_path / "quhao.toml", "devices", "record", port, "--seconds", "100", "--out", str(kept)) as recording:
        assert recording.stdout

        def press(frame: str) -> None:
            """Press a key, again until it is recorded, and a silence after what was recorded before, as fingers do."""
            assert recording.stdout
            os.write(master, bytes.fromhex(frame))
            while not select.select([recording.stdout], [], [], 1.0)[0]:
                os.write(master, bytes.fromhex(frame))
            recording.stdout.readline()
            pause.wait(0.05)

        wait_until(lambda: port in open_files(recording.pid))
        for frame in 3 * frames:
            press(frame)
        recording.send_signal(signal.SIGINT)
        told, _ = recording.communicate(timeout=60)
    os.close(master)
    os.close(slave)
    assert "校验 checksum: sum8 [5:-2] @ -2" in told
    assert "长度 length: u8 @ 2, + 7" in told
    rows = [json.loads(line) for line in kept.read_text().splitlines()]
    assert bytes.fromhex("".join(row["hex"] for row in rows)).count(b"\xff\x68") >= 4
    nothing = say(tmp_path / "quhao.toml", "devices", "record", str(tmp_path / "none"))
    assert nothing.returncode == 1
    assert "找不到设备" in nothing.stderr
