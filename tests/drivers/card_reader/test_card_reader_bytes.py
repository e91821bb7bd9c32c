"""The reader's driver against bytes by hand: what it asks, what it believes, and when it asks again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wires
from drivers.card_reader import sam_v
from drivers.card_reader.events import CardEvent, CardFound, CardRead, CardRefused
from drivers.card_reader.sam import CardReader
from drivers.card_reader.sam_v import Command, SamAnswer
from drivers.errors import DeviceError, OfflineError, ProtocolError
from drivers.simulators.card_reader.cards import CARDS

ZHANG = CARDS[0]
NO_CARD = SamAnswer(0, 0, 0x80)
FOUND = SamAnswer(0, 0, 0x9F, bytes(4))
SELECTED = SamAnswer(0, 0, 0x90, bytes(8))
READ = SamAnswer(0, 0, 0x90, bytes.fromhex("01 00 04 00") + ZHANG.text + ZHANG.photo)
LIES = SamAnswer(0, 0, 0x91)
NONE_LIES = SamAnswer(0, 0, 0x41)


class ByHand:
    """A port on which the test itself is the reader: one list of chunks for each question, and a clock of its own.

    When the answers are used up, the service ends.
    """

    def __init__(self, *answers: list[bytes], unasked: list[bytes] | None = None) -> None:
        self.link = wires.SpyLink()
        self.asked: list[bytes] = []
        self.now = 0.0
        self._answers = iter(answers)
        self._line = list(unasked or [])

    def read(self, timeout: float) -> bytes:
        if not self._line:
            self.now += timeout
            return b""
        return self._line.pop(0)

    def write(self, data: bytes, timeout: float) -> None:
        self.asked.append(data)
        chunks = next(self._answers, None)
        if chunks is None:
            self.link.stopping.set()
        else:
            self._line += chunks

    def close(self) -> None:
        pass

    def serve(self, told: list[CardEvent], **options: float) -> None:
        """Have a driver at work on it until the answers are used up."""
        reader = CardReader(told.append, find_interval=0.001, presence_interval=0.001, **options)
        reader.clock = lambda: self.now
        reader.serve(self, self.link)


def converse(*answers: list[bytes]) -> tuple[list[CardEvent], list[bytes]]:
    """What the driver tells when its questions after the first are answered so, and what it asked."""
    told: list[CardEvent] = []
    port = ByHand(*frames(NONE_LIES), *answers)
    port.serve(told)
    return told, port.asked


def frames(*answers: SamAnswer) -> list[list[bytes]]:
    return [[sam_v.encode_answer(answer)] for answer in answers]


def test_the_questions_are_those_of_the_manual_and_in_its_order() -> None:
    told, asked = converse(*frames(NO_CARD, FOUND, SELECTED, READ, LIES))
    assert [frame.hex() for frame in asked[:6]] == [
        "aaaaaa96690003300330",
        "aaaaaa96690003200122",
        "aaaaaa96690003200122",
        "aaaaaa96690003200221",
        "aaaaaa96690003300132",
        "aaaaaa96690003300330",
    ]
    assert told == [CardFound(), CardRead(ZHANG.card)]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 400), max_size=6), st.binary(max_size=20).filter(lambda noise: b"\x96" not in noise))
def test_answers_in_any_chunks_and_behind_noise_are_read(sizes: list[int], noise: bytes) -> None:
    answers = [
        list(wires.chunks(noise + sam_v.encode_answer(answer), sizes)) for answer in (FOUND, SELECTED, READ, LIES)
    ]
    assert converse(*answers)[0] == [CardFound(), CardRead(ZHANG.card)]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.binary(max_size=300), max_size=4), max_size=6))
def test_garbage_ends_in_a_device_error_at_most(answers: list[list[bytes]]) -> None:
    try:
        told, _ = converse(*answers)
    except DeviceError as error:
        assert error.reason in ("garbled", "silent")
    else:
        assert CardRead(ZHANG.card) not in told


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 255), max_size=8), st.binary(max_size=300))
def test_any_status_to_any_question_ends_in_a_device_error_at_most(statuses: list[int], data: bytes) -> None:
    try:
        converse(*frames(FOUND, SELECTED, *(SamAnswer(0, 0, status, data) for status in statuses)))
    except DeviceError as error:
        assert error.reason in ("garbled", "silent")


def test_noise_that_looks_like_a_long_frame_does_not_swallow_the_answer_behind_it() -> None:
    head = bytes.fromhex("AA AA AA 96 69 09 00")
    told, _ = converse(*([head, frame[0]] for frame in frames(FOUND, SELECTED, READ, LIES)))
    assert told == [CardFound(), CardRead(ZHANG.card)]


def test_a_damaged_answer_is_asked_for_again() -> None:
    told, asked = converse(*frames(FOUND, SELECTED), [sam_v.encode_answer(READ)[:-1] + b"\x00"], *frames(READ, LIES))
    assert told == [CardFound(), CardRead(ZHANG.card)]
    assert asked.count(sam_v.encode_command(Command.READ)) == 2


def test_an_answer_that_breaks_off_is_asked_for_again_before_its_time_is_over() -> None:
    told: list[CardEvent] = []
    port = ByHand(*frames(NONE_LIES, FOUND, SELECTED), [sam_v.encode_answer(READ)[:600]], *frames(READ, LIES))
    port.serve(told, read_timeout=5.0)
    assert told == [CardFound(), CardRead(ZHANG.card)]


def test_a_question_that_came_damaged_is_asked_again() -> None:
    told, asked = converse(*frames(FOUND, SELECTED, SamAnswer(0, 0, 0x10), READ, LIES))
    assert told == [CardFound(), CardRead(ZHANG.card)]
    assert asked.count(sam_v.encode_command(Command.READ)) == 2


def test_one_spoilt_look_does_not_make_two_cards_of_one() -> None:
    told, _ = converse(*frames(FOUND, SELECTED, READ, SamAnswer(0, 0, 0x41), LIES, LIES))
    assert told == [CardFound(), CardRead(ZHANG.card)]


def test_a_late_answer_to_a_find_is_not_taken_for_that_of_the_select() -> None:
    late = sam_v.encode_answer(FOUND)
    told, _ = converse([], *frames(FOUND), [late, sam_v.encode_answer(SELECTED)], *frames(READ, LIES))
    assert told == [CardFound(), CardRead(ZHANG.card)]


def test_a_late_answer_to_a_select_is_not_taken_for_a_card() -> None:
    told, _ = converse(*frames(FOUND), [], [sam_v.encode_answer(SELECTED), sam_v.encode_answer(READ)], *frames(LIES))
    assert told == [CardFound(), CardRead(ZHANG.card)]


def test_an_answer_that_came_before_the_question_is_none() -> None:
    port = ByHand(*frames(NONE_LIES, NO_CARD, NO_CARD), unasked=frames(FOUND)[0])
    told: list[CardEvent] = []
    port.serve(told)
    assert told == []
    assert set(port.asked[1:]) == {sam_v.encode_command(Command.FIND)}


def test_a_line_at_the_wrong_speed_is_garbled_and_not_silent() -> None:
    with pytest.raises(ProtocolError) as caught:
        converse([b"\xf8\x00\x80"], [b"\xff"], [b"\x00\xf0"], [])
    assert caught.value.reason == "garbled"


def test_no_answer_at_all_is_silent() -> None:
    with pytest.raises(OfflineError) as caught:
        converse([], [], [], [])
    assert caught.value.reason == "silent"


def test_a_card_that_lay_while_the_line_was_lost_is_not_read_twice() -> None:
    told: list[CardEvent] = []
    reader = CardReader(told.append, presence_interval=0.001)
    for port in (ByHand(*frames(NONE_LIES, FOUND, SELECTED, READ, LIES)), ByHand(*frames(LIES, LIES))):
        reader.serve(port, port.link)
    assert told == [CardFound(), CardRead(ZHANG.card)]


@pytest.mark.parametrize(
    ("status", "reason"), [(0x80, "card_moved"), (0x81, "card_moved"), (0x91, "reader_error"), (0x77, "reader_error")]
)
def test_a_refusal_that_no_manual_names_is_told_without_waiting_for_another(status: int, reason: str) -> None:
    for answers, told in (
        ((FOUND, SELECTED, SamAnswer(0, 0, status), NO_CARD), [CardFound(), CardRefused(reason)]),
        ((FOUND, SamAnswer(0, 0, status), FOUND, SamAnswer(0, 0, status), NO_CARD), [CardRefused(reason)]),
    ):
        port = ByHand(*frames(NONE_LIES, *answers))
        events: list[CardEvent] = []
        port.serve(events)
        assert port.now < 1.0
        assert events == told


def test_an_unknown_answer_to_each_find_is_an_answer() -> None:
    _, asked = converse(*frames(*[SamAnswer(0, 0, 0x77)] * 6))
    assert len(asked) == 8


def test_a_refusal_that_may_be_a_late_answer_is_not_believed() -> None:
    late = sam_v.encode_answer(NO_CARD)
    told, _ = converse([], *frames(FOUND, SELECTED), [late, sam_v.encode_answer(READ)], *frames(LIES))
    assert told == [CardFound(), CardRead(ZHANG.card)]


@pytest.mark.parametrize("lies", [LIES, SamAnswer(0, 0, 0x90, bytes(70))])
def test_a_card_that_lies_selected_since_an_earlier_run_is_read(lies: SamAnswer) -> None:
    told: list[CardEvent] = []
    port = ByHand(*frames(lies, READ, LIES))
    port.serve(told)
    assert told == [CardFound(), CardRead(ZHANG.card)]


def test_a_card_of_an_earlier_run_that_cannot_be_read_has_to_be_laid_again() -> None:
    told: list[CardEvent] = []
    port = ByHand(*frames(LIES, SamAnswer(0, 0, 0x41), NO_CARD, NO_CARD))
    port.serve(told)
    assert told == [CardFound(), CardRefused("card_moved")]


def test_an_answer_that_came_while_the_machine_stood_still_is_not_late() -> None:
    class Standing(ByHand):
        """The machine stands still for a minute after each question has gone out, and whenever something was read."""

        def write(self, data: bytes, timeout: float) -> None:
            super().write(data, timeout)
            self.now += 60.0

        def read(self, timeout: float) -> bytes:
            data = super().read(timeout)
            self.now += 60.0 * bool(data)
            return data

    told: list[CardEvent] = []
    answers = (NONE_LIES, FOUND, SELECTED, READ, LIES)
    port = Standing(*(list(wires.chunks(sam_v.encode_answer(one), [9])) for one in answers))
    port.serve(told)
    assert told == [CardFound(), CardRead(ZHANG.card)]
    assert len(port.asked) == 6
