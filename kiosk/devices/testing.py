"""A technician's test of a device: something one can see, hear or hold, and whether the device confirmed it."""

import threading
from datetime import datetime
from typing import Any

from display.prompts import Words
from drivers.led.bx import LedStrip
from drivers.printer.escpos import Gap, Item, Rule, Text
from drivers.printer.printer import Printer
from drivers.speaker import Speaker
from drivers.supervisor import Supervisor

SENTENCE = "语音测试,请到三号窗口"
STRIP_TEXT = "显示测试"
PATIENCE = 5.0
"""Seconds until a strip must have shown the test."""
SHOWN = 3.0
"""Seconds a strip keeps the test before it shows again what it showed."""
LOOK = 0.05


def try_out(supervisor: Supervisor[Any], hall_name: str, now: datetime) -> tuple[bool, Words]:
    """Test one device that is not offline; blocks until it is known how it went, seconds at most."""
    match supervisor.driver:
        case Printer() as printer:
            return _print(printer, supervisor.name, hall_name, now)
        case LedStrip() as strip:
            return _show(strip)
        case Speaker() as speaker:
            speaker.say(SENTENCE)
            return True, Words("已播放测试语音，请听", "The test sentence is on its way: please listen")
        case _:
            return True, Words("设备在线，请放卡或扫码试一试", "It answers: try it with a card or a code")


def _print(printer: Printer, name: str, hall_name: str, now: datetime) -> tuple[bool, Words]:
    items: list[Item] = [
        Text("打印测试", scale=2, bold=True),
        Text(hall_name),
        Text(f"{name}  {now:%Y-%m-%d %H:%M:%S}"),
        Rule(),
        Text("0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ", align="left"),
        Gap(24),
    ]
    outcome = printer.print(items, lambda: None)
    match outcome.state:
        case "printed":
            return True, Words("测试页已打印", "The test page was printed")
        case "unconfirmed":
            return False, Words("已发出，打印机没有确认，请看有没有出纸", "Sent but not confirmed: did paper come out?")
        case _:
            reason = outcome.reason or "failed"
            return False, Words(f"没有打印({reason})", f"Not printed ({reason})")


def _show(strip: LedStrip) -> tuple[bool, Words]:
    before = strip.shown
    strip.show(STRIP_TEXT)
    if not _wait(strip, STRIP_TEXT, PATIENCE):
        return False, Words("屏没有应答", "The strip did not answer")
    # A call that came meanwhile replaces the test by itself.
    if not _wait(strip, None, SHOWN, gone=STRIP_TEXT):
        strip.show(before or "")
    return True, Words("测试文字已显示", "The test text was shown")


def _wait(strip: LedStrip, text: str | None, seconds: float, gone: str | None = None) -> bool:
    """Until the strip shows ``text``, or something else than ``gone``."""
    pause = threading.Event()
    for _ in range(int(seconds / LOOK)):
        if (strip.shown != gone) if gone else (strip.shown == text):
            return True
        pause.wait(LOOK)
    return False
