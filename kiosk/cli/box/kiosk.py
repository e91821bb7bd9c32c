"""The command that keeps the kiosk's page on a touch screen, in a browser that shows nothing else.

The kiosk's role comes from a token alone. Other users of the machine see every program's arguments (``ps``), so the
token is not among Chromium's: it goes through the DevTools pipe, behind the ``#`` of the page's address, which never
leaves the browser. It is kept in a file that only this user can read.
"""

import os
import re
import sys
from pathlib import Path

import click

from kiosk.browser.watch import Always, Place
from kiosk.cli.box.browsing import Browsing, browser_options, keep_browser, own_folder, server_of, server_option
from kiosk.cli.options import Context

PROFILE = Path("~/.local/share/quhao/kiosk")
KEPT = "kiosk.token"
LONGEST = 4096
"""Bytes that are read of a token's file."""


@click.command("kiosk")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="The file that holds the kiosk's token; - reads it from standard input. Needed once: the folder keeps it.",
)
@server_option
@click.option(
    "--profile",
    type=click.Path(path_type=Path, file_okay=False),
    default=PROFILE,
    show_default=True,
    help="The folder of token and browser; for this user alone.",
)
@browser_options
@click.pass_obj
def kiosk(
    context: Context,
    token_file: Path | None,
    address: str | None,
    profile: Path,
    browsing: Browsing,
) -> None:
    """Keep the kiosk's page on this screen, in Chromium's kiosk mode, until told to end.

    A browser that ends or hangs is started again, a page that crashes is opened again; while the box does not answer,
    a page says so. Make the token once by `quhao token add NAME --role kiosk`. What stands behind -- goes to the
    browser.
    """
    server, trusted = server_of(context, address)
    token = _token(token_file)
    folder = own_folder(profile)
    token = _kept(folder / KEPT, token)
    guide = Always(Place(f"{server.origin}/kiosk", f"token={token}" if token else ""))
    keep_browser(browsing, guide, server, "kiosk", folder=folder, trusted=trusted)


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
    return _checked(file, text)


def _checked(file: Path, text: str) -> str:
    if not re.fullmatch(r"[\w-]{16,200}", text):
        raise click.ClickException(f"{file} 里不是令牌 / {file} holds no token")
    return text


def _kept(file: Path, token: str | None) -> str | None:
    """The token that is kept in ``file``, after keeping the one that was said; None where none ever was."""
    try:
        if token is None:
            return _checked(file, file.read_text("utf-8").strip()) if file.exists() else None
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write(token)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from error
    return token
