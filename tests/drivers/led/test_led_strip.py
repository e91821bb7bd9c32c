"""The strip's driver against the strip that is a simulator: real sockets, spoilt wires, and everything that fails."""

import io
import os
import select
import socket
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import wires
from drivers.device import About
from drivers.errors import DeviceError, ProtocolError
from drivers.led import onbon_bx as bx
from drivers.led.bx import LedStrip
from drivers.led.strip import REFUSED_PAUSE, Content
from drivers.port import Port, open_port
from drivers.shared_line import MAX_NOISE, MAX_READS
from drivers.simulators.led.bx import LedStripSimulator
from drivers.simulators.led.faults import Flicker
from drivers.supervisor import Supervisor
from wires import WIRES, SpyLink, Ticking, Watched, WholeWire, wait_until

CALL = "A001请到3号窗口"


@pytest.fixture
def simulator() -> Iterator[LedStripSimulator]:
    strip = LedStripSimulator()
    strip.start()
    yield strip
    strip.stop()


@contextmanager
def running(driver: LedStrip, url: str, wire: Callable[[Port], Port] = WholeWire) -> Iterator[Watched]:
    supervisor = Watched("strip-3", "led-bx", lambda: wire(open_port(url)), driver)
    supervisor.start()
    try:
        yield supervisor
    finally:
        supervisor.stop()


def patient(**options: object) -> LedStrip:
    """A driver that asks again only because of what the strip said, never because of time."""
    slow = {"answer_timeout": 60.0, "ping_interval": 600.0, "refresh_interval": 600.0, "test_patience": 60.0}
    return LedStrip(**{**slow, **options})  # type: ignore[arg-type]


