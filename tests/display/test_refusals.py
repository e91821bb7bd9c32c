"""Every refusal has words that say what to do."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import kiosk
import ticketing
from display.refusals import CODES, words
from kiosk.web import problems

KINDS = {"TicketingError", "UnknownError", "ClosedError", "StateError", "LimitError", "ForbiddenError", "StoreError"}


@cache
def codes_in_code() -> set[str]:
    """The codes that the queue and the API refuse with."""
    found = set(problems.OF_HTTP.values()) | set(problems.OWN_REASONS)
    for module in (ticketing, kiosk):
        for path in Path(str(module.__file__)).parent.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
                given = (
                    node.args[:1] if name in KINDS else node.args[1:2] if name in ("RequestError", "problem") else []
                )
                for one in given:
                    constants = [part.value for part in ast.walk(one) if isinstance(part, ast.Constant)]
                    found |= {text for text in constants if isinstance(text, str)}
    return found


def test_the_search_for_codes_finds_those_of_the_queue_and_of_the_api() -> None:
    assert {"window_busy", "already_waiting", "not_logged_in", "store_busy"} <= codes_in_code()


def test_every_code_has_words_of_its_own() -> None:
    assert codes_in_code() - CODES == set()


@pytest.mark.parametrize("code", sorted(CODES))
def test_words_are_whole_with_all_facts_and_without_any(code: str) -> None:
    facts = {"number": "A001", "window": "3", "state": "serving", "day": "2026-03-02", "seconds": 5, "verb": "start"}
    for said in (words(code, facts), words(code), words(code, {"state": "no such state", "number": None})):
        assert re.search(r"[\u4e00-\u9fff]", said.zh)
        assert said.en.isascii()
        assert not re.search(r"[{}!!。]|None|\.$", said.zh + said.en)
        assert len(said.zh) <= 40


def test_facts_are_told_where_they_are_known() -> None:
    assert words("wrong_window", {"number": "A001", "window": "5"}).zh == "A001 叫到5号窗口，请到那里办理"
    assert words("wrong_window").zh == "这个号是别的窗口叫的，请到那个窗口办理"
    assert words("window_busy", {"number": "A001", "state": "called"}).zh == "A001 已叫号，请先办结或过号"
    assert words("window_busy", {"number": "A001", "state": "called"}).en.startswith("A001 is called")
    assert "60" in words("too_many_tries", {"seconds": 60}).zh


def test_facts_cannot_put_words_of_their_own_into_a_sentence() -> None:
    assert "{window}" in words("already_waiting", {"number": "{window}", "window": "3"}).zh


def test_an_unknown_code_still_says_something() -> None:
    said = words("no_such_code", {"anything": 1})
    assert (said.zh, said.en) == ("现在办不了，请稍后再试", "This cannot be done now: please try again later")
