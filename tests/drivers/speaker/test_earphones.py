"""The voice in a kiosk's earphones: real espeak-ng, and earphones that keep what they are given to play."""

import logging
import wave
from array import array
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from drivers.simulators.speaker import SpeakerSimulator
from drivers.speaker.clips import Clips
from drivers.speaker.driver import Sentence
from drivers.speaker.earphones import LEVELS, NORMAL, Earphones, parts
from drivers.speaker.sound import write_wav
from kiosk.settings import load
from speaking import running, tone
from wires import wait_until


@pytest.fixture
def socket(tmp_path: Path) -> Iterator[SpeakerSimulator]:
    simulator = SpeakerSimulator(tmp_path / "said", paced=True)
    simulator.start()
    yield simulator
    simulator.stop()


def texts(socket: SpeakerSimulator) -> list[str]:
    return [one.text for one in socket.said]


def samples(wav: Path) -> "array[int]":
    with wave.open(str(wav), "rb") as sound:
        return array("h", sound.readframes(sound.getnframes()))


def test_a_new_sentence_takes_the_place_of_the_one_that_is_read(socket: SpeakerSimulator) -> None:
    earphones = Earphones()
    with running(earphones, socket.open_player):
        earphones.read(Sentence("请选择要办理的业务。" * 20))
        wait_until(lambda: socket.said)
        earphones.read(Sentence("请取走小票"))
        # The first would have taken minutes.
        wait_until(lambda: texts(socket)[-1] == "请取走小票")
    assert len(texts(socket)) < 6


def test_quiet_is_quiet_at_once(socket: SpeakerSimulator) -> None:
    earphones = Earphones()
    with running(earphones, socket.open_player):
        earphones.read(Sentence("请选择要办理的业务。" * 20))
        wait_until(lambda: socket.said)
        earphones.hush()
        earphones.read(Sentence("好"))
        wait_until(lambda: texts(socket)[-1] == "好")
    assert len(texts(socket)) < 6


def test_each_level_is_louder_than_the_one_before_and_the_usual_one_lies_between(socket: SpeakerSimulator) -> None:
    earphones = Earphones()
    loudest = []
    with running(earphones, socket.open_player):
        for level in range(1, LEVELS + 1):
            earphones.read(Sentence("好"), level)
            wait_until(lambda level=level: len(socket.said) == level)
            loudest.append(max(samples(socket.said[-1].wav)))
    assert 1 < NORMAL < LEVELS
    for before, after in pairwise(loudest):
        assert after > 1.5 * before


def test_a_recorded_sentence_is_heard_instead_of_the_synthesizer(socket: SpeakerSimulator, tmp_path: Path) -> None:
    clips = Clips(tmp_path / "clips")
    place = clips.place("zh", "请取走小票")
    place.parent.mkdir(parents=True)
    place.write_bytes(write_wav(tone(0.5)))
    earphones = Earphones(clips=clips)
    with running(earphones, socket.open_player):
        earphones.read(Sentence("请取走小票", "", "zh"))
        wait_until(lambda: socket.said)
    assert 0.4 < len(samples(socket.said[0].wav)) / 22050 < 0.6


def test_a_voice_that_there_is_not_is_told_and_the_words_are_in_no_log(
    socket: SpeakerSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    # A program that complains of what it cannot say, word by word.
    script = 'test "$0" = bad && { cat >&2; exit 1; }; exec espeak-ng -v "$0" -b 1 --stdin --stdout'
    earphones = Earphones(program=("sh", "-c", script, "{voice}"))
    with running(earphones, socket.open_player) as supervisor:
        earphones.read(Sentence("您好，梁试问", "bad"))
        wait_until(lambda: supervisor.state.reason == "no_voice")
        assert supervisor.state.detail == "bad"
        earphones.read(Sentence("您好，梁试问"))
        wait_until(lambda: supervisor.state.reason is None and socket.said)
    assert "梁试问" not in caplog.text


def test_a_long_text_is_read_part_by_part_and_no_word_is_lost() -> None:
    text = "请刷身份证取号。" * 30 + "a" * 500 + "，没带身份证？"
    found = parts(text)
    assert "".join(found) == text
    assert max(map(len, found)) <= 200
    assert parts(" 好 ") == ["好"]
    assert parts("") == []


def test_the_settings_tell_the_socket_at_the_kiosk_from_the_halls_speaker(tmp_path: Path) -> None:
    text = """
    [hall]
    id = "h"
    name = "大厅"
    [[devices]]
    name = "speaker"
    driver = "speaker"
    port = "default"
    [[devices]]
    name = "earphones"
    driver = "speaker"
    port = "plughw:1"
    at = "kiosk"
    program = "piper --model '{voice} 1.onnx'"
    """
    (tmp_path / "quhao.toml").write_text(text, "utf-8")
    hall, kiosk = load(tmp_path / "quhao.toml").devices
    assert isinstance(kiosk.build(lambda _event: None).sinks[0], Earphones)
    assert kiosk.build(lambda _event: None).driver.program == ("piper", "--model", "{voice} 1.onnx")
    assert not isinstance(hall.build(lambda _event: None).sinks[0], Earphones)
