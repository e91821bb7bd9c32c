"""The audit log end to end: a day's looks through the real program, and whatever is done to the store file after."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.card_reader.id_card import check_digit
from program import Client, QuhaoProcess

NUMBER = "11000019490307002" + check_digit("11000019490307002")
LI = {"kind": "resident", "name": "李秀珍", "birth_date": "1949-03-07", "id_number": NUMBER}


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[QuhaoProcess, list[str]]]:
    """A program after some hours of work, stopped; and what it must have logged."""
    with QuhaoProcess(tmp_path_factory.mktemp("hall"), forked=True) as program:
        yield program, worked_in(program)


def worked_in(program: QuhaoProcess) -> list[str]:
    program.say("user", "add", "wang", "--role", "clerk", "--window", "3", line="Kaimen-dajia-hao\n")
    program.start()
    clients = {
        "desk": Client(program.port, program.token("desk")),
        "clerk": Client(program.port, program.token("clerk", "*")),
        "manager": Client(program.port, program.token("manager")),
        "terminal": Client(
            program.port,
            program.say("token", "add", "t-1", "--role", "terminal", "--terminal", "hall-1").stdout.strip(),
        ),
    }
    try:
        expected = work(clients)
    finally:
        for client in clients.values():
            client.close()
    assert program.terminate() == 0
    return expected


def work(clients: dict[str, Client]) -> list[str]:
    """Some of everything that is logged; the actions, in their order."""
    desk, clerk, terminal = clients["desk"], clients["clerk"], clients["terminal"]

    def done(client: Client, path: str, body: Any = None, status: int = 200) -> Any:
        answer = client.post(path, body)
        assert answer.status == status, answer.body
        return answer.body

    first = done(desk, "/tickets", {"service": "business-licence", "resident": LI}, 201)
    second = done(desk, "/tickets", {"service": "social-security", "resident": LI}, 201)
    scan = "/terminals/hall-1/scan"
    done(terminal, scan, {"code": first["code"], "id_tail": NUMBER[-6:].lower()})
    done(terminal, scan, {"code": first["code"], "id_tail": "999999"}, 403)
    done(terminal, scan, {"code": "0123456789ABCDEF", "id_tail": NUMBER[-6:]}, 403)
    done(terminal, "/terminals/hall-1/progress", {}, 409)
    done(desk, f"/desk/tickets/{second['id']}/priority", {"priority": "disabled", "reason": "残疾人证"})
    done(clerk, "/windows/3/call", {"number": first["number"], "reason": "医院预约"})
    done(clerk, "/windows/3/scan", {"code": first["code"]})
    assert clerk.get("/windows/3/resident").status == 200
    done(clerk, "/windows/3/finish", {"outcome": "promised"})
    done(clerk, "/windows/4/scan", {"code": second["code"], "override_reason": "就近办理"})
    setup = clients["manager"].get("/setup").body
    setup["services"][0]["promise_days"] = 7
    assert clients["manager"].call("PUT", "/setup", setup).status == 200
    return [
        "terminal",
        "terminal-refused",
        "terminal-refused",
        "priority",
        "call-number",
        "scan",
        "resident",
        "scan-override",
        "setup-changed",
    ]


@pytest.fixture
def program(worked: tuple[QuhaoProcess, list[str]], tmp_path: Path) -> QuhaoProcess:
    """The same store in a folder of its own."""
    folder = tmp_path / "hall"
    shutil.copytree(worked[0].folder, folder)
    return QuhaoProcess(folder, forked=True)


def entries(program: QuhaoProcess) -> list[Any]:
    conn = sqlite3.connect(program.folder / "var" / "quhao.db")
    try:
        return conn.execute("SELECT seq, action, who, place, ticket_id, reason FROM access_log ORDER BY seq").fetchall()
    finally:
        conn.close()


def tamper(program: QuhaoProcess, *statements: str) -> None:
    conn = sqlite3.connect(program.folder / "var" / "quhao.db", isolation_level=None)
    for statement in statements:
        assert conn.execute(statement).rowcount != 0, statement
    conn.close()


def test_every_look_is_an_entry_and_the_log_is_whole(
    worked: tuple[QuhaoProcess, list[str]], program: QuhaoProcess
) -> None:
    found = entries(program)
    # What made the accounts and tokens is there, too.
    assert [entry[1] for entry in found if not entry[1].endswith("-added")] == worked[1]
    by_action = {entry[1]: entry for entry in found}
    assert by_action["terminal"][2:4] == ("t-1", "terminal hall-1")
    assert by_action["scan-override"][3:] == ("4", 2, "就近办理")
    assert "残疾人证" in by_action["priority"][5]
    told = program.command("audit", "verify")
    assert f"{len(found)} entries" in told.stdout
    assert "李秀珍" not in repr(found) + told.stdout


TAMPERED = {
    "changed": ["UPDATE access_log SET who = 'nobody' WHERE action = 'scan'"],
    "removed": ["DELETE FROM access_log WHERE action = 'scan-override'"],
    "removed and renumbered": [
        "DELETE FROM access_log WHERE seq = 3",
        *(f"UPDATE access_log SET seq = {seq - 1} WHERE seq = {seq}" for seq in range(4, 15)),
    ],
    "reordered": [
        "UPDATE access_log SET seq = 99 WHERE seq = 2",
        "UPDATE access_log SET seq = 2 WHERE seq = 5",
        "UPDATE access_log SET seq = 5 WHERE seq = 99",
    ],
    "cut": ["DELETE FROM access_log WHERE seq > 7"],
    "cut whole": ["DELETE FROM access_log"],
    "without a head": ["DELETE FROM fact WHERE name = 'access_log'"],
}


@pytest.mark.parametrize("statements", TAMPERED.values(), ids=TAMPERED.keys())
def test_whatever_is_done_to_the_log_is_found(program: QuhaoProcess, statements: list[str]) -> None:
    tamper(program, *statements)
    found = program.say("audit", "verify", check=False)
    assert found.returncode == 1, found.stdout + found.stderr
    assert "审计日志已损坏" in found.stdout + found.stderr