def quick(**options: object) -> LedStrip:
    """A driver that soon asks again, and soon finds a strip silent."""
    return LedStrip(**{"answer_timeout": 0.1, "ping_interval": 0.1, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize("wire", WIRES)
def test_a_text_is_shown_and_acknowledged_over_any_wire(
    wire: Callable[[Port], Port], simulator: LedStripSimulator
) -> None:
    driver = patient()
    with running(driver, simulator.url, wire) as supervisor:
        for number in range(1, 6):
            driver.show(f"A{number:03}请到3号窗口")
            wait_until(lambda number=number: driver.shown == f"A{number:03}请到3号窗口")
            assert simulator.text == driver.shown
        assert supervisor.reasons == ["online"]


def test_a_text_reaches_the_strip_at_once_while_the_driver_is_idle(simulator: LedStripSimulator) -> None:
    # It would next look after the strip in ten minutes.
    driver = patient()
    with running(driver, simulator.url) as supervisor:
        wait_until(lambda: supervisor.state.state == "online")
        for number in range(10):
            driver.show(f"B{number:03}")
            wait_until(lambda number=number: simulator.text == f"B{number:03}")


def test_a_strip_is_found_before_there_is_anything_to_show(simulator: LedStripSimulator) -> None:
    with running(patient(), simulator.url) as supervisor:
        wait_until(lambda: supervisor.state.state == "online")
        assert [frame.command for frame in simulator.heard] == [bx.CMD_PING]
        assert simulator.text == ""


def test_what_was_to_be_shown_before_the_strip_was_there_is_shown_when_it_comes(simulator: LedStripSimulator) -> None:
    driver = LedStrip()
    driver.show("暂停服务")
    driver.show(CALL)
    with running(driver, simulator.url):
        wait_until(lambda: driver.shown == CALL)
        assert [bx.parse_show(f.data)[0].data for f in simulator.heard] == [CALL.encode("gbk")]


def test_an_empty_text_clears_the_strip(simulator: LedStripSimulator) -> None:
    driver = LedStrip()
    driver.show(CALL)
    with running(driver, simulator.url):
        wait_until(lambda: simulator.text == CALL)
        driver.show("")
        wait_until(lambda: driver.shown == "")
        assert simulator.text == ""
        assert simulator.heard[-1].command == bx.CMD_CLEAR


@pytest.mark.parametrize(("model", "width"), [("5k", 24), ("6k", 0x80C0), ("6k-java", 192)])
def test_each_model_is_told_its_width_in_its_own_unit(model: str, width: int) -> None:
    simulator = LedStripSimulator(model=model)
    simulator.start()
    driver = LedStrip(model=model)  # type: ignore[arg-type]
    driver.show(CALL)
    with running(driver, simulator.url):
        wait_until(lambda: driver.shown == CALL)
    assert bx.parse_show(simulator.heard[0].data)[0].width == width
    assert simulator.lines == [CALL]
    simulator.stop()


def test_a_strip_with_another_address_is_silent_and_one_at_the_wildcard_answers() -> None:
    simulator = LedStripSimulator(address=7)
    simulator.start()
    with running(quick(), simulator.url) as supervisor:
        wait_until(lambda: supervisor.state.reason == "silent")
    with running(quick(address=0xFFFE), simulator.url) as supervisor:
        wait_until(lambda: supervisor.state.state == "online")
    simulator.stop()


def test_the_broadcast_address_is_refused_since_nobody_answers_it() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        LedStrip(address=0xFFFF)


def test_a_silent_strip_goes_offline_and_shows_the_newest_text_once_it_answers_again(
    simulator: LedStripSimulator,
) -> None:
    driver = quick()
    driver.show("A001")
    with running(driver, simulator.url) as supervisor:
        wait_until(lambda: driver.shown == "A001")
        simulator.silence()
        driver.show("A002")
        wait_until(lambda: supervisor.state.reason == "silent")
        assert supervisor.state.state == "offline"
        assert driver.shown is None
        driver.show("A003")
        simulator.silence(False)
        wait_until(lambda: driver.shown == "A003")
        wait_until(lambda: supervisor.state.state == "online")


def test_a_strip_that_dies_while_there_is_nothing_to_say_is_noticed(simulator: LedStripSimulator) -> None:
    driver = quick()
    driver.show(CALL)
    with running(driver, simulator.url) as supervisor:
        wait_until(lambda: supervisor.state.state == "online")
        simulator.silence()
        wait_until(lambda: supervisor.state.reason == "silent")


def test_one_lost_frame_is_sent_again(simulator: LedStripSimulator) -> None:
    driver = quick(ping_interval=60.0, tries=1000)
    with running(driver, simulator.url) as supervisor:
        wait_until(lambda: supervisor.state.state == "online")
        simulator.silence()
        driver.show(CALL)
        wait_until(lambda: simulator.missed >= 1)
        simulator.silence(False)
        wait_until(lambda: driver.shown == CALL)
        assert supervisor.reasons == ["online"]


def test_an_unplugged_strip_is_dark_and_shows_its_text_again_when_put_back(simulator: LedStripSimulator) -> None:
    driver = quick()
    driver.show(CALL)
    with running(driver, simulator.url) as supervisor:
        wait_until(lambda: driver.shown == CALL)
        simulator.unplug()
        assert simulator.text == ""
        wait_until(lambda: supervisor.state.state == "offline")
        assert supervisor.state.reason in ("hung_up", "refused")
        assert driver.shown is None
        simulator.plug_in()
        wait_until(lambda: simulator.text == CALL)
        wait_until(lambda: supervisor.state.state == "online")


def test_a_dropped_connection_is_taken_up_again(simulator: LedStripSimulator) -> None:
    driver = quick()
    driver.show("A001")
    with running(driver, simulator.url) as supervisor:
        wait_until(lambda: driver.shown == "A001")
        simulator.hang_up()
        wait_until(lambda: "hung_up" in supervisor.reasons)
        driver.show("A002")
        wait_until(lambda: simulator.text == "A002")


def test_a_text_lost_behind_a_converter_is_sent_again_after_a_while(simulator: LedStripSimulator) -> None:
    driver = quick(refresh_interval=0.2)
    driver.show(CALL)
    with running(driver, simulator.url):
        wait_until(lambda: driver.shown == CALL)
        simulator.lose_power()
        wait_until(lambda: simulator.text == CALL)


def test_a_busy_strip_is_asked_again(simulator: LedStripSimulator) -> None:
    driver = patient()
    simulator.nack(3, times=2)
    driver.show(CALL)
    with running(driver, simulator.url) as supervisor:
        wait_until(lambda: supervisor.reasons == ["online"])
        assert driver.shown == CALL
        assert len(simulator.heard) == 3


@pytest.mark.parametrize(
    ("code", "reason"), [(1, "strip_unknown_group"), (4, "strip_memory"), (12, "strip_no_font"), (99, "strip_refused")]
)
def test_a_refused_text_is_a_fault_with_its_reason_until_one_is_taken(
    code: int, reason: str, simulator: LedStripSimulator
) -> None:
    driver = patient()
    simulator.nack(code, times=1000)
    driver.show("A001")
    begun = time.monotonic()
    with running(driver, simulator.url) as supervisor:
        wait_until(lambda: supervisor.state.state == "fault")
        assert (supervisor.state.reason, supervisor.state.detail) == (reason, f"NACK {code}")
        # It is not offered again at once.
        assert len(simulator.heard) <= 1 + (time.monotonic() - begun) / REFUSED_PAUSE
        assert driver.shown is None
        simulator._nacks.clear()
        driver.show("A002")
        wait_until(lambda: driver.shown == "A002")
        wait_until(lambda: supervisor.state.state == "online")


def test_a_refused_text_is_offered_again_by_itself(simulator: LedStripSimulator) -> None:
    driver = quick()
    simulator.nack(4, times=3)
    driver.show(CALL)
    with running(driver, simulator.url) as supervisor:
        wait_until(lambda: driver.shown == CALL)
        wait_until(lambda: supervisor.state.state == "online")
        assert "strip_memory" in supervisor.reasons


def test_a_strip_that_stays_busy_is_a_fault_and_not_gone(simulator: LedStripSimulator) -> None:
    driver = patient()
    simulator.nack(3, times=1000)
    driver.show(CALL)
    with running(driver, simulator.url) as supervisor:
        wait_until(lambda: supervisor.reasons == ["strip_busy"])
        assert supervisor.state.state == "fault"


def test_a_strip_whose_firmware_knows_no_ping_stays_online(simulator: LedStripSimulator) -> None:
    simulator.ignore_pings()
    driver = quick(tries=1000)
    driver.show(CALL)
    with running(driver, simulator.url) as supervisor:
        wait_until(lambda: driver.shown == CALL)
        wait_until(lambda: len(simulator.heard) > 10)
        assert supervisor.reasons == ["online"]
        # Having learnt it, the driver asks by sending the text again.
        assert {frame.command for frame in list(simulator.heard)[-3:]} == {bx.CMD_SHOW}


def test_a_call_does_not_wait_for_a_ping_that_is_not_answered(simulator: LedStripSimulator) -> None:
    simulator.ignore_pings()
    driver = patient(answer_timeout=600.0, ping_interval=0.05)
    driver.show("A001")
    with running(driver, simulator.url):
        wait_until(lambda: any(frame.command == bx.CMD_PING for frame in list(simulator.heard)))
        driver.show("A002")
        wait_until(lambda: simulator.text == "A002")


def test_the_longest_text_fits_the_cards_buffer(simulator: LedStripSimulator) -> None:
    driver = patient()
    driver.show("Z" * 5000)
    with running(driver, simulator.url):
        wait_until(lambda: driver.shown is not None)
        driver.show("请到窗口" * 5000)
        wait_until(lambda: simulator.text.startswith("请"))
    lengths = [len(frame.to_bytes()) for frame in simulator.heard]
    assert len(lengths) == 2
    assert all(900 < length <= bx.MAX_FRAME for length in lengths)


def test_the_driver_ends_at_once_when_asked_in_the_middle_of_waiting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        driver = patient(answer_timeout=600.0)
        driver.show(CALL)
        supervisor = Supervisor(
            "strip", "led-bx", lambda: open_port(f"tcp://127.0.0.1:{listener.getsockname()[1]}"), driver, wires.now
        )
        supervisor.start()
        peer, _ = listener.accept()
        with closing(peer):
            assert peer.recv(100)
            supervisor.stop(30.0)
            assert not supervisor._thread.is_alive()


def test_a_strip_that_knows_nothing_but_the_manuals_bytes_is_spoken_to_in_them() -> None:
    call = bytes.fromhex(
        "A5 A5 A5 A5 A5 A5 A5 A5 01 00 00 80 00 00 00 00 00 00 FE 02 33 00 A3 06 01 00 00 00 01 2A 00 00 00 00 00 00"
        "18 00 20 00 00 00 00 05 00 00 00 0A 02 02 01 00 00 08 0F 00 00 00 41 30 30 31 C7 EB B5 BD 33 BA C5 B4 B0"
        "BF DA 3A A7 5A"
    )
    acknowledged = bytes.fromhex(
        "A5 A5 A5 A5 A5 A5 A5 A5 00 80 01 00 00 00 00 00 00 00 FE 02 05 00 A0 00 00 00 00 64 DC 5A"
    )
    driver = patient()
    driver.show(CALL)
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    with closing(listener), running(driver, url) as supervisor:
        strip, _ = listener.accept()
        with closing(strip):
            assert strip.recv(len(call), socket.MSG_WAITALL) == call
            strip.sendall(acknowledged)
            wait_until(lambda: driver.shown == CALL)
            wait_until(lambda: supervisor.state.state == "online")


class Stranger:
    """A port on which a program that is not ours answers each frame with ``answer(frame)``."""

    def __init__(self, answer: Callable[[bx.Frame], bytes]) -> None:
        self._answer = answer
        self._unwrapper = bx.Unwrapper()
        self._out = b""
        self.closed = False

    def read(self, timeout: float) -> bytes:
        if not self._out:
            threading.Event().wait(min(timeout, 0.002))
        out, self._out = self._out[:4096], self._out[4096:]
        return out

    def write(self, data: bytes, timeout: float) -> None:
        for frame in self._unwrapper.feed(data):
            self._out += self._answer(frame)

    def close(self) -> None:
        self.closed = True


ACK = bx.Frame(bx.encode_answer(), to=bx.PC, sender=1).to_bytes()
NACK = bx.Frame(bx.encode_answer(4), to=bx.PC, sender=1).to_bytes()
NONSENSE = bytes(range(1, 0x5A)) * 40


def served_by(answer: Callable[[bx.Frame], bytes], driver: LedStrip, until: Callable[[SpyLink], object]) -> SpyLink:
    """Serve a stranger until ``until`` holds or the driver gives up."""
    link = SpyLink()
    failed: list[DeviceError] = []

    def work() -> None:
        try:
            driver.serve(Stranger(answer), link)
        except DeviceError as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        wait_until(lambda: until(link) or failed)
    finally:
        link.stopping.set()
        thread.join(30.0)
    assert not thread.is_alive()
    link.said += [("offline", error.reason) for error in failed]
    return link


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=8))
def test_any_garbage_for_an_answer_makes_the_strip_offline_and_nothing_worse(scraps: list[bytes]) -> None:
    turn = iter(scraps * 100)
    driver = LedStrip(answer_timeout=0.01)
    driver.show(CALL)
    said = served_by(lambda _: next(turn), driver, lambda link: link.said).said
    assert said in ([("offline", "silent")], [("offline", "garbled")])


