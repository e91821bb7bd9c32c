"""The browser of the kiosk: opened on its page, with a token that nobody else on the machine sees."""

import os
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
from kiosk.cli.box.kiosk import START_PAGE, own_certificate
from program import Client, QuhaoProcess, free_port
from wires import wait_until

TOKEN = "quhao_" + "t" * 43
HEADLESS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
BROWSER = """#!/bin/sh
# A browser that keeps what it is given, and stays open until it is told to end: nobody ever writes into "never".
printf '%s\\n' "$@" > "{folder}/arguments"
cp "{folder}/profile/{start}" "{folder}/start" 2>/dev/null
stat -c '%a' "{folder}/profile" "{folder}/profile/{start}" > "{folder}/modes" 2>/dev/null
: > "{folder}/open"
read -r _ < "{folder}/never"
"""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuhaoProcess]:
    """A program at work, for all tests of this file: browsers only look at it."""
    with QuhaoProcess(tmp_path_factory.mktemp("box")) as quhao:
        yield quhao.start()


@pytest.fixture
def opened(box: QuhaoProcess, tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Runs ``quhao kiosk`` with a profile in ``tmp_path``; ended at the end of the test."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str, line: str | None = None) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "kiosk", "--config", str(box.config), "kiosk"]
        command += ["--profile", str(tmp_path / "profile"), *arguments]
        running.append(subprocess.Popen(command, stdin=subprocess.PIPE, text=True))
        stdin = running[-1].stdin
        assert stdin
        if line is not None:
            stdin.write(line)
        stdin.close()
        return running[-1]

    yield start
    for one in running:
        if one.poll() is None:
            one.terminate()
        one.wait(60)


@pytest.fixture
def fake(tmp_path: Path) -> str:
    """The path of a browser that notes how it was opened."""
    os.mkfifo(tmp_path / "never")
    program = tmp_path / "browser"
    program.write_text(BROWSER.format(folder=tmp_path, start=START_PAGE), "utf-8")
    program.chmod(0o755)
    return str(program)


def test_the_token_is_in_a_file_for_this_user_alone_and_among_no_programs_arguments(
    box: QuhaoProcess, opened: Callable[..., Any], fake: str, tmp_path: Path
) -> None:
    shell = opened("--token-file", "-", "--browser", fake, "--", "--more", line=f"{TOKEN}\n")
    wait_until((tmp_path / "open").exists, 60)
    arguments = (tmp_path / "arguments").read_text("utf-8").splitlines()
    assert "--kiosk" in arguments
    assert f"--user-data-dir={tmp_path}/profile" in arguments
    assert arguments[-2:] == ["--more", (tmp_path / "profile" / START_PAGE).as_uri()]
    assert f'location.replace("http://127.0.0.1:{box.port}/kiosk#token={TOKEN}")' in (tmp_path / "start").read_text()
    assert (tmp_path / "modes").read_text().split() == ["700", "600"]
    for process in (psutil.Process(shell.pid), *psutil.Process(shell.pid).children(recursive=True)):
        assert TOKEN not in " ".join([*process.cmdline(), *process.environ().values()])
    shell.send_signal(signal.SIGTERM)
    assert shell.wait(60) == 0
    assert not (tmp_path / "profile" / START_PAGE).exists()


def test_whoever_is_told_to_end_while_it_waits_for_the_box_leaves_no_token_behind(
    opened: Callable[..., Any], fake: str, tmp_path: Path
) -> None:
    shell = opened("--token-file", "-", "--browser", fake, "--url", f"http://127.0.0.1:{free_port()}", line=TOKEN)
    start = tmp_path / "profile" / START_PAGE
    wait_until(start.exists, 60)
    shell.send_signal(signal.SIGTERM)
    assert shell.wait(60) == 0
    assert not start.exists()
    assert not (tmp_path / "open").exists()


def test_without_a_token_the_page_is_opened_that_the_profile_has_one_for(
    opened: Callable[..., Any], fake: str, tmp_path: Path, box: QuhaoProcess
) -> None:
    opened("--browser", fake, "--url", f"http://localhost:{box.port}/")
    wait_until((tmp_path / "open").exists, 60)
    assert (tmp_path / "arguments").read_text("utf-8").splitlines()[-1] == f"http://localhost:{box.port}/kiosk"


def test_chromium_opens_the_page_and_the_page_is_the_kiosk(
    box: QuhaoProcess, opened: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "kiosk.token").write_text(box.token("kiosk"), "utf-8")
    opened("--token-file", str(tmp_path / "kiosk.token"), "--browser", CHROMIUM, "--", *HEADLESS)

    client = Client(box.port)
    followed = b'quhao_http_requests_total{method="GET",route="/api/v1/kiosk/events",status="200"}'
    wait_until(lambda: followed in client.get("//metrics").body, 60)
    client.close()


@pytest.mark.parametrize(
    ("arguments", "line", "said"),
    [
        (["--token-file", "nowhere"], None, "nowhere cannot be read"),
        (["--token-file", "-"], "no token", "holds no token"),
        (["--token-file", "-"], "", "holds no token"),
        (["--url", "hall.example"], None, "write --url as https://host"),
        (["--browser", "no-such-browser"], None, "sudo apt install chromium"),
    ],
)
def test_what_is_wrong_is_said_and_no_browser_opens(
    quhao: QuhaoProcess, fake: str, tmp_path: Path, arguments: list[str], line: str | None, said: str
) -> None:
    browser = [] if "--browser" in arguments else ["--browser", fake]
    done = console.say(quhao.config, "kiosk", "--profile", str(tmp_path / "profile"), *browser, *arguments, line=line)
    assert done.returncode != 0
    assert said in done.stderr
    assert not (tmp_path / "open").exists()


def test_over_tls_the_boxs_own_key_is_trusted_and_no_other(tmp_path: Path) -> None:
    from certificates import make_certificate

    certificate, key = make_certificate(tmp_path)
    asked = ["openssl", "pkey", "-in", str(key), "-pubout", "-outform", "DER"]
    public = subprocess.run(asked, capture_output=True, check=True).stdout
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-binary"], input=public, capture_output=True, check=True)
    pin = subprocess.run(["openssl", "base64"], input=digest.stdout, capture_output=True, check=True).stdout.decode()
    assert own_certificate(certificate) == (f"--ignore-certificate-errors-spki-list={pin.strip()}",)
    assert own_certificate(None) == ()


def test_a_profile_that_was_open_to_all_is_closed(box: QuhaoProcess, tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    profile.mkdir(mode=0o777)
    os.chmod(profile, 0o777)  # noqa: PTH101 - beyond the umask
    console.say(box.config, "kiosk", "--profile", str(profile), "--browser", "/bin/true")
    assert profile.stat().st_mode & 0o777 == 0o700
