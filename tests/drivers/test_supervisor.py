"""One thread a device: it comes back, and it never takes anything down."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue

import pytest

import wires
from drivers.errors import OfflineError, ProtocolError, RefusedError
from drivers.supervisor import BACKOFF, DeviceState, Link, Supervisor


class Thing:
    """What a driver works on; counts how often it was opened and closed."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self.missing: str | None = None

    def open(self) -> "Thing":
        if self.missing:
            raise OfflineError(self.missing)
        self.opened += 1
        return self

    def close(self) -> None:
        self.closed += 1


class Obedient:
    """A driver that does what the test says."""

    def __init__(self) -> None:
        self.orders: SimpleQueue[Callable[[Link], None]] = SimpleQueue()

    def order(self, work: Callable[[Link], None]) -> None:
        self.orders.put(work)

    def serve(self, thing: Thing, link: Link) -> None:
        link.online()
        while not link.stopping.is_set():
            try:
                work = self.orders.get(timeout=0.005)
            except Empty:
                continue
            work(link)


class Device:
    def __init__(self, backoff: Sequence[float] = BACKOFF) -> None:
        self.thing = Thing()
        self.driver = Obedient()
        self.states: list[DeviceState] = []
        self.supervisor = Supervisor(
            "printer", "escpos", self.thing.open, self.driver, wires.now, self.states.append, backoff
        )

    def seen(self) -> list[tuple[str, str | None]]:
        return [(state.state, state.reason) for state in self.states]

    def is_now(self, state: str, reason: str | None = None) -> None:
        # By what was told, which comes after the state itself.
        wires.wait_until(lambda: self.seen()[-1:] == [(state, reason)])

    def ends(self) -> bool:
        """Whether its thread has ended, once it was asked to."""
        self.supervisor.stop(30.0)
        return not any(thread.name == "device printer" for thread in threading.enumerate())


@pytest.fixture
def device() -> Iterator[Device]:
    device = Device()
    yield device
    device.supervisor.stop(30.0)


def fail(error: Exception) -> Callable[[Link], None]:
    def work(_link: Link) -> None:
        raise error

    return work


def test_a_device_not_started_yet_is_offline(device: Device) -> None:
    state = device.supervisor.state
    assert (state.name, state.driver, state.state, state.reason) == ("printer", "escpos", "offline", "starting")
    assert state.since.tzinfo is not None


def test_a_device_that_is_there_is_online(device: Device) -> None:
    device.supervisor.start()
    device.is_now("online")
    assert device.seen() == [("online", None)]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (OfflineError("unplugged"), ("offline", "unplugged")),
        (ProtocolError("garbled"), ("offline", "garbled")),
        (RefusedError("paper_out"), ("fault", "paper_out")),
    ],
)
def test_a_lost_device_says_why_and_is_opened_again(device: Device, error: Exception, state: tuple[str, str]) -> None:
    device.supervisor.start()
    device.is_now("online")
    device.driver.order(fail(error))
    wires.wait_until(lambda: len(device.seen()) == 3)
    assert device.seen() == [("online", None), state, ("online", None)]
    assert device.thing.opened == 2
    assert device.thing.closed == 1


def test_a_device_that_is_missing_at_first_is_online_soon_after_it_came(device: Device) -> None:
    device.thing.missing = "not_found"
    device.supervisor.start()
    device.is_now("offline", "not_found")
    device.thing.missing = None
    device.is_now("online")


def test_the_reason_changes_and_the_news_is_told_once(device: Device) -> None:
    device.supervisor.start()
    device.is_now("online")
    for _ in range(3):
        device.driver.order(lambda link: link.fault("paper_out", "status 60"))
    device.is_now("fault", "paper_out")
    device.driver.order(lambda link: link.fault("cover_open"))
    device.is_now("fault", "cover_open")
    device.driver.order(lambda link: link.online())
    device.is_now("online")
    assert device.seen() == [("online", None), ("fault", "paper_out"), ("fault", "cover_open"), ("online", None)]


def test_since_is_when_the_reason_began(device: Device) -> None:
    device.supervisor.start()
    device.is_now("online")
    device.driver.order(lambda link: link.fault("paper_out", "first"))
    device.is_now("fault", "paper_out")
    began = device.supervisor.state.since
    device.driver.order(lambda link: link.fault("paper_out", "second"))
    wires.wait_until(lambda: device.supervisor.state.detail == "second")
    assert device.supervisor.state.since == began


def test_news_is_told_also_when_the_clock_stands_still() -> None:
    stopped = wires.now()
    states: list[DeviceState] = []
    supervisor = Supervisor("x", "escpos", Thing().open, Obedient(), lambda: stopped, states.append)
    supervisor.start()
    wires.wait_until(lambda: [state.state for state in states] == ["online"])
    supervisor.stop(30.0)


def test_a_defect_of_a_driver_stays_its_own_and_tells_nothing_of_what_it_read(
    device: Device, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    device.supervisor.start()
    device.is_now("online")
    device.driver.order(fail(ValueError("张三 11010519491231002X")))
    wires.wait_until(lambda: device.thing.opened == 2)
    assert ("offline", "defect") in device.seen()
    assert "ValueError" in caplog.text
    assert "test_supervisor.py" in caplog.text
    assert "张三" not in caplog.text
    assert "11010519491231002X" not in caplog.text + str(device.states)


def test_a_callback_that_raises_ends_neither_the_thread_nor_the_conversation(caplog: pytest.LogCaptureFixture) -> None:
    device = Device()

    def told(state: DeviceState) -> None:
        device.states.append(state)
        raise ValueError("张三 11010519491231002X")

    device.supervisor = Supervisor("printer", "escpos", device.thing.open, device.driver, wires.now, told)
    device.supervisor.start()
    device.is_now("online")
    for number, error in enumerate((OfflineError("unplugged"), RefusedError("paper_out"), ValueError())):
        device.driver.order(fail(error))
        wires.wait_until(lambda told=2 * number + 3: len(device.states) == told)  # type: ignore[misc]
    assert device.seen()[1::2] == [("offline", "unplugged"), ("fault", "paper_out"), ("offline", "defect")]
    assert device.thing.opened == 4
    assert device.ends()
    assert "test_supervisor.py" in caplog.text
    assert "张三" not in caplog.text


def test_stopping_closes_the_port_and_ends_the_thread(device: Device) -> None:
    device.supervisor.start()
    device.is_now("online")
    assert device.ends()
    assert device.thing.closed == device.thing.opened == 1


def test_stopping_does_not_wait_for_the_next_try() -> None:
    device = Device(backoff=(600.0,))
    device.thing.missing = "not_found"
    device.supervisor.start()
    device.is_now("offline", "not_found")
    assert device.ends()


def test_a_supervisor_that_was_never_started_can_be_stopped(device: Device) -> None:
    device.supervisor.stop()
    assert device.thing.opened == 0
