"""What a screen box is told to show, over a real server, and what it keeps for the next time."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kiosk.browser.asking import HallServer
from kiosk.browser.assignment import OFTEN, SELDOM, STATE, Assignment
from kiosk.browser.local_page import CodeShown, Waiting
from kiosk.browser.watch import Place
from program import free_port
from ticketing.model import Actor
from ticketing.screens.screens import Shows

TECHNICIAN = Actor("zhao", "technician")


class Box:
    """A screen box with its folder, whose time goes by the test's hand."""

    def __init__(self, folder: Path, origin: str) -> None:
        self.now = 0.0
        self.folder = folder
        self.server = HallServer(origin)
        self.trouble = ""
        self.guide = self.switch_on()

    def switch_on(self) -> Assignment:
        self.guide = Assignment(self.folder, self.server, "tv-1", lambda: self.trouble, lambda: self.now)
        return self.guide

    def look(self) -> Any:
        self.now += max(OFTEN, SELDOM)
        return self.guide.look()


def test_a_new_screen_shows_its_code_then_what_the_technician_chose_also_after_a_restart_without_the_server(
    busy: Any, tmp_path: Path
) -> None:
    box = Box(tmp_path, busy.server.address)
    shown = box.look()
    assert isinstance(shown, CodeShown)
    assert (shown.name, len(shown.code), shown.server) == ("tv-1", 5, busy.server.address)
    assert re.fullmatch("[0-2][0-9]:[0-5][0-9]", shown.until)
    assert shown.code in shown.html()
    assert (tmp_path / STATE).stat().st_mode & 0o777 == 0o600
    screen = busy.hall.screens.bind(shown.code, Shows("window", "3"), None, TECHNICIAN)
    place = Place(f"{busy.server.address}/screen/window/3")
    assert box.look() == place
    # Its server is off when it is switched on: it knows what it showed.
    box.server = HallServer(f"http://127.0.0.1:{free_port()}")
    box.switch_on()
    assert box.look() == Place(f"{box.server.origin}/screen/window/3")
    box.server = HallServer(busy.server.address)
    box.switch_on()
    assert box.look() == place
    busy.hall.screens.forget(screen.id, TECHNICIAN)
    assert isinstance(box.look(), CodeShown)


def test_a_screen_opens_the_kiosk_with_the_token_that_it_made_and_keeps_it(busy: Any, tmp_path: Path) -> None:
    # What a screen of an earlier version kept: no token.
    (tmp_path / STATE).write_text(json.dumps({"secret": "e" * 43, "path": None}), "utf-8")
    box = Box(tmp_path, busy.server.address)
    shown = box.look()
    assert isinstance(shown, CodeShown)
    box.look()
    kept = json.loads((tmp_path / STATE).read_text("utf-8"))
    assert kept["secret"] == "e" * 43
    screen = busy.hall.screens.bind(shown.code, Shows("kiosk"), None, TECHNICIAN)
    place = box.look()
    assert place == Place(f"{busy.server.address}/kiosk", f"token={kept['token']}")
    assert busy.get("/kiosk", token=kept["token"]).status == 200
    box.server.origin = f"http://127.0.0.1:{free_port()}"
    assert box.switch_on().look() == Place(f"{box.server.origin}/kiosk", f"token={kept['token']}")
    box.server.origin = busy.server.address
    busy.hall.screens.put(screen.id, "tv", Shows("board", theme="light"), TECHNICIAN)
    assert box.look() == Place(f"{busy.server.address}/screen?theme=light"), "no token where none is needed"
    busy.hall.screens.forget(screen.id, TECHNICIAN)


def test_a_screen_tells_what_keeps_it_from_being_switched_off(busy: Any, tmp_path: Path) -> None:
    box = Box(tmp_path, busy.server.address)
    box.trouble = "off ddcutil ended with 1"
    box.look()

    def told() -> list[str]:
        box.look()
        return [one.switch_trouble for one in busy.hall.screens.all() if one.name == "tv-1"]

    assert told()[-1] == "off ddcutil ended with 1"
    box.trouble = ""
    assert told()[-1] == ""


