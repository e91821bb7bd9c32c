"""What `quhao devices` says of each device."""

from datetime import UTC, datetime

from drivers.supervisor import DeviceState
from kiosk.devices.probing import lines

SINCE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def told(*states: DeviceState) -> list[str]:
    return [line.strip() for line in lines(states)][len(states) - 1 :]


def test_a_device_that_works_tells_what_it_says_of_itself() -> None:
    _, number = told(DeviceState("reader", "sam", "online", SINCE, None, "05.01-20120101-0000000001-0000000001"))
    assert number == "05.01-20120101-0000000001-0000000001"
    assert len(told(DeviceState("reader", "sam", "online", SINCE, None))) == 1


def test_a_reader_that_is_one_answer_late_is_told_with_what_to_do() -> None:
    _, zh, en = told(DeviceState("reader", "sam", "online", SINCE, None, "answers_late"))
    assert zh.startswith("应答总是晚一步 → ")
    assert en.startswith("Its answers come one question late")
