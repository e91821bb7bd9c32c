"""The bytes of a slip and of a printer's answers, against the manuals and against every Chinese character."""

import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wires
from drivers.printer.escpos import PROFILES, Code, Gap, Item, Rule, Text, compose, cut_off, encode_text
from drivers.printer.escpos_status import (
    AutoStatus,
    Classifier,
    PaperStatus,
    ProcessId,
    Status,
    find_trouble,
    request_id,
    request_status,
)
from drivers.printer.glyphs import draw_line
from drivers.simulators.printer.paper import Paper, RasterRow
from drivers.simulators.printer.typesetter import measure_command, typeset

EPSON = PROFILES["epson"]


def printed(*items: Item, profile: str = "epson") -> Paper:
    (paper,) = typeset(compose(items, PROFILES[profile]))
    return paper


# Bytes of the manuals


def test_a_slip_is_the_bytes_of_the_manuals() -> None:
    slip = compose([Text("你好\uff0cA", 2, bold=True), Code("A012"), Text("再见", align="left"), Gap(30)], EPSON)
    assert slip == bytes.fromhex(
        "1b40 1c26"  # ESC @, FS &
        "1b6101 1b4501 1d2111 c4e3bac3a3ac41 0a"  # ESC a, ESC E, GS ! for 2 x 2
        "1b4a18"  # ESC J: 24 dots of white
        "1d286b0400 31413200 1d286b0300 314306 1d286b0300 314531"  # GS ( k: model 2, 6 dots, level M
        "1d286b0700 315030 41303132 1d286b0300 315130"
        "1b4a18"
        "1b6100 1b4500 1d2100 d4d9bcfb 0a"
        "1b4a1e"
        "1d564200"  # GS V 66: feed to the cutter and cut
    )


def test_questions_are_the_bytes_of_the_manuals() -> None:
    assert request_status(4) == bytes.fromhex("100404")
    assert request_id(b"0A7C") == bytes.fromhex("1d2848 0600 3030 30413743")


def test_a_slip_never_leaves_chinese_mode_and_never_changes_the_code_page() -> None:
    slip = compose([Text("é号A€"), Rule(), Text("1号"), Code("HTTPS://A.CN/T/0"), Text("营业")], EPSON)
    assert slip.startswith(b"\x1b@\x1c&")
    assert slip.count(b"\x1c&") == 1
    assert b"\x1c." not in slip
    assert b"\x1bt" not in slip


# Text


def gbk_characters() -> list[str]:
    found = []
    for lead in range(0x81, 0xFF):
        for trail in range(0x40, 0xFF):
            try:
                found.append(bytes([lead, trail]).decode("gbk"))
            except UnicodeDecodeError:
                continue
    return found


def test_every_gbk_character_comes_back_from_paper_as_it_was() -> None:
    characters = gbk_characters()
    assert len(characters) > 21_000
    for start in range(0, len(characters), 24):
        row = "".join(characters[start : start + 24])
        paper = printed(Text(row))
        assert paper.texts == [row]
        assert paper.faults == []


@given(
    st.lists(
        st.text(
            st.sampled_from([*"号证\uff08五\uff09\u3002\uff0c\uff1aAZaz09 -/", *gbk_characters()[::97]]),
            min_size=1,
            max_size=24,
        )
    )
)
def test_any_mixture_of_chinese_and_ascii_comes_back_from_paper(lines: list[str]) -> None:
    paper = printed(Text("取号"), *(Text(line, scale=1 + len(line) % 3) for line in lines))
    assert paper.texts == ["取号", *lines]
    assert paper.faults == []


@given(st.text(max_size=40))
def test_any_text_at_all_is_printed_without_a_command_in_it(text: str) -> None:
    encoded = encode_text(text)
    assert all(byte >= 0x20 and byte != 0x7F for byte in encoded)
    paper = printed(Text(text))
    assert paper.faults == []
    assert "".join(paper.texts) == encoded.decode("gbk")


@pytest.mark.parametrize("character", ["𠮷", "㐀", "龦", "é́"[0], "\ue000", "\ud800", "😀", "€"])
def test_a_character_that_printers_do_not_have_is_marked(character: str) -> None:
    expected = character if character == "é" else "〓"
    assert printed(Text(f"张{character}三")).texts == [f"张{expected}三"]


def test_a_name_cannot_send_commands() -> None:
    evil = "张\x1b@\x1dV\x00三\x10\x04\x01\x9b\u202e\r\n"
    assert encode_text(evil) == "张@V三".encode("gbk")


def test_a_line_too_wide_is_set_smaller() -> None:
    paper = printed(Text("西城区综合行政服务中心", 4))
    assert paper.texts == ["西城区综合行政服务中心"]
    assert {glyph.wide for row in paper.rows for glyph in getattr(row, "glyphs", ())} == {2}


def test_a_rule_crosses_the_paper_in_one_line() -> None:
    for name in PROFILES:
        paper = printed(Rule(), profile=name)
        assert len(paper.texts) == 1


def test_a_printer_that_enlarges_chinese_by_another_command_gets_both() -> None:
    slip = compose([Text("号", 2), Text("号")], PROFILES["generic-fs"])
    assert b"\x1d!\x11\x1c!\x0c" in slip
    assert b"\x1d!\x00\x1c!\x00" in slip


def test_a_printer_without_codes_of_its_own_gets_a_picture_with_white_around_it() -> None:
    import zxingcpp

    paper = printed(Text("上"), Code("HTTPS://Q.EXAMPLE.CN/T/0123456789ABCDEF"), Text("下"), profile="raster-qr")
    assert [found.text for found in zxingcpp.read_barcodes(paper.draw())] == ["HTTPS://Q.EXAMPLE.CN/T/0123456789ABCDEF"]