@pytest.mark.parametrize(
    "dressed",
    [
        lambda ack: b"\x00\xff" + ack,
        lambda ack: ack[7:],
        lambda ack: b"\xa5" * 20 + ack,
        lambda ack: b"\xa5\x01\x02\x5a" + ack + b"\x00",
    ],
    ids=["noise before", "one A5", "many A5", "half a frame before"],
)
def test_an_acknowledgement_is_understood_in_any_dress(dressed: Callable[[bytes], bytes]) -> None:
    driver = LedStrip()
    driver.show(CALL)
    served_by(lambda _: dressed(ACK), driver, lambda _: driver.shown == CALL)
    assert driver.shown is None  # nobody is connected any more


def test_our_own_frames_coming_back_on_a_two_wire_line_are_no_answer() -> None:
    driver = LedStrip(answer_timeout=0.02)
    assert served_by(lambda frame: frame.to_bytes(), driver, lambda link: link.said).said == [("offline", "silent")]


def test_frames_on_a_two_wire_line_are_answered_after_their_echo() -> None:
    driver = LedStrip()
    driver.show(CALL)
    link = served_by(lambda frame: frame.to_bytes() + ACK, driver, lambda _: driver.shown == CALL)
    assert link.said == [("online", "")]


def test_a_refusal_that_comes_late_sends_the_text_again() -> None:
    sent: list[bx.Frame] = []

    def answer(frame: bx.Frame) -> bytes:
        sent.append(frame)
        return ACK + NACK if len(sent) == 1 else ACK

    driver = LedStrip(ping_interval=60.0)
    driver.show(CALL)
    served_by(answer, driver, lambda _: len(sent) == 2)
    assert [frame.command for frame in sent] == [bx.CMD_SHOW, bx.CMD_SHOW]