def test_a_server_of_an_earlier_version_is_told_of_no_token(tmp_path: Path) -> None:
    box = Box(tmp_path, f"http://127.0.0.1:{free_port()}")
    told: list[dict[str, Any]] = []
    answer = {"path": "/screen", "name": "x", "code": None, "code_until": None}

    def post(_: str, body: dict[str, Any]) -> dict[str, Any]:
        told.append(body)
        return answer

    box.server.post = post  # type: ignore[method-assign]
    box.look()
    answer["token_wanted"] = True  # type: ignore[assignment]
    box.look()
    box.look()
    assert [sorted(one) for one in told] == [["name", "secret"], ["name", "secret"], ["name", "secret", "token_hash"]]
    answer["trouble_wanted"] = True  # type: ignore[assignment]
    box.look()
    box.look()
    assert "switch_trouble" not in told[-2] and "switch_trouble" in told[-1]


def test_a_code_is_not_left_standing_while_the_server_is_away(busy: Any, tmp_path: Path) -> None:
    box = Box(tmp_path, busy.server.address)
    assert isinstance(box.look(), CodeShown)
    box.server.origin = f"http://127.0.0.1:{free_port()}"
    assert box.look() == Waiting("screen", box.server.origin)
    box.server.origin = busy.server.address
    assert isinstance(box.look(), CodeShown)


def test_a_screen_on_a_disk_that_takes_nothing_shows_what_it_is_told_all_the_same(busy: Any, tmp_path: Path) -> None:
    (tmp_path / "full").write_text("no folder")
    box = Box(tmp_path / "full", busy.server.address)
    shown = box.look()
    assert isinstance(shown, CodeShown)
    busy.hall.screens.bind(shown.code, Shows("guide"), None, TECHNICIAN)
    assert box.look() == Place(f"{busy.server.address}/guide")


@pytest.mark.parametrize(
    "state",
    [
        "",
        "{",
        "[]",
        "null",
        '{"secret": "short"}',
        '{"secret": 7}',
        json.dumps({"secret": "x" * 43, "path": "//evil/"}),
        json.dumps({"secret": "x" * 43, "path": "/kiosk", "token": "#", "with_token": True}),
    ],
)
def test_a_screen_whose_state_is_spoilt_begins_anew(busy: Any, tmp_path: Path, state: str) -> None:
    (tmp_path / STATE).write_text(state, "utf-8")
    box = Box(tmp_path, f"http://127.0.0.1:{free_port()}")
    assert isinstance(box.guide.look(), Waiting)


@pytest.mark.parametrize(
    "told",
    [
        {"path": "//evil.example/", "name": "x", "code": None, "code_until": None},
        {"path": "https://evil.example/", "name": "x", "code": None, "code_until": None},
        {"path": "/screen#token=x", "name": "x", "code": None, "code_until": None},
        {"path": None, "name": "x", "code": "AB2CD", "code_until": "soon"},
        {"path": 7},
        {},
    ],
)
def test_an_answer_that_is_none_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Any) -> None:
    box = Box(tmp_path, f"http://127.0.0.1:{free_port()}")
    box.server.post = lambda *_: told  # type: ignore[method-assign]
    assert isinstance(box.look(), Waiting)
    assert not (tmp_path / STATE).exists()


def test_a_page_of_ours_writes_out_names_and_addresses_as_text() -> None:
    page = CodeShown("<b>tv", "AB2CD", "10:42", "http://<script>").html()
    assert "&lt;b&gt;tv" in page and "http://&lt;script&gt;/devices" in page and "<b>tv" not in page


def test_a_place_holds_its_page_and_those_below_it_and_no_other() -> None:
    place = Place("http://127.0.0.1:80/screen", "token=x")
    assert place.origin == "http://127.0.0.1"
    held = [place.holds("http://127.0.0.1", path) for path in ("/screen", "/screen?zone=2F", "/screen/window/3")]
    assert held == [True, True, True]
    assert not any(place.holds("http://127.0.0.1", path) for path in ("/", "/screens", "/login?next=/screen"))
    assert not place.holds("http://127.0.0.1:8080", "/screen")
    assert Place("https://[::1]:8443/kiosk").origin == "https://[::1]:8443"
