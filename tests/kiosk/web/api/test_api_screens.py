"""Screens over HTTP: what a box is told, what a technician may say, and how guessing ends."""

import hashlib
from typing import Any

import pytest

from kiosk.web.api.screens.boxes import NEW_AT_ONCE, NEW_EVERY, NewScreens
from ticketing.model import LimitError

BOARD = {"page": "board"}


def secret(number: int) -> str:
    return f"{number:043}"


@pytest.fixture(scope="module")
def technician(busy: Any) -> str:
    return str(busy.token("technician"))


def report(busy: Any, number: int, **more: Any) -> Any:
    return busy.post("/screens/report", {"secret": secret(number), "name": "tv", **more})


def test_a_screen_is_bound_changed_and_forgotten(busy: Any, technician: str) -> None:
    told = report(busy, 1).json
    assert (told["path"], len(told["code"])) == (None, 5)
    # As a person types it.
    typed = f" {told['code'][:2]}-{told['code'][2:].lower()} "
    bound = busy.post("/screens/bind", {"code": typed, "shows": {"page": "window", "window": "3"}}, token=technician)
    assert (bound.status, bound.json["path"], bound.json["state"]) == (200, "/screen/window/3", "online")
    assert report(busy, 1).json == {
        "name": "tv",
        "path": "/screen/window/3",
        "code": None,
        "code_until": None,
        "with_token": False,
        "token_wanted": True,
        "trouble_wanted": True,
    }
    assert busy.ask("GET", bound.json["path"]).status == 200

    path = f"/api/v1/screens/{bound.json['id']}"
    put = {"name": "门厅", "shows": {"page": "board", "zone": "2F & 3F"}}
    assert busy.ask("PUT", path, put, token=technician).json["path"] == "/screen?zone=2F%20%26%203F"
    put["shows"] = {"page": "board", "zone": "2F", "theme": "light"}
    bright = busy.ask("PUT", path, put, token=technician).json
    assert (bright["path"], bright["shows"]["theme"]) == ("/screen?zone=2F&theme=light", "light")
    assert "code" not in busy.get("/screens", token=technician).json[0]
    assert busy.ask("DELETE", path, token=technician).status == 204
    assert report(busy, 1).json["code"]
    assert busy.ask("PUT", path, put, token=technician).code == "unknown_screen"


@pytest.mark.parametrize(
    "shows",
    [
        {"page": "window"},
        {"page": "resident"},
        {"page": "/etc/passwd"},
        {"page": "board", "path": "//evil.example"},
        {"page": "board", "theme": "large"},
        {"page": "kiosk", "theme": "light"},
        {"page": "terminal", "terminal": "hall 1"},
        {},
        "board",
        None,
    ],
)
def test_nothing_but_pages_of_the_hall_can_be_shown(busy: Any, technician: str, shows: Any) -> None:
    code = report(busy, 2).json["code"]
    assert busy.post("/screens/bind", {"code": code, "shows": shows}, token=technician).status == 422
    assert report(busy, 2).json["code"] == code


@pytest.mark.parametrize(
    "body", [{"secret": "short", "name": "tv"}, {"secret": "x" * 43}, {"secret": "ü" * 43, "name": "tv"}]
)
def test_a_box_without_a_secret_and_a_name_is_no_screen(busy: Any, body: Any) -> None:
    assert busy.post("/screens/report", body).status == 422


