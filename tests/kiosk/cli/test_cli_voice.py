"""``quhao voice make``: real espeak-ng and other programs, into a real folder."""

import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drivers.speaker.sound import RATE, read_wav, write_wav
from kiosk.cli.main import quhao
from kiosk.opening import open_office_parts, rules_of
from kiosk.settings import load
from offices import MORNING, SERVICES, WINDOWS
from speaking import tone
from ticketing.office import Office

CONFIG = """
[hall]
id = "test"
name = "西城区综合行政服务中心"
[[devices]]
name = "speaker"
driver = "speaker"
port = "sim:"
clips = "clips"
{more}
[[services]]
id = "licence"
name = "营业执照"
prefix = "A"
[[windows]]
id = "1"
name = "1号窗口"
[[windows]]
id = "12"
name = "12号窗口"
"""
ZH = [*"A零一二三四五六七八九十", "号", "请到", "号窗口"]


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    return tmp_path / "clips"


def voice_make(folder: Path, *options: str, more: str = "") -> Result:
    (folder / "quhao.toml").write_text(CONFIG.format(more=more), "utf-8")
    return CliRunner().invoke(quhao, ["--config", str(folder / "quhao.toml"), "voice", "make", *options])


def program(folder: Path, script: str) -> str:
    path = folder / "synthesizer"
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)
    return str(path)


def made(folder: Path) -> dict[str, bytes]:
    return {place.stem: place.read_bytes() for place in folder.glob("made/*")}


def test_every_clip_the_hall_needs_is_made_once_and_none_that_was_recorded(tmp_path: Path, clips: Path) -> None:
    (clips / "zh").mkdir(parents=True)
    recorded = clips / "zh" / "请到.wav"
    recorded.write_bytes(b"as it was recorded")
    done = voice_make(tmp_path, more='languages = ["zh", "en"]')
    assert done.exit_code == 0, done.output
    assert "15 clips, 1 recorded, 14 made" in done.output
    assert "13 clips, 0 recorded, 13 made" in done.output
    assert sorted(made(clips / "zh")) == sorted(set(ZH) - {"请到"})
    assert recorded.read_bytes() == b"as it was recorded"
    for wav in (*made(clips / "zh").values(), *made(clips / "en").values()):
        assert 0.1 < len(read_wav(wav)) / RATE < 2
    assert 1 < len(read_wav((clips / "made" / "chime.wav").read_bytes())) / RATE < 2
    before = made(clips / "zh")
    again = voice_make(tmp_path, "--language", "zh", "--program", "/nowhere")
    assert again.exit_code == 0
    assert "15 clips, 1 recorded, 0 made" in again.output
    assert made(clips / "zh") == before


def test_a_dry_run_says_what_to_record_and_makes_nothing(tmp_path: Path, clips: Path) -> None:
    done = voice_make(tmp_path, "--dry-run", more="chime = false")
    assert f"缺 missing  {clips / 'zh' / '请到.wav'}  请到\n" in done.output
    assert "15 clips, 0 recorded, 15 to make" in done.output
    assert "chime" not in done.output
    assert not clips.exists()


def test_a_hall_with_a_store_needs_the_clips_of_its_windows_there(tmp_path: Path) -> None:
    assert voice_make(tmp_path, "--dry-run").exit_code == 0
    settings = load(tmp_path / "quhao.toml")
    store, vault, _ = open_office_parts(settings, exclusive=True)
    office = Office(store, vault, rules_of(settings), settings.hall.zone, lambda: MORNING, "box")
    office.seed(SERVICES, WINDOWS)
    store.close()
    done = voice_make(tmp_path, "--dry-run", "--language", "zh")
    names = [Path(line.split("  ")[1]).stem for line in done.output.splitlines() if line.startswith("缺")]
    # Of its services, A and B, and its windows, 1 to 3; window 12 of the settings is none of them.
    assert names == ["chime", *"A零一二三四五六七八九", "号", "请到", "号窗口", "B"]


def test_any_program_that_reads_a_line_and_writes_a_wav_file_will_do(tmp_path: Path, clips: Path) -> None:
    (tmp_path / "tone.wav").write_bytes(write_wav(tone(0.4)))
    (clips / "sichuan").mkdir(parents=True)
    (clips / "sichuan" / "language.toml").write_text('like = "zh"\nsay = { A = "诶" }\n', "utf-8")
    other = program(tmp_path, f'read words; echo "$1 $words" >> {tmp_path}/lines; cat {tmp_path}/tone.wav')
    done = voice_make(tmp_path, "--language", "sichuan", "--program", f"{other} 'fast one'")
    assert done.exit_code == 0, done.output
    lines = (tmp_path / "lines").read_text("utf-8").splitlines()
    assert lines[0] == "fast one 诶"
    assert len(lines) == len(made(clips / "sichuan")) == 15


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo no", "is no WAV file"),
        ("exit 0", "Speech could not be made"),
        ("echo out of breath >&2; exit 3", "out of breath"),
        (f"head -c 44 {os.devnull}; printf RIFF0000WAVE", "without sound"),
    ],
)
def test_a_program_that_fails_is_named_with_the_clip_and_leaves_nothing(
    tmp_path: Path, clips: Path, script: str, words: str
) -> None:
    done = voice_make(tmp_path, "--program", program(tmp_path, script))
    assert done.exit_code == 1
    assert done.output.splitlines()[-1].startswith("Error: A: ")
    assert words in done.output
    assert made(clips / "zh") == {}


def test_a_program_that_is_not_there_and_quotes_that_do_not_close_are_said_so(tmp_path: Path) -> None:
    assert "/nowhere/tts" in voice_make(tmp_path, "--program", "/nowhere/tts -x").output
    assert "unmatched quote" in voice_make(tmp_path, "--program", "espeak-ng '").output


def test_a_disk_that_is_full_is_said_so_and_no_half_clip_is_left(tmp_path: Path, clips: Path) -> None:
    (clips / "zh").mkdir(parents=True)
    (clips / "zh" / "made").symlink_to("/proc/self")
    done = voice_make(tmp_path, more="chime = false")
    assert done.exit_code == 1
    assert "cannot be written" in done.output


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"clips": ""}, 'clips = "folder"'),
        ({"options": ("--language", "fr")}, "there is no"),
    ],
)
def test_without_clips_or_language_there_is_nothing_to_make(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    (tmp_path / "quhao.toml").write_text(
        CONFIG.format(more="").replace('clips = "clips"', "" if "clips" in change else 'clips = "clips"'), "utf-8"
    )
    command = ["--config", str(tmp_path / "quhao.toml"), "voice", "make", *change.get("options", ())]
    done = CliRunner().invoke(quhao, command)
    assert done.exit_code == 1
    assert words in done.output