def test_the_late_answer_to_a_ping_is_not_taken_for_that_to_a_text() -> None:
    sent: list[bx.Frame] = []

    def answer(frame: bx.Frame) -> bytes:
        sent.append(frame)
        return ACK + NACK if frame.command == bx.CMD_SHOW else b""

    driver = patient()

    def until(link: SpyLink) -> bool:
        if sent and driver._wanted is None:
            driver.show(CALL)
        return bool(link.said)

    assert served_by(answer, driver, until).said == [("fault", "strip_memory")]
    assert [frame.command for frame in sent] == [bx.CMD_PING, bx.CMD_SHOW]


def test_a_strip_that_never_stops_talking_does_not_keep_the_driver_from_ending() -> None:
    driver = LedStrip(answer_timeout=0.05)
    flood = bytes(range(1, 0xA5)) * 2000
    said = served_by(lambda _: flood, driver, lambda link: link.said).said
    assert said == [("offline", "garbled")]


def test_a_strip_on_a_serial_line_is_spoken_to_in_the_same_words() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    driver = patient()
    driver.show(CALL)
    shown: list[bytes] = []
    done = threading.Event()

    def strip() -> None:
        unwrapper = bx.Unwrapper()
        while not done.is_set():
            if select.select([master], [], [], 0.02)[0]:
                for frame in unwrapper.feed(os.read(master, 7)):
                    shown.append(bx.parse_show(frame.data)[0].data)
                    os.write(master, ACK)

    thread = threading.Thread(target=strip)
    thread.start()
    try:
        with running(driver, os.ttyname(slave)):
            wait_until(lambda: driver.shown == CALL)
    finally:
        done.set()
        thread.join()
        os.close(master)
        os.close(slave)
    assert shown == [CALL.encode("gbk")]


