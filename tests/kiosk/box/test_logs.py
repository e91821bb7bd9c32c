"""The log in systemd's journal: real datagrams, as its native protocol has them, and nothing of a person in them."""

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from kiosk.box.logs import JournalHandler, is_journal, request_id
from kiosk.web.auth import public
from wires import wait_until

ID_NUMBER = "11000019880314123X"


class Journal:
    """What a journal hears at its socket, on a thread of its own: the kernel keeps some lines, then the sender waits.

    Args:
        path: of the socket.
        hears: whether anything is taken out of it.
    """

    def __init__(self, path: Path, *, hears: bool = True) -> None:
        self.path = path
        self.entries: list[dict[str, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(0.05)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._hear)
        if hears:
            self._thread.start()

    def _hear(self) -> None:
        while not self._over.is_set():
            with suppress(TimeoutError):
                data, ancillary, _, _ = self._socket.recvmsg(65536, socket.CMSG_SPACE(4))
                if ancillary:
                    # A long one comes as a sealed file in memory.
                    with os.fdopen(int.from_bytes(ancillary[0][2], sys.byteorder), "rb") as file:
                        file.seek(0)
                        data = file.read()
                self.entries.append(fields_of(data))

    def close(self) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()
        self.path.unlink()


def fields_of(data: bytes) -> dict[str, str]:
    """An entry of the native protocol (systemd's documentation "Native Journal Protocol")."""
    found = {}
    while data:
        line, _, data = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            length, data = int.from_bytes(data[:8], "little"), data[8:]
            value, data = data[:length], data[length + 1 :]
        found[name.decode()] = value.decode()
    return found


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "socket")
    yield journal
    journal.close()


@pytest.fixture
def handler(journal: Journal) -> Iterator[JournalHandler]:
    """All loggers of the program say to the journal what they say from ``info`` on."""
    handler = JournalHandler(journal.path)
    # A machine that stands still in the middle of a test loses no line by it.
    handler.patience(60)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler
    root.setLevel(level)
    root.removeHandler(handler)
    handler.close()


def test_what_a_request_does_is_found_by_ticket_and_request_and_names_nobody(
    handler: JournalHandler, journal: Journal, here: Any
) -> None:
    def break_down() -> None:
        raise ValueError(f"梁试问 {ID_NUMBER}")

    here.app.add_url_rule("/break", view_func=public(break_down))
    desk = here.hall.people.add_token("desk", "desk")
    resident = {"kind": "typed", "name": "梁试问", "id_number": "110102195903076513"}
    issued = here.post("/tickets", {"service": "licence", "resident": resident}, token=desk)
    assert issued.status == 201, issued.body
    broken = here.ask("GET", "/break")
    assert broken.status == 500

    wait_until(lambda: any("ValueError" in one["MESSAGE"] for one in journal.entries))
    told = [one for one in journal.entries if one.get("QUHAO_TICKET") == issued.json["number"]]
    assert told[0]["PRIORITY"] == "6"
    assert told[0]["SYSLOG_IDENTIFIER"] == "quhao"
    assert told[0]["QUHAO_LOGGER"] == "ticketing.office"
    error = next(one for one in journal.entries if "ValueError" in one["MESSAGE"])
    assert error["PRIORITY"] == "3"
    # The answer names the line by which a technician finds out why.
    assert error["QUHAO_REQUEST"] == broken.json["request"] != told[0]["QUHAO_REQUEST"]
    assert request_id() == "", "here no request is answered"
    whole = repr(journal.entries)
    for secret in ("梁试问", ID_NUMBER, "110102195903076513", issued.json["code"], desk):
        assert secret not in whole
    names = set().union(*journal.entries)
    assert names <= {
        *("MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER"),
        *("QUHAO_LOGGER", "QUHAO_REQUEST", "QUHAO_TICKET", "QUHAO_WINDOW", "QUHAO_DEVICE"),
    }


def test_fields_are_those_that_were_agreed_and_lines_may_be_long(handler: JournalHandler, journal: Journal) -> None:
    log = logging.getLogger("drivers.supervisor")
    log.warning("one\ntwo", extra={"device": "printer", "name_of_resident": "梁试问"})
    log.warning("x" * 3_000_000)
    wait_until(lambda: len(journal.entries) == 2)
    first, second = journal.entries
    assert (first["MESSAGE"], first["QUHAO_DEVICE"], first["PRIORITY"]) == ("one\ntwo", "printer", "4")
    assert "梁试问" not in repr(first)
    assert len(second["MESSAGE"]) == 3_000_000


def test_a_journal_that_is_started_anew_hears_again_and_one_that_is_gone_holds_nothing_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = Journal(tmp_path / "socket")
    handler = JournalHandler(first.path)
    record = logging.LogRecord("quhao", logging.INFO, "", 0, "said", None, None)
    handler.emit(record)
    wait_until(lambda: len(first.entries) == 1)
    first.close()
    handler.emit(record)
    assert capsys.readouterr().err == "said\n"
    second = Journal(tmp_path / "socket")
    handler.emit(record)
    wait_until(lambda: [one["MESSAGE"] for one in second.entries] == ["said"])
    second.close()
    handler.close()


def test_a_journal_that_hangs_does_not_hold_the_hall_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(Journal(tmp_path / "socket", hears=False)) as deaf, closing(JournalHandler(deaf.path)) as handler:
        handler.patience(0.01)
        # How many lines the kernel keeps is a setting; so many bytes it keeps nowhere.
        for number in range(10_000):
            handler.emit(logging.LogRecord("quhao", logging.INFO, "", 0, "line %d", (number,), None))
            if said := capsys.readouterr().err:
                assert said == f"line {number}\n"
                break
        else:
            pytest.fail("it never waited")


def test_standard_error_is_the_journal_only_where_systemd_says_so_and_it_still_is() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        about = os.fstat(theirs.fileno())
        said = {"JOURNAL_STREAM": f"{about.st_dev}:{about.st_ino}"}
        assert is_journal(theirs.fileno(), said)
        assert not is_journal(ours.fileno(), said), "moved elsewhere since"
        assert not is_journal(theirs.fileno(), {})
        assert not is_journal(theirs.fileno(), {"JOURNAL_STREAM": "garbage"})
        assert not is_journal(theirs.fileno(), {"JOURNAL_STREAM": "1:2:3"})


BEGIN = """
import logging, sys
from pathlib import Path
from kiosk.box.logs import begin_log
begin_log(int(sys.argv[2]), Path(sys.argv[1]))
logging.getLogger("kiosk.x").info("below")
logging.getLogger("kiosk.x").warning("above")
"""


def test_the_log_goes_to_the_journal_by_its_fields_else_to_standard_error_from_the_level_on(journal: Journal) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        about = os.fstat(theirs.fileno())
        environment = os.environ | {"JOURNAL_STREAM": f"{about.st_dev}:{about.st_ino}"}
        command = [sys.executable, "-c", BEGIN, str(journal.path), str(logging.WARNING)]
        subprocess.run(command, env=environment, stderr=theirs, check=True)
        wait_until(lambda: [one["MESSAGE"] for one in journal.entries] == ["kiosk.x: above"])
        ours.setblocking(False)
        with pytest.raises(BlockingIOError):
            ours.recv(1)
    command[-1] = str(logging.INFO)
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, check=True)
    assert [line.split(" ", 2)[2] for line in done.stderr.splitlines()] == [
        "INFO kiosk.x: below",
        "WARNING kiosk.x: above",
    ]
    assert len(journal.entries) == 1
