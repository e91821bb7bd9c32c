"""The receipt of a case: what stands on it, and that it stays short whatever the names are."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display.paper.receipt import WHAT_NOW, Receipt, lay_out_receipt
from display.paper.slip import LONGEST, QrCode, SlipLine, TextLine, measure_words
from drivers.printer import escpos, escpos_status
from kiosk.resident.slips import items_of

RECEIPT = Receipt(
    hall="西城区综合行政服务中心",
    service="营业执照(五证合一)",
    service_en="Business licence",
    outcome="promised",
    promised_on=date(2026, 3, 9),
    number="A012",
    ended_at=datetime(2026, 3, 2, 14, 5, tzinfo=ZoneInfo("Asia/Shanghai")),
    link="HTTPS://Q.EXAMPLE.CN/P/0123456789ABCDEF",
    code="0123456789ABCDEF",
)


def words(receipt: Receipt, columns: int = 48) -> list[str]:
    return [line.text for line in lay_out_receipt(receipt, columns) if isinstance(line, TextLine)]


def on_the_wire(lines: Sequence[SlipLine], profile: str = "epson") -> bytes:
    slip = escpos.compose(items_of(lines), escpos.PROFILES[profile])
    return slip + escpos_status.request_id(b"0000") + escpos_status.GS_TRANSMIT_PAPER


def test_a_receipt_says_what_for_until_when_and_how_to_ask() -> None:
    lines = lay_out_receipt(RECEIPT)
    text = "\n".join(words(RECEIPT))
    for said in ("受理回执 Receipt", "营业执照(五证合一)", "2026-03-09 前办结", "Done by 2026-03-09", "A012"):
        assert said in text
    assert "0123 4567 89AB CDEF" in text
    assert QrCode(RECEIPT.link) in lines
    assert "补打" not in text


def test_a_copy_says_so_at_its_head() -> None:
    assert words(replace(RECEIPT, copy=True))[0] == "【补打】COPY"


def test_who_lacks_papers_is_told_that_there_is_no_new_wait() -> None:
    text = "\n".join(words(replace(RECEIPT, outcome="supplement", promised_on=None)))
    assert "请补齐材料再来，不用重新排队" in text
    assert "no new wait" in text


@pytest.mark.parametrize("outcome", [*WHAT_NOW, "own_word"])
@pytest.mark.parametrize("promised_on", [None, date(2026, 3, 9)])
def test_every_outcome_has_words_with_and_without_a_day(outcome: str, promised_on: date | None) -> None:
    text = "\n".join(words(replace(RECEIPT, outcome=outcome, promised_on=promised_on)))
    assert "{" not in text
    assert "None" not in text


@pytest.mark.parametrize("outcome", WHAT_NOW)
@pytest.mark.parametrize("copy", [False, True])
def test_a_receipt_is_short_on_every_printer_that_draws_its_codes(outcome: str, copy: bool) -> None:
    longer = replace(RECEIPT, service="建设工程规划许可证(市政工程类)", service_en="Planning permission")
    for receipt in (RECEIPT, longer):
        facts = replace(receipt, outcome=outcome, copy=copy)
        for profile in escpos.PROFILES.values():
            if profile.qr == "native":
                sent = on_the_wire(lay_out_receipt(facts, profile.columns), profile.name)
                assert len(sent) <= LONGEST, (profile.name, outcome)


names = st.text(max_size=80)


@given(hall=names, service=names, service_en=names, columns=st.sampled_from([30, 32, 42, 48]), copy=st.booleans())
def test_names_of_any_length_fit_the_paper_and_the_limit(
    hall: str, service: str, service_en: str, columns: int, copy: bool
) -> None:
    receipt = replace(RECEIPT, hall=hall, service=service, service_en=service_en, copy=copy)
    lines = lay_out_receipt(receipt, columns)
    for line in lines:
        if isinstance(line, TextLine):
            assert measure_words(line.text) * line.scale <= columns
    codes = [line.payload for line in lines if isinstance(line, QrCode)]
    assert codes in ([RECEIPT.link], [RECEIPT.code])


@given(service=st.text(alphabet="建设工程规划许可证", max_size=60), hall=st.text(alphabet="行政服务", max_size=60))
def test_long_names_are_shortened_before_the_limit_is_passed(service: str, hall: str) -> None:
    receipt = replace(RECEIPT, hall=hall, service=service, service_en="Planning permission for construction", copy=True)
    assert len(on_the_wire(lay_out_receipt(receipt))) <= LONGEST


@pytest.mark.parametrize("outcome", [*WHAT_NOW, "own_word"])
@pytest.mark.parametrize("columns", [30, 32, 48])
def test_no_outcome_has_a_line_wider_than_the_paper(outcome: str, columns: int) -> None:
    facts = replace(RECEIPT, outcome=outcome, service="社保", service_en="", hall="厅")
    said = words(facts, columns)
    assert max(map(measure_words, said)) <= columns
    assert WHAT_NOW.get(outcome, WHAT_NOW["promised"]).en.format(day="2026-03-09") in " ".join(said) or (
        outcome == "own_word"
    )
