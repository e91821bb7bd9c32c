"""The audit log over HTTP: for its auditor alone, who is in it, too."""

from typing import Any

import pytest

from ticketing.model import Actor
from ticketing.privacy import access_log

CLERK = Actor("wang", "clerk", "3")
NUMBER = "110000198803141238"
TODAY = "2026-11-23"


@pytest.fixture
def auditor(here: Any) -> str:
    """A token, which is an entry itself; there are three before it, of which two are about one person."""
    ledger = here.office.ledger
    with ledger.verb() as m:
        for action, whom in (("scan", NUMBER), ("resident", NUMBER), ("login", None)):
            access_log.append(m.conn, m.vault, m.now, CLERK, action, None, subject=whom)
    return str(here.token("auditor"))


def test_entries_are_read_and_each_reading_is_one(here: Any, auditor: str) -> None:
    page = here.get("/audit", token=auditor).json
    assert [(one["seq"], one["who"], one["place"], one["action"]) for one in page["entries"]] == [
        (1, "wang", "3", "scan"),
        (2, "wang", "3", "resident"),
        (3, "wang", "3", "login"),
        (4, "console", "", "token-added"),
    ]
    assert page["next"] is None
    assert page["entries"][0]["at"] == f"{TODAY}T09:30:00.000+08:00"
    last = here.get("/audit?after=4", token=auditor).json["entries"]
    assert [(one["who"], one["action"], one["reason"]) for one in last] == [("a-auditor", "audit-read", "all")]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("action=scan", [1]),
        ("who=wang", [1, 2, 3]),
        (f"day={TODAY}", [1, 2, 3]),
        ("day=2026-11-22", []),
        ("who=wang&after=2", [3]),
        (f"subject={'0' * 64}", []),
    ],
)
def test_entries_are_filtered(here: Any, auditor: str, query: str, wanted: list[int]) -> None:
    assert [one["seq"] for one in here.get(f"/audit?{query}", token=auditor).json["entries"]] == wanted


def test_a_person_is_told_who_looked_and_the_number_is_kept_nowhere(here: Any, auditor: str) -> None:
    found = here.post("/audit/subject", {"id_number": f" {NUMBER[:17]}{NUMBER[17].lower()}"}, token=auditor).json
    assert [one["seq"] for one in found["entries"]] == [1, 2]
    subject = found["entries"][0]["subject"]
    assert [one["seq"] for one in here.get(f"/audit?subject={subject}", token=auditor).json["entries"]] == [1, 2]
    everything = here.get("/audit", token=auditor)
    assert everything.json["entries"][4]["reason"] == f"subject {subject}"
    assert NUMBER.encode() not in everything.body


def test_a_long_log_comes_in_pages(here: Any, auditor: str) -> None:
    with here.office.ledger.verb() as m:
        for _ in range(200):
            access_log.append(m.conn, m.vault, m.now, CLERK, "scan", None)
    page = here.get("/audit", token=auditor).json
    assert (len(page["entries"]), page["next"]) == (200, 200)
    rest = here.get(f"/audit?after={page['next']}", token=auditor).json
    assert [one["seq"] for one in rest["entries"]] == [201, 202, 203, 204, 205]


def test_the_log_is_proved_with_the_codes_of_closing_slips(here: Any, auditor: str) -> None:
    proof = here.post("/audit/verify", {}, token=auditor).json
    assert (proof["whole"], proof["entries"], proof["first"], proof["own"]) == (True, 4, 1, "missing")
    assert proof["head"].startswith("4:")
    proof = here.post("/audit/verify", {"anchors": [proof["head"], "2:" + "0" * 16, "9:" + "0" * 16]}, token=auditor)
    assert (proof.json["whole"], proof.json["broken_at"], proof.json["fault"]) == (False, 2, "other")
    assert [one["held"] for one in proof.json["anchors"]] == ["other", "holds", "cut"]
    assert here.post("/audit/verify", {"anchors": ["yesterday"]}, token=auditor).code == "bad_body"


def test_a_broken_log_is_still_read(here: Any, auditor: str) -> None:
    with here.store.write() as conn:
        conn.exec_driver_sql("DELETE FROM fact WHERE name = 'access_log'")
    assert len(here.get("/audit", token=auditor).json["entries"]) == 4
    proof = here.post("/audit/verify", {}, token=auditor).json
    assert (proof["whole"], proof["fault"], proof["head"]) == (False, "head", None)


@pytest.mark.parametrize("query", ["after=-1", "day=noon", "subject=110000", "colour=red"])
def test_nonsense_is_refused(shared: Any, query: str) -> None:
    assert shared.get(f"/audit?{query}", token=shared.token("auditor")).code == "bad_body"


@pytest.mark.parametrize("role", ["clerk", "desk", "manager", "technician", "kiosk", None])
def test_the_log_is_for_the_auditor_alone(shared: Any, role: str | None) -> None:
    token = shared.token(role) if role else None
    for answer in (
        shared.get("/audit", token=token),
        shared.post("/audit/subject", {"id_number": NUMBER}, token=token),
        shared.post("/audit/verify", {}, token=token),
    ):
        assert answer.status in (401, 403)


def test_an_auditor_reads_the_log_and_nothing_else(shared: Any) -> None:
    auditor = shared.token("auditor")
    for path in ("/devices", "/setup", "/reports/day", "/windows/3/resident", "/kiosk"):
        assert shared.get(path, token=auditor).code == "forbidden", path
    assert shared.get("/me", token=auditor).status == 200
