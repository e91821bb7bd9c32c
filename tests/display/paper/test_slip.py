"""The paper ticket: what stands on it, in which size, and that it stays short whatever the names are."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display.paper.slip import (
    LONGEST,
    USUAL,
    Layout,
    Logo,
    LogoLine,
    Part,
    QrCode,
    Slip,
    SlipLine,
    Space,
    TextLine,
    fit_words,
    lay_out_slip,
    measure_words,
    weigh_slip,
)
from drivers.printer import escpos, escpos_status
from kiosk.resident.slips import items_of

SLIP = Slip(
    hall="西城区综合行政服务中心",
    service="营业执照(五证合一)",
    service_en="Business licence",
    number="A012",
    ahead=3,
    wait=(5, 12),
    place="二层A区",
    issued_at=datetime(2026, 11, 21, 14, 5, tzinfo=ZoneInfo("Asia/Shanghai")),
    code="HTTPS://Q.EXAMPLE.CN/T/0123456789ABCDEF",
)


def words(slip: Slip, columns: int = 48) -> list[str]:
    return [line.text for line in lay_out_slip(slip, columns) if isinstance(line, TextLine)]


def on_the_wire(lines: Sequence[SlipLine], profile: str = "epson") -> bytes:
    """As the kiosk sends it to a printer that it does not know yet: with the longest trailer there is."""
    slip = escpos.compose(items_of(lines), escpos.PROFILES[profile])
    return slip + escpos_status.request_id(b"0000") + escpos_status.GS_TRANSMIT_PAPER


def test_a_slip_says_number_service_place_queue_and_wait_in_chinese_and_english() -> None:
    assert words(SLIP) == [
        "西城区综合行政服务中心",
        "营业执照(五证合一)",
        "Business licence",
        "A012",
        "前面3人 15分钟内",
        "3 ahead, within 15 min",
        "请到二层A区等候",
        "扫码看排队进度 Scan for your turn",
        "2026-11-21 14:05 当日有效 Today only",
    ]
    assert QrCode(SLIP.code) in lay_out_slip(SLIP)


def test_the_number_is_the_largest_thing_on_it() -> None:
    for columns in (32, 48):
        lines = [line for line in lay_out_slip(SLIP, columns) if isinstance(line, TextLine)]
        (number,) = (line for line in lines if line.text == "A012")
        assert number.bold
        assert number.scale == 6
        assert max(line.scale for line in lines if line is not number) == 2


def test_the_first_in_the_queue_is_told_so_and_no_wait() -> None:
    assert words(replace(SLIP, ahead=0, wait=(0, 3)))[4:6] == ["下一位就是您", "You are next"]


def test_an_unknown_wait_is_not_guessed() -> None:
    assert words(replace(SLIP, wait=None))[4:6] == ["前面3人", "3 ahead"]


def test_a_narrow_wait_is_told_by_its_middle() -> None:
    assert words(replace(SLIP, wait=(8, 12)))[4:6] == ["前面3人 约10分钟", "3 ahead, about 10 min"]


def test_a_copy_says_so_at_its_head_and_an_original_does_not() -> None:
    assert words(replace(SLIP, copy=True))[0] == "【补打】COPY"
    assert "补打" not in "".join(words(SLIP))


def test_a_hall_that_phones_do_not_reach_sends_nobody_to_its_page() -> None:
    slip = replace(SLIP, code="0123456789ABCDEF")
    assert "请在窗口扫码 Scan at the window" in words(slip)
    assert not any("排队进度" in line for line in words(slip))


def test_an_ordinary_slip_is_well_below_the_limit() -> None:
    assert len(on_the_wire(lay_out_slip(SLIP))) <= 370
    assert len(on_the_wire(lay_out_slip(replace(SLIP, place="")))) <= 350


def test_a_long_service_name_stands_on_two_lines_broken_before_its_bracket() -> None:
    lines = words(replace(SLIP, service="建设工程规划许可证\uff08市政工程类\uff09"))
    assert lines[1:3] == ["建设工程规划许可证", "\uff08市政工程类\uff09"]


def test_what_is_dispensable_goes_before_a_name_is_shortened() -> None:
    slip = replace(
        SLIP,
        service="建设工程规划许可证(市政工程类)",
        service_en="Planning permission for construction",
        place="三层东侧B区",
        ahead=23,
        wait=(40, 55),
        copy=True,
    )
    lines = words(slip)
    assert "建设工程规划许可证" in lines
    assert "扫码看排队进度" in lines
    assert len(on_the_wire(lay_out_slip(slip))) <= LONGEST


def test_a_slip_with_names_as_they_are_in_halls_is_short_on_every_printer_that_draws_its_codes() -> None:
    longer = replace(
        SLIP, service="建设工程规划许可证(市政工程类)", service_en="Planning permission", place="三层东侧B区"
    )
    for slip in (SLIP, replace(SLIP, copy=True), longer, replace(longer, copy=True, ahead=123, wait=(90, 120))):
        for profile in escpos.PROFILES.values():
            if profile.qr == "native":
                assert len(on_the_wire(lay_out_slip(slip, profile.columns), profile.name)) <= LONGEST, profile.name


NAMES = st.text(st.characters(codec="utf-8"), max_size=80) | st.text("营业执照社保 AZ()\x1b\n\u202e𠮷", max_size=80)


@given(
    hall=NAMES,
    service=NAMES,
    service_en=NAMES,
    place=NAMES,
    ahead=st.integers(0, 9999),
    wait=st.none() | st.tuples(st.integers(0, 600), st.integers(0, 600)),
    host=st.text("QUHAO.-", min_size=0, max_size=120),
    copy=st.booleans(),
    columns=st.sampled_from([48, 32]),
)
def test_no_names_make_a_slip_longer_than_400_bytes_or_wider_than_the_paper(
    hall: str,
    service: str,
    service_en: str,
    place: str,
    ahead: int,
    wait: tuple[int, int] | None,
    host: str,
    copy: bool,
    columns: int,
) -> None:
    code = f"HTTPS://{host}/T/0123456789ABCDEF" if host else "0123456789ABCDEF"
    slip = Slip(hall, service, service_en, "A1234", ahead, wait, place, SLIP.issued_at, code, copy)
    lines = lay_out_slip(slip, columns)
    for profile in escpos.PROFILES.values():
        if profile.qr == "native" and profile.columns == columns:
            assert len(on_the_wire(lines, profile.name)) <= LONGEST
    for line in lines:
        if isinstance(line, TextLine):
            assert measure_words(line.text) * line.scale <= columns
            assert not re.search(r"[\x00-\x1f\x7f-\x9f]", line.text)
    (payload,) = (line.payload for line in lines if isinstance(line, QrCode))
    assert payload.endswith("0123456789ABCDEF")


def test_fitting_counts_a_chinese_character_twice() -> None:
    assert fit_words("营业执照", 8) == "营业执照"
    assert fit_words("营业执照", 7) == "营业…"
    assert fit_words("licence", 6) == "lice…"


def test_a_hall_lays_its_slip_out_as_it_likes() -> None:
    logo = Logo(2, bytes(32))
    layout = Layout(
        (
            Part("logo", 2),
            Part("number", 8, bold=True),
            Part("text", 2, text="请保持安静", text_en="Quiet, please"),
            Part("code"),
            Part("gap", dots=40),
            Part("time"),
        ),
        code_dots=4,
        logo=logo,
    )
    assert lay_out_slip(SLIP, 48, layout) == [
        LogoLine(logo, 2),
        TextLine("A012", 8, bold=True),
        TextLine("请保持安静", 2),
        TextLine("Quiet, please"),
        QrCode(SLIP.code, 4),
        Space(40),
        TextLine("2026-11-21 14:05 当日有效 Today only"),
    ]
    assert lay_out_slip(replace(SLIP, copy=True), 48, layout)[0] == TextLine("【补打】COPY", 2, bold=True)


def test_a_logo_goes_last_of_all_that_is_dispensable() -> None:
    large = Layout((*USUAL.parts, Part("logo")), logo=Logo(8, bytes(8 * 40)))
    assert weigh_slip(SLIP, 48, large) > LONGEST
    lines = lay_out_slip(SLIP, 48, large)
    assert not any(isinstance(line, LogoLine) for line in lines)
    assert len(on_the_wire(lines)) <= LONGEST
    small = Layout((*USUAL.parts, Part("logo")), logo=Logo(3, bytes(3 * 16)))
    assert weigh_slip(SLIP, 48, small) <= LONGEST
    kept = lay_out_slip(SLIP, 48, small)
    assert LogoLine(Logo(3, bytes(48))) in kept
    assert len(on_the_wire(kept)) <= LONGEST


@pytest.mark.parametrize("columns", [48, 32])
def test_in_large_print_every_line_is_twice_as_large_and_no_word_is_lost(columns: int) -> None:
    usual, large = lay_out_slip(SLIP, columns), lay_out_slip(SLIP, columns, large=True)

    def texts(lines: list[SlipLine]) -> list[TextLine]:
        return [line for line in lines if isinstance(line, TextLine)]

    said, said_large = ("".join(line.text for line in texts(lines)).replace(" ", "") for lines in (usual, large))
    assert said_large == said
    assert all(measure_words(line.text) * line.scale <= columns for line in texts(large))
    number = next(line for line in texts(large) if line.text == SLIP.number)
    assert number.scale == 8
    others = [line.scale for line in texts(large) if line is not number]
    assert min(others) >= 2 > min(line.scale for line in texts(usual))
    assert len(on_the_wire(large)) <= LONGEST
