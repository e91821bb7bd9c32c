"""The closing slip: what a person compares stands large and in groups, and the lines fit any paper."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from display.paper.closing_slip import ClosingSlip, lay_out_closing_slip
from display.paper.slip import QrCode, TextLine, measure_words
from ticketing.privacy.audit_chain import Anchor

SLIP = ClosingSlip(
    hall="西城区综合行政服务中心",
    box="kiosk-2",
    day="2026-03-02",
    at=datetime(2026, 3, 2, 17, 30, 5, tzinfo=ZoneInfo("Asia/Shanghai")),
    anchor="1042:9f86d081884c7d65",
)


def texts(slip: ClosingSlip, columns: int = 48) -> list[str]:
    return [line.text for line in lay_out_closing_slip(slip, columns) if isinstance(line, TextLine)]


@pytest.mark.parametrize("columns", [32, 42, 48])
def test_every_line_fits_the_paper(columns: int) -> None:
    long = replace(SLIP, hall="新疆维吾尔自治区" * 6, box="b" * 64, anchor=f"{10**17}:9f86d081884c7d65")
    for slip in (SLIP, long, replace(SLIP, anchor="")):
        for line in lay_out_closing_slip(slip, columns):
            if isinstance(line, TextLine):
                assert measure_words(line.text) * line.scale <= columns, line.text


def test_the_digits_stand_in_groups_and_large_and_are_read_back_by_hand_and_by_scanner() -> None:
    lines = lay_out_closing_slip(SLIP)
    (digits,) = [line for line in lines if isinstance(line, TextLine) and line.text == "9f86 d081 884c 7d65"]
    assert digits.scale == 2
    (scanned,) = [line.payload for line in lines if isinstance(line, QrCode)]
    typed = f"1042 {digits.text}"
    for text in (typed, scanned, typed.upper(), "1042：9f86 d081 884c 7d65", "1042: 9F86-DO81-884C-7D65"):
        assert Anchor.parse(text) == Anchor(1042, "9f86d081884c7d65")
    for wrong in ("1042 9f86", "9f86d081884c7d65", "1042 9f86 d081 884c 7d6g", f"1 {'a' * 65}"):
        with pytest.raises(ValueError, match="anchor"):
            Anchor.parse(wrong)


def test_day_box_time_and_number_of_entries_stand_on_it_and_no_command_of_a_printer() -> None:
    said = "\n".join(texts(replace(SLIP, box="kio\x1b@sk")))
    for part in ("2026-03-02 kio@sk", "2026-03-02 17:30:05", "审计日志至第 1042 条", "Closing slip"):
        assert part in said
    assert "\x1b" not in said


def test_a_broken_log_is_said_instead_of_digits() -> None:
    slip = replace(SLIP, anchor="")
    assert "审计日志已损坏，请立即报告" in texts(slip)
    assert not any(isinstance(line, QrCode) for line in lay_out_closing_slip(slip))
