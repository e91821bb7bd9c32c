"""What the printer says of itself, in the words of each family, and answers that come late or not at all."""

import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wires
from drivers.errors import OfflineError
from drivers.port import Port
from drivers.printer.doubts import Doubts
from drivers.printer.driver import SOONER, Outcome
from drivers.printer.escpos_status import (
    CASHINO,
    CUSTOM,
    DLE_EOT,
    MASUNG,
    SNBC,
    STANDARD,
    Classifier,
    Count,
    Status,
    find_trouble,
    from_automatic,
    is_near_end,
    read_paper,
    shows,
)
from drivers.printer.line import Line
from drivers.printer.profiles import PROFILES
from drivers.printer.upkeep import MISSED_POLLS, Upkeep
from drivers.supervisor import BACKOFF
from printing_desk import Open, open_desks

CONFIRMED_BY = {"gs_h": ("gs_h",), "gs_r": ("gs_r",), "motor": ("motor", "exit", "counter"), "none": ("none",)}
FAMILIES = ["epson", "snbc", "masung", "cashino", "custom-vkp", "custom-kpm"]


@pytest.fixture
def desk() -> Iterator[Open]:
    yield from open_desks()


class ForgetfulWire(wires.WholeWire):
    """Loses so many of the next answers."""

    lost = 0

    def read(self, timeout: float) -> bytes:
        data = super().read(timeout)
        if data and ForgetfulWire.lost:
            ForgetfulWire.lost -= 1
            return b""
        return data


# Bits of the manuals


@pytest.mark.parametrize(
    ("answer", "trouble", "paper"),
    [
        ("00 00 00 00", None, "ok"),
        ("05 00 00 00", "paper_out", "out"),  # b3: end and near end
        ("04 00 00 00", None, "near_end"),
        ("20 00 00 00", None, "ok"),  # a ticket in the output is no trouble
        ("00 02 00 00", "cover_open", "ok"),
        ("00 01 00 00", "cover_open", "ok"),  # head up
        ("00 0c 00 00", None, "ok"),  # spooling, motor on
        ("00 00 01 00", "head_hot", "ok"),
        ("00 00 40 00", "paper_jam", "ok"),
        ("00 00 08 00", "printer_error", "ok"),  # supply voltage
        ("00 00 00 01", "cutter", "ok"),
        ("00 00 00 40", "printer_error", "ok"),  # flash
    ],
)
def test_the_full_status_of_custom_is_read_from_the_bits_of_its_manuals(
    answer: str, trouble: str | None, paper: str
) -> None:
    (status,) = Classifier(CUSTOM).feed(bytes.fromhex("100f" + answer))
    assert isinstance(status, Status)
    said = {0x14: status.value}
    assert (find_trouble(said, CUSTOM), read_paper(said, CUSTOM)) == (trouble, paper)


def test_custom_counts_in_text_and_epson_in_a_block() -> None:
    assert list(Classifier(CUSTOM).feed(b"2376 cuts")) == [Count(2376)]
    assert list(Classifier().feed(b"\x5f2376\x00")) == [Count(2376)]


@pytest.mark.parametrize(
    ("dialect", "status", "trouble"),
    [
        (MASUNG, {3: 0x32}, "black_mark"),
        (MASUNG, {5: 0x08}, "paper_jam"),
        (MASUNG, {5: 0x80}, "printer_error"),
        (MASUNG, {5: 0x04}, None),  # a ticket in the exit
        (SNBC, {3: 0x16}, "paper_jam"),
        (SNBC, {3: 0x52}, "head_hot"),
        (CASHINO, {1: 0x92}, None),  # a ticket not torn away
        (STANDARD, {3: 0x16}, "printer_error"),
    ],
)
def test_families_have_words_of_their_own(dialect: object, status: dict[int, int], trouble: str | None) -> None:
    assert find_trouble(status, dialect) == trouble  # type: ignore[arg-type]


def test_what_is_not_told_is_unknown_and_not_fine() -> None:
    assert read_paper({}) == "unknown"
    assert read_paper({1: 0x12}) == "unknown"
    assert shows({}, CUSTOM.waiting) is None
    assert shows({4: 0x12}, None) is None


@pytest.mark.parametrize(
    ("automatic", "trouble", "near_end"),
    [
        ("10 00 00 00", None, False),
        ("18 00 0f 00", "paper_out", True),
        ("10 00 03 00", None, True),
        ("38 00 00 00", "cover_open", False),
        ("18 08 00 00", "cutter", False),
        ("18 40 00 00", "head_hot", False),
        ("18 20 00 00", "printer_error", False),
    ],
)
def test_automatic_status_says_the_same_as_polled_status(automatic: str, trouble: str | None, near_end: bool) -> None:
    status = from_automatic(bytes.fromhex(automatic))
    assert (find_trouble(status), is_near_end(status)) == (trouble, near_end)


