"""What a hall's speakers say, on a real office and store."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from display.speech import LanguageError
from drivers.simulators.speaker import SpeakerSimulator
from drivers.speaker.clips import Clips
from drivers.speaker.driver import Speaker
from drivers.speaker.hours import QuietHours
from drivers.supervisor import Supervisor
from kiosk.devices.voice import Voice, language_of
from offices import CLERK, OfficeHall
from ticketing.model import Actor
from ticketing.setup.setup import Setup
from wires import wait_until


class VoicedHall(OfficeHall):
    """A hall whose speakers hear its calls at the test's word."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folder = folder
        self._supervisors: list[Supervisor[SpeakerSimulator]] = []
        self.voices: list[Voice] = []

    def add(self, name: str, speaker: Speaker) -> SpeakerSimulator:
        simulator = SpeakerSimulator(self._folder / name)
        simulator.start()
        self._supervisors.append(Supervisor(name, "speaker", simulator.open_player, speaker, lambda: self.now))
        self._supervisors[-1].start()
        self.voices.append(Voice(self.office, speaker))
        return simulator

    def detail(self, at: int = 0) -> str:
        return self._supervisors[at].state.detail

    def speak(self) -> None:
        """Have every speaker say what was called since."""
        events = self.office.events_after(self._heard, 100)
        self._heard += len(events)
        for voice in self.voices:
            voice.hear(events)
            voice.speak()

    _heard = 0

    def stop(self) -> None:
        for one in self._supervisors:
            one.stop()
        self.close()


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[VoicedHall]:
    hall = VoicedHall(tmp_path)
    yield hall
    hall.stop()


def texts(simulator: SpeakerSimulator) -> list[str]:
    return [one.text for one in simulator.said]


def test_each_speaker_says_the_calls_of_its_own_windows(hall: VoicedHall) -> None:
    upstairs = hall.add("upstairs", Speaker(speed=300, windows=frozenset("1")))
    downstairs = hall.add("downstairs", Speaker(speed=300, windows=frozenset("2")))
    everywhere = hall.add("everywhere", Speaker(speed=300))
    for window in ("1", "2"):
        hall.issue("tax")
        hall.call(window)
    hall.speak()
    first, second = "B零零一号,请到一号窗口", "B零零二号,请到二号窗口"
    wait_until(lambda: len(everywhere.said) == 2 and upstairs.said and downstairs.said)
    assert (texts(upstairs), texts(downstairs), texts(everywhere)) == ([first], [second], [first, second])


def test_a_recall_waits_its_turn_and_what_waits_already_is_said_once(hall: VoicedHall) -> None:
    speaker = Speaker(speed=300)
    for window in ("1", "2"):
        hall.issue("tax")
        hall.call(window)
    hall.voices.append(Voice(hall.office, speaker))
    hall.speak()
    hall.office.recall("1", CLERK)
    hall.speak()
    assert speaker.waiting == 2
    hall.voices.clear()
    loudspeaker = hall.add("one", speaker)
    wait_until(lambda: len(loudspeaker.said) == 2)
    hall.office.recall("1", CLERK)
    hall.speak()
    wait_until(lambda: len(loudspeaker.said) == 3)
    first, second = "B零零一号,请到一号窗口", "B零零二号,请到二号窗口"
    assert texts(loudspeaker) == [first, second, first]


def test_in_quiet_hours_nothing_is_said_and_the_speaker_tells_why(hall: VoicedHall) -> None:
    loudspeaker = hall.add("one", Speaker(speed=300, quiet=(QuietHours.parse("08:00-09:30"),)))
    hall.issue("tax")
    hall.call("1")
    hall.speak()
    wait_until(lambda: hall.detail() == "quiet_hours 08:00-09:30")
    hall.later(minutes=30)
    hall.office.recall("1", CLERK)
    hall.speak()
    wait_until(lambda: loudspeaker.said)
    wait_until(lambda: hall.detail() == "")
    assert texts(loudspeaker) == ["B零零一号,请到一号窗口"]


