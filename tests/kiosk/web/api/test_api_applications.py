"""Applications over HTTP: made at a terminal by the card, printed or shown, opened and taken up at a window."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.card_reader.events import CardLeft, CardRead
from drivers.card_reader.social_security import SocialSecurityCard
from kiosk.forms.folder import load_forms
from kiosk.resident.printing import PrintQueue
from offices import CHEN
from printing_desk import Open, open_desks
from ticketing.matters.matters import Matter, Paper
from ticketing.model import Actor, Resident
from wires import wait_until

MANAGER = Actor("zhou", "manager", "hall")
LIANG = Resident(kind="resident", name="梁试问", id_number="11000019880314123X")
LOST = Matter(
    "lost",
    "营业执照补领",
    "Replace a licence",
    "business",
    "开办企业",
    "Start a business",
    "licence",
    papers=(Paper("遗失声明", "Statement"), Paper("照片", "Photo")),
    promised_days=3,
    applies=True,
)
PROOF = dataclasses.replace(LOST, id="proof", name="开具证明", name_en="A proof", form="proof")
FORM = """
name = "证明申请表"
matters = ["proof"]
[[fields]]
key = "name"
label = "姓名"
from = "resident.name"
[[fields]]
key = "phone"
label = "手机号码"
pattern = "1[0-9]{10}"
pattern_words = "手机号码是 11 位数字"
"""


@pytest.fixture
def at(here: Any, tmp_path: Path) -> Any:
    """A hall with two matters to apply for, one by a form: ``apply``, ``lay``."""
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms/proof.toml").write_text(FORM, encoding="utf-8")
    here.hall.forms = load_forms(tmp_path / "forms")
    here.hall.matters.replace([LOST, PROOF], MANAGER)
    here.terminal_token = here.hall.people.add_token("t-hall", "terminal", (), "hall-1")

    def apply(matter: str = "lost", key: str = "", verb: str = "", **more: Any) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        body = {"matter": matter, **more}
        return here.post(f"/terminals/hall-1/applications{verb}", body, token=here.terminal_token, headers=headers)

    here.apply = apply
    here.clerk = here.token("clerk", "*")
    return here


@pytest.fixture
def open_desk() -> Iterator[Open]:
    yield from open_desks()


def lay(here: Any, resident: Resident | None = LIANG) -> None:
    card = resident and SocialSecurityCard(resident.name, str(resident.id_number))
    here.hall.terminal_cards.hear(CardRead(card, terminal="hall-1") if card else CardLeft(terminal="hall-1"))


def test_what_is_applied_for_at_night_is_taken_up_by_its_receipt(at: Any) -> None:
    at.pass_time(hours=14)
    assert at.apply().code == "card_needed"
    lay(at)
    made = at.apply(later=[1]).json
    assert (made["state"], made["matter_name"], made["promised_on"]) == ("submitted", "营业执照补领", None)
    assert [one["later"] for one in made["papers"]] == [False, True]
    assert not made["printing"]
    assert made["qr"].startswith("data:image/svg+xml,")
    for path, token in (("/windows/1/applications", at.clerk), ("/applications", at.token("desk"))):
        (listed,) = at.get(path, token=token).json["applications"]
        assert listed["id"] == made["id"] and "梁" not in str(listed) and made["code"] not in str(listed)
    opened = at.post("/windows/1/applications", {"code": made["code"]}, token=at.clerk).json
    assert (opened["resident"]["name"], opened["agent"], opened["forms"]) == ("梁试问", None, [])
    taken = at.post(f"/windows/1/applications/{made['id']}/take-up", token=at.clerk).json
    assert (taken["state"], taken["promised_on"], taken["id"]) == ("open", "2026-11-26", made["id"])
    assert at.post(f"/windows/1/applications/{made['id']}/take-up", token=at.clerk).code == "application_taken_up"
    moved = at.post(f"/cases/{made['id']}/progress", {"state": "closed"}, token=at.clerk).json
    assert (moved["matter_name"], moved["to_bring"]) == ("营业执照补领", [])
    assert at.post("/windows/1/applications", {"code": made["code"]}, token=at.clerk).code == "case_over"


def test_its_progress_is_told_by_card_and_by_receipt(at: Any) -> None:
    lay(at)
    made = at.apply(later=[1]).json
    for body in ({}, {"code": made["code"]}):
        (case,) = at.post("/terminals/hall-1/progress", body, token=at.terminal_token).json["cases"]
        assert (case["state"], case["matter"], case["outcome"]) == ("submitted", "lost", "applied")
        assert case["to_bring"] == [{"name": "照片", "name_en": "Photo"}]
    assert at.get(f"/progress/{made['code']}").json["matter_name"] == "营业执照补领"
    assert at.post(f"/cases/{made['id']}/progress", {"state": "submitted"}, token=at.clerk).status == 422
    assert "照片" in at.ask("GET", f"/p/{made['code']}").body.decode()


def test_the_form_of_a_matter_comes_with_it(at: Any) -> None:
    lay(at)
    assert at.apply("proof").code == "form_answer_missing"
    made = at.apply("proof", answers={"phone": "13800000000"}).json
    opened = at.post("/windows/3/applications", {"code": made["code"]}, token=at.clerk).json
    (form,) = opened["forms"]
    assert {one["key"]: one["value"] for one in form["fields"]} == {"name": "梁试问", "phone": "13800000000"}
    at.hall.forms = {}
    assert at.apply("proof", answers={"phone": "13800000000"}).code == "unknown_form"


def test_a_slip_with_a_second_proof_does_for_the_card(at: Any) -> None:
    issued = at.issue(resident=CHEN)
    assert at.apply(code=issued.code, id_tail="000000").code == "not_opened"
    made = at.apply(code=issued.code, id_tail=str(CHEN.id_number)[-6:]).json
    opened = at.post("/windows/1/applications", {"code": made["code"]}, token=at.clerk).json
    assert opened["resident"]["address"] == CHEN.address


def test_an_answer_that_was_lost_is_given_again_and_makes_no_second_case(at: Any) -> None:
    lay(at)
    first, again = at.apply(key="k" * 32).json, at.apply(key="k" * 32).json
    assert (first["id"], first["code"]) == (again["id"], again["code"])
    refused = at.apply(key="l" * 32)
    assert (refused.status, refused.code) == (409, "already_applied")
    assert at.apply("never-heard-of").code == "unknown_matter"


def test_it_is_taken_back_at_the_terminal(at: Any) -> None:
    lay(at)
    made = at.apply().json
    assert at.apply("proof", verb="/take-back").code == "unknown_case"
    assert at.apply(verb="/take-back").json["state"] == "closed"
    assert at.apply(verb="/take-back", code=made["code"]).code == "case_over"
    assert at.apply().json["state"] == "submitted"


def test_the_receipt_comes_out_of_the_printer_or_the_screen_is_told_that_it_did_not(at: Any, open_desk: Open) -> None:
    desk = open_desk()
    at.hall.printing = PrintQueue(at.office, desk.printer, lambda _job: [])
    at.hall.printing.start()

    def state(case: int) -> str:
        path = f"/terminals/hall-1/applications/{case}/receipt"
        return str(at.get(path, token=at.terminal_token).json["state"])

    try:
        lay(at)
        made = at.apply(key="k" * 32).json
        assert made["printing"] and at.apply(key="k" * 32).json["printing"]
        wait_until(lambda: state(made["id"]) == "printed")
        (paper,) = desk.simulator.papers
        said = "".join(paper.texts)
        assert "受理回执" in said and "营业执照补领" in said and f"办件 {made['id']}" in said and "梁" not in said
        assert paper.codes == [f"HTTPS://Q.EXAMPLE.CN/P/{made['code']}"]
        assert state(99) == "failed"
        desk.simulator.take_out_paper()
        wait_until(lambda: at.hall.printing.trouble is not None)
        assert not at.apply("proof", answers={"phone": "13800000000"}).json["printing"]
    finally:
        at.hall.printing.stop()
