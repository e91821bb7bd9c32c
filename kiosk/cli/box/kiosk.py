"""The command that opens the kiosk's page in a browser that shows nothing else.

The kiosk's role comes from a token alone. Other users of the machine see every program's arguments (``ps``), so the
token is not among Chromium's: it stands in a start page, a file that only this user can read, in a browser profile that
only this user can enter. The start page leads on to ``/kiosk#token=…``; the part behind the ``#`` never leaves the
browser. From then on the page keeps the token in the profile, and the start page is removed when the browser ends.
"""

import base64
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import click

from kiosk.cli.options import Context

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--kiosk",
    "--no-first-run",
    "--noerrdialogs",
    "--disable-session-crashed-bubble",
    "--disable-pinch",
    "--overscroll-history-navigation=0",
    "--disable-features=Translate",
    "--password-store=basic",
    "--autoplay-policy=no-user-gesture-required",
)
PROFILE = Path("~/.local/share/quhao/kiosk")
START_PAGE = "quhao-start.html"
LONGEST = 4096
"""Bytes that are read of a token's file."""
PAUSE = 0.5
"""Seconds between looks whether the box answers."""


@click.command("kiosk")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="The file that holds the kiosk's token; - reads it from standard input. Needed once: the profile keeps it.",
)
@click.option("--url", help="The box, where it is not this one, such as https://hall.example.")
@click.option(
    "--profile",
    type=click.Path(path_type=Path, file_okay=False),
    default=PROFILE,
    show_default=True,
    help="The folder of the browser's profile; for this user alone.",
)
@click.option("--browser", help="Chromium's program, where it is not found by itself.")
@click.argument("arguments", nargs=-1)
@click.pass_obj
def kiosk(
    context: Context,
    token_file: Path | None,
    url: str | None,
    profile: Path,
    browser: str | None,
    arguments: tuple[str, ...],
) -> None:
    """Open the kiosk's page in Chromium's kiosk mode, and stay until that ends.

    Make the token once by `quhao token add NAME --role kiosk`. What stands behind -- goes to the browser.
    """
    program = _program(browser)
    pin: tuple[str, ...] = ()
    if url is None:
        server = context.settings.server
        url, pin = server.address(server.port), own_certificate(server.tls_cert)
    elif not re.fullmatch(r"https?://[^/?#\s]+/?", url):
        raise click.UsageError(f"--url 写成 https://主机 / write --url as https://host, not {url}")
    page = f"{url.rstrip('/')}/kiosk"
    token = _token(token_file)
    profile = profile.expanduser().absolute()
    start = profile / START_PAGE
    try:
        profile.mkdir(mode=0o700, parents=True, exist_ok=True)
        profile.chmod(0o700)
    except OSError as error:
        raise click.ClickException(f"{profile}: {error.strerror}") from error
    place = start.as_uri() if token else page
    command = [program, *ARGUMENTS, f"--user-data-dir={profile}", *pin, *arguments, place]
    told: list[int] = []
    opened: list[subprocess.Popen[bytes]] = []

    def end(number: int, _frame: object) -> None:
        told.append(number)
        for browser in opened:
            browser.terminate()

    # From here on whatever ends us takes the start page, and the browser, with it.
    before = {one: signal.signal(one, end) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        if token:
            _write_start_page(start, f"{page}#token={token}")
        _wait_for(page, told)
        code = 0 if told else _run(command, opened, told)
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error
    finally:
        start.unlink(missing_ok=True)
        for number, handler in before.items():
            signal.signal(number, handler)
    sys.exit(max(code, 0))


def _run(command: list[str], opened: list["subprocess.Popen[bytes]"], told: list[int]) -> int:
    """The browser's exit code; it is in ``opened`` while it runs, so that a signal can end it."""
    # In a session of its own: Ctrl-C comes to us, and we end it.
    browser = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - a program that this user chose
    opened.append(browser)
    if told:
        browser.terminate()
    return browser.wait()


def own_certificate(file: Path | None) -> tuple[str, ...]:
    """Chromium's argument to trust the key of this box's own certificate, which names the hall and not ``127.0.0.1``.

    No other certificate is trusted by it: it is the SHA-256 of the key (SubjectPublicKeyInfo, RFC 7469 2.4).
    """
    if file is None:
        return ()
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509 import load_pem_x509_certificates

    key = load_pem_x509_certificates(file.read_bytes())[0].public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    return (f"--ignore-certificate-errors-spki-list={base64.b64encode(digest).decode()}",)


def _program(browser: str | None) -> str:
    found = shutil.which(browser) if browser else next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise click.ClickException(
            "没有找到 Chromium，请先安装：sudo apt install chromium / Chromium is not there: sudo apt install chromium"
        )
    return found


def _token(file: Path | None) -> str | None:
    """The token in ``file``; never part of a message."""
    if file is None:
        return None
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as source:
            text = source.read(LONGEST).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "UTF-8"
        raise click.ClickException(f"读不了令牌文件 {file} / {file} cannot be read: {reason}") from None
    if not re.fullmatch(r"[\w-]{16,200}", text):
        raise click.ClickException(f"{file} 里不是令牌 / {file} holds no token")
    return text


def _write_start_page(file: Path, place: str) -> None:
    """A page that leads on to ``place``, which only this user can read."""
    file.unlink(missing_ok=True)
    script = json.dumps(place).replace("<", "\\u003c")
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        # Replaced: the token stays in no history.
        out.write(f'<!doctype html><meta charset="utf-8"><script>location.replace({script})</script>\n')


def _wait_for(page: str, told: list[int]) -> None:
    """Until the box answers, or a signal is in ``told``.

    A browser that finds nothing shows its error until somebody reloads it.
    """
    parts, said = urlsplit(page), False
    place = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    while not told:
        try:
            socket.create_connection(place, 10).close()
        except OSError as error:
            if not said:
                click.echo(f"等待 {page} / waiting for {page}: {error.strerror or error}", err=True)
            said = True
            time.sleep(PAUSE)
        else:
            return
