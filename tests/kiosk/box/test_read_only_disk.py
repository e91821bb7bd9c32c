"""A disk that nobody can write to: as the program starts, and an SD card whose file system gives up while it runs."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from program import ROOT, Client, QuhaoProcess
from wires import wait_until

TICKET = {"service": "business-licence"}
READ_ONLY = """
mount -t tmpfs -o size=32m tmpfs "$0" || exit
cp -p "$0.laid/"* "$0" && mount -o remount,ro "$0" && exec "$@"
"""
CARD = """
mount -o loop "$0.card" "$0" || exit
cp -np "$0.laid/"* "$0"
sync -f "$0"
exec "$@"
"""


def lay_aside(quhao: QuhaoProcess) -> Path:
    """The folder of the data, where something is mounted now; what was in it lies beside it."""
    folder = quhao.folder / "var"
    folder.rename(folder.with_name("var.laid"))
    folder.mkdir()
    return folder


def remount(quhao: QuhaoProcess, options: str, *namespaces: str) -> None:
    """Change what the program has its data on."""
    assert quhao.process
    there = ["nsenter", "-t", str(quhao.process.pid), "-m", *namespaces]
    subprocess.run([*there, "mount", "-o", f"remount,{options}", quhao.folder / "var"], check=True)


def test_a_start_on_a_read_only_disk_says_so_waits_and_goes_on_once_it_takes_something(tmp_path: Path) -> None:
    if subprocess.run(["unshare", "-Urm", "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a file system, not even in a namespace of its own")
    through = ["unshare", "-Urm", "sh", "-c", READ_ONLY, str(tmp_path / "var")]
    with QuhaoProcess(tmp_path, through=through) as quhao:
        lay_aside(quhao)
        quhao.begin()
        wait_until(lambda: "waiting for a disk that is read-only" in quhao.log.read_text("utf-8"), 60)
        assert quhao.process
        remount(quhao, "rw", "-U", "--preserve-credentials")
        with closing(Client(quhao.port)) as client:
            wait_until(lambda: quhao.process.poll() is not None or ready(client) == 200, 60)
        assert quhao.terminate(30.0) == 0


def test_a_card_whose_file_system_gives_up_is_told_and_has_lost_nothing_at_the_next_start(tmp_path: Path) -> None:
    card = tmp_path / "var.card"
    with card.open("wb") as file:
        file.truncate(32 << 20)
    through = ["unshare", "-m", "sh", "-c", CARD, str(tmp_path / "var")]
    trial = ["unshare", "-m", "mount", "-o", "loop", str(card), str(tmp_path)]
    made = subprocess.run(["mke2fs", "-q", "-t", "ext4", card], capture_output=True).returncode == 0
    if not made or os.geteuid() or subprocess.run(trial, capture_output=True).returncode:
        pytest.skip("this machine mounts no ext4 file system out of a file, which takes root and a loop device")
    with QuhaoProcess(tmp_path, through=through) as quhao:
        desk_token, kiosk_token = quhao.token("desk"), quhao.token("kiosk")
        lay_aside(quhao)
        quhao.start()
        with closing(Client(quhao.port, desk_token)) as desk, closing(Client(quhao.port, kiosk_token)) as kiosk:
            assert desk.post("/tickets", TICKET).body["number"] == "A001"
            # As ext4 does by itself after an error of the card: errors=remount-ro.
            remount(quhao, "abort")
            # The server ends connections that are silent for long, as on a machine that stands still.
            desk.close()
            refused = desk.post("/tickets", TICKET)
            assert (refused.status, refused.body["code"]) == (503, "store_broken")
            found = {("store", "store_broken"), ("disk store", "disk_read_only")}
            wait_until(lambda: found <= {(one["what"], one["reason"]) for one in ask(desk, "//readyz")["missing"]})
            wait_until(lambda: "暂时不能取号" in ask(kiosk, "/kiosk")["message"])
            assert ask(kiosk, "/kiosk")["state"] == "fault"
            (alert,) = ask(desk, "/alerts")
            assert (alert["kind"], alert["advice"]["zh"][:5]) == ("box", "磁盘只读，")
            # What is kept can still be read.
            assert ask(desk, "/hall")["services"][0]["waiting"] == 1
        assert quhao.process
        there = ["nsenter", "-t", str(quhao.process.pid), "-m", f"--wd={ROOT}", sys.executable, "-m", "kiosk"]
        doctor = subprocess.run([*there, "--config", quhao.config, "doctor"], capture_output=True, text=True)
        assert doctor.returncode == 1
        assert "存储卡可能已损坏" in doctor.stdout
        assert quhao.terminate(30.0) == 0
        # The machine is started again: what was answered is there, and the number that was refused is not lost.
        quhao.start()
        with closing(Client(quhao.port, desk_token)) as desk:
            assert desk.post("/tickets", TICKET).body["number"] == "A002"
            assert ready(desk) == 200
        assert quhao.terminate(30.0) == 0


def ask(client: Client, path: str) -> Any:
    client.close()
    return client.get(path).body


def ready(client: Client) -> int:
    try:
        return client.get("//readyz").status
    except OSError:
        return 0
