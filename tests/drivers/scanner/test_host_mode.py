"""Scanners that wait for a command, by the bytes of their makers, and where a scanner may lie."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import wires
from drivers.device import DeviceEvent
from drivers.port import open_port
from drivers.scanner.driver import LineScanned, Scanner, ScannerSettings
from drivers.scanner.lines import LineDecoder
from drivers.scanner.triggers import TRIGGERS, Maker
from drivers.simulators.scanner import ANSWERS, ScannerSimulator
from drivers.supervisor import Supervisor

CODE = "0123456789ABCDEF"


def test_commands_are_those_that_the_makers_scanners_are_sent() -> None:
    assert TRIGGERS["honeywell"].on == b"\x16T\r"
    assert TRIGGERS["honeywell"].off == b"\x16U\r"
    assert TRIGGERS["newland"].on == bytes.fromhex("01 54 04")
    assert TRIGGERS["gm65"].on == bytes.fromhex("7E 00 08 01 00 02 01 AB CD")
    for command in (TRIGGERS["zebra"].on, TRIGGERS["zebra"].off):
        wake_up, packet = command[0], command[1:]
        assert wake_up == 0
        assert -sum(packet[:-2]) & 0xFFFF == int.from_bytes(packet[-2:])


@pytest.mark.parametrize("wire", wires.WIRES[:2])
@pytest.mark.parametrize("maker", get_args(Maker))
def test_it_is_lit_again_after_each_code_and_its_answers_are_no_part_of_it(maker: Maker, wire: Any) -> None:
    scanner = ScannerSimulator(maker=maker)
    lines: list[str] = []
    driver = Scanner(lines.append, maker)
    supervisor = Supervisor("scanner", "scanner", lambda: wire(open_port(scanner.url)), driver, wires.now)
    scanner.start()
    supervisor.start()
    try:
        for times in (1, 2):
            wires.wait_until(lambda: scanner.lit)
            assert scanner.scan(CODE)
            wires.wait_until(lambda times=times: lines == [CODE] * times)  # type: ignore[misc]
    finally:
        supervisor.stop()
        wires.wait_until(lambda: not (scanner.lit and TRIGGERS[maker].off))
        scanner.stop()


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), max_size=6))
def test_garbage_beside_answers_is_lines_in_any_chunks(garbage: bytes, cuts: list[int]) -> None:
    for maker in get_args(Maker):
        whole, cut = (LineDecoder(TRIGGERS[maker].without_answers) for _ in range(2))
        noise = ANSWERS.get(maker, b"\x06") + garbage
        lines = whole.receive(noise) + whole.end()
        assert [line for chunk in wires.chunks(noise, cuts) for line in cut.receive(chunk)] + cut.end() == lines


def settings_of(**more: Any) -> ScannerSettings:
    return ScannerSettings.model_validate({"name": "s", "driver": "scanner", "port": "sim:"} | more)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"window": "3"}, LineScanned("3", "x")),
        ({"at": "kiosk"}, LineScanned("", "x", "kiosk")),
        ({"at": "terminal", "terminal": "hall-1"}, LineScanned("", "x", "terminal", "hall-1")),
    ],
)
def test_a_scanner_tells_where_it_lies(more: dict[str, Any], told: LineScanned) -> None:
    events: list[DeviceEvent] = []
    settings_of(**more).build(events.append).driver._on_line("x")  # type: ignore[attr-defined]
    assert events == [told]


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({}, "window"),
        ({"at": "window", "window": ""}, "window"),
        ({"at": "terminal"}, "terminal"),
        ({"at": "desk", "window": "1"}, "at"),
        ({"window": "3", "port": "evdev:usb-scanner"}, "port"),
        ({"window": "3", "port": "evdev:/dev/input/by-id/x", "maker": "newland"}, "maker"),
    ],
)
def test_what_a_scanner_lacks_is_said_under_its_key(more: dict[str, Any], where: str) -> None:
    with pytest.raises(ValidationError) as caught:
        settings_of(**more)
    assert where in {error["loc"][0] for error in caught.value.errors()}
