"""Forms over HTTP: begun by the card or the slip, printed by CUPS's own program, handed to the window."""

import io
import os
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pypdf import PdfReader

from drivers.card_reader.events import CardLeft, CardRead
from drivers.card_reader.social_security import SocialSecurityCard
from kiosk.forms.folder import load_forms
from offices import CHEN
from ticketing.model import Resident

NUMBER = "11000019880314123X"
LIANG = Resident(kind="resident", name="梁试问", id_number=NUMBER, address="虚构省试验市样例路1号")
FORM = """
name = "证明申请表"
[[fields]]
key = "name"
label = "姓名"
from = "resident.name"
[[fields]]
key = "address"
label = "住址"
from = "resident.address"
[[fields]]
key = "number"
label = "号码"
from = "number"
[[fields]]
key = "phone"
label = "手机号码"
pattern = "1[0-9]{10}"
pattern_words = "手机号码是 11 位数字"
"""
PHONE = {"answers": {"phone": "13800000000"}}


@pytest.fixture
def at(here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A hall with one form and a queue of CUPS, whose ``lp`` keeps what it gets: ``asks`` and ``lays``."""
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms/proof.toml").write_text(FORM, encoding="utf-8")
    program = tmp_path / "bin/lp"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/asked\necho once >> {tmp_path}/count\ncat > {tmp_path}/printed.pdf\n'
        '[ "$2" = a4 ] || { echo "lp: no such queue" >&2; exit 1; }\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    forms = here.hall.settings.forms.model_copy(update={"folder": tmp_path / "forms", "printer": "a4"})
    here.hall.settings = here.hall.settings.model_copy(update={"forms": forms})
    here.hall.forms = load_forms(forms.folder)
    token = here.hall.people.add_token("t-hall", "terminal", (), "hall-1")
    here.form = lambda verb="", body=None, form="proof", key="": here.post(
        f"/terminals/hall-1/forms/{form}{verb}",
        body or {},
        token=token,
        headers={"Idempotency-Key": key} if key else {},
    )
    here.terminal_token = token
    return here


def lay(here: Any, resident: Resident | None) -> None:
    card = resident and SocialSecurityCard(resident.name, str(resident.id_number))
    here.hall.terminal_cards.hear(CardRead(card, terminal="hall-1") if card else CardLeft(terminal="hall-1"))


def values(begun: Any) -> dict[str, tuple[str, bool]]:
    return {one["key"]: (one["value"], one["ask"]) for one in begun.json["fields"]}


def entries(here: Any) -> list[str]:
    with here.store.read() as conn:
        return list(conn.exec_driver_sql("SELECT action FROM access_log ORDER BY seq").scalars())


def test_a_form_begins_with_what_card_or_slip_say(at: Any) -> None:
    listed = at.get("/terminals/hall-1/forms", token=at.terminal_token).json
    assert listed == {"prints": True, "forms": [{"id": "proof", "name": "证明申请表", "name_en": "", "matters": []}]}
    assert at.form().code == "card_needed"
    lay(at, LIANG)
    # This card tells name and number alone: the rest is left for the pen.
    assert values(at.form()) == {
        "name": ("梁试问", False),
        "address": ("", False),
        "number": ("", False),
        "phone": ("", True),
    }
    assert entries(at)[-1] == "terminal-form"
    lay(at, None)
    slip = {"code": at.issue(resident=LIANG).code}
    assert at.form("", slip | {"id_tail": "000000"}).code == "not_opened"
    by_slip = values(at.form("", slip | {"id_tail": "14123x"}))
    assert (by_slip["address"], by_slip["number"]) == (("虚构省试验市样例路1号", False), ("A001", False))
    assert at.form(form="nothing").code == "unknown_form"
    assert at.form("", {"matter": "nothing"}).code in ("unknown_matter", "card_needed")


def test_it_is_printed_on_a4_by_the_queue_that_the_settings_name(at: Any, tmp_path: Path) -> None:
    lay(at, LIANG)
    assert at.form("/print").code == "form_answer_missing"
    assert at.form("/print", {"answers": {"phone": "12"}}).json["detail"] == "“手机号码”不对：手机号码是 11 位数字"
    assert not (tmp_path / "printed.pdf").exists()
    assert at.form("/print", PHONE).json == {"pages": 1, "by_hand": []}
    asked = "-d a4 -t quhao -o media=A4 -o sides=one-sided -"
    assert (tmp_path / "asked").read_text().strip() == asked
    text = PdfReader(io.BytesIO((tmp_path / "printed.pdf").read_bytes())).pages[0].extract_text().replace("\0", "")
    assert "梁试问" in text and "13800000000" in text
    lay(at, None)
    assert at.form("/print", PHONE).code == "card_needed"


def test_a_form_asked_for_twice_by_a_page_that_gave_up_is_printed_once(at: Any, tmp_path: Path) -> None:
    lay(at, LIANG)
    asked = [Thread(target=at.form, args=("/print", PHONE), kwargs={"key": "k" * 32}) for _ in range(3)]
    for one in asked:
        one.start()
    for one in asked:
        one.join()
    assert at.form("/print", PHONE, key="k" * 32).json == {"pages": 1, "by_hand": []}
    assert (tmp_path / "count").read_text() == "once\n"
    other = {"answers": {"phone": "13900000000"}}
    assert at.form("/print", other, key="k" * 32).code == "idempotency_key_reused"
    assert at.form("/print", other, key="l" * 32).status == 200
    assert (tmp_path / "count").read_text() == "once\nonce\n"


def test_a_form_that_was_not_printed_is_printed_when_it_is_asked_for_again(at: Any, tmp_path: Path) -> None:
    lay(at, LIANG)
    program = tmp_path / "bin/lp"
    works = program.read_text()
    program.write_text("#!/bin/sh\nexit 1\n")
    assert at.form("/print", PHONE, key="k" * 32).code == "form_not_printed"
    program.write_text(works)
    assert at.form("/print", PHONE, key="k" * 32).status == 200
    assert (tmp_path / "count").read_text() == "once\n"


@pytest.mark.parametrize("queue", ["", "gone", "-o"])
def test_a_printer_that_does_not_print_is_told_without_anything_of_the_form(
    at: Any, queue: str, caplog: pytest.LogCaptureFixture
) -> None:
    forms = at.hall.settings.forms.model_copy(update={"printer": queue})
    at.hall.settings = at.hall.settings.model_copy(update={"forms": forms})
    lay(at, LIANG)
    refused = at.form("/print", PHONE)
    assert (refused.status, refused.code) == (409, "form_not_printed")
    assert "梁试问" not in caplog.text and "13800000000" not in caplog.text


def test_it_is_handed_to_the_window_with_the_slip_or_with_a_number_taken_for_it(at: Any) -> None:
    clerk = at.token("clerk", "*")
    issued = at.issue("tax", resident=CHEN)
    body = PHONE | {"code": issued.code, "id_tail": str(CHEN.id_number)[-6:]}
    assert at.form("/hand-in", body).json == {"number": "B001", "ahead": 0, "new": False, "qr": ""}
    lay(at, LIANG)
    assert at.form("/hand-in", PHONE).code == "form_needs_slip"
    taken = at.form("/hand-in", PHONE | {"service": "licence"}).json
    assert (taken["number"], taken["new"]) == ("A001", True)
    assert taken["qr"].startswith("data:image/svg+xml,")
    at.post("/windows/3/call", {"number": "B001"}, token=clerk)
    scanned = at.post("/windows/3/scan", {"code": issued.code}, token=clerk).json
    (form,) = scanned["forms"]
    assert form["name"] == "证明申请表"
    assert {one["key"]: one["value"] for one in form["fields"]} == {
        "name": str(CHEN.name),
        "address": str(CHEN.address),
        "number": "B001",
        "phone": "13800000000",
    }
    assert at.get("/windows/3/resident", token=clerk).json["forms"] == scanned["forms"]
    assert at.form("/hand-in", body | {"code": "0" * 16}).code == "not_opened"
