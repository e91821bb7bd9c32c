"""The command that keeps a page of the hall on a screen: which, a technician says at ``/devices``."""

import socket
from pathlib import Path

import click

from kiosk.browser.assignment import Assignment
from kiosk.cli.box.browsing import Browsing, browser_options, keep_browser, own_folder, server_of, server_option
from kiosk.cli.options import Context

FOLDER = Path("~/.local/share/quhao/screen")


@click.command("screen")
@server_option
@click.option("--name", help="What the screen is called until a technician renames it.  [default: the machine's name]")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=FOLDER,
    show_default=True,
    help="Where it keeps who it is and what it shows; for this user alone.",
)
@browser_options
@click.pass_obj
def screen(
    context: Context,
    address: str | None,
    name: str | None,
    folder: Path,
    browsing: Browsing,
) -> None:
    """Keep a page of the hall on this screen, until told to end.

    A new screen shows a code: type it at /devices and choose what it shows. From then on it shows that, also after
    restarts and when the server comes up later. What stands behind -- goes to the browser.
    """
    server, trusted = server_of(context, address)
    folder = own_folder(folder)
    power = browsing.power
    guide = Assignment(folder, server, (name or socket.gethostname())[:40], lambda: power.trouble)
    keep_browser(browsing, guide, server, "screen", folder=folder, trusted=trusted)
