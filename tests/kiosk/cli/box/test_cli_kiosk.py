"""``quhao kiosk``: its page in a browser that is kept there, with a token that nobody else on the machine sees."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import console
from conftest import CHROMIUM
from kiosk.browser.chromium import own_certificate
from kiosk.cli.box.kiosk import KEPT
from program import Client, QuhaoProcess
from wires import wait_until

HEADLESS = ("--headless=new", "--no-sandbox", "--disable-gpu")
FOLLOWED = b'quhao_http_requests_total{method="GET",route="/api/v1/kiosk/events",status="200"} '


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuhaoProcess]:
    """A program at work, for all tests of this file: browsers only look at it."""
    with QuhaoProcess(tmp_path_factory.mktemp("box"), forked=True) as quhao:
        yield quhao.start()


@pytest.fixture
def opened(box: QuhaoProcess, tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Runs ``quhao kiosk`` with a profile in ``tmp_path``; ended at the end of the test."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str, line: str = "") -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "kiosk", "--config", str(box.config), "kiosk"]
        command += [
            "--profile",
            str(tmp_path / "profile"),
            "--patience",
            "60",
            "--browser",
            CHROMIUM,
            *arguments,
            "--",
            *HEADLESS,
        ]
        running.append(subprocess.Popen(command, stdin=subprocess.PIPE, text=True))
        assert running[-1].stdin
        running[-1].stdin.write(line)
        running[-1].stdin.close()
        return running[-1]

    yield start
    for one in running:
        if one.poll() is None:
            one.terminate()
        one.wait(60)


def followers(box: QuhaoProcess) -> int:
    """How many streams of the kiosk this box has begun."""
    client = Client(box.port)
    body = client.get("//metrics").body
    client.close()
    return int(float(body.partition(FOLLOWED)[2].split(b"\n")[0] or 0))


def test_the_page_is_the_kiosk_by_a_token_that_is_in_no_programs_arguments_and_is_kept_for_the_next_start(
    box: QuhaoProcess, opened: Callable[..., Any], tmp_path: Path
) -> None:
    token = box.token("kiosk")
    shell = opened("--token-file", "-", line=f"{token}\n")
    wait_until(lambda: followers(box) >= 1, 120)
    for process in (psutil.Process(shell.pid), *psutil.Process(shell.pid).children(recursive=True)):
        assert token not in " ".join([*process.cmdline(), *process.environ().values()])
    kept = tmp_path / "profile" / KEPT
    assert (kept.read_text("utf-8"), kept.stat().st_mode & 0o777) == (token, 0o600)
    shell.send_signal(signal.SIGTERM)
    assert shell.wait(60) == 0

    before = followers(box)
    opened()
    wait_until(lambda: followers(box) > before, 120)


def hide_displays(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no display, and no cage that could make one."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.mark.parametrize(
    ("arguments", "line", "said"),
    [
        (["--token-file", "nowhere"], None, "nowhere cannot be read"),
        (["--token-file", "-"], "no token", "holds no token"),
        (["--token-file", "-"], "", "holds no token"),
        (["--server", "hall.example"], None, "write --server as https://host"),
        (["--server", "https://me@hall.example"], None, "write --server as https://host"),
        (["--browser", "no-such-browser"], None, "sudo apt install chromium"),
        ([], None, "there is no display, and no cage to make one"),
    ],
)
def test_what_is_wrong_is_said(
    quhao: QuhaoProcess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    line: str | None,
    said: str,
) -> None:
    hide_displays(monkeypatch)
    browser = [] if "--browser" in arguments else ["--browser", "/bin/true"]
    done = console.say(quhao.config, "kiosk", "--profile", str(tmp_path / "profile"), *browser, *arguments, line=line)
    assert done.returncode != 0
    assert said in done.stderr


def test_over_tls_the_boxs_own_key_is_trusted_and_no_other(tmp_path: Path) -> None:
    from certificates import make_certificate

    certificate, key = make_certificate(tmp_path)
    asked = ["openssl", "pkey", "-in", str(key), "-pubout", "-outform", "DER"]
    public = subprocess.run(asked, capture_output=True, check=True).stdout
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-binary"], input=public, capture_output=True, check=True)
    pin = subprocess.run(["openssl", "base64"], input=digest.stdout, capture_output=True, check=True).stdout.decode()
    assert own_certificate(certificate) == (f"--ignore-certificate-errors-spki-list={pin.strip()}",)
    assert own_certificate(None) == ()


def test_a_profile_that_was_open_to_all_is_closed(
    box: QuhaoProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide_displays(monkeypatch)
    profile = tmp_path / "profile"
    profile.mkdir()
    profile.chmod(0o777)
    console.say(box.config, "kiosk", "--profile", str(profile), "--browser", "/bin/true")
    assert profile.stat().st_mode & 0o777 == 0o700
