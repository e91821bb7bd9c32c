"""Every reason of every driver has words, in two languages."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import drivers
from display.staff.advice import REASONS, advice
from drivers import errors
from drivers.card_reader import sam_v
from drivers.led import onbon_bx

HERE = Path(drivers.__file__).parent


@cache
def reasons_in_code() -> set[str]:
    """What drivers raise, report as a fault, or find to be the trouble."""
    found = set(onbon_bx.REFUSALS.values()) | set(sam_v.REASONS.values())
    found |= set(re.findall("``([a-z_]+)``", errors.OfflineError.__doc__ or ""))
    for path in HERE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                given = node.args[:1] if name.endswith("Error") or name in ("fault", "_refuse") else []
                given = node.args[1:2] if name in ("Outcome", "_become") else given
            elif isinstance(node, ast.FunctionDef) and re.match("_why|_?find_trouble", node.name):
                given = [one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value]
            else:
                continue
            for one in given:
                constants = [part.value for part in ast.walk(one) if isinstance(part, ast.Constant)]
                found |= {text for text in constants if isinstance(text, str) and re.fullmatch("[a-z][a-z_]+", text)}
    return found


def test_the_search_for_reasons_finds_those_of_each_driver() -> None:
    assert {
        "silent",
        "hung_up",
        "paper_out",
        "card_moved",
        "strip_busy",
        "no_sound_card",
        "defect",
    } <= reasons_in_code()


def test_every_reason_a_driver_gives_has_words() -> None:
    assert reasons_in_code() - REASONS == set()


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_words_say_what_is_the_matter_and_what_to_do_in_each_language(reason: str) -> None:
    words = advice(reason)
    for chinese in (words.reason_zh, words.advice_zh):
        assert re.search(r"[\u4e00-\u9fff]", chinese)
        assert len(chinese) <= 40
    for english in (words.reason_en, words.advice_en):
        assert english.isascii()
        assert english[0].isupper()
    for text in (words.reason_zh, words.advice_zh, words.reason_en, words.advice_en):
        assert not re.search(r"[!!。]|\.$|undefined|None", text)


def test_a_detail_stands_behind_what_is_the_matter() -> None:
    words = advice("not_installed", "espeak-ng")
    assert (words.reason_zh, words.reason_en) == ("缺少软件 (espeak-ng)", "A program is missing (espeak-ng)")


def test_a_reason_nobody_thought_of_still_gets_help_and_is_named_for_the_technician() -> None:
    words = advice("odd_thing", "7")
    assert words.reason_zh == "设备不正常 (odd_thing 7)"
    assert words.advice_en
