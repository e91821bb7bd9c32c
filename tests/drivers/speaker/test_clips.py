"""Calls joined from clips, played by real aplay into a file; and what happens where a clip is missing."""

import itertools
import threading
import time
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.simulators.speaker import SpeakerSimulator
from drivers.speaker.alsa import AlsaPlayer, NoPlayer
from drivers.speaker.clips import Clips
from drivers.speaker.driver import Sentence, Speaker
from drivers.speaker.sound import RATE, join, read_wav, silence, write_wav
from speaking import running, tone
from wires import wait_until

NAMES = ("A", "零", "一", "号", "请到", "三", "号窗口")
CALL = Sentence("A零一号,请到三号窗口", "", "zh", ("A", "零", "一", "号", ",", "请到", "三", "号窗口"))
CLIP = 0.15
"""Seconds of each clip."""


@pytest.fixture
def clips(tmp_path: Path) -> Clips:
    """A hall's recordings: each word is a tone of its own, with silence around it."""
    found = Clips(tmp_path / "clips")
    for index, name in enumerate(NAMES):
        record(found, "zh", name, tone(CLIP, pitch=400 + 50 * index))
    return found


def record(clips: Clips, language: str, name: str, samples: "array[int]", *, made: bool = False) -> Path:
    place = clips.place(language, name, made=made)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(write_wav(join([silence(0.2), samples, silence(0.3)])))
    return place


@pytest.fixture
def loudspeaker(tmp_path: Path) -> Iterator[SpeakerSimulator]:
    simulator = SpeakerSimulator(tmp_path / "said", stuck_after=0.3)
    simulator.start()
    yield simulator
    simulator.stop()


def longest_gap(samples: "array[int]") -> float:
    """Seconds of the longest silence between two sounds."""
    loud = [index for index, value in enumerate(samples) if abs(value) > 300]
    return max(after - before for before, after in itertools.pairwise(loud)) / RATE


def heard(wav: Path) -> "array[int]":
    return read_wav(wav.read_bytes())


def test_real_aplay_plays_the_joined_clips_without_long_gaps(
    tmp_path: Path, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = tmp_path / "played.wav"
    (tmp_path / "alsa.conf").write_text(
        f'</usr/share/alsa/alsa.conf>\npcm.tofile {{ type file slave.pcm "null" file "{played}" format "wav" }}\n'
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "alsa.conf"))
    record(clips, "", "chime", tone(0.3))
    speaker = Speaker(clips=clips, program=("/nowhere",))
    long = 0.3 + 7 * CLIP
    with running(speaker, lambda: AlsaPlayer("tofile")) as supervisor:
        speaker.announce("A01", [CALL])
        wait_until(lambda: played.exists() and played.stat().st_size > long * RATE * 2)
        wait_until(lambda: not speaker.waiting)
        assert supervisor.state.state == "online"
    samples = heard(played)
    assert long < len(samples) / RATE < long + 0.8
    assert longest_gap(samples) < 0.2


def test_clips_need_no_synthesizer_and_are_said_in_every_language(loudspeaker: SpeakerSimulator, clips: Clips) -> None:
    for name in ("A", "1", "please"):
        record(clips, "en", name, tone(CLIP))
    english = Sentence("A 1, please", "en", "en", ("A", "1", ",", "please"))
    speaker = Speaker(clips=clips, program=("/nowhere",), repeats=2)
    with running(speaker, loudspeaker.open_player):
        speaker.announce("A01", [CALL, english])
        wait_until(lambda: len(loudspeaker.said) == 2)
    assert [one.text for one in loudspeaker.said] == ["A零一号,请到三号窗口 / A 1, please"] * 2
    samples = heard(loudspeaker.said[0].wav)
    assert 10 * CLIP < len(samples) / RATE < 10 * CLIP + 1
    assert longest_gap(samples) < 0.25


def test_a_missing_clip_is_said_by_the_synthesizer_and_named_until_it_is_recorded(
    loudspeaker: SpeakerSimulator, clips: Clips
) -> None:
    place = clips.place("zh", "三")
    place.unlink()
    speaker = Speaker(clips=clips)
    with running(speaker, loudspeaker.open_player) as supervisor:
        speaker.announce("A01", [CALL])
        wait_until(lambda: loudspeaker.said)
        wait_until(lambda: supervisor.state.detail == "clips_missing zh/三")
        assert supervisor.state.state == "online"
        assert len(heard(loudspeaker.said[0].wav)) / RATE > 1.5
        record(clips, "zh", "三", tone(CLIP))
        wait_until(lambda: supervisor.state.detail == "")
        speaker.announce("A01", [CALL])
        wait_until(lambda: len(loudspeaker.said) == 2)
    assert len(heard(loudspeaker.said[1].wav)) / RATE < 7 * CLIP + 0.8


def test_what_is_needed_and_not_there_is_named_before_it_is_missed(loudspeaker: SpeakerSimulator, clips: Clips) -> None:
    speaker = Speaker(clips=clips)
    speaker.expect([("zh", "A"), *(("zh", f"{number}") for number in range(20))])
    with running(speaker, loudspeaker.open_player) as supervisor:
        wait_until(lambda: supervisor.state.detail.startswith("clips_missing zh/0, zh/1,"))
        assert supervisor.state.detail.endswith(" (+8)")
        speaker.expect([("zh", "A")])
        wait_until(lambda: supervisor.state.detail == "")


