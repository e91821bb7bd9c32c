"""The DevTools pipe, with a program at its other end that does what Chromium does in moments no test can choose."""

import sys
from collections.abc import Iterator

import pytest

from kiosk.browser.devtools import DevTools, RefusedError

CRASHES = """
import json, os
while True:
    asked = json.loads(os.read(3, 65536).rstrip(b"\\0"))
    told = [{"method": "Inspector.targetCrashed", "sessionId": session, "params": {}} for session in ("other", "page")]
    if asked["method"] != "Runtime.evaluate":
        told = [{"id": asked["id"], "result": {"product": "a browser"}}]
    for one in told:
        os.write(4, json.dumps(one).encode() + b"\\0")
"""
"""Its page crashes by what it is asked to evaluate, which is then never answered."""


@pytest.fixture
def browser() -> Iterator[DevTools]:
    made = DevTools([sys.executable, "-c", CRASHES])
    yield made
    made.end(at_once=True)


def test_a_command_that_went_with_its_page_is_not_waited_for(browser: DevTools) -> None:
    with pytest.raises(RefusedError, match="crashed"):
        browser.call("Runtime.evaluate", {"expression": "1"}, session="page", timeout=200)
    assert [event["sessionId"] for event in browser.events] == ["other", "page"], "and the watch hears of it"
    assert browser.call("Browser.getVersion", timeout=200) == {"product": "a browser"}