@given(st.binary(max_size=1000))
def test_any_garbage_of_a_custom_printer_is_survived_and_nothing_is_kept(data: bytes) -> None:
    classifier = Classifier(CUSTOM)
    list(classifier.feed(data))
    assert len(classifier) <= 110
    classifier.forget()
    assert list(classifier.feed(bytes.fromhex("100f04000000"))) == [Status(0x04000000)]


# Every model on its simulator


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_says_where_it_is_from_and_prints_and_cuts_on_its_simulator(desk: Open, name: str) -> None:
    profile = PROFILES[name]  # type: ignore[index]
    assert profile.source
    assert not set(profile.unverified) - set(vars(profile))
    hall = desk(name, process_id=profile.confirm == "gs_h", ack_timeout=1.5)
    outcome = hall.print("A001")
    assert outcome.how in CONFIRMED_BY[profile.confirm]
    wires.wait_until(lambda: hall.simulator.papers)
    (paper,) = hall.simulator.papers
    assert paper.cut
    assert paper.faults == []
    assert "A001" in paper.texts
    assert hall.printer.paper == ("unknown" if profile.confirm == "none" else "ok")


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(
    ("break_it", "mend_it", "reason"),
    [
        ("take_out_paper", "put_in_paper", "paper_out"),
        ("open_cover", "close_cover", "cover_open"),
        ("jam_cutter", "free_cutter", "cutter"),
        ("heat", "cool", "head_hot"),
        ("jam_paper", "clear_jam", "paper_jam"),
    ],
)
def test_every_trouble_is_told_by_its_name_and_ends_with_its_cause(
    desk: Open, name: str, break_it: str, mend_it: str, reason: str
) -> None:
    hall = desk(name, poll_interval=0.05)
    hall.simulator.use(break_it, {})
    told = "printer_error" if reason == "paper_jam" and name in ("epson", "cashino") else reason
    wires.wait_until(lambda: hall.supervisor.state.reason == told)
    assert hall.print() == Outcome("failed", told)
    hall.simulator.use(mend_it, {})
    wires.wait_until(lambda: hall.supervisor.state.state == "online")


@pytest.mark.parametrize("name", FAMILIES)
def test_paper_is_warned_of_before_it_ends(desk: Open, name: str) -> None:
    hall = desk(name, poll_interval=0.05)
    hall.simulator.wear_down_paper()
    wires.wait_until(lambda: hall.supervisor.state.detail == "paper_near_end")
    assert hall.printer.paper == "near_end"
    assert hall.printer.ready is None
    hall.simulator.take_out_paper()
    wires.wait_until(lambda: hall.printer.paper == "out")


def test_a_printer_that_only_tells_by_itself_is_heard(desk: Open) -> None:
    hall = desk(answers=(1,), poll_interval=0.2, answer_timeout=0.2)
    wires.wait_until(lambda: hall.printer.ready is None)
    assert hall.printer.paper == "unknown"
    hall.simulator.noise(b"\x10\x00\x03\x00")
    wires.wait_until(lambda: hall.printer.paper == "near_end")


# The exit


@pytest.mark.parametrize(("name", "retracted"), [("custom-vkp", 1), ("custom-kpm", 0)])
def test_a_slip_that_nobody_takes_goes_in_or_out_after_a_while(desk: Open, name: str, retracted: int) -> None:
    hall = desk(name, take_timeout=60.0, poll_interval=0.05, answer_timeout=3600.0)
    assert hall.print("A001").state == "printed"
    assert hall.simulator.ticket_waits
    wires.wait_until(lambda: hall.clock.skip(5.0) or not hall.simulator.ticket_waits)
    assert hall.simulator.retracted == retracted


def test_a_slip_in_the_presenter_makes_way_for_the_next_one(desk: Open) -> None:
    hall = desk("custom-vkp", poll_interval=0.05)
    assert [hall.print(number).state for number in ("A001", "A002")] == ["printed", "printed"]
    ejected = PROFILES["custom-vkp"].presenter.eject  # type: ignore[union-attr]
    assert [ejected in paper.bytes for paper in hall.simulator.papers] == [False, True]
    assert hall.simulator.retracted == 0
    assert hall.simulator.ticket_waits
    hall.simulator.take_ticket()
    assert hall.print("A003").state == "printed"
    assert ejected not in hall.simulator.papers[-1].bytes


@pytest.mark.parametrize("name", ["cashino", "masung"])
def test_a_slip_left_in_a_plain_mouth_is_told_of(desk: Open, name: str) -> None:
    hall = desk(name, take_timeout=0.2, poll_interval=0.05)
    assert hall.print("A001").state == "printed"
    wires.wait_until(lambda: hall.supervisor.state.detail == "ticket_not_taken")
    assert hall.printer.ready is None
    hall.simulator.take_ticket()
    wires.wait_until(lambda: hall.supervisor.state.detail == "")


