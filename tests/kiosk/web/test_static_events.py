"""The pages list no types of events: they choose by what a type is about, the part before its dot."""

import re
from pathlib import Path

import kiosk
from ticketing.events import TYPES

STATIC = Path(kiosk.__file__).parent / "web" / "static"
OF_THE_STREAM = "reset"
"""Stored nowhere: the stream says that it cannot tell what was missed."""
FOLLOWED = re.compile(r'follow\("/events", \{.*?\n  on: \{ (.*?) \},', re.DOTALL)


def test_no_page_names_a_type() -> None:
    modules = list(STATIC.rglob("*.js"))
    assert len(modules) > 30
    named = [(file.name, name) for file in modules for name in TYPES if f'"{name}"' in file.read_text("utf-8")]
    assert not named


def test_pages_that_follow_the_hall_handle_what_types_are_about_and_the_reset() -> None:
    about = {name.split(".")[0] for name in TYPES}
    followed = {
        f"{file.parent.name}/{file.name}": FOLLOWED.search(file.read_text("utf-8")) for file in STATIC.rglob("*.js")
    }
    found = {name: set(re.findall(r"(\w+):", match[1])) for name, match in followed.items() if match}
    assert set(found) == {"screen/screen.js", "screen/screen_window.js", "desk/desk.js", "manage/live.js"}
    for name, handled in found.items():
        assert {"ticket", "hall", OF_THE_STREAM} <= handled <= about | {OF_THE_STREAM}, name
