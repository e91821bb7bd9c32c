"""The simulated printer: it behaves on its socket as the manuals say, and its paper can be read by a scanner."""

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import zxingcpp
from PIL import Image

import wires
from drivers.port import open_port
from drivers.printer.escpos import PROFILES, Code, Gap, Rule, Text, compose
from drivers.simulators.plug_tcp import PlugTcp
from drivers.simulators.printer.paper import INK, WHITE, Paper, TextRow
from drivers.simulators.printer.simulator import PrinterSimulator
from drivers.simulators.printer.typesetter import typeset

CODE = "HTTPS://Q.EXAMPLE.CN/T/0123456789ABCDEF"
SLIP = compose(
    [Text("政务服务中心", 2), Rule(), Text("A012", 6, bold=True), Code(CODE), Text("Scan 扫码")], PROFILES["epson"]
)


class Host:
    """A program that knows only the protocol."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self._socket = socket.create_connection((where.hostname, where.port), 30.0)

    def send(self, hexadecimal: str | bytes) -> None:
        self._socket.sendall(bytes.fromhex(hexadecimal) if isinstance(hexadecimal, str) else hexadecimal)

    def ask(self, hexadecimal: str, count: int = 1) -> str:
        self.send(hexadecimal)
        return self.receive(count)

    def receive(self, count: int) -> str:
        data = b""
        while len(data) < count:
            piece = self._socket.recv(count - len(data))
            assert piece, f"hung up after {data.hex(' ')}"
            data += piece
        return data.hex(" ")

    def hears_nothing(self) -> bool:
        self._socket.settimeout(0.1)
        try:
            return not self._socket.recv(1)
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(30.0)

    def is_hung_up(self) -> bool:
        try:
            return self._socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def printer() -> Iterator[PrinterSimulator]:
    simulator = PrinterSimulator()
    simulator.start()
    yield simulator
    simulator.stop()


@pytest.fixture
def host(printer: PrinterSimulator) -> Iterator[Host]:
    host = Host(printer.url)
    yield host
    host.close()


def test_it_answers_questions_of_status_with_the_bits_of_the_manual(printer: PrinterSimulator, host: Host) -> None:
    questions = "100401", "100402", "100403", "100404"
    assert [host.ask(question) for question in questions] == ["12", "12", "12", "12"]
    printer.take_out_paper()
    assert [host.ask(question) for question in questions] == ["1a", "32", "12", "7e"]
    printer.put_in_paper()
    printer.open_cover()
    assert [host.ask(question) for question in questions] == ["1a", "16", "12", "12"]
    printer.close_cover()
    printer.jam_cutter()
    assert [host.ask(question) for question in questions] == ["1a", "52", "1a", "12"]
    printer.jam_cutter(False)
    printer.wear_down_paper()
    assert [host.ask(question) for question in questions] == ["12", "12", "12", "1e"]


def test_it_says_who_it_is(host: Host) -> None:
    assert bytes.fromhex(host.ask("1d4943", 11)) == b"\x5fSIMULATOR\x00"
    assert bytes.fromhex(host.ask("1d4945", 15)) == b"\x5fCHINA GB18030\x00"
    assert host.ask("1d4901") == "20"


@pytest.mark.parametrize(
    "command",
    [
        "1b20 04",  # ESC SP
        "1b24 1b40",  # ESC $
        "1b5c 1d56",  # ESC \\
        "1c28 41 0200 3041",  # FS (
        "1d38 4c 06000000 3045 4142 4344",  # GS 8 L
        "1d65 03 1b",  # GS e
        "1c32 fea1" + "41" * 72,  # FS 2
    ],
)
def test_it_knows_how_long_a_command_is(command: str) -> None:
    (paper,) = typeset(bytes.fromhex("1b40" + command) + b"A\n")
    assert paper.texts == ["A"]
    assert paper.faults == []


def test_its_memory_is_cleared_in_real_time(printer: PrinterSimulator, host: Host) -> None:
    printer.paper_lasts(1)
    host.send(SLIP)
    wires.wait_until(lambda: not printer.has_paper)
    assert host.ask("1014 0801 0314 0106 0208", 3) == "37 25 00"
    printer.put_in_paper()
    assert host.ask("1d7201") == "00"
    assert printer.papers == []


def test_its_head_and_its_paper_path_have_bits_of_their_own(printer: PrinterSimulator, host: Host) -> None:
    printer.heat()
    assert [host.ask(question) for question in ("100401", "100402", "100403")] == ["1a", "52", "52"]
    printer.cool()
    printer.jam_paper()
    assert [host.ask(question) for question in ("100401", "100402", "100403")] == ["1a", "52", "32"]


def test_a_question_split_over_two_packets_is_a_question(host: Host) -> None:
    host.send("10")
    host.send("04")
    assert host.ask("01") == "12"


def test_it_answers_in_turn_once_all_before_it_is_printed(printer: PrinterSimulator, host: Host) -> None:
    host.send(SLIP)
    assert host.ask("1d7201") == "00"
    assert host.ask("1d2848 0600 3030 30414237", 7) == "37 22 30 41 42 37 00"
    (slip,) = printer.papers
    assert slip.cut
    assert slip.bytes == SLIP
    assert slip.faults == []


def test_out_of_paper_it_keeps_what_it_is_sent_and_goes_on_with_the_new_roll(
    printer: PrinterSimulator, host: Host
) -> None:
    printer.paper_lasts(2)
    host.send(SLIP + b"\x1dr\x01")
    wires.wait_until(lambda: not printer.has_paper)
    assert host.hears_nothing()
    assert printer.papers == []
    assert printer.unfinished.texts == ["政务服务中心", "───"]
    printer.put_in_paper()
    assert host.receive(1) == "00"
    assert printer.papers[0].texts == ["政务服务中心", "───", "A012", "Scan 扫码"]


def test_it_tells_of_changes_by_itself_once_it_is_asked_to(printer: PrinterSimulator, host: Host) -> None:
    assert host.ask("1d61ff", 4) == "10 00 00 00"
    printer.open_cover()
    assert host.receive(4) == "38 00 00 00"
    printer.close_cover()
    assert host.receive(4) == "10 00 00 00"
    printer.take_out_paper()
    assert host.receive(4) == "18 00 0f 00"


def test_a_printer_that_does_not_know_a_command_prints_its_text(printer: PrinterSimulator, host: Host) -> None:
    printer.process_id = False
    host.send("1d2848 0600 3030 30414237 0a 1d7201")
    host.receive(1)
    assert printer.unfinished.texts == ["H000AB7"]


def test_it_serves_one_host_at_a_time_and_then_the_next(printer: PrinterSimulator, host: Host) -> None:
    assert host.ask("100401") == "12"
    second = Host(printer.url)
    second.send("100401")
    assert second.hears_nothing()
    host.close()
    assert second.receive(1) == "12"
    second.close()


def test_unplugged_it_refuses_hosts_forgets_and_comes_back_at_the_same_address(
    printer: PrinterSimulator, host: Host
) -> None:
    printer.paper_lasts(2)
    host.send(SLIP)
    wires.wait_until(lambda: not printer.has_paper)
    printer.unplug()
    assert host.is_hung_up()
    with pytest.raises(ConnectionRefusedError):
        Host(printer.url)
    assert not printer.plugged
    (torn,) = printer.papers
    assert not torn.cut
    printer.plug_in()
    printer.put_in_paper()
    again = Host(printer.url)
    again.send(SLIP)
    assert again.ask("1d7201") == "00"
    assert printer.papers[-1].texts[0] == "政务服务中心"
    assert printer.papers[-1].cut
    again.close()


def test_it_hangs_up_in_the_middle_of_a_slip(printer: PrinterSimulator, host: Host) -> None:
    printer.hang_up_after(20)
    host.send(SLIP)
    assert host.is_hung_up()
    assert printer.received == 20


def test_silent_it_answers_nothing_and_mute_it_prints(printer: PrinterSimulator, host: Host) -> None:
    printer.silence()
    host.send("100401")
    assert host.hears_nothing()
    printer.silence(False)
    printer.mute()
    host.send(SLIP + b"\x1dr\x01")
    wires.wait_until(lambda: printer.papers)
    assert host.hears_nothing()


def test_it_tells_who_watches_of_every_visible_change() -> None:
    changes: list[int] = []
    printer = PrinterSimulator(on_change=lambda: changes.append(len(printer.papers)))
    printer.start()
    port = open_port(printer.url)
    try:
        port.write(SLIP, 1.0)
        wires.wait_until(lambda: changes and changes[-1] == 1)
        seen = len(changes)
        printer.open_cover()
        assert len(changes) == seen + 1
    finally:
        port.close()
        printer.stop()


def test_a_plug_that_is_pulled_twice_is_out_once() -> None:
    hung_up: list[int] = []
    plug = PlugTcp(lambda _data: None, on_hang_up=lambda: hung_up.append(1))
    plug.start()
    host = Host(plug.url)
    wires.wait_until(lambda: plug.connected)
    plug.unplug()
    plug.unplug()
    assert hung_up == [1]
    assert not plug.send(b"nobody there")
    host.close()
    plug.stop()


def test_what_a_strict_printer_would_not_take_is_noted() -> None:
    (paper,) = typeset("号\n".encode("gbk") + b"\x1b@\x1c&" + "号".encode("gbk") + b"\x01\x1b~\n")
    assert paper.faults == ["ba c5 outside Chinese mode", "control character 01", "unknown command 1b 7e"]


def test_chinese_enlarged_by_both_commands_is_not_enlarged_twice() -> None:
    (paper,) = typeset(b"\x1b@\x1c&\x1d!\x11\x1c!\x0c" + "号A".encode("gbk") + b"\n")
    (row,) = (row for row in paper.rows if isinstance(row, TextRow))
    assert [(glyph.wide, glyph.high, glyph.width) for glyph in row.glyphs] == [(2, 2, 48), (2, 2, 24)]


def test_a_line_wider_than_the_paper_goes_on_in_the_next() -> None:
    (paper,) = typeset(b"\x1b@" + b"A" * 50 + b"\n")
    assert paper.texts == ["A" * 48, "AA"]


@pytest.mark.parametrize("profile", ["epson", "epson-58", "raster-qr"])
def test_a_scanner_reads_the_code_from_the_picture_of_the_paper(profile: str) -> None:
    slip = compose([Text("上"), Code(CODE), Text("下")], PROFILES[profile])
    (paper,) = typeset(slip, PROFILES[profile].width)
    picture = paper.draw()
    assert picture.width == PROFILES[profile].width
    (found,) = zxingcpp.read_barcodes(picture)
    assert found.text == CODE


def test_there_is_white_above_and_below_the_code() -> None:
    (paper,) = typeset(compose([Text("上"), Code(CODE), Text("下")], PROFILES["epson"]))
    picture = paper.draw().convert("L").point(lambda value: 255 * (value < 128))
    (found,) = zxingcpp.read_barcodes(paper.draw())
    top, bottom = found.position.top_left.y, found.position.bottom_left.y
    assert picture.crop((0, top - 24, picture.width, top - 1)).getbbox() is None
    assert picture.crop((0, bottom + 2, picture.width, bottom + 25)).getbbox() is None


def test_sizes_and_places_are_drawn_as_they_are_printed() -> None:
    (paper,) = typeset(compose([Text("██", 3, align="left"), Gap(20), Text("█", 2)], PROFILES["epson"]))
    picture = paper.draw()
    assert picture.size == (576, 24 + 72 + 20 + 48 + 24)
    assert picture.getpixel((3, 60)) == INK
    assert picture.getpixel((140, 60)) == INK
    assert picture.getpixel((150, 60)) == WHITE
    assert picture.getpixel((288, 140)) == INK
    assert picture.getpixel((288 - 30, 140)) == WHITE


def test_without_a_chinese_font_the_paper_says_so_and_the_code_is_still_there(tmp_path: Path) -> None:
    (paper,) = typeset(SLIP)
    bare = Paper(1, 576, rows=paper.rows, fonts=tmp_path).draw()
    assert bare.height == paper.draw().height + 48
    (found,) = zxingcpp.read_barcodes(bare)
    assert found.text == CODE


def test_the_picture_is_a_png(tmp_path: Path) -> None:
    (paper,) = typeset(SLIP)
    file = tmp_path / "slip.png"
    file.write_bytes(paper.png())
    with Image.open(file) as picture:
        assert (picture.format, picture.size) == ("PNG", paper.draw().size)
