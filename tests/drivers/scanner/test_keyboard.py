"""Scanners that are keyboards, by the bytes that Linux gives for their keys.

The machines that test this have no uinput, so the bytes come through a pipe; taking the device exclusively cannot be
tried there, only that anything else than an input device is refused.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wires
from drivers.errors import OfflineError
from drivers.scanner.driver import Scanner
from drivers.scanner.keyboard import EVENT, KEYS, KeyboardPort, KeyDecoder
from drivers.supervisor import Supervisor

URL = "HTTPS://Q.EXAMPLE.CN/T/0123456789ABCDEF"
LEFT_SHIFT = 42
CODES = {chr(character): (code, bool(shift)) for code in KEYS for shift, character in enumerate(KEYS[code])}
CODES |= {chr(KEYS[code][0]): (code, False) for code in KEYS}


def event(kind: int, code: int, value: int) -> bytes:
    return EVENT.pack(1_764_380_000, 0, kind, code, value)


def typed(text: str) -> bytes:
    """What a scanner's keys are to Linux: EV_MSC and EV_KEY, each report ended by EV_SYN."""
    out = b""
    for character in text:
        code, shift = CODES[character]
        keys = [LEFT_SHIFT, code] if shift else [code]
        for pressed, key in [*((1, key) for key in keys), *((0, key) for key in reversed(keys))]:
            out += event(4, 4, 0x70000 + key) + event(1, key, pressed) + event(0, 0, 0)
    return out


@pytest.fixture
def device(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A pipe that stands for an input device, and its writing end."""
    path = tmp_path / "event-kbd"
    os.mkfifo(path)
    writing = os.open(path, os.O_RDWR)
    yield path, writing
    os.close(writing)


def opened(path: Path) -> KeyboardPort:
    return KeyboardPort(str(path), grab=lambda _descriptor: None)


def test_keys_are_characters_with_and_without_shift() -> None:
    # KEY_H 35, KEY_1 2, KEY_SLASH 53 and KEY_ENTER 28 of linux/input-event-codes.h
    down = [event(1, code, 1) + event(1, code, 0) for code in (35, 2, 53, 28)]
    shift, no_shift = event(1, LEFT_SHIFT, 1), event(1, LEFT_SHIFT, 0)
    assert KeyDecoder().receive(b"".join(down)) == b"h1/\r"
    assert KeyDecoder().receive(shift + b"".join(down) + no_shift + down[0]) == b"H!?\rh"
    every = "".join(chr(character) for pair in KEYS.values() for character in pair)
    assert KeyDecoder().receive(typed(every)).decode() == every


def test_a_key_that_repeats_or_is_unknown_types_nothing_and_lost_events_release_shift() -> None:
    decoder = KeyDecoder()
    assert decoder.receive(event(1, 35, 2) + event(1, 59, 1) + event(1, LEFT_SHIFT, 1)) == b""
    assert decoder.receive(event(0, 3, 0) + event(1, 35, 1)) == b"h"


@given(st.text(st.sampled_from(sorted(CODES)), max_size=20), st.lists(st.integers(1, 40), max_size=6))
def test_text_comes_out_the_same_in_any_chunks(text: str, cuts: list[int]) -> None:
    decoder = KeyDecoder()
    assert b"".join(decoder.receive(chunk) for chunk in wires.chunks(typed(text), cuts)).decode() == text


@given(st.binary(max_size=500), st.lists(st.integers(1, 40), max_size=6))
def test_any_bytes_are_keys_or_none(garbage: bytes, cuts: list[int]) -> None:
    decoder = KeyDecoder()
    for chunk in wires.chunks(garbage, cuts):
        assert decoder.receive(chunk).isascii()
        assert len(decoder._rest) < EVENT.size


def test_a_code_is_read_and_a_scanner_that_is_pulled_out_is_offline(device: tuple[Path, int]) -> None:
    path, writing = device
    lines: list[str] = []
    supervisor = Supervisor("scanner", "scanner", lambda: opened(path), Scanner(lines.append), wires.now)
    supervisor.start()
    try:
        wires.wait_until(lambda: supervisor.state.state == "online")
        os.write(writing, typed(URL + "\r"))
        wires.wait_until(lambda: lines == [URL])
        # One without a suffix
        os.write(writing, typed(URL))
        wires.wait_until(lambda: lines == [URL, URL])
    finally:
        supervisor.stop()


def test_what_is_gone_says_so(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pulled")
    port = opened(tmp_path / "pulled")
    os.close(os.open(tmp_path / "pulled", os.O_WRONLY))
    with pytest.raises(OfflineError, match="unplugged"):
        port.read(0.1)
    port.close()
    port.close()


def _absent(tmp_path: Path) -> Path:
    return tmp_path / "nothing"


def _no_input_device(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.mark.parametrize(("made", "detail"), [(_absent, ""), (_no_input_device, "is no input device")])
def test_what_cannot_be_taken_says_why(tmp_path: Path, made: Callable[[Path], Path], detail: str) -> None:
    with pytest.raises(OfflineError) as caught:
        KeyboardPort(str(made(tmp_path)))
    assert caught.value.reason == "not_found"
    assert caught.value.detail.endswith(detail)
