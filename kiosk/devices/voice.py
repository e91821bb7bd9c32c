"""What this box's speakers say: calls, in each speaker's languages, for its windows, outside its quiet hours."""

import logging
import tomllib
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from display import speech
from display.speech import LANGUAGES, MANDARIN, Language, LanguageError, parse_language
from drivers.speaker.driver import Sentence, Speaker
from kiosk.devices.displays import STALE
from ticketing.events import kind_of
from ticketing.model import Event, StoreError
from ticketing.office import Office

log = logging.getLogger(__name__)

LANGUAGE_FILE = "language.toml"


def language_of(clips: Path | None, name: str) -> Language:
    """A language by the name of its folder, as the file in there describes it, if there is one.

    Raises:
        LanguageError: the file cannot be used, or there is neither a file nor a language of this name.
    """
    file = clips / name / LANGUAGE_FILE if clips else None
    try:
        if file is None or not file.exists():
            if name in LANGUAGES:
                return LANGUAGES[name]
            raise LanguageError(f"缺少 {file or LANGUAGE_FILE}", f"there is no {file or LANGUAGE_FILE}")
        return parse_language(name, tomllib.loads(file.read_text("utf-8-sig")))
    except LanguageError as error:
        raise LanguageError(f"{name}：{error.zh}", f"{name}: {error.en}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise LanguageError(f"{name}：读不了 {file}({why})", f"{name}: {file} cannot be read ({why})") from error


class Voice:
    """Says the hall's calls on one speaker.

    Args:
        office: tells the time and the windows' names.
        speaker: what says them; its windows, languages and quiet hours are its settings.
    """

    def __init__(self, office: Office, speaker: Speaker) -> None:
        self._office = office
        self._speaker = speaker
        self._calls: deque[Event] = deque()
        self._is_hall_new = True

    def hear(self, events: Sequence[Event]) -> None:
        """Take new events, in order; called on the event feed's thread."""
        # What a box did while it was cut off is told late: the call was said there.
        self._calls.extend(one for one in events if kind_of(one.type).spoken and not one.data.get("merged"))
        if any(kind_of(event.type).changes_all for event in events):
            self._is_hall_new = True

    def speak(self) -> None:
        """Have the speaker say what was called, and tell it whether it has quiet hours; called once a second at least.

        Raises:
            StoreError: the store does not answer; the calls are kept.
        """
        self._speaker.hush = self._quiet_hours()
        if self._is_hall_new:
            self._is_hall_new = False
            self._expect()
        while self._calls:
            call = self._calls.popleft()
            try:
                self._say(call)
            except StoreError:
                self._calls.appendleft(call)
                raise

    def _expect(self) -> None:
        """Tell the speaker which clips this hall needs."""
        speaker, languages = self._speaker, self._languages()
        if speaker.clips is None or speaker.silent:
            return
        try:
            services, windows = self._office.services(), self._office.windows()
        except StoreError:
            self._is_hall_new = True
            raise
        prefixes = [one.prefix for one in services]
        here = [(one.id, one.name) for one in windows if not speaker.windows or one.id in speaker.windows]
        speaker.expect((one.id, clip) for one in languages for clip in one.clips(prefixes, here))

    def _quiet_hours(self) -> str:
        now = self._office.ledger.now()
        minute = now.hour * 60 + now.minute
        return next((str(one) for one in self._speaker.quiet if one.hold_at(minute)), "")

    def _say(self, call: Event) -> None:
        window, speaker = call.data["window"], self._speaker
        if speaker.windows and window not in speaker.windows:
            return
        if speaker.silent or speaker.hush or self._office.ledger.now() - call.at > STALE:
            return
        name = next((one.name for one in self._office.windows() if one.id == window), None)
        if name is None:
            log.warning("a call to window %s is not said: there is no such window", window)
            return
        number = call.data["number"]
        speaker.announce(number, [_sentence(one, number, name, window) for one in self._languages()])

    def _languages(self) -> list[Language]:
        """The speaker's languages that can be used; their files are read anew, so that a mended one is used at once."""
        folder = self._speaker.clips.folder if self._speaker.clips else None
        found, bad = [], []
        for name in self._speaker.languages:
            try:
                found.append(language_of(folder, name))
            except LanguageError as error:
                bad.append(error.en)
        self._speaker.unusable = "; ".join(bad)
        # Better a call in a language that nobody asked for than none.
        return found or [MANDARIN]


def _sentence(language: Language, number: str, window_name: str, window: str) -> Sentence:
    pieces = language.sentence(number, window_name, window)
    return Sentence(speech.text(pieces), language.voice, language.id, tuple(piece.clip for piece in pieces))