def test_without_clip_and_synthesizer_the_sentence_is_a_fault_and_other_languages_are_said(
    loudspeaker: SpeakerSimulator, clips: Clips
) -> None:
    speaker = Speaker(clips=clips, program=("/nowhere",))
    with running(speaker, loudspeaker.open_player) as supervisor:
        speaker.announce("A01", [Sentence("A 1", "en", "en", ("A", "1")), CALL])
        wait_until(lambda: supervisor.state.state == "fault")
        assert supervisor.state.reason == "not_installed"
        assert len(loudspeaker.said) == 1
        speaker.announce("A02", [CALL])
        wait_until(lambda: supervisor.state.state == "online")


def test_a_file_that_is_no_sound_is_named_with_what_is_wrong(loudspeaker: SpeakerSimulator, clips: Clips) -> None:
    clips.place("zh", "三").write_bytes(b"ID3 an MP3 by another name")
    speaker = Speaker(clips=clips)
    with running(speaker, loudspeaker.open_player) as supervisor:
        speaker.announce("A01", [CALL])
        wait_until(lambda: supervisor.state.detail == "clips_missing zh/三.wav is no WAV file")
        wait_until(lambda: loudspeaker.said)


def test_a_recording_is_heard_instead_of_what_was_made(clips: Clips) -> None:
    made = record(clips, "zh", "七", tone(1), made=True)
    assert clips.find("zh", "七") == made
    recorded = record(clips, "zh", "七", tone(0.1))
    assert clips.find("zh", "七") == recorded
    assert len(clips.load("zh", "七") or ()) / RATE < 0.2


@pytest.mark.parametrize("name", ["../../etc/passwd", ".hidden", "a/b", "x" * 300, "nul\0"])
def test_no_name_leads_out_of_the_folder(clips: Clips, name: str) -> None:
    place = clips.place("zh", name)
    assert place.parent == clips.folder / "zh"
    assert not place.name.startswith(".")
    assert clips.find("zh", name) is None


def test_a_number_that_is_called_to_another_window_is_said_for_the_last_one_alone(
    loudspeaker: SpeakerSimulator, clips: Clips
) -> None:
    speaker = Speaker(clips=clips)
    for about, text in (("A01", "A01 to 1"), ("B01", "B01 to 2"), ("A01", "A01 to 3"), ("B01", "B01 to 2")):
        speaker.announce(about, [Sentence(text)])
    with running(speaker, loudspeaker.open_player):
        wait_until(lambda: len(loudspeaker.said) == 2)
    assert [one.text for one in loudspeaker.said] == ["B01 to 2", "A01 to 3"]


def test_silent_calling_needs_no_sound_card_and_says_that_it_is_meant() -> None:
    speaker = Speaker(silent=True, program=("/nowhere",))
    with running(speaker, NoPlayer) as supervisor:
        speaker.announce("A01", [CALL])
        wait_until(lambda: supervisor.state.state == "online")
        assert supervisor.state.detail == "silent_calling"
        assert (speaker.waiting, speaker.test("", [])) == (0, "silent_calling")


def test_quiet_hours_and_a_language_that_cannot_be_used_are_told(loudspeaker: SpeakerSimulator) -> None:
    speaker = Speaker(unusable="ug: there is no file")
    with running(speaker, loudspeaker.open_player) as supervisor:
        wait_until(lambda: supervisor.state.detail == "language_unusable ug: there is no file")
        speaker.hush = "12:00-13:30"
        wait_until(lambda: supervisor.state.detail == "quiet_hours 12:00-13:30")


def test_a_full_disk_is_said_so(tmp_path: Path, loudspeaker: SpeakerSimulator, clips: Clips) -> None:
    class Full(SpeakerSimulator):
        def play(self, wav: Path, text: str, stopping: threading.Event) -> None:
            with Path("/dev/full").open("wb") as full:
                full.write(b"sentence")

    full = Full(tmp_path)
    speaker = Speaker(clips=clips)
    speaker.announce("A01", [CALL])
    with running(speaker, full.open_player) as supervisor:
        wait_until(lambda: supervisor.state.reason == "disk_full")


def test_a_sound_card_of_another_program_and_one_that_takes_no_sound_are_told_apart(
    loudspeaker: SpeakerSimulator, clips: Clips
) -> None:
    speaker = Speaker(clips=clips)
    with running(speaker, loudspeaker.open_player) as supervisor:
        wait_until(lambda: supervisor.state.state == "online")
        for hand, back, reason in (("occupy", "release", "busy"), ("go_silent", "answer", "stuck")):
            said = len(loudspeaker.said)
            loudspeaker.use(hand, {})
            speaker.announce("A01", [CALL])
            wait_until(lambda reason=reason: supervisor.state.reason == reason)  # type: ignore[misc]
            loudspeaker.use(back, {})
            wait_until(lambda said=said: len(loudspeaker.said) > said)  # type: ignore[misc]
            wait_until(lambda: supervisor.state.state == "online")


def test_a_call_is_joined_in_a_moment(tmp_path: Path, clips: Clips) -> None:
    speaker = Speaker(clips=clips)
    said = []

    class Stopwatch(NoPlayer):
        def play(self, wav: Path, text: str, stopping: threading.Event) -> None:
            said.append(time.monotonic() - asked)

    with running(speaker, Stopwatch) as supervisor:
        wait_until(lambda: supervisor.state.state == "online")
        for number in range(5):
            asked = time.monotonic()
            speaker.announce(f"A{number}", [CALL])
            wait_until(lambda number=number: len(said) > number)  # type: ignore[misc]
    # The best of some: a machine may stand still in the middle of one.
    assert min(said[1:]) < 5
