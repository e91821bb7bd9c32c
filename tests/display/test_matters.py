"""What a matter's slip says, on paper of either width."""

from datetime import datetime

import pytest

from display.matters import Leaflet, days_words, fold, lay_out_leaflet, paper_words
from display.paper.slip import QrCode, TextLine, measure_words
from display.prompts import Words
from ticketing.matters.matters import Matter, Paper

MATTER = Matter(
    "m",
    "涉及国家安全和公共利益的跨行政区域一体化通办事项的受理审核",
    "A matter whose name is long in English, too, since laws are",
    "personal",
    "户籍",
    "",
    "s",
    who="本人",
    papers=(Paper("居民身份证", "ID card", True, 2), Paper("申请表", "", False, 1, "填表台"), Paper("户口簿")),
    fee="20 元",
    statutory_days=20,
    promised_days=3,
    guide="一、取号\n二、到窗口提交材料，当场办不完的会给回执。",
)
LEAFLET = Leaflet("示范大厅", MATTER, "一楼，3号窗口", "https://q.example.cn/guide/m", datetime(2026, 3, 2, 9, 5))  # noqa: DTZ001


@pytest.mark.parametrize("columns", [32, 48])
def test_everything_stands_on_the_paper_and_fits_across_it(columns: int) -> None:
    lines = lay_out_leaflet(LEAFLET, columns)
    texts = [line for line in lines if isinstance(line, TextLine)]
    assert all(measure_words(line.text) * line.scale <= columns for line in texts)
    said = "".join(line.text for line in texts).replace(" ", "")
    for words in (
        MATTER.name,
        "1. 居民身份证（原件，复印件 2 份）",
        "样表：填表台",
        "20 元",
        "3 个工作日内办结",
        "一楼",
    ):
        assert words.replace(" ", "") in said
    assert [line.payload for line in lines if isinstance(line, QrCode)] == [LEAFLET.link]


def test_a_bare_matter_has_a_slip_too() -> None:
    bare = Leaflet("", Matter("m", "甲", "", "personal", "乙", "", "s"), "", "", LEAFLET.printed_at)
    texts = [line.text for line in lay_out_leaflet(bare, 32) if isinstance(line, TextLine)]
    assert "甲" in texts and not [text for text in texts if "Who" in text]


@pytest.mark.parametrize(
    ("statutory", "promised", "zh", "en"),
    [
        (None, None, None, None),
        (20, 3, "3 个工作日内办结，法定 20 个工作日", "Done within 3 working days; the law allows 20 working days"),
        (None, 0, "当场办结", "Done at once"),
        (1, None, "法定 1 个工作日", "Done within 1 working day"),
    ],
)
def test_how_long_it_takes_is_said_in_words(statutory: int, promised: int, zh: str, en: str) -> None:
    said = days_words(
        Matter("m", "甲", "", "personal", "乙", "", "s", statutory_days=statutory, promised_days=promised)
    )
    assert (said and said.zh, said and said.en) == (zh, en)


def test_what_is_wanted_of_a_paper() -> None:
    assert paper_words(Paper("表", original=False, copies=1)) == Words("复印件 1 份", "1 copy")
    assert paper_words(Paper("表", original=False)).zh == ""


def test_no_line_begins_with_a_stop_and_no_word_is_broken() -> None:
    assert list(fold("请带好身份证，户口簿。", 14)) == ["请带好身份证，", "户口簿。"]
    assert list(fold("Bring the papers and wait", 12)) == ["Bring the", "papers and", "wait"]
    assert list(fold("x" * 25, 10)) == ["x" * 10, "x" * 10, "x" * 5]
