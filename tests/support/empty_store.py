"""An empty store in a file, made once in a run of the tests and copied: making it takes longer than most tests."""

import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import once
from ticketing.store.opening import open_store


def lay(path: Path, content: bytes | None = None) -> None:
    """Put an empty store there, unless there is a store already; in a folder of its own, as the program makes both.

    ``content`` is of another store, which is put there instead.
    """
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(_content() if content is None else content)


@cache
def _content() -> bytes:
    kept = once.made("empty.db", lambda path: path.write_bytes(_made()))
    return kept.read_bytes() if kept else _made()


def _made() -> bytes:
    with TemporaryDirectory(prefix="quhao-empty-") as folder:
        path = Path(folder) / "quhao.db"
        open_store(f"sqlite:///{path}", exclusive=True).close()
        return whole(path)


def whole(path: Path) -> bytes:
    """The store in a file that nobody works on, the only one in its folder."""
    assert {one.suffix for one in path.parent.iterdir() if one != path} <= {".lock"}, "all of it is in the file"
    return path.read_bytes()
