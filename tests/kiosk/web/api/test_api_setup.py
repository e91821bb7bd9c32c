"""``/setup``: the hall's make-up over HTTP."""

from typing import Any

import pytest


def put(here: Any, body: Any, **options: Any) -> Any:
    return here.ask("PUT", "/api/v1/setup", body, **options)


def test_what_is_read_can_be_put_back(here: Any) -> None:
    token = here.token("manager")
    found = here.get("/setup", token=token)
    assert found.status == 200
    assert [one["id"] for one in found.json["services"]] == ["licence", "tax"]
    assert found.json["windows"][0] == {"id": "1", "name": "1号窗口", "services": ["licence"]}
    again = put(here, found.json, token=token, headers={"If-Match": found.headers["etag"]})
    assert (again.status, again.json) == (200, found.json)
    assert again.headers["etag"] == found.headers["etag"]


def test_a_change_reaches_the_hall_and_whoever_follows(here: Any) -> None:
    token = here.token("manager")
    stream = here.listen()
    body = here.get("/setup", token=token).json
    body["services"].append({"id": "seal", "name": "公章", "prefix": "S", "hours": {"mon": ["09:00-12:00"]}})
    body["holidays"] = [{"day": "2026-10-01", "name": "国庆节"}]
    changed = put(here, body, token=token)
    assert changed.status == 200
    assert changed.json["services"][2] == body["services"][2]
    stream.until("hall.changed")
    assert [one["id"] for one in here.get("/hall").json["services"]] == ["licence", "tax", "seal"]


def test_of_two_managers_the_second_is_told_to_look_again(here: Any) -> None:
    token = here.token("manager")
    seen = here.get("/setup", token=token)
    body = seen.json
    body["services"][0]["name"] = "证照"
    assert put(here, body, token=token, headers={"If-Match": seen.headers["etag"]}).status == 200
    body["services"][0]["name"] = "执照"
    late = put(here, body, token=token, headers={"If-Match": seen.headers["etag"]})
    assert (late.status, late.code) == (409, "setup_changed")
    assert here.get("/setup", token=token).json["services"][0]["name"] == "证照"
    assert put(here, body, token=token, headers={"If-Match": "*"}).status == 200


@pytest.mark.parametrize("match", ["nonsense", '"', 'W/"x"'])
def test_a_version_that_is_none_is_not_this_one(shared: Any, match: str) -> None:
    token = shared.token("manager")
    body = shared.get("/setup", token=token).json
    assert put(shared, body, token=token, headers={"If-Match": match}).code == "setup_changed"


def test_all_that_is_wrong_is_named_and_nothing_is_changed(here: Any) -> None:
    token = here.token("manager")
    before = here.get("/setup", token=token).json
    body = {
        "services": [{"id": "tax", "name": "", "prefix": "A", "chain": ["nowhere"]}],
        "windows": [{"id": "1", "name": "1", "services": ["seal"]}],
        "hours": {"mon": ["nine"]},
    }
    refused = put(here, body, token=token)
    assert (refused.status, refused.code) == (422, "bad_setup")
    assert {one["field"] for one in refused.json["errors"]} == {
        "services[0].name",
        "services[0].chain",
        "windows[0].services",
        "hours.mon[0]",
    }
    assert all(one["message"] and one["message_zh"] for one in refused.json["errors"])
    assert here.get("/setup", token=token).json == before


@pytest.mark.parametrize("body", [None, [], 3, {"services": 3}, {"hall": {}}])
def test_what_is_no_hall_is_refused(shared: Any, body: Any) -> None:
    token = shared.token("manager")
    refused = put(shared, b"null" if body is None else body, token=token)
    assert (refused.status, refused.code) == (422, "bad_setup")


@pytest.mark.parametrize("role", ["clerk", "desk", "kiosk", "technician"])
def test_only_managers_see_and_change_it(shared: Any, role: str) -> None:
    token = shared.token(role)
    assert shared.get("/setup", token=token).status == 403
    assert put(shared, {}, token=token).status == 403


def test_a_whole_hall_may_be_large_and_nothing_else(here: Any) -> None:
    token = here.token("manager")
    body = here.get("/setup", token=token).json
    body["services"] = [
        {"id": f"s{n}", "name": "业务", "prefix": "A", "bring": "带" * 300, "bring_en": "x" * 600} for n in range(150)
    ]
    body["windows"] = []
    assert put(here, body, token=token).status == 200
    assert here.post("/tickets", body, token=here.token("desk")).status == 413


def test_a_service_nobody_serves_any_more_is_told_to_whoever_watches(here: Any) -> None:
    token = here.token("manager")
    here.issue("tax")
    body = here.get("/setup", token=token).json
    body["services"] = body["services"][:1]
    body["windows"] = body["windows"][:1]
    assert put(here, body, token=token).status == 200
    ready = here.ask("GET", "/readyz")
    assert ("service tax", "unserved") in [(one["what"], one["reason"]) for one in ready.json["missing"]]