# Counters


@pytest.mark.parametrize("name", ["custom-vkp", "citizen"])
def test_the_counter_of_cuts_settles_a_doubt_when_the_printer_is_back(desk: Open, name: str) -> None:
    hall = desk(name, process_id=False, answer_timeout=0.2)
    assert hall.print("A001").state == "printed"
    late: list[Outcome] = []
    second = hall.printer.print(hall.slip("A002"), hall.simulator.mute, late=late.append, patience=60.0)
    assert second.state == "unconfirmed"
    assert late == []
    hall.simulator.mute(False)
    wires.wait_until(lambda: late == [Outcome("printed", None, "counter")])
    assert hall.numbers() == ["A001", "A002"]


def test_a_slip_lost_from_the_memory_of_a_printer_with_a_motor_is_not_taken_for_printed(desk: Open) -> None:
    hall = desk("custom-vkp")
    hall.simulator.paper_lasts(2)
    late: list[Outcome] = []
    printing = hall.print_aside(late=late.append)
    wires.wait_until(lambda: hall.printer.ready == "paper_out")
    assert not printing.done
    hall.simulator.lose_buffer()
    hall.simulator.put_in_paper()
    assert printing.outcome().state == "unconfirmed"
    assert hall.print("A002").state == "printed"
    assert late == []


# A trouble's end


class RememberingWire(wires.WholeWire):
    """Remembers which question of status was asked when."""

    asked: ClassVar[list[tuple[int, float]]] = []

    def write(self, data: bytes, timeout: float) -> None:
        if data.startswith(DLE_EOT):
            RememberingWire.asked.append((data[2], time.monotonic()))
        super().write(data, timeout)


def test_a_printer_in_trouble_is_asked_sooner_than_one_without_and_is_not_hammered(desk: Open) -> None:
    hall = desk("snbc", RememberingWire, poll_interval=3600.0)
    hall.simulator.take_out_paper()
    assert hall.print() == Outcome("failed", "paper_out")
    RememberingWire.asked.clear()

    def first_asked() -> list[float]:
        return [when for question, when in RememberingWire.asked if question == 1]

    # A round in trouble asks each question again, lest the answers be one late.
    wires.wait_until(lambda: len(first_asked()) >= 3)
    assert first_asked()[2] - first_asked()[0] >= SOONER
    hall.simulator.put_in_paper()
    wires.wait_until(lambda: hall.supervisor.state.state == "online")
    assert hall.print().state == "printed"


def test_noise_in_the_name_of_a_question_that_is_given_up_keeps_no_printer_in_trouble(desk: Open) -> None:
    RememberingWire.asked.clear()

    def times_asked(question: int) -> int:
        return sum(asked == question for asked, _ in RememberingWire.asked)

    hall = desk("epson", RememberingWire, answers=(2, 3, 4), poll_interval=0.1, answer_timeout=0.2)
    wires.wait_until(lambda: times_asked(2) >= 3)
    assert times_asked(1) == 2, "given up after two answers that did not come"
    hall.simulator.answers = (1, 2, 3, 4)
    hall.simulator.noise(b"\x18\x00\x00\x00")
    RememberingWire.asked.clear()
    wires.wait_until(lambda: times_asked(1) and hall.printer.ready is None)
    assert times_asked(2) < 10, "long before its turn, which comes now and then"


# Late answers, and none


@pytest.mark.parametrize(
    ("break_it", "mend_it", "reason"),
    [
        ("take_out_paper", "put_in_paper", "paper_out"),
        ("open_cover", "close_cover", "cover_open"),
        ("jam_cutter", "free_cutter", "cutter"),
    ],
)
def test_a_printer_that_is_one_answer_late_is_understood_all_the_same_and_it_is_said(
    desk: Open, break_it: str, mend_it: str, reason: str
) -> None:
    hall = desk("epson", wires.LateWire, poll_interval=0.1, answer_timeout=0.2)
    assert hall.print("A001").state == "printed"
    hall.simulator.use(break_it, {})
    wires.wait_until(lambda: hall.supervisor.state.reason == reason)
    assert hall.print() == Outcome("failed", reason)
    hall.simulator.use(mend_it, {})
    wires.wait_until(lambda: hall.supervisor.state.state == "online")
    assert hall.supervisor.state.detail == "answers_late"
    assert hall.print("A002").state == "printed"


