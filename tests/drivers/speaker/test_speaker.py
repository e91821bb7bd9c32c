"""The voice: real espeak-ng, real aplay on ALSA's null device, and a loudspeaker that keeps what it plays."""

import threading
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.errors import OfflineError
from drivers.simulators.speaker import SpeakerSimulator
from drivers.speaker.alsa import AlsaPlayer
from drivers.speaker.driver import LONGEST, Speaker
from speaking import running
from wires import SpyLink, wait_until

CALL = "A零零一号,请到三号窗口"


@pytest.fixture
def loudspeaker(tmp_path: Path) -> Iterator[SpeakerSimulator]:
    simulator = SpeakerSimulator(tmp_path / "said")
    simulator.start()
    yield simulator
    simulator.stop()


def program(folder: Path, name: str, script: str) -> Path:
    """A program that stands in for one that is broken; espeak-ng itself cannot be made to hang."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)
    return path


def seconds(wav: Path) -> float:
    with wave.open(str(wav), "rb") as sound:
        return sound.getnframes() / sound.getframerate()


def test_a_call_is_spoken_as_sound(loudspeaker: SpeakerSimulator) -> None:
    speaker = Speaker()
    with running(speaker, loudspeaker.open_player):
        speaker.say(CALL)
        wait_until(lambda: loudspeaker.said)
    assert loudspeaker.said[0].text == CALL
    assert 2 < seconds(loudspeaker.said[0].wav) < 8


def test_announcements_are_said_in_order_and_never_two_at_once(loudspeaker: SpeakerSimulator) -> None:
    at_once, most = [0], [0]
    play = loudspeaker.play

    class Watched:
        def play(self, wav: Path, text: str, stopping: threading.Event) -> None:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
            play(wav, text, stopping)
            at_once[0] -= 1

        def present(self) -> bool:
            return True

        def close(self) -> None:
            pass

    speaker = Speaker()
    texts = [f"{number}号" for number in "一二三四五六"]
    with running(speaker, Watched):
        for text in texts:
            clerk = threading.Thread(target=speaker.say, args=(text,))
            clerk.start()
            clerk.join()
        wait_until(lambda: len(loudspeaker.said) == 6)
    assert [one.text for one in loudspeaker.said] == texts
    assert most == [1]


def test_what_already_waits_is_not_said_twice_but_can_be_said_again_later(loudspeaker: SpeakerSimulator) -> None:
    speaker = Speaker()
    for text in ("一号", "二号", "一号", "一号"):
        speaker.say(text)
    with running(speaker, loudspeaker.open_player):
        wait_until(lambda: len(loudspeaker.said) == 2)
        speaker.say("一号")
        wait_until(lambda: len(loudspeaker.said) == 3)
    assert [one.text for one in loudspeaker.said] == ["一号", "二号", "一号"]


def test_a_sentence_is_repeated_as_often_as_the_hall_wants(loudspeaker: SpeakerSimulator) -> None:
    speaker = Speaker(repeats=2)
    speaker.say("一号")
    with running(speaker, loudspeaker.open_player):
        wait_until(lambda: len(loudspeaker.said) == 2)


def test_the_backlog_is_bounded_and_leaves_out_the_oldest(loudspeaker: SpeakerSimulator) -> None:
    speaker = Speaker(backlog=3)
    for number in range(10):
        speaker.say(str(number))
    assert speaker.waiting == 3
    with running(speaker, loudspeaker.open_player):
        wait_until(lambda: len(loudspeaker.said) == 3)
    assert [one.text for one in loudspeaker.said] == ["7", "8", "9"]


def test_calls_of_long_ago_are_left_out(loudspeaker: SpeakerSimulator) -> None:
    at = 1000.0
    speaker = Speaker(patience=60.0, clock=lambda: at)
    speaker.say("old")
    at += 61.0
    with running(speaker, loudspeaker.open_player):
        speaker.say("new")
        wait_until(lambda: loudspeaker.said)
        wait_until(lambda: speaker.waiting == 0)
    assert [one.text for one in loudspeaker.said] == ["new"]


@pytest.mark.parametrize(
    "text",
    [
        "-v en --help",
        "--version",
        "$(touch pwned); `id`",
        "\x1b[2J\x00号",
        "[[f@n'Etiks]]",
        "𠮷\udfb7号",
        "",
        "号" * 5000,
    ],
)
def test_any_text_is_only_ever_spoken(text: str, loudspeaker: SpeakerSimulator) -> None:
    speaker = Speaker()
    with running(speaker, loudspeaker.open_player) as supervisor:
        speaker.say(text)
        wait_until(lambda: loudspeaker.said or supervisor.state.state == "fault")
        speaker.say("三号")
        wait_until(lambda: [one for one in loudspeaker.said if one.text == "三号"])
        wait_until(lambda: supervisor.state.state == "online")
    assert not Path("pwned").exists()
    assert all(len(one.text) <= LONGEST for one in loudspeaker.said)


def test_real_aplay_plays_to_the_null_device() -> None:
    speaker = Speaker()
    speaker.say("一号")
    with running(speaker, lambda: AlsaPlayer("null")) as supervisor:
        wait_until(lambda: supervisor.state.state == "online" and not speaker.waiting)


def test_a_missing_sound_card_is_said_so() -> None:
    with running(Speaker(), lambda: AlsaPlayer("plughw:77")) as supervisor:
        wait_until(lambda: supervisor.state.reason == "no_sound_card")
        assert supervisor.state.state == "offline"
        assert supervisor.state.detail.startswith("plughw:77")


def test_a_missing_espeak_is_said_so_and_found_once_it_is_installed(
    tmp_path: Path, loudspeaker: SpeakerSimulator
) -> None:
    missing = tmp_path / "espeak"
    speaker = Speaker(program=(str(missing),))
    with running(speaker, loudspeaker.open_player) as supervisor:
        wait_until(lambda: supervisor.state.reason == "not_installed")
        speaker.say(CALL)
        program(tmp_path, "espeak", "exec espeak-ng -b 1 --stdin --stdout")
        wait_until(lambda: loudspeaker.said)
        wait_until(lambda: supervisor.state.state == "online")


def test_a_missing_aplay_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OfflineError, match="not_installed: aplay"):
        AlsaPlayer()


def test_a_sound_card_used_by_another_program_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "aplay", 'echo "aplay: main:831: audio open error: Device or resource busy" >&2; exit 1')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(OfflineError) as caught:
        AlsaPlayer()
    assert caught.value.reason == "busy"


def test_a_voice_that_does_not_exist_is_a_fault_that_names_it(loudspeaker: SpeakerSimulator) -> None:
    speaker = Speaker(voice="nosuch")
    speaker.say(CALL)
    with running(speaker, loudspeaker.open_player) as supervisor:
        wait_until(lambda: supervisor.state.state == "fault")
        assert supervisor.state.reason == "no_voice"
        assert "nosuch" in supervisor.state.detail
        speaker.say(CALL, voice="cmn-latn-pinyin")
        wait_until(lambda: supervisor.state.state == "online")


def test_a_pulled_sound_card_is_noticed_and_the_call_is_said_when_it_is_back(loudspeaker: SpeakerSimulator) -> None:
    speaker = Speaker()
    with running(speaker, loudspeaker.open_player) as supervisor:
        wait_until(lambda: supervisor.state.state == "online")
        loudspeaker.unplug()
        wait_until(lambda: supervisor.state.reason == "no_sound_card")
        speaker.say(CALL)
        loudspeaker.plug_in()
        wait_until(lambda: loudspeaker.said)
        assert [one.text for one in loudspeaker.said] == [CALL]


def test_a_call_that_broke_off_is_said_again(tmp_path: Path) -> None:
    loudspeaker = SpeakerSimulator(tmp_path, paced=True)
    # So often that it is not over by the time the plug is pulled.
    speaker = Speaker(repeats=20)
    speaker.say(CALL)
    with running(speaker, loudspeaker.open_player) as supervisor:
        wait_until(lambda: loudspeaker.said)
        loudspeaker.unplug()
        wait_until(lambda: supervisor.state.state == "offline")
        before = len(loudspeaker.said)
        loudspeaker.plug_in()
        wait_until(lambda: len(loudspeaker.said) > before)
    assert {one.text for one in loudspeaker.said} == {CALL}


def test_the_voice_stops_at_once_in_the_middle_of_a_sentence(tmp_path: Path) -> None:
    loudspeaker = SpeakerSimulator(tmp_path, paced=True)
    # It would take minutes to its end.
    speaker = Speaker(repeats=50)
    speaker.say(CALL)
    with running(speaker, loudspeaker.open_player) as supervisor:
        wait_until(lambda: loudspeaker.said)
        supervisor.stop(30.0)
        assert not supervisor._thread.is_alive()


def test_a_program_that_hangs_is_ended_when_the_voice_stops(tmp_path: Path, loudspeaker: SpeakerSimulator) -> None:
    started = tmp_path / "started"
    slow = program(tmp_path, "espeak", f"touch {started}; exec sleep 600")
    link = SpyLink()
    speaker = Speaker(program=(str(slow),))
    speaker.say(CALL)
    thread = threading.Thread(target=speaker.serve, args=(loudspeaker.open_player(), link))
    thread.start()
    wait_until(started.exists)
    link.stopping.set()
    thread.join(30.0)
    assert not thread.is_alive()
    assert loudspeaker.said == []


def test_the_simulator_keeps_the_newest_sounds_and_tells_of_each(tmp_path: Path) -> None:
    changes: list[int] = []
    loudspeaker = SpeakerSimulator(tmp_path, on_change=lambda: changes.append(1))
    (tmp_path / "given").write_bytes(b"sound")
    for number in range(205):
        loudspeaker.play(tmp_path / "given", str(number), threading.Event())
    assert len(changes) == 205
    assert [one.wav.exists() for one in loudspeaker.said] == [False] * 5 + [True] * 200