def test_the_simulators_picture_is_lit_where_the_text_is(simulator: LedStripSimulator) -> None:
    changes: list[str] = []
    simulator.on_change = lambda: changes.append(simulator.text)
    driver = patient()
    driver.show("A001", colour="green")
    with running(driver, simulator.url):
        wait_until(lambda: driver.shown == "A001")
        lit = Image.open(io.BytesIO(simulator.png())).convert("RGB")
        driver.show("")
        wait_until(lambda: driver.shown == "")
        dark = Image.open(io.BytesIO(simulator.png())).convert("RGB")
    assert max(lit.getchannel("G").tobytes()) == 255
    assert max(dark.getchannel("G").tobytes()) < 80
    assert changes == ["A001", ""]


def test_the_simulator_breaks_lines_as_a_strip_does_and_shows_no_more_than_fits() -> None:
    simulator = LedStripSimulator(64, 32)
    simulator.start()
    driver = LedStrip(width=64)
    driver.show("A001请到\n3号窗口办理业务")
    with running(driver, simulator.url):
        wait_until(lambda: driver.shown is not None)
    assert simulator.lines == ["A001请到", "3号窗口"]
    simulator.stop()


def test_a_6k_card_is_told_its_place_in_pixels_marked_by_bit_15() -> None:
    driver = LedStrip(model="6k")
    frame = driver.text_frames(Content(CALL), False)
    # As the maker's C# demo has it: X 0 is 00 80, W 192 is C0 80.
    assert bytes.fromhex("00 0080 0000 C080 2000 00") in frame
    java = LedStrip(model="6k-java").text_frames(Content(CALL), False)
    assert bytes.fromhex("00 0000 0000 C000 2000 00") in java