def test_a_printer_late_since_before_it_was_opened_is_found_out_by_its_first_trouble(desk: Open) -> None:
    class PrimedWire(wires.LateWire):
        def __init__(self, port: Port) -> None:
            super().__init__(port)
            self._last = b"\x12"

    hall = desk("epson", PrimedWire, poll_interval=0.1, answer_timeout=0.2)
    hall.simulator.take_out_paper()
    wires.wait_until(lambda: hall.supervisor.state.reason == "paper_out")
    hall.simulator.put_in_paper()
    wires.wait_until(lambda: hall.supervisor.state.detail == "answers_late")
    hall.simulator.open_cover()
    wires.wait_until(lambda: hall.supervisor.state.reason == "cover_open")


def test_one_lost_answer_makes_no_printer_late(desk: Open) -> None:
    hall = desk("epson", ForgetfulWire, poll_interval=0.1, answer_timeout=0.2)
    ForgetfulWire.lost = 1
    wires.wait_until(lambda: ForgetfulWire.lost == 0)
    hall.simulator.take_out_paper()
    wires.wait_until(lambda: hall.supervisor.state.reason == "paper_out")
    hall.simulator.put_in_paper()
    wires.wait_until(lambda: hall.supervisor.state.state == "online")
    wires.wait_until(lambda: hall.supervisor.state.detail == "")
    assert hall.print().state == "printed"


def test_an_answer_lost_while_the_exit_is_jammed_does_not_keep_the_jam_alive(desk: Open) -> None:
    hall = desk("masung", ForgetfulWire, poll_interval=0.05, answer_timeout=0.2)
    hall.simulator.jam_paper()
    wires.wait_until(lambda: hall.supervisor.state.reason == "paper_jam")
    ForgetfulWire.lost = 1
    wires.wait_until(lambda: ForgetfulWire.lost == 0)
    hall.simulator.clear_jam()
    wires.wait_until(lambda: hall.supervisor.state.state == "online")


class PartlyDeafPort(wires.DeadWire):
    """Answers each question at once, or none."""

    line: Line
    answers = True

    def write(self, data: bytes, timeout: float) -> None:
        if self.answers:
            self.line.classify(b"\x12" * (len(data) // 3))


def test_two_missed_rounds_of_questions_are_no_reason_to_give_a_printer_up_and_three_are(desk: Open) -> None:
    assert MISSED_POLLS == 3
    hall = desk("epson", poll_interval=0.1, answer_timeout=0.05)
    hall.simulator.mute()
    wires.wait_until(lambda: hall.supervisor.state.state == "offline")
    assert hall.supervisor.state.reason == "silent"
    hall.simulator.mute(False)
    wires.wait_until(lambda: hall.supervisor.state.state == "online")


def test_a_round_that_is_answered_begins_the_count_of_missed_ones_anew() -> None:
    port = PartlyDeafPort()
    line = Line(port, 0.0, asks=True)
    upkeep = Upkeep(PROFILES["epson"], Doubts(), line, lambda _done, _seconds: None, 30.0)
    port.line = line
    for answers in (False, False, True, False, False):
        port.answers = answers
        upkeep.poll(all_questions=True)
    with pytest.raises(OfflineError, match="silent"):
        upkeep.poll(all_questions=True)


class GreedyWire(wires.WholeWire):
    """Remembers when each connection was opened, and how many bytes were read of it."""

    opened: ClassVar[list[float]] = []
    read_of: ClassVar[list[int]] = []

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        GreedyWire.opened.append(time.monotonic())
        GreedyWire.read_of.append(0)

    def read(self, timeout: float) -> bytes:
        data = super().read(timeout)
        GreedyWire.read_of[-1] += len(data)
        return data


def test_a_printer_that_babbles_without_end_is_let_go_and_comes_back_when_it_stops(desk: Open) -> None:
    GreedyWire.opened, GreedyWire.read_of = [], []
    hall = desk("epson", GreedyWire)
    stop = threading.Event()

    def babble() -> None:
        while not stop.is_set():
            hall.simulator.noise(b"\x12\x00\x5f\x10" * 1024)
            stop.wait(0.002)

    thread = threading.Thread(target=babble)
    thread.start()
    try:
        wires.wait_until(lambda: hall.supervisor.state.reason == "garbled")
        outcome = hall.print("A001", patience=0.0)
        # It takes no core: of what comes without end some is read, then the line is let go of for a while.
        wires.wait_until(lambda: len(GreedyWire.opened) >= 4)
    finally:
        stop.set()
        thread.join()
    assert all(later - earlier >= BACKOFF[0] for earlier, later in pairwise(GreedyWire.opened))
    assert max(GreedyWire.read_of) < 1_000_000, "two million bytes come in a second"
    wires.wait_until(lambda: hall.supervisor.state.state == "online")
    assert hall.print("A002").state == "printed"
    assert outcome.state != "failed" or all("A001" not in paper.texts for paper in hall.simulator.papers)