def test_a_screens_own_token_opens_what_it_shows_and_nothing_before_or_after(busy: Any, technician: str) -> None:
    token = f"quhao_{7:043}"
    hashed = hashlib.sha256(token.encode()).hexdigest()
    told = report(busy, 7).json
    assert (told["token_wanted"], told["with_token"]) == (True, False)
    kiosk = {"code": told["code"], "shows": {"page": "kiosk", "theme": "large"}}
    # What goes in the clear, others can change: through a proxy that nobody trusts it is not taken.
    headers = {"X-Forwarded-For": "192.168.1.7"}
    body = {"secret": secret(7), "name": "tv", "token_hash": hashed}
    assert busy.post("/screens/report", body, headers=headers).json["token_wanted"] is False
    assert busy.post("/screens/bind", kiosk, token=technician).code == "screen_without_token"
    assert report(busy, 7, token_hash=hashed).json["token_wanted"] is False
    assert busy.get("/kiosk", token=token).code == "bad_token"

    bound = busy.post("/screens/bind", kiosk, token=technician).json
    told = report(busy, 7).json
    assert (told["path"], told["with_token"]) == ("/kiosk?theme=large", True)
    assert busy.get("/kiosk", token=token).status == 200
    assert busy.ask("GET", told["path"]).status == 200
    assert token not in str(busy.get("/screens", token=technician).json)

    path = f"/api/v1/screens/{bound['id']}"
    put = {"name": "3", "shows": {"page": "resident", "window": "3"}}
    assert busy.ask("PUT", path, put, token=technician).json["path"] == "/window/3/resident"
    busy.hall.people.forget_tokens()  # rather than wait for a second
    assert busy.get("/kiosk", token=token).code == "forbidden"
    assert busy.get("/windows/3/resident-screen", token=token).status == 200
    assert busy.get("/windows/1/resident-screen", token=token).code == "not_your_window"

    put["shows"] = {"page": "terminal"}
    own = f"screen-{bound['id']}"
    assert busy.ask("PUT", path, put, token=technician).json["path"] == f"/terminal?terminal={own}"
    busy.hall.people.forget_tokens()
    assert busy.get(f"/terminals/{own}", token=token).status == 200
    put["shows"]["terminal"] = "hall-1"
    changed = busy.ask("PUT", path, put, token=technician).json
    assert (changed["path"], changed["shows"]["terminal"]) == ("/terminal?terminal=hall-1", "hall-1")
    assert report(busy, 7).json["with_token"]
    busy.hall.people.forget_tokens()
    assert busy.get("/terminals/hall-1", token=token).status == 200
    assert busy.get(f"/terminals/{own}", token=token).code == "not_your_terminal"
    assert busy.get("/windows/3/resident-screen", token=token).code == "not_your_window"
    assert busy.ask("DELETE", path, token=technician).status == 204
    busy.hall.people.forget_tokens()
    assert busy.get("/terminals/hall-1", token=token).code == "bad_token"


def test_what_keeps_a_screen_from_being_switched_is_told_while_it_does(busy: Any, technician: str) -> None:
    def seen() -> tuple[str, list[str]]:
        (screen,) = (one for one in busy.get("/screens", token=technician).json if one["name"] == "tv-8")
        found = busy.ask("GET", "/readyz").json["warnings"]
        return screen["switch_trouble"], [one["what"] for one in found if one["reason"] == "screen_not_switched"]

    body = {"secret": secret(8), "name": "tv-8"}
    busy.post("/screens/report", body)
    assert seen() == ("", [])
    trouble = "off ddcutil ended with 1"
    assert busy.post("/screens/report", body | {"switch_trouble": "it smells"}).status == 422
    busy.post("/screens/report", body | {"switch_trouble": trouble})
    busy.post("/screens/report", body)  # a box of an earlier version does not say
    said, (what,) = seen()
    assert said == trouble and what.startswith("screen-")
    busy.post("/screens/report", body | {"switch_trouble": ""})
    assert seen() == ("", [])


def test_guessing_codes_ends_soon_also_for_a_technician(busy: Any) -> None:
    guesser = busy.token("technician")
    tries = [busy.post("/screens/bind", {"code": f"2222{n}", "shows": BOARD}, token=guesser).code for n in range(2, 9)]
    assert tries == ["unknown_screen_code"] * 5 + ["too_many_tries"] * 2


def test_one_address_reports_only_so_many_new_screens() -> None:
    now = 0.0
    new = NewScreens(lambda: now)
    for _ in range(NEW_AT_ONCE):
        new.count("192.168.1.7")
    with pytest.raises(LimitError, match="too_many_tries"):
        new.count("192.168.1.7")
    new.count("192.168.1.8")
    now = NEW_EVERY
    new.count("192.168.1.7")
