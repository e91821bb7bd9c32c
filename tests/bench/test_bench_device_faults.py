"""Random faults of every kind of device and of its wire: it is in use again soon after each, and nothing is lost.

``--whole`` takes 1,000 faults a kind; it is idle for most of that time, so run the kinds side by side: ``-n 12``.
"""

import gc
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from device_rig import Fault, Rig
from drivers.kinds import KINDS
from wires import wait_until

FAULTS, FEW = 1000, 10
BACK = 3.0
"""Seconds in which a device is in use again after a fault; in the short form, on a busy machine, four times that."""
GROWTH = 8 * 2**20
"""Bytes that memory may grow: the allocator's, not a leak's, which would be more after 1,000 faults."""


def scan(rig: Rig) -> bool:
    text = f"CODE{len(rig.events)}"
    rig.simulator.scan(text)
    return _soon(rig, lambda: any(getattr(event, "line", "") == text for event in rig.events))


def lay(rig: Rig) -> bool:
    rig.simulator.lift()
    if not _soon(rig, lambda: not rig.events or type(rig.events[-1]).__name__ != "CardRead", 0.2):
        rig.events.clear()
    rig.simulator.use("lay", {"card": "zhang"})
    return _soon(rig, lambda: any(type(event).__name__ == "CardRead" for event in rig.events), 1.5)


def print_slip(rig: Rig) -> bool:
    driver: Any = rig.device.driver
    return rig.supervisor.state.state == "online" and driver.test("测试", ["一行"]) is None


def show(rig: Rig) -> bool:
    text = f"A{rig.chance.randrange(1000):03}"
    rig.display.show(text)
    return _soon(rig, lambda: text in rig.simulator.look()["text"])


def speak(rig: Rig) -> bool:
    driver: Any = rig.device.driver
    said = len(rig.simulator.said)
    driver.say("测试")
    return _soon(rig, lambda: len(rig.simulator.said) > said)


def press_pad(rig: Rig) -> bool:
    # The same key within a second is the same press.
    rig.turn += 1
    key = ("call", "recall", "pause")[rig.turn % 3]
    before = len(rig.events)
    rig.simulator.press(1, key)
    return _soon(rig, lambda: any(getattr(event, "does", "") == key for event in rig.events[before:]))


def press_button(rig: Rig) -> bool:
    before = len(rig.events)
    rig.turn += 1
    rig.simulator.press((17, 18, 19)[rig.turn % 3], 0.05)
    return _soon(rig, lambda: len(rig.events) > before)


def put_card(rig: Rig) -> bool:
    rig.simulator.take_out()
    before = len(rig.events)
    rig.pause(0.05)
    rig.simulator.put_social_security_card()
    return _soon(rig, lambda: any(type(event).__name__ == "CardRead" for event in rig.events[before:]), 1.5)


def _soon(rig: Rig, done: Callable[[], bool], seconds: float = 0.5) -> bool:
    for _ in range(round(seconds / 0.01)):
        if done():
            return rig.supervisor.state.state == "online"
        rig.pause(0.01)
    return False


def printer_faults(rig: Rig) -> list[Fault]:
    printer = rig.simulator
    return [
        ("paper out", printer.take_out_paper, printer.put_in_paper),
        ("cover open", printer.open_cover, printer.close_cover),
        ("cutter", printer.jam_cutter, lambda: printer.jam_cutter(False)),
        ("hang up", printer.hang_up, lambda: None),
    ]


def strip_faults(rig: Rig) -> list[Fault]:
    strip = rig.simulator
    return [("lost power", strip.lose_power, lambda: None), ("hang up", strip.hang_up, lambda: None)]


def pad_faults(rig: Rig) -> list[Fault]:
    pads = rig.simulator
    return [
        ("silent pad", lambda: pads.silence(1), lambda: pads.silence(1, False)),
        ("babble", pads.babble, pads.hush),
        ("noise", lambda: pads.say(rig.chance.randbytes(400)), lambda: None),
    ]