@pytest.mark.parametrize(
    ("hours", "quiet", "loud"),
    [
        ("12:00-13:30", ["12:00", "13:29"], ["11:59", "13:30"]),
        ("22:00-06:00", ["22:00", "00:00", "05:59"], ["21:59", "06:00"]),
    ],
)
def test_quiet_hours_hold_from_their_first_minute_to_before_their_last(
    hours: str, quiet: list[str], loud: list[str]
) -> None:
    def holds(clock: str) -> bool:
        return QuietHours.parse(hours).hold_at(int(clock[:2]) * 60 + int(clock[3:]))

    assert (all(map(holds, quiet)), any(map(holds, loud))) == (True, False)


def test_silent_calling_says_nothing(hall: VoicedHall) -> None:
    loudspeaker = hall.add("one", Speaker(silent=True))
    hall.issue("tax")
    hall.call("1")
    hall.speak()
    wait_until(lambda: hall.detail() == "silent_calling")
    assert loudspeaker.said == []


def test_a_call_is_said_in_every_language_of_the_speaker_as_its_folder_describes_it(
    hall: VoicedHall, tmp_path: Path
) -> None:
    clips = Clips(tmp_path / "clips")
    (clips.folder / "sichuan").mkdir(parents=True)
    file = clips.folder / "sichuan" / "language.toml"
    loudspeaker = hall.add("one", Speaker(speed=300, clips=clips, languages=("sichuan", "en")))
    hall.issue("tax")
    hall.call("1")
    hall.speak()
    wait_until(lambda: hall.detail().startswith("language_unusable sichuan: there is no"))
    wait_until(lambda: texts(loudspeaker) == ["B 0 0 1, please go to window 1"])
    file.write_text('like = "zh"\ndigits = "零幺二三四五六七八九"\n', "utf-8")
    hall.office.recall("1", CLERK)
    hall.speak()
    wait_until(lambda: texts(loudspeaker)[1:] == ["B零零幺号,请到一号窗口 / B 0 0 1, please go to window 1"])
    wait_until(lambda: hall.detail().startswith("clips_missing"))


def test_where_no_language_can_be_used_a_call_is_said_in_mandarin(hall: VoicedHall) -> None:
    loudspeaker = hall.add("one", Speaker(speed=300, languages=("ug",)))
    hall.issue("tax")
    hall.call("1")
    hall.speak()
    wait_until(lambda: texts(loudspeaker) == ["B零零一号,请到一号窗口"])


def test_clips_that_a_new_window_needs_are_named_before_it_calls(hall: VoicedHall, tmp_path: Path) -> None:
    clips = Clips(tmp_path / "clips")
    here = [(one.id, one.name) for one in hall.office.windows()]
    for name in language_of(None, "zh").clips(["A", "B"], here):
        place = clips.place("zh", name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"")
    hall.add("one", Speaker(clips=clips))
    hall.speak()
    setup = Setup(hall.office.ledger)
    was = setup.read()
    setup.replace(
        replace(was, windows=(*was.windows, replace(was.windows[0], id="4", name="综合窗口"))), Actor("zhao", "manager")
    )
    hall.speak()
    wait_until(lambda: hall.detail() == "clips_missing zh/综合窗口")


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda file: file.write_text("call = ", "utf-8"), "cannot be read"),
        (lambda file: file.write_bytes(b"\xff"), "cannot be read"),
        (lambda file: file.mkdir(), "cannot be read"),
        (lambda file: file.write_text('like = "zh"\nvoices = "x"', "utf-8"), "no key voices"),
    ],
)
def test_a_language_file_that_cannot_be_used_is_refused_in_words(
    tmp_path: Path, write: Callable[[Path], object], words: str
) -> None:
    (tmp_path / "zh").mkdir()
    write(tmp_path / "zh" / "language.toml")
    with pytest.raises(LanguageError, match=f"zh: .*{words}"):
        language_of(tmp_path, "zh")


def test_a_file_saved_by_notepad_is_read(tmp_path: Path) -> None:
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "language.toml").write_bytes('\ufeffvoice = "x"\r\n'.encode())
    assert language_of(tmp_path, "zh").voice == "x"
