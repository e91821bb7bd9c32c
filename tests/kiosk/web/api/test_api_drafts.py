"""The draft of the hall's setup, its history and the layouts of its papers, over HTTP."""

import base64
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

from PIL import Image

from display.paper.slip import LONGEST

PASSWORD = "Kaimen-dajia-hao"
NEW = {"how": "add", "section": "services", "row": "seal", "value": {"name": "公章", "prefix": "S"}}


def name_of(tax: str, was: str = "税务登记") -> dict[str, Any]:
    return {"how": "set", "section": "services", "row": "tax", "field": "name", "was": was, "value": tax}


def change(here: Any, token: str, *changes: dict[str, Any]) -> Any:
    return here.post("/setup/draft/changes", {"changes": list(changes)}, token=token)


def test_a_draft_is_changed_looked_over_and_published(here: Any) -> None:
    token = here.token("manager")
    empty = here.get("/setup/draft", token=token).json
    assert (empty["version"], empty["changes"], empty["problems"]) == (0, [], [])
    draft = change(here, token, NEW, name_of("")).json
    assert [(one["how"], one["row"], one["field"], one["by"]) for one in draft["changes"]] == [
        ("set", "tax", "name", "a-manager"),
        ("add", "seal", "", "a-manager"),
    ]
    (problem,) = draft["problems"]
    assert problem["field"] == "services[1].name" and problem["message_zh"].startswith("不能为空")
    refused = here.post("/setup/draft/publish", {"version": draft["version"]}, token=token)
    assert (refused.status, refused.code, refused.json["errors"]) == (422, "bad_setup", [problem])
    right = change(here, token, name_of("办税", "")).json
    unseen = here.post("/setup/draft/publish", {"version": draft["version"]}, token=token)
    assert (unseen.status, unseen.code) == (409, "draft_changed")
    done = here.post("/setup/draft/publish", {"version": right["version"]}, token=token)
    assert (done.json["version"], done.json["changes"]) == (0, [])
    assert [one["name"] for one in here.get("/setup", token=token).json["services"]] == ["营业执照", "办税", "公章"]
    last, found = here.get("/setup/changes", token=token).json["publications"]
    assert (last["by"], last["how"], found["how"], found["changes"]) == ("a-manager", "draft", "found", [])
    assert {(one["row"], one["after"] if one["field"] else None) for one in last["changes"]} == {
        ("seal", None),
        ("tax", "办税"),
    }
    back = here.post(f"/setup/changes/{found['id']}/bring-back", token=token).json
    assert {one["row"] for one in back["changes"]} == {"seal", "tax"}
    assert here.post("/setup/changes/999/bring-back", token=token).code == "draft_there"
    here.post("/setup/draft/discard", {"version": back["version"]}, token=token)
    assert here.post("/setup/changes/999/bring-back", token=token).code == "unknown_publication"


def test_of_two_who_save_one_field_the_second_gets_both_values(here: Any) -> None:
    first, second = here.token("manager", name="li"), here.token("manager", name="chen")
    seen = here.get("/setup/draft", token=second).json["tag"]
    assert here.get(f"/setup/draft?seen={seen}", token=second).status == 204
    change(here, first, name_of("办税"))
    late = change(here, second, name_of("税"))
    assert (late.status, late.code) == (409, "draft_conflict")
    told = late.json
    assert (told["theirs"], told["yours"], told["by"]) == ("办税", "税", "li")
    assert "li" in told["detail"] and "li" in told["detail_en"]
    assert here.get(f"/setup/draft?seen={seen}", token=second).json["values"]["services"][1]["name"] == "办税"


def test_with_the_next_day_the_hall_is_another_one(here: Any) -> None:
    token = here.token("manager")
    draft = change(here, token, name_of("办税")).json
    due = here.post("/setup/draft/publish", {"version": draft["version"], "when": "next-day"}, token=token).json
    assert (due["due"], due["due_by"]) == (str((here.at + timedelta(days=1)).date()), "a-manager")
    assert change(here, token, NEW).code == "draft_due"
    kept = here.post("/setup/draft/keep-back", {"version": due["version"]}, token=token).json
    assert kept["due"] is None
    here.post("/setup/draft/publish", {"version": kept["version"], "when": "next-day"}, token=token)
    here.pass_time(days=1)
    assert here.get("/hall").json["services"][1]["name"] == "办税"
    assert here.get("/setup/draft", token=token).json["version"] == 0