@pytest.mark.parametrize(
    ("model", "card", "is_right"),
    [
        ("5k", "5k", True),
        ("6k", "6k", True),
        ("6k", "6k-java", False),
        ("6k-java", "6k", False),
        ("5k", "6k-java", False),
    ],
)
def test_the_test_pattern_shows_whether_the_model_is_right(model: Any, card: str, is_right: bool) -> None:
    simulator = LedStripSimulator(model=card)
    simulator.start()
    driver = patient(model=model, test_shown=600.0)
    tested: list[str | None] = []
    with running(driver, simulator.url) as supervisor:
        wait_until(lambda: supervisor.state.state == "online")
        thread = threading.Thread(target=lambda: tested.append(driver.test("显示测试", [])))
        thread.start()
        wait_until(lambda: driver.shown == "显示测试")
        picture = Image.open(io.BytesIO(simulator.png())).convert("RGB")
        driver.show("A001")  # a call replaces the test, and all of it
        thread.join()
        wait_until(lambda: simulator.text == "A001")
    simulator.stop()
    assert tested == [None]
    is_lit = {
        side: max(picture.crop(box).getchannel(channel).tobytes()) == 255
        for side, box, channel in (("left", (18, 0, 318, 228), "R"), ("right", (890, 0, 1170, 228), "G"))
    }
    assert all(is_lit.values()) == is_right, is_lit


def test_colours_say_what_a_text_is() -> None:
    simulator = LedStripSimulator()
    simulator.start()
    driver = patient(colours={"call": "red", "paused": "yellow"})
    with running(driver, simulator.url):
        for kind, colour in (("call", rb"\C1"), ("paused", rb"\C3"), ("idle", b"")):
            driver.show(f"{kind} text", About(kind))  # type: ignore[arg-type]
            wait_until(lambda kind=kind: driver.shown == f"{kind} text")
            assert bx.parse_show(simulator.heard[-1].data)[0].data == colour + f"{kind} text".encode()
    simulator.stop()


def test_a_new_call_flashes_for_a_while_and_ends_lit(simulator: LedStripSimulator) -> None:
    driver = patient(flash_seconds=1)
    simulator._flicker = Flicker(Ticking())
    seen: list[str] = []
    simulator.on_change = lambda: seen.append(simulator.text)
    with running(driver, simulator.url):
        driver.show("A001\n请到3号窗口", About("call", fresh=1))
        wait_until(lambda: len(seen) >= 3)
        assert simulator.look()["flashing"]
        assert seen == ["A001\n请到3号窗口", "\n请到3号窗口", "A001\n请到3号窗口"]
        driver.show("A002")
        wait_until(lambda: simulator.text == "A002")
    assert seen[3:] == ["A002"]


def test_a_card_with_a_voice_says_a_call_once_however_often_its_text_is_sent(simulator: LedStripSimulator) -> None:
    driver = patient(voice_volume=6, ping_interval=0.1, refresh_interval=0.1)
    with running(driver, simulator.url):
        for _ in range(2):  # the second is a recall
            driver.show(CALL, About("call", fresh=1, spoken="A零零一号,请到三号窗口"))
            heard = len(simulator.heard)
            wait_until(lambda heard=heard: len(simulator.heard) > heard + 3)
    assert list(simulator.said) == ["A零零一号,请到三号窗口"] * 2
    texts = [frame.data for frame in simulator.heard if frame.command == bx.CMD_SHOW]
    spoken = next(area for data in texts for area in bx.parse_show(data) if area.sound_data)
    assert spoken.sound_volume == 6


def test_a_strip_that_answers_a_question_late_is_said_to_and_a_refused_text_is_not_called_shown() -> None:
    simulator = LedStripSimulator()
    simulator.start()
    simulator.fall_behind()
    simulator.nack(4, times=100)
    driver = quick(tries=3)
    shown: list[str | None] = []
    with running(driver, simulator.url) as supervisor:
        wait_until(lambda: "late_answers" in supervisor.reasons)
        driver.show(CALL)
        wait_until(
            lambda: (
                shown.append(driver.shown) or len([f for f in list(simulator.heard) if f.command == bx.CMD_SHOW]) > 3
            )
        )
        wait_until(lambda: supervisor.state.reason == "late_answers")
        assert CALL not in shown
        simulator.catch_up()
        simulator._nacks.clear()
        wait_until(lambda: driver.shown == CALL)
        wait_until(lambda: supervisor.state.state == "online")
    simulator.stop()


