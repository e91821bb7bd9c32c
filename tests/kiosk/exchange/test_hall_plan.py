"""The hall's plan: what of a drawing is kept, where the window is marked, what is refused."""

from pathlib import Path

import pytest

from kiosk.exchange.hall_plan import LARGEST, Plan, PlanError, plan_of, windows_on

DRAWN = b"""<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
  viewBox="0 0 100 60" onload="alert(1)">
  <style>@import url(http://elsewhere.example/x.css);</style>
  <script>alert(1)</script>
  <rect id="window-3" x="10" y="10" width="20" height="8" fill="#ddd"/>
  <g id="window-4"><rect x="40" y="10" width="20" height="8" fill="url(#elsewhere)"/><text x="41" y="16">4</text></g>
  <a xlink:href="http://elsewhere.example/"><text x="5" y="5">door</text></a>
  <image xlink:href="http://elsewhere.example/x.png"/>
  <foreignObject><p>words</p></foreignObject>
</svg>"""


def test_the_window_is_marked_and_nothing_but_drawing_is_kept() -> None:
    assert windows_on(DRAWN) == {"3", "4"}
    third, fourth = plan_of(DRAWN, "3").decode(), plan_of(DRAWN, "4").decode()
    assert third.count("#ffc83d") == fourth.count("#ffc83d") == 1
    for hostile in ("script", "onload", "elsewhere", "style", "foreignObject", "href", "url("):
        assert hostile not in third
    assert third.startswith("<svg") and 'viewBox="0 0 100 60"' in third


@pytest.mark.parametrize(
    "content",
    [b"no svg", b"<html/>", b'<!DOCTYPE svg [<!ENTITY a "b">]><svg/>', DRAWN + b" " * LARGEST],
    ids=["text", "html", "entities", "large"],
)
def test_what_is_no_drawing_is_refused(content: bytes) -> None:
    with pytest.raises(PlanError):
        plan_of(content)


def test_a_plan_that_cannot_be_used_is_told_once_a_change(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "plan.svg"
    file.write_bytes(b"gone")
    plan = Plan(file)
    for _ in range(3):
        assert not plan.has("3")
    assert len(caplog.messages) == 1
    file.unlink()
    for _ in range(3):
        assert not plan.has("3")
    assert len(caplog.messages) == 2
    file.write_bytes(DRAWN)
    assert plan.has("3")
    assert len(caplog.messages) == 2


def test_a_plan_that_changes_is_read_again_and_a_bad_one_is_none(tmp_path: Path) -> None:
    file = tmp_path / "plan.svg"
    plan = Plan(file)
    assert (plan.has("3"), plan.of("3"), Plan(None).has("3")) == (False, None, False)
    file.write_bytes(DRAWN)
    assert plan.has("3") and not plan.has("9") and not plan.has(None)
    file.write_bytes(b"gone")
    assert not plan.has("3")