# The library


def test_composing_leaves_the_root_logger_and_the_temporary_folder_alone(tmp_path: Path) -> None:
    program = (
        "import logging, drivers.printer.escpos as e\n"
        "e.warm_up()\n"
        "assert logging.getLogger().handlers == [], logging.getLogger().handlers\n"
    )
    here = {"TMPDIR": str(tmp_path), "PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, env=here, cwd=Path(__file__).parents[3])
    assert list(tmp_path.iterdir()) == []
    assert tempfile.gettempdir()
    assert logging.getLogger("escpos")


# Answers


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        ({1: 0x12, 2: 0x12, 3: 0x12, 4: 0x12}, None),
        ({1: 0x16, 2: 0x12, 3: 0x12, 4: 0x12}, None),
        ({1: 0x12, 4: 0x1E}, None),  # near end
        ({1: 0x1A, 2: 0x32, 3: 0x12, 4: 0x7E}, "paper_out"),
        ({4: 0x72}, "paper_out"),
        ({4: 0x52}, None),  # bit 6 alone: a ticket waits in the presenter
        ({1: 0x1A, 2: 0x16, 3: 0x12, 4: 0x12}, "cover_open"),
        ({1: 0x1A, 2: 0x52, 3: 0x1A, 4: 0x12}, "cutter"),
        ({1: 0x1A, 2: 0x52, 3: 0x32, 4: 0x12}, "printer_error"),
        ({1: 0x1A, 2: 0x52, 3: 0x52, 4: 0x12}, "head_hot"),
        ({1: 0x1A, 2: 0x52}, "printer_error"),
        ({1: 0x1A}, "printer_offline"),
        ({}, None),
    ],
)
def test_trouble_is_read_from_the_bits_of_the_manuals(status: dict[int, int], trouble: str | None) -> None:
    assert find_trouble(status) == trouble


@pytest.mark.parametrize(
    ("data", "answers"),
    [
        ("12", [Status(0x12)]),
        ("92", [Status(0x12)]),  # bit 7: ticket not torn away
        ("00", [PaperStatus(0)]),
        ("0f", [PaperStatus(0x0F)]),
        ("37 22 30 41 37 43 00", [ProcessId(b"0A7C")]),
        ("10 00 00 00", [AutoStatus(b"\x10\x00\x00\x00")]),
        ("18 00 0c 00 12", [AutoStatus(b"\x18\x00\x0c\x00"), Status(0x12)]),
        ("10 00 12 00 00", [Status(0x12), AutoStatus(b"\x10\x00\x00\x00")]),
        ("37 22 30 12 41 37 43 00", [Status(0x12), ProcessId(b"0A7C")]),
        ("5f 45 50 53 4f 4e 00 12", [Status(0x12)]),
        ("37 25 00 16", [Status(0x16)]),
        ("13 11 12", [Status(0x12)]),
    ],
)
def test_answers_are_told_apart_by_their_fixed_bits(data: str, answers: list[object]) -> None:
    assert list(Classifier().feed(bytes.fromhex(data))) == answers


ANSWERS = st.sampled_from(
    [b"\x12", b"\x1a", b"\x72", b"\x00", b"\x0c", b"\x37\x22ABCD\x00", b"\x10\x00\x00\x00", b"\x5fEPSON\x00", b"\x13"]
)


@given(st.lists(ANSWERS, max_size=20), st.lists(st.integers(1, 5), max_size=5))
def test_answers_are_the_same_in_any_pieces(answers: list[bytes], sizes: list[int]) -> None:
    data = b"".join(answers)
    pieces = Classifier()
    found = [answer for chunk in wires.chunks(data, sizes) for answer in pieces.feed(chunk)]
    assert found == list(Classifier().feed(data))


@given(st.binary(max_size=2000))
def test_any_garbage_is_survived_and_nothing_is_kept(data: bytes) -> None:
    classifier = Classifier()
    list(classifier.feed(data))
    classifier.forget()
    assert list(classifier.feed(b"\x12\x37\x22ABCD\x00")) == [Status(0x12), ProcessId(b"ABCD")]


def test_a_block_that_never_ends_does_not_grow() -> None:
    classifier = Classifier()
    assert list(classifier.feed(b"\x5f" + b"A" * 100_000)) == []
    assert len(classifier) <= 100


# What printers do not have


def test_a_line_with_a_rare_character_is_drawn_where_there_is_a_font() -> None:
    slip = compose([Text("张三", 2), Text("𠮷林㐀局", 2), Text("李四")], EPSON, draw_line)
    (paper,) = typeset(slip)
    assert paper.texts == ["张三", "李四"]
    pictures = [row for row in paper.rows if isinstance(row, RasterRow)]
    assert [(row.width, row.height) for row in pictures] == [(24, 24)] * 2
    assert all(any(row.dots) for row in pictures)
    assert b"\xa1\xfe" not in slip


def test_what_no_font_has_stays_marked() -> None:
    assert draw_line("\ud800", 1, False) is None
    assert draw_line("\ue000", 1, False) is None
    (paper,) = typeset(compose([Text("张\ue000三")], EPSON, draw_line))
    assert paper.texts == ["张〓三"]


def test_no_command_of_a_slip_is_longer_than_what_cuts_it_off_can_complete() -> None:
    items = [Text("𠮷" * 24), Code("HTTPS://" + "A" * 120 + ".CN/T/0123456789ABCDEF"), Text("号" * 24, 3)]
    for profile in PROFILES.values():
        buffer = bytearray(compose(items, profile, draw_line))
        while buffer:
            length = measure_command(buffer)
            assert length <= cut_off(profile).count(0), profile.name
            del buffer[:length]
