"""What is the same of the pages of all halls, kept from one hall of a test process to the next.

A page is some forty files. A browser keeps them by their address, so all halls of a process take the same port; and it
does not ask again whether they have changed, which they do not while tests run. Templates are compiled once.
"""

import os
import socket
from types import CodeType

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

HOST = "127.0.0.1"
FIRST, PORTS = 20_000, 10_000
"""Ports that Linux gives nobody who does not ask for them by number."""
HALLS = 16
"""Ports of a process, for more halls than a test has at once; none is another process's, whose halls come and go."""
KEPT = 3600


class _Compiled(BytecodeCache):
    """Compiled templates, by their name and what they read."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code:
            self._kept[bucket.key, bucket.checksum] = bucket.code


def keep() -> None:
    """Have browsers keep files of pages for an hour from now on, and all applications share their templates."""
    Flask.get_send_file_max_age = lambda _self, _filename: KEPT  # type: ignore[method-assign]
    Flask.jinja_options = {"bytecode_cache": _Compiled()}


def port() -> int:
    """The port of this process's halls; the next one, while that is taken."""
    first = os.getpid() * HALLS % PORTS
    for step in range(HALLS):
        number = FIRST + first + step
        try:
            socket.create_server((HOST, number)).close()
        except OSError:
            continue
        return number
    raise OSError("none of this process's ports is free")
