"""What systemd is told, by a socket as it makes one; when the watchdog is fed, and when not."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kiosk.box.pulse import Pulse
from kiosk.box.service_manager import notify, watchdog_seconds
from ticketing.model import StoreError


@pytest.mark.parametrize("is_abstract", [False, True])
def test_lines_arrive_in_one_datagram(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_abstract: bool) -> None:
    place = f"\0quhao-test-{tmp_path}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(place)
        manager.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", place.replace("\0", "@"))
        notify("READY=1", "STATUS=等待数据库")
        assert manager.recv(4096).decode() == "READY=1\nSTATUS=等待数据库"


def test_without_systemd_nothing_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    notify("READY=1")
    assert watchdog_seconds() is None
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    assert watchdog_seconds() == 30.0


class Patient:
    """A store that reads, or fails as its database does."""

    def __init__(self, trouble: str = "") -> None:
        self.trouble = trouble

    @contextmanager
    def read(self) -> Iterator[Any]:
        if self.trouble:
            raise StoreError(self.trouble)
        yield self

    def execute(self, _statement: object) -> None:
        pass


@pytest.mark.parametrize(
    ("trouble", "answers", "told"),
    [
        ("", True, [("WATCHDOG=1", "STATUS=at work")]),
        ("store_gone", True, [("WATCHDOG=1", "STATUS=waits: store_gone")]),
        ("", False, []),
    ],
)
def test_the_watchdog_is_fed_by_a_box_that_answers_also_while_its_database_is_away(
    trouble: str, answers: bool, told: list[Any]
) -> None:
    heard: list[Any] = []
    store: Any = Patient(trouble)
    Pulse(store, lambda: answers, lambda *lines: heard.append(lines)).beat()
    assert heard == told
