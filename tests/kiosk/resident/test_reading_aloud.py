"""The kiosk's page read aloud, through the whole hall; and how loud, by the one who controls it."""

import io
import json
import logging
import urllib.request
from types import SimpleNamespace
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from drivers.speaker.earphones import LEVELS, NORMAL, Earphones
from kiosk.resident.reading_aloud import QUIET, ReadingAloud
from ticketing.model import StateError
from wires import wait_until


class Ear(Earphones):
    """Earphones that keep what they are told, and say nothing."""

    def __post_init__(self) -> None:
        self.heard: list[tuple[str, str, int]] = []

    def read(self, sentence: Any, level: int = NORMAL) -> None:
        self.heard.append((sentence.text, sentence.voice, level))

    def hush(self) -> None:
        self.heard.append(("", "", 0))


class Reading:
    """What reads aloud, on a clock in the test's hand."""

    def __init__(self) -> None:
        self.ear = Ear()
        self.seconds = 0.0
        self.aloud = ReadingAloud([self.ear], {"zh": "", "en": "en", "ar": "ar"}, lambda: self.seconds)

    def shows(self, visit: str, *, somebody: bool) -> None:
        view: Any = SimpleNamespace(visit=visit, resident=object() if somebody else None)
        self.aloud.follow(view)


@pytest.fixture
def reading() -> Reading:
    return Reading()


def test_the_volume_is_normal_again_for_the_next_person(reading: Reading) -> None:
    aloud = reading.aloud
    reading.shows("r-1", somebody=False)
    for _ in range(9):
        loudest = aloud.turn("louder")
    assert loudest == LEVELS
    reading.shows("r-2", somebody=True)
    aloud.read("请选择", "zh", "r-2")
    assert reading.ear.heard == [("请选择", "", LEVELS)]
    reading.shows("r-3", somebody=False)
    aloud.read("Lay your card", "en", "r-3")
    assert reading.ear.heard[1:] == [("", "", 0), ("Lay your card", "en", NORMAL)]
    assert [aloud.turn("softer") for _ in range(4)][-1] == 1
    reading.seconds += QUIET + 1
    aloud.read("好", "zh")
    assert reading.ear.heard[-1] == ("好", "", NORMAL)
    assert aloud.turn("softer") < aloud.turn("normal") == NORMAL


def test_what_was_for_a_resident_who_has_left_is_not_read_to_the_next(reading: Reading) -> None:
    reading.shows("r-2", somebody=True)
    reading.shows("r-4", somebody=True)
    with pytest.raises(StateError, match="other_visit"):
        reading.aloud.read("您好，张*三", "zh", "r-2")
    reading.aloud.read("مرحبا", "ar", "r-4")
    reading.aloud.read("hello", "tlh", "r-4")
    assert reading.ear.heard == [("", "", 0), ("مرحبا", "ar", NORMAL), ("", "", 0)]


def post(hall: Any, path: str, body: dict[str, Any]) -> Any:
    head = {"Authorization": f"Bearer {hall.kiosk_token}", "Content-Type": "application/json"}
    asked = urllib.request.Request(f"{hall.url}/api/v1/kiosk/{path}", json.dumps(body).encode(), head)
    with urllib.request.urlopen(asked) as response:
        return json.loads(response.read() or b"null")


def test_the_earphones_of_the_hall_read_what_the_kiosk_asks_for(hall: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    earphones = hall.simulator("earphones")
    assert post(hall, "speak", {"words": "您好，梁试问", "language": "zh"}) is None
    wait_until(lambda: [one.text for one in earphones.said] == ["您好，梁试问"])
    assert post(hall, "volume", {"change": "louder"}) == {"level": NORMAL + 1, "levels": LEVELS}
    assert hall.speaker.said == []
    assert "梁试问" not in caplog.text

    # Who reads the page in large print gets a slip in large print, and the next one does not.
    kiosk = hall.program.hall.kiosk
    for place, (card, large) in enumerate((("wang", True), ("li", False)), 1):
        hall.lay(card)
        wait_until(lambda: kiosk.view().state == "choosing")
        post(hall, "choose", {"service": "tax", "large": large})
        wait_until(lambda place=place: len(hall.printer.papers) == place)
        hall.reader.lift()
        wait_until(lambda: not kiosk.view().card_lies)
        post(hall, "cancel", {})
        wait_until(lambda: kiosk.view().state == "idle")
    enlarged, usual = (Image.open(io.BytesIO(paper.png())) for paper in hall.printer.papers)
    assert enlarged.height > 1.3 * usual.height
    assert [len(zxingcpp.read_barcodes(one)) for one in (enlarged, usual)] == [1, 1]


def test_a_kiosk_without_earphones_reads_nothing_aloud_and_says_so(here: Any) -> None:
    assert here.post("/kiosk/speak", {"words": "请取走小票", "language": "zh"}).status == 204
    assert here.post("/kiosk/volume", {"change": "louder"}).json == {"level": None, "levels": None}
    assert here.post("/kiosk/speak", {"words": "x" * 601, "language": "zh"}).status == 422
