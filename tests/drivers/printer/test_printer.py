"""The printer driver against a printer on TCP: what is printed is never lost and never printed twice unmarked."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest

import wires
from drivers.errors import OfflineError
from drivers.port import Port
from drivers.printer.driver import Outcome, Printer
from drivers.printer.escpos import PROFILES, Text
from drivers.printer.escpos_status import DLE_EOT, GS_PROCESS_ID, ProcessId
from drivers.printer.line import MOST_ANSWERS, PAUSE_BETWEEN_ANSWERS, Line
from printing_desk import SLIP, Aside, Open, open_desks


@pytest.fixture
def desk() -> Iterator[Open]:
    yield from open_desks()


class TwiceWire(wires.WholeWire):
    """Everything arrives twice."""

    def read(self, timeout: float) -> bytes:
        data = super().read(timeout)
        return data + data


class TornWire(wires.WholeWire):
    """The highest bit of every answer to a question of status is set: a ticket is not torn away."""

    def read(self, timeout: float) -> bytes:
        data = super().read(timeout)
        return bytes([data[0] | 0x80]) if len(data) == 1 and data[0] & 0x93 == 0x12 else data


class StaleWire(wires.WholeWire):
    """Something was waiting before anybody asked: paper out, of yesterday."""

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        self._stale = b"\x1a\x32\x12\x7e\x37\x22"

    def read(self, timeout: float) -> bytes:
        stale, self._stale = self._stale, b""
        return stale or super().read(timeout)


class WrittenWire(wires.WholeWire):
    """Remembers what was written, and loses the next answer to each of some questions of status."""

    written: ClassVar[list[bytes]] = []
    lost: ClassVar[set[int]] = set()

    def write(self, data: bytes, timeout: float) -> None:
        WrittenWire.written.append(data)
        super().write(data, timeout)

    def read(self, timeout: float) -> bytes:
        data = super().read(timeout)
        last = WrittenWire.written[-1] if WrittenWire.written else b""
        if data and last.startswith(DLE_EOT) and last[2] in WrittenWire.lost:
            WrittenWire.lost.discard(last[2])
            return b""
        return data


class AnsweredWire(wires.WholeWire):
    """Runs ``after_slip`` when a slip is written, before its writer goes on."""

    after_slip: Callable[[], None] = staticmethod(lambda: None)

    def write(self, data: bytes, timeout: float) -> None:
        super().write(data, timeout)
        if not data.startswith(DLE_EOT):
            AnsweredWire.after_slip()


class HalfBlockWire(wires.WholeWire):
    """Noise that looks like the beginning of a block comes right before everything else."""

    def read(self, timeout: float) -> bytes:
        data = super().read(timeout)
        return b"\x5fno end" + data if data else b""


class StandingWire(wires.WholeWire):
    """The machine stands still when the first bit of an answer has come, for longer than an answer may take."""

    STILL = 0.06

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        self._waiting = b""

    def read(self, timeout: float) -> bytes:
        waiting, self._waiting = self._waiting, b""
        if waiting:
            return waiting
        self._waiting = super().read(timeout)
        if not self._waiting:
            return b""
        threading.Event().wait(self.STILL)
        return b"\xff"


@pytest.mark.parametrize("wire", [*wires.WIRES, TwiceWire, TornWire, StaleWire])
@pytest.mark.parametrize(("profile", "how"), [("epson", "gs_h"), ("generic", "gs_r")])
def test_a_slip_is_printed_and_confirmed_on_every_wire(
    desk: Open, wire: type[wires.WholeWire], profile: str, how: str
) -> None:
    hall = desk(profile, wire)
    assert hall.print() == Outcome("printed", None, how)  # type: ignore[arg-type]
    (paper,) = hall.simulator.papers
    assert paper.texts == ["西城区综合行政服务中心", "───", "A012", "请留意叫号"]
    assert paper.codes == ["HTTPS://Q.EXAMPLE.CN/T/0123456789ABCDEF"]
    assert paper.cut
    assert paper.faults == []
    assert hall.sendings == 1


def test_noise_before_an_id_does_not_hide_it(desk: Open) -> None:
    hall = desk("epson", HalfBlockWire)
    assert [hall.print(number) for number in ("A001", "A002")] == [Outcome("printed", None, "gs_h")] * 2


def test_what_came_while_the_machine_stood_still_is_read_before_a_printer_is_called_silent(desk: Open) -> None:
    hall = desk("custom-vkp", StandingWire, answer_timeout=StandingWire.STILL / 2)
    wires.wait_until(lambda: hall.printer.ready is None, 30)


def test_half_an_answer_waits_for_its_rest_while_the_machine_stands_still_and_goes_with_a_pause_of_the_line() -> None:
    line = Line(wires.DeadWire(), 0.1, asks=False)
    assert line.classify(b"\x37\x22AB") == []
    threading.Event().wait(1.2 * PAUSE_BETWEEN_ANSWERS)
    assert line.classify(b"CD\x00\x37\x22AB") == [ProcessId(b"ABCD")]
    line.pause(PAUSE_BETWEEN_ANSWERS)
    assert line.classify(b"CD\x00") != [ProcessId(b"ABCD")]


def test_a_printer_that_does_not_know_process_ids_confirms_by_an_answer_in_turn_and_is_remembered(desk: Open) -> None:
    hall = desk("epson", WrittenWire, process_id=False, ack_timeout=3.0)
    asked = []
    for number in ("A001", "A002"):
        WrittenWire.written.clear()
        assert hall.print(number) == Outcome("printed", None, "gs_r")
        asked.append(GS_PROCESS_ID in b"".join(WrittenWire.written))
    assert asked == [True, False], "an id that is not asked for is not waited for"
    assert hall.simulator.unfinished.rows == []


@pytest.mark.parametrize("answers", [(1,), (4,), (1, 2, 4), (2, 3)])
def test_a_printer_that_answers_some_questions_of_status_only_prints(desk: Open, answers: tuple[int, ...]) -> None:
    hall = desk(answers=answers, answer_timeout=0.2)
    wires.wait_until(lambda: hall.printer.ready is None)
    assert hall.print().state == "printed"


def test_one_lost_answer_does_not_hide_that_there_is_no_paper(desk: Open) -> None:
    hall = desk("epson", WrittenWire, answer_timeout=0.2)
    hall.simulator.take_out_paper()
    assert hall.print() == Outcome("failed", "paper_out")
    WrittenWire.lost |= {2, 4}
    wires.wait_until(lambda: not WrittenWire.lost)
    assert hall.print() == Outcome("failed", "paper_out")
    assert hall.supervisor.state.reason == "paper_out"


def test_a_printer_that_answers_no_question_is_silent_and_gets_not_one_byte(desk: Open) -> None:
    hall = desk(answers=(), plugged=False, answer_timeout=0.2)
    hall.simulator.plug_in()
    wires.wait_until(lambda: hall.supervisor.state.reason == "silent")
    assert hall.print(patience=0.2) == Outcome("failed", "silent")
    assert hall.simulator.received == 0
    assert hall.sendings == 0


def test_a_write_only_printer_prints_unconfirmed(desk: Open) -> None:
    hall = desk("write-only", answers=(), process_id=False)
    assert hall.print() == Outcome("unconfirmed", "no_confirmation")
    wires.wait_until(lambda: hall.numbers() == ["A012"])
    assert len(hall.simulator.papers) == 1


@pytest.mark.parametrize(
    ("hand", "reason"),
    [("take_out_paper", "paper_out"), ("open_cover", "cover_open"), ("jam_cutter", "cutter")],
)
def test_a_printer_in_trouble_gets_not_one_byte(desk: Open, hand: str, reason: str) -> None:
    hall = desk()
    getattr(hall.simulator, hand)()
    assert hall.print() == Outcome("failed", reason)
    assert hall.simulator.received == 0
    assert hall.sendings == 0
    assert hall.printer.ready == reason
    wires.wait_until(lambda: (hall.supervisor.state.state, hall.supervisor.state.reason) == ("fault", reason))


def test_trouble_is_seen_while_nothing_is_printed_and_goes_with_its_cause(desk: Open) -> None:
    hall = desk()
    hall.simulator.take_out_paper()
    wires.wait_until(lambda: hall.supervisor.state.reason == "paper_out")
    hall.simulator.put_in_paper()
    wires.wait_until(lambda: hall.supervisor.state.state == "online")
    hall.simulator.wear_down_paper()
    wires.wait_until(lambda: hall.supervisor.state.detail == "paper_near_end")
    assert hall.printer.ready is None


def test_paper_that_ends_in_the_middle_of_a_slip_is_waited_for_and_the_slip_is_not_sent_again(desk: Open) -> None:
    hall = desk()
    hall.simulator.paper_lasts(2)
    printing = hall.print_aside()
    wires.wait_until(lambda: not hall.simulator.has_paper)
    received = hall.simulator.received
    assert printing.goes_on_for(1.5)
    hall.simulator.put_in_paper()
    assert printing.outcome() == Outcome("printed", None, "gs_h")
    assert hall.numbers() == ["A012"]
    assert hall.simulator.received == received


@pytest.mark.parametrize(("profile", "how"), [("epson", "gs_h"), ("generic", "gs_r")])
def test_a_cover_opened_in_the_middle_of_a_slip_is_waited_for(desk: Open, profile: str, how: str) -> None:
    hall = desk(profile)
    hall.simulator.paper_lasts(1)
    printing = hall.print_aside()
    wires.wait_until(lambda: not hall.simulator.has_paper)
    hall.simulator.open_cover()
    hall.simulator.put_in_paper()
    assert printing.goes_on_for(1.2)
    hall.simulator.close_cover()
    assert printing.outcome().how == how
    assert hall.numbers() == ["A012"]


def test_paper_that_never_comes_leaves_the_slip_unconfirmed(desk: Open) -> None:
    hall = desk()
    hall.simulator.paper_lasts(2)
    printing = hall.print_aside()
    wires.wait_until(lambda: hall.printer.ready == "paper_out")
    hall.clock.skip(60.0)
    assert printing.outcome() == Outcome("unconfirmed", "paper_out")


def test_a_slip_cleared_from_the_memory_of_a_printer_is_not_taken_for_printed(desk: Open) -> None:
    hall = desk("generic")
    hall.simulator.paper_lasts(2)
    printing = hall.print_aside()
    wires.wait_until(lambda: hall.printer.ready == "paper_out")
    assert not printing.done
    hall.simulator.clear_memory()
    hall.simulator.put_in_paper()
    assert printing.outcome() == Outcome("unconfirmed", "no_confirmation")
    assert hall.numbers() == []


@pytest.mark.parametrize("count", [1, 9, 40, 70, 100, 140])
def test_a_hang_up_in_the_middle_leaves_the_slip_unconfirmed_and_the_next_one_whole(desk: Open, count: int) -> None:
    hall = desk()
    hall.simulator.hang_up_after(count)
    assert hall.print("A001") == Outcome("unconfirmed", "hung_up")
    assert hall.print("A002").state == "printed"
    *_, last = hall.simulator.papers
    assert last.texts == ["西城区综合行政服务中心", "───", "A002", "请留意叫号"]
    assert last.codes == ["HTTPS://Q.EXAMPLE.CN/T/0123456789ABCDEF"]
    assert sum("A001" in paper.texts for paper in hall.simulator.papers) <= 1
    assert hall.sendings == 2


@pytest.mark.parametrize("hand", ["take_out_paper", "open_cover", "jam_cutter"])
def test_answers_that_come_one_question_late_never_hide_a_trouble(desk: Open, hand: str) -> None:
    hall = desk("epson", wires.LateWire, answer_timeout=0.2)
    getattr(hall.simulator, hand)()
    assert hall.print().state == "failed"
    assert hall.simulator.received == 0


@pytest.mark.parametrize("profile", ["epson", "generic"])
def test_a_printer_that_falls_silent_in_the_middle_is_doubtful_and_what_it_holds_is_printed_once(
    desk: Open, profile: str
) -> None:
    hall = desk(profile, answer_timeout=0.1)
    outcome = hall.printer.print((Text("A001"),), hall.simulator.silence)
    assert outcome == Outcome("unconfirmed", "silent")
    assert hall.print("A002", patience=0.1).state == "failed"
    hall.simulator.silence(False)
    wires.wait_until(lambda: hall.printer.ready is None)
    assert hall.print("A003").state == "printed"
    assert [paper.texts[0] for paper in hall.simulator.papers] == ["A001", "西城区综合行政服务中心"]


def test_an_answer_in_turn_that_came_in_time_is_not_thrown_away_while_an_id_may_still_follow(desk: Open) -> None:
    hall = desk("epson", AnsweredWire, process_id=False, ack_timeout=3.0)

    def run_out_of_time() -> None:
        # The whole time for the confirmation is over once the slip is written: the answer is there by then.
        wires.wait_until(lambda: hall.printer._job is not None and hall.printer._job.confirmed)
        hall.printer.ack_timeout = 0.0

    AnsweredWire.after_slip = run_out_of_time
    assert hall.print() == Outcome("printed", None, "gs_r")


def test_a_question_whose_answer_was_lost_is_asked_again(desk: Open) -> None:
    # Asked again after a third of the time: by then the lost answer is lost, whatever stands still.
    hall = desk("generic", answer_timeout=0.2, ack_timeout=3.0)
    printing = Aside(lambda: hall.printer.print(SLIP, hall.simulator.mute))
    wires.wait_until(lambda: hall.simulator.papers)
    hall.simulator.mute(False)
    assert printing.outcome() == Outcome("printed", None, "gs_r")


def test_a_lost_confirmation_leaves_the_slip_unconfirmed(desk: Open) -> None:
    hall = desk()
    hall.simulator.hold_confirmations()
    assert hall.print("A001") == Outcome("unconfirmed", "no_confirmation")
    assert hall.numbers() == ["A001"]


def test_a_late_confirmation_is_accepted_and_is_not_taken_for_that_of_the_next_slip(desk: Open) -> None:
    hall = desk()
    late: list[Outcome] = []
    hall.simulator.hold_confirmations()
    assert hall.print("A001", late=late.append).state == "unconfirmed"
    hall.simulator.hold_confirmations(False)
    wires.wait_until(lambda: late == [Outcome("printed", None, "gs_h")])
    hall.simulator.hold_confirmations()
    second = hall.print_aside("A002")
    wires.wait_until(lambda: len(hall.simulator.papers) == 2)
    hall.simulator.noise(b"\x37\x22A001\x00\x37\x22\x30\x30\x30\x30\x00")
    assert second.outcome().state == "unconfirmed"


def test_an_id_that_is_none_of_ours_leaves_the_slip_unconfirmed_whatever_is_answered_in_turn(desk: Open) -> None:
    hall = desk(process_id=False)
    printing = Aside(lambda: hall.printer.print(SLIP, hall.simulator.hold_confirmations))
    wires.wait_until(lambda: hall.simulator.papers)
    hall.simulator.noise(b"\x37\x22----\x00")
    hall.simulator.hold_confirmations(False)
    assert printing.outcome() == Outcome("unconfirmed", "no_confirmation")


def test_an_answer_in_turn_that_comes_late_does_not_confirm_the_next_slip(desk: Open) -> None:
    hall = desk("generic")
    hall.simulator.hold_confirmations()
    assert hall.print("A001").state == "unconfirmed"
    second = hall.print_aside("A002")
    wires.wait_until(lambda: len(hall.simulator.papers) == 2)
    hall.simulator.hold_confirmations(False, only=2)
    assert second.goes_on_for(0.2)
    assert second.outcome().state in ("printed", "unconfirmed")


def test_an_answer_that_nobody_asked_for_does_not_confirm_the_next_slip(desk: Open) -> None:
    hall = desk("generic", TwiceWire)
    assert hall.print("A001").state == "printed"
    hall.simulator.noise(b"\x00\x00\x00")
    hall.simulator.hold_confirmations()
    assert hall.print("A002").state == "unconfirmed"
    third = hall.print_aside("A003")
    wires.wait_until(lambda: len(hall.simulator.papers) == 3)
    hall.simulator.hold_confirmations(False, only=1)
    assert third.goes_on_for(0.2)
    third.outcome()


def test_a_dead_connection_is_noticed_before_the_first_byte_and_the_slip_is_not_lost(desk: Open) -> None:
    hall = desk(poll_interval=3600.0, answer_timeout=0.3)
    hall.simulator.hang_up()
    assert hall.print("A001").state == "printed"
    hall.simulator.hang_up(reset=True)
    assert hall.print("A002").state == "printed"
    hall.simulator.forget_host()
    assert hall.print("A003").state == "printed"
    assert hall.numbers() == ["A001", "A002", "A003"]
    assert hall.sendings == 3


def test_a_printer_pulled_out_and_put_back_prints_again(desk: Open) -> None:
    hall = desk()
    hall.simulator.unplug()
    wires.wait_until(lambda: hall.supervisor.state.state == "offline")
    assert hall.printer.ready in ("hung_up", "refused")
    assert hall.print(patience=0.1).state == "failed"
    printing = hall.print_aside("A002")
    hall.simulator.plug_in()
    assert printing.outcome().state == "printed"
    assert hall.numbers() == ["A002"]


def test_nothing_is_sent_when_the_store_does_not_take_that_it_is_being_sent(desk: Open) -> None:
    hall = desk()

    def refuse() -> None:
        raise KeyError("the disk is full")

    with pytest.raises(KeyError):
        hall.printer.print(SLIP, refuse)
    assert hall.simulator.received == 0
    assert hall.print().state == "printed"


def test_a_connection_lost_while_the_store_is_told_sends_nothing_there_and_tells_it_once(desk: Open) -> None:
    hall = desk()
    told = []

    def hang_up() -> None:
        told.append(1)
        if len(told) == 1:
            hall.simulator.hang_up()
            wires.wait_until(lambda: hall.printer.ready is not None)

    assert hall.printer.print(SLIP, hang_up, patience=60.0).state == "printed"
    assert len(told) == 1
    assert len(hall.simulator.papers) == 1


def test_automatic_status_in_between_confuses_nothing(desk: Open) -> None:
    hall = desk()
    stop = threading.Event()

    def chatter() -> None:
        while not stop.wait(0.002):
            hall.simulator.noise(b"\x10\x00\x00\x00")

    thread = threading.Thread(target=chatter)
    thread.start()
    try:
        assert [hall.print(f"A{n:03}").state for n in range(1, 11)] == ["printed"] * 10
    finally:
        stop.set()
        thread.join()
    assert hall.printer.ready is None


def test_two_threads_never_mix_their_papers(desk: Open) -> None:
    hall = desk(ack_timeout=5.0)
    outcomes: list[Outcome] = []

    def print_many(letter: str) -> None:
        for n in range(100):
            outcomes.append(hall.print(f"{letter}{n:03}"))

    threads = [threading.Thread(target=print_many, args=(letter,)) for letter in "AB"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.state for outcome in outcomes] == ["printed"] * 200
    assert sorted(hall.numbers()) == [f"{letter}{n:03}" for letter in "AB" for n in range(100)]
    assert all(len(paper.texts) == 4 for paper in hall.simulator.papers)


def test_a_second_slip_that_waited_too_long_is_not_sent(desk: Open) -> None:
    hall = desk(ack_timeout=30.0)
    hall.simulator.hold_confirmations()
    first = hall.print_aside("A001")
    wires.wait_until(lambda: hall.simulator.papers)
    assert hall.print("A002", patience=0.2) == Outcome("failed", "occupied")
    hall.simulator.hold_confirmations(False)
    assert first.outcome().state == "printed"
    assert hall.numbers() == ["A001"]


def test_stopping_in_the_middle_ends_at_once(desk: Open) -> None:
    hall = desk()
    hall.simulator.paper_lasts(1)
    printing = hall.print_aside()
    wires.wait_until(lambda: not hall.simulator.has_paper)
    hall.supervisor.stop()
    assert printing.outcome() == Outcome("unconfirmed", "stopping"), "without the paper it would wait for"
    assert hall.print(patience=0.0) == Outcome("failed", "stopping")


def test_on_a_day_of_faults_no_number_is_on_two_originals_and_what_is_printed_is_on_paper(desk: Open) -> None:
    # Three halls have theirs at the same time: they mostly wait.
    with ThreadPoolExecutor() as pool:
        days = [
            pool.submit(a_day_of_faults, desk, *how)
            for how in (("epson", 1, 0.0), ("generic", 3, 0.0), ("epson", 2, 0.5))
        ]
    for day in days:
        day.result()


def a_day_of_faults(desk: Open, profile: str, seed: int, fresh: float) -> None:
    hall = desk(profile, ack_timeout=0.3, poll_interval=0.1, answer_timeout=0.2, fresh=fresh)
    chance = random.Random(seed)
    printer = hall.simulator

    mending: list[threading.Timer] = []

    def mend(hand: Callable[[], None]) -> None:
        mending.append(threading.Timer(0.2, hand))
        mending[-1].start()

    def have_paper_run_out() -> None:
        printer.paper_lasts(chance.randrange(9))
        mend(printer.put_in_paper)

    def pull_the_plug() -> None:
        printer.unplug()
        mend(printer.plug_in)

    faults: list[Callable[[], None]] = [
        lambda: None,
        lambda: None,
        lambda: printer.hang_up_after(chance.randrange(200)),
        lambda: printer.hang_up(reset=True),
        printer.forget_host,
        have_paper_run_out,
        pull_the_plug,
        lambda: printer.noise(bytes(chance.randrange(256) for _ in range(chance.randrange(1, 6)))),
        lambda: printer.hold_confirmations(chance.random() < 0.5),
    ]
    states: dict[str, str] = {}
    for n in range(14):
        number = f"A{n:03}"
        before, during = chance.choice(faults), chance.choice(faults)
        before()
        states[number] = hall.printer.print((Text(number, 4), *SLIP[3:]), during, patience=3.0).state
    for each in mending:
        each.join()
    printer.hold_confirmations(False)
    papers = [paper.texts[0] for paper in printer.papers if paper.texts]
    assert max(papers.count(number) for number in states) == 1
    assert Counter(states.values())["printed"] > 5
    for number, state in states.items():
        if state == "printed":
            (paper,) = (paper for paper in printer.papers if number in paper.texts)
            assert paper.texts == [number, "请留意叫号"]
            assert paper.codes == ["HTTPS://Q.EXAMPLE.CN/T/0123456789ABCDEF"]
        elif state == "failed":
            assert number not in papers


def test_a_lost_port_is_told_to_the_supervisor() -> None:
    with pytest.raises(OfflineError):
        Printer(PROFILES["epson"]).serve(wires.DeadWire(), wires.SpyLink())


def test_answers_that_nobody_asked_for_are_not_kept() -> None:
    line = Line(wires.DeadWire(), 0.1, asks=False)
    for _ in range(100):
        line.classify(b"\x12" * 100)
    assert len(line.answers) <= MOST_ANSWERS
