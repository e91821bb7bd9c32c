"""Halls whose pages the browser of a test process loads once, and has ready for each hall after.

A page is some forty files, which are the same in each hall. A browser keeps them by their address, so all halls of a
process take the same port; and it does not ask again whether they have changed, which they do not while tests run.
Otherwise to load them took a quarter of what the tests of pages cost.
"""

import os
import socket

from flask import Flask

HOST = "127.0.0.1"
FIRST, PORTS = 20_000, 10_000
"""Ports that Linux gives nobody who does not ask for them by number."""
KEPT = 3600


def keep() -> None:
    """Have browsers keep files of pages for an hour from now on, without asking whether they are still the same."""
    Flask.get_send_file_max_age = lambda _self, _filename: KEPT  # type: ignore[method-assign]


def port() -> int:
    """The port of this process's halls; the next one, while that is taken."""
    for step in range(PORTS):
        number = FIRST + (os.getpid() + step) % PORTS
        try:
            socket.create_server((HOST, number)).close()
        except OSError:
            continue
        return number
    raise OSError("no port is free")