def pin_faults(rig: Rig) -> list[Fault]:
    return [("bounce", lambda: rig.simulator.bounce(17), lambda: None)]


def slot_faults(rig: Rig) -> list[Fault]:
    slot = rig.simulator
    return [("garble", lambda: slot.garble(True), lambda: slot.garble(False))]


def line_faults(rig: Rig) -> list[Fault]:
    def hands(hand: str, back: str) -> Fault:
        return (hand, lambda: rig.simulator.use(hand, {"address": 1}), lambda: rig.simulator.use(back, {"address": 1}))

    return [hands("silence", "speak_up"), hands("fall_behind", "catch_up"), hands("rustle", "hush")]


def reader_faults(rig: Rig) -> list[Fault]:
    reader = rig.simulator
    return [
        ("silence", lambda: reader.silence(True), lambda: reader.silence(False)),
        ("noise", lambda: reader.noise(b"\xaa\xaa\xaa\x96"), lambda: reader.noise(b"")),
        ("spoilt", lambda: reader.spoil_next(3), lambda: reader.spoil_next(0)),
    ]


RIGS: dict[str, tuple[dict[str, Any], Callable[[Rig], bool], Callable[[Rig], list[Fault]]]] = {
    "sam": ({}, lay, reader_faults),
    "escpos": ({}, print_slip, printer_faults),
    "led-bx": ({"window": "3", "width": 192, "height": 32}, show, strip_faults),
    "scanner": ({"window": "3"}, scan, lambda _rig: []),
    "speaker": ({}, speak, lambda _rig: []),
    "led-lihe": ({"strips": [{"address": 1, "window": "3"}]}, show, line_faults),
    "pad": ({"pads": [{"address": 1, "window": "3"}]}, press_pad, pad_faults),
    "gpio": (
        {"inputs": [{"pin": pin, "does": "call", "window": str(pin)} for pin in (17, 18, 19)]},
        press_button,
        pin_faults,
    ),
    "pcsc": ({}, put_card, slot_faults),
}
"""By driver: its settings, how it is used, and its own faults."""
ELSEWHERE = {"climate", "mqtt"}
"""Soaked in ``test_bench_climate_and_mqtt``: they read and publish now and then, by clocks of their own."""


def test_every_kind_of_device_has_its_rig() -> None:
    assert set(RIGS) | ELSEWHERE == set(KINDS)


@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("driver", RIGS)
def test_a_device_is_in_use_again_after_any_fault(
    driver: str, tmp_path: Path, request: pytest.FixtureRequest, figure: Callable[[str], None]
) -> None:
    whole = request.config.getoption("--whole")
    settings, use, faults_of = RIGS[driver]
    rig = Rig(driver, tmp_path, settings, use, faults_of, seed=20261129)
    process = psutil.Process()
    waits: list[tuple[float, str]] = []
    rig.start()
    try:
        rig.seconds_until_used(20)
        gc.collect()
        before = process.num_fds(), threading.active_count(), process.memory_info().rss
        faults = rig.faults()
        for number in range(FAULTS if whole else FEW):
            name, begin, end = faults[number % len(faults)] if number < len(faults) else rig.chance.choice(faults)
            begin()
            rig.pause(rig.chance.uniform(0, 0.5))
            end()
            waits.append((rig.seconds_until_used(BACK if whole else 4 * BACK), name))
            if number % 50 == 0:
                # What a hall does with events: it takes them.
                rig.events.clear()
        gc.collect()
        wait_until(lambda: threading.active_count() <= before[1])
        wait_until(lambda: process.num_fds() <= before[0])
        grown = process.memory_info().rss - before[2]
        assert grown < GROWTH, f"{grown / 2**20:.1f} MB more than before {len(waits)} faults"
    finally:
        rig.stop()
    worst, why = max(waits)
    times = sorted(seconds for seconds, _ in waits)
    figure(f"{driver}: {len(waits)} faults, back after {times[len(times) // 2]:.2f} s, at most {worst:.2f} s ({why})")
