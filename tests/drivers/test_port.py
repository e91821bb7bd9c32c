"""Byte pipes, over real ptys and sockets."""

import array
import fcntl
import os
import resource
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wires
from drivers.errors import OfflineError
from drivers.port import Port, SerialPort, TcpPort, open_port, slices
from drivers.simulators.plug_pty import PlugPty
from drivers.simulators.plug_tcp import PlugTcp

Plug = PlugPty | PlugTcp


class Far:
    """The other end of a port: a plug that keeps what it receives."""

    def __init__(self, make: Callable[[Callable[[bytes], None]], Plug]) -> None:
        self.received = bytearray()
        self.plug = make(self.received.extend)
        self.plug.start()
        self.ports: list[Port] = []

    def open(self) -> Port:
        port = open_port(self.plug.url)
        self.ports.append(port)
        wires.wait_until(lambda: not isinstance(self.plug, PlugTcp) or self.plug.connected)
        return port

    def wait_for(self, data: bytes) -> None:
        wires.wait_until(lambda: len(self.received) >= len(data))
        assert self.received == data

    def stop(self) -> None:
        for port in self.ports:
            port.close()
        self.plug.stop()


@pytest.fixture(params=[PlugPty, PlugTcp], ids=["pty", "tcp"])
def far(request: pytest.FixtureRequest) -> Iterator[Far]:
    end = Far(request.param)
    yield end
    end.stop()


@pytest.fixture
def pty() -> Iterator[Far]:
    end = Far(PlugPty)
    yield end
    end.stop()


@pytest.fixture
def tcp() -> Iterator[Far]:
    end = Far(PlugTcp)
    yield end
    end.stop()


def read_all(port: Port, size: int) -> bytes:
    data = b""
    deadline = time.monotonic() + 30
    while len(data) < size and time.monotonic() < deadline:
        data += port.read(0.1)
    return data


@settings(max_examples=20, deadline=None)
@given(st.binary(min_size=1, max_size=3000))
def test_every_byte_goes_through_unchanged_both_ways(data: bytes) -> None:
    # Bytes that a terminal would edit, echo or take for commands are among them.
    everything = bytes(range(256)) + data
    for make in (PlugPty, PlugTcp):
        far = Far(make)
        port = far.open()
        port.write(everything, 30.0)
        far.wait_for(everything)
        assert far.plug.send(everything)
        assert read_all(port, len(everything)) == everything
        assert port.read(0.02) == b""
        far.stop()


def test_reading_waits_no_longer_than_it_is_told(far: Far) -> None:
    port = far.open()
    began = time.monotonic()
    # To wait for a moment each time would take a minute.
    for _ in range(1000):
        assert port.read(0) == b""
    assert port.read(0.1) == b""
    assert 0.09 < time.monotonic() - began < 30


def test_reading_returns_as_soon_as_a_byte_is_there(far: Far) -> None:
    port = far.open()
    far.plug.send(b"x")
    # Else the test's own time is over.
    assert port.read(600.0) == b"x"


def test_a_plug_pulled_is_noticed_by_the_next_read(far: Far) -> None:
    port = far.open()
    far.plug.unplug()
    with pytest.raises(OfflineError) as caught:
        port.read(30.0)
    assert caught.value.reason == {"PlugPty": "unplugged", "PlugTcp": "hung_up"}[type(far.plug).__name__]


def test_a_plug_pulled_is_noticed_by_writing(far: Far) -> None:
    port = far.open()
    far.plug.unplug()

    def fails() -> bool:
        # TCP takes the first bytes after the other end has gone.
        try:
            port.write(b"x", 1.0)
        except OfflineError as error:
            return error.reason in ("unplugged", "hung_up")
        return False

    wires.wait_until(fails)


def test_a_port_comes_back_under_the_same_address(far: Far) -> None:
    address = far.plug.url
    far.open().close()
    far.plug.unplug()
    with pytest.raises(OfflineError) as caught:
        open_port(address, timeout=1.0)
    assert caught.value.reason in ("not_found", "refused")
    far.plug.plug_in()
    assert far.plug.url == address
    port = far.open()
    far.plug.send(b"again")
    assert read_all(port, 5) == b"again"


def test_a_device_in_use_is_busy_until_it_is_let_go(far: Far) -> None:
    first = far.open()
    with pytest.raises(OfflineError) as caught:
        far.open()
    assert caught.value.reason == "busy"
    first.close()
    far.open()


def test_a_device_in_use_by_another_process_is_busy_and_free_once_that_is_killed(far: Far) -> None:
    script = (
        "import sys; from drivers.port import open_port; "
        f"port = open_port({far.plug.url!r}); print('open', flush=True); sys.stdin.read()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", script], **pipes, cwd=Path(__file__).parents[2]) as other:  # type: ignore[call-overload]
        assert other.stdout.readline() == "open\n"
        with pytest.raises(OfflineError) as caught:
            open_port(far.plug.url)
        assert caught.value.reason == "busy"
        other.kill()
    far.open()


def test_a_port_may_be_closed_twice_and_is_offline_afterwards(far: Far) -> None:
    port = far.open()
    port.close()
    port.close()
    with pytest.raises(OfflineError):
        port.read(0.1)
    with pytest.raises(OfflineError):
        port.write(b"x", 0.1)