def test_clerks_get_their_windows_with_the_rest_where_a_manager_administers_accounts(here: Any) -> None:
    people = here.hall.people
    for name, role, windows in (("li", "clerk", ("1",)), ("zhou", "manager", ())):
        people.add_account(name, role, windows, PASSWORD)
    answer = here.post("/login", {"username": "zhou", "password": PASSWORD})
    cookie = str(answer.cookies[0].split(";")[0].partition("=")[2])

    def seat(was: Any, windows: Any) -> Any:
        wanted = {"how": "set", "section": "clerks", "row": "li", "field": "windows", "was": was, "value": windows}
        return here.post("/setup/draft/changes", {"changes": [wanted]}, cookie=cookie)

    assert here.get("/setup/draft", cookie=cookie).json["values"]["clerks"] == [{"id": "li", "windows": ["1"]}]
    assert "clerks" not in here.get("/setup", cookie=cookie).json, "no file names anybody"
    (problem,) = seat(["1"], []).json["problems"]
    assert problem["field"] == "clerks[0].windows" and problem["message_zh"].startswith("li 没有窗口 → 至少选一个窗口")
    draft = seat([], ["1", "3"]).json
    assert draft["problems"] == []
    here.post("/setup/draft/publish", {"version": draft["version"]}, cookie=cookie)
    assert [one.windows for one in people.accounts(here.at) if one.name == "li"] == [("1", "3")]
    # A program that manages the hall, and where duties are kept apart a manager of the system, give nobody a window.
    assert change(here, here.token("manager"), {"how": "set", "section": "clerks", "row": "li"}).status == 403
    people.rules = replace(people.rules, separate_duties=True)
    assert seat(["1", "3"], ["1"]).status == 403


def test_the_hall_s_classes_overrule_those_of_the_settings_until_they_are_gone(here: Any) -> None:
    token = here.token("manager")
    own = here.get("/setup/draft", token=token).json["settings_classes"]
    assert [one["id"] for one in own] == ["senior", "urgent"]
    hero = {"how": "add", "section": "classes", "row": "hero"}
    value = {"name": "英模", "name_en": "heroes", "head_start_minutes": 45}
    draft = change(here, token, hero | {"value": value}).json
    here.post("/setup/draft/publish", {"version": draft["version"]}, token=token)
    here.hall.in_force.look()
    desk = here.token("desk")
    assert (
        here.post("/tickets", {"service": "tax", "priority": "hero", "priority_reason": "证件"}, token=desk).status
        == 201
    )
    gone = here.post("/tickets", {"service": "tax", "priority": "urgent", "priority_reason": "急"}, token=desk)
    assert gone.code == "unknown_priority"
    assert here.get("/setup", token=token).json["classes"] == [{"id": "hero", **value}]
    draft = change(here, token, {"how": "remove", "section": "classes", "row": "hero"}).json
    here.post("/setup/draft/publish", {"version": draft["version"]}, token=token)
    here.hall.in_force.look()
    assert [one.id for one in here.office.ledger.rules.classes] == ["normal", "senior", "urgent"]


def test_a_layout_is_seen_as_it_comes_out_and_refused_when_it_is_too_long(here: Any) -> None:
    token = here.token("manager")
    usual = here.get("/setup/papers", token=token).json
    lines = usual["slip"]
    for width, dots in ((80, 576), (58, 384)):
        body = {"paper": "slip", "width": width, "layout": {"lines": lines}}
        seen = here.post("/setup/papers/preview", body, token=token).json
        same = here.post("/setup/papers/preview", body | {"layout": None}, token=token).json
        assert seen == same
        assert Image.open(io.BytesIO(base64.b64decode(seen["png"]))).width == dots
        assert seen["bytes"] <= LONGEST == seen["most"] and seen["problems"] == []
    logo = {"width": 64, "dots": base64.b64encode(bytes(8 * 64)).decode()}
    large = {"lines": [{"shows": "logo"}, *lines], "logo": logo}
    seen = here.post("/setup/papers/preview", {"paper": "slip", "layout": large}, token=token).json
    (problem,) = seen["problems"]
    assert problem["field"] == "slip.lines" and f"最多 {LONGEST}" in problem["message_zh"]
    saved = change(
        here,
        token,
        {"how": "set", "section": "slip", "field": "lines", "value": large["lines"]},
        {"how": "set", "section": "slip", "field": "logo", "value": logo},
    ).json
    assert [one["field"] for one in saved["problems"]] == ["slip.lines"]
    assert here.post("/setup/draft/publish", {"version": saved["version"]}, token=token).code == "bad_setup"
    whole = here.get("/setup", token=token).json | {"slip": large}
    assert here.ask("PUT", "/api/v1/setup", whole, token=token).json["errors"] == seen["problems"]
    printed = here.post("/setup/papers/print", {"paper": "slip", "layout": large}, token=token)
    assert printed.code == "bad_setup"
    nowhere = here.post("/setup/papers/print", {"paper": "slip", "layout": {"lines": lines}}, token=token)
    assert nowhere.code == "no_slip_printer"
    without = {"lines": [one for one in lines if one["shows"] != "code"]}
    missing = here.post("/setup/papers/preview", {"paper": "slip", "layout": without}, token=token)
    assert missing.json["errors"][0]["message_zh"].startswith("没有二维码")