def test_a_late_refusal_is_found_even_where_a_card_acknowledges_every_other_question() -> None:
    held: list[bytes] = []
    shown: list[str | None] = []

    def answer(frame: bx.Frame) -> bytes:
        shown.append(driver.shown)
        held.append(NACK if frame.command == bx.CMD_SHOW else ACK)
        return held[-2] if len(held) > 1 else b""

    driver = LedStrip(answer_timeout=0.05, ping_interval=0.05)

    def until(link: SpyLink) -> bool:
        if ("online", "") in link.said and driver._wanted is None:
            driver.show(CALL)
        return ("offline", "late_answers") in link.said

    served_by(answer, driver, until)
    assert CALL not in shown


def test_a_refusal_that_a_ping_gets_takes_the_text_back(simulator: LedStripSimulator) -> None:
    answers = iter([ACK, NACK, ACK, ACK])
    sent: list[tuple[int, int]] = []

    def answer(frame: bx.Frame) -> bytes:
        sent.append(frame.command)
        return next(answers, ACK)

    driver = LedStrip(ping_interval=0.05)
    driver.show(CALL)
    served_by(answer, driver, lambda _: sent.count(bx.CMD_SHOW) == 2)
    assert sent[:3] == [bx.CMD_SHOW, bx.CMD_PING, bx.CMD_SHOW]


@pytest.mark.parametrize(("missed", "said"), [(2, ("online", "")), (3, ("offline", "silent"))])
def test_two_missed_polls_are_no_loss_and_three_are(missed: int, said: tuple[str, str]) -> None:
    sent: list[bx.Frame] = []

    def answer(frame: bx.Frame) -> bytes:
        sent.append(frame)
        return ACK if len(sent) > missed else b""

    driver = LedStrip(answer_timeout=0.05, ping_interval=60.0)
    assert served_by(answer, driver, lambda link: link.said).said == [said]
    # What answers is asked some more: the answer may have been that to a question before.
    assert [frame.command for frame in sent[:3]] == [bx.CMD_PING] * 3


def test_a_strip_that_talks_without_end_takes_no_core() -> None:
    class Babbler(Stranger):
        heard = 0

        def read(self, timeout: float) -> bytes:
            self.heard += 1
            return NONSENSE

    driver = LedStrip(answer_timeout=0.2)
    driver.show(CALL)
    babbler = Babbler(lambda _frame: b"")
    with pytest.raises(ProtocolError, match="garbled"):
        driver.serve(babbler, SpyLink())
    # So much before each question, and so much after it; the rest is left on the line.
    assert babbler.heard <= driver.tries * (MAX_READS + MAX_NOISE // len(NONSENSE) + 1)


def test_an_answer_that_came_while_the_machine_stood_still_is_not_late() -> None:
    driver = patient(answer_timeout=0.0)
    driver.show(CALL)
    assert served_by(lambda _frame: ACK, driver, lambda link: link.said).said == [("online", "")]


def test_a_test_that_a_call_replaces_at_once_has_been_seen() -> None:
    class Breathless(LedStrip):
        """Lets nobody see what it shows between the test and the call."""

        def _now_shows(self, text: str | None) -> None:
            if text == "显示测试":
                self._changed.acquire()
            super()._now_shows(text)
            if text == CALL:
                self._changed.release()

    driver = Breathless(answer_timeout=60.0, ping_interval=600.0, test_patience=60.0)
    tested: list[str | None] = []
    tester = threading.Thread(target=lambda: tested.append(driver.test("显示测试", [])))

    def answer(frame: bx.Frame) -> bytes:
        if driver._wanted is not None and driver._wanted.is_pattern:
            driver.show(CALL)
        return ACK

    def until(link: SpyLink) -> bool:
        if link.said and not tester.ident:
            tester.start()
        return driver.shown == CALL

    served_by(answer, driver, until)
    tester.join(30.0)
    assert tested == [None]