def test_a_closed_port_touches_no_file_that_has_got_its_number(far: Far) -> None:
    port = far.open()
    port.close()
    # Each end of these pipes takes the lowest free number, so that one of them has the number of the closed port.
    pipes = [os.pipe() for _ in range(8)]
    try:
        for _, into in pipes:
            os.write(into, b"private")
        with pytest.raises(OfflineError):
            port.read(0.1)
        with pytest.raises(OfflineError):
            port.write(b"slip", 0.1)
        assert [os.read(out, 100) for out, _ in pipes] == [b"private"] * 8
    finally:
        for descriptor in sum(pipes, ()):
            os.close(descriptor)


def test_a_device_that_takes_no_bytes_is_stuck() -> None:
    # A bare pty and a bare socket whose other ends read nothing.
    master, slave = os.openpty()
    serial = SerialPort(os.ttyname(slave), 9600)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        tcp = TcpPort("127.0.0.1", listener.getsockname()[1], 1.0)
        for port in (serial, tcp):
            with pytest.raises(OfflineError) as caught:
                port.write(bytes(20_000_000), 0.2)
            assert caught.value.reason == "stuck"
            port.close()
    os.close(master)
    os.close(slave)


def test_a_plug_pulled_and_put_back_by_many_hands_at_once_still_works(pty: Far) -> None:
    def fidget() -> None:
        for _ in range(20):
            pty.plug.unplug()
            pty.plug.plug_in()

    hands = [threading.Thread(target=fidget) for _ in range(4)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    port = pty.open()
    pty.plug.send(b"well")
    assert read_all(port, 4) == b"well"


def test_bytes_from_before_opening_are_not_read(pty: Far) -> None:
    pty.plug.send(b"stale")
    line = os.open(pty.plug.url, os.O_RDWR | os.O_NOCTTY)
    waiting = array.array("i", [0])
    # The kernel hands a pty's bytes over on a thread of its own.
    wires.wait_until(lambda: fcntl.ioctl(line, termios.FIONREAD, waiting) == 0 and waiting[0] == 5)
    os.close(line)
    port = pty.open()
    assert port.read(0.05) == b""


def test_nobody_reading_does_not_block_the_plug(pty: Far) -> None:
    assert isinstance(pty.plug, PlugPty)
    assert not pty.plug.send(bytes(100_000), 0.2)


def test_a_path_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(OfflineError) as caught:
        open_port(str(tmp_path / "nothing"))
    assert caught.value.reason == "not_found"


def test_a_file_that_is_no_serial_line_is_not_found(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    with pytest.raises(OfflineError) as caught:
        open_port(str(path))
    assert caught.value.reason == "not_found"


@pytest.mark.parametrize(
    "url",
    [
        "tcp://127.0.0.1",
        "tcp://:9100",
        "tcp://",
        "tcp://127.0.0.1:99999",
        "tcp://127.0.0.1:0",
        "tcp://127.0.0.1:-1",
        "tcp://127.0.0.1:print",
        "tcp://[::1:9100",
        "tcp://printer..hall:9100",
        "tcp://printer\0:9100",
    ],
)
def test_an_address_that_no_device_can_have_is_not_found(url: str) -> None:
    with pytest.raises(OfflineError) as caught:
        open_port(url)
    assert caught.value.reason == "not_found"


def test_a_closed_port_number_is_refused() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        with pytest.raises(OfflineError) as caught:
            open_port(f"tcp://127.0.0.1:{holder.getsockname()[1]}")
    assert caught.value.reason == "refused"


def test_a_name_nobody_knows_is_unreachable() -> None:
    with pytest.raises(OfflineError) as caught:
        open_port("tcp://no-such-printer.invalid:9100")
    assert caught.value.reason == "unreachable"


def test_a_host_that_resets_the_connection_has_hung_up(tcp: Far) -> None:
    port = tcp.open()
    assert isinstance(tcp.plug, PlugTcp)
    tcp.plug.hang_up(reset=True)
    with pytest.raises(OfflineError) as caught:
        port.read(30.0)
    assert caught.value.reason == "hung_up"


@pytest.fixture
def many_open_files() -> Iterator[None]:
    """As many as a hall with hundreds of screens has."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limits[1]), limits[1]))
    spare = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    yield
    for descriptor in spare:
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.usefixtures("many_open_files")
def test_ports_work_above_the_thousandth_open_file() -> None:
    master, slave = os.openpty()
    serial = SerialPort(os.ttyname(slave), 9600)
    os.write(master, b"high\n")
    assert serial.read(30.0) == b"high\n"
    serial.write(b"up", 30.0)
    serial.close()
    os.close(master)
    os.close(slave)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        tcp = TcpPort("127.0.0.1", listener.getsockname()[1], 1.0)
        with listener.accept()[0] as far:
            far.sendall(b"high")
            assert tcp.read(30.0) == b"high"
            tcp.write(b"up", 30.0)
            assert far.recv(2) == b"up"
        tcp.close()


def test_a_wait_that_is_over_looks_once_more() -> None:
    waits = slices(0.5, 0.2)
    assert next(waits) == 0.2
    wires.wait_until(lambda: next(waits) == 0.0)
    assert list(waits) == []
    assert list(slices(-1.0, 0.2)) == [0.0]
