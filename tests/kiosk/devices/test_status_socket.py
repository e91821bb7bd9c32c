"""`quhao devices` asks the running service over its Unix socket, or says why it cannot."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from drivers.errors import OfflineError
from drivers.supervisor import Link, Supervisor
from drivers.wire_tap import WireTap
from kiosk.devices.probing import lines
from kiosk.devices.status_socket import DeviceSocket, NotAskedError, ask_service, socket_of, unix_address
from kiosk.devices.testing import DeviceTests
from ticketing.store.opening import open_store
from wires import now, wait_until


class Idle:
    """A driver whose device works."""

    def serve(self, port: Any, link: Link) -> None:
        assert port
        link.online()
        link.stopping.wait()


class Pipe:
    """A port that nothing comes through."""

    def close(self) -> None:
        """Nothing to let go."""


def gone() -> Pipe:
    raise OfflineError("unplugged")


def two_devices(now: Callable[[], datetime]) -> list[Supervisor[Any]]:
    both = [Supervisor("lamp", "lamp", Pipe, Idle(), now), Supervisor("bell", "bell", gone, Idle(), now)]
    for one in both:
        one.start()
    wait_until(lambda: [one.state.reason for one in both] == [None, "unplugged"])
    return both


def socket_for(here: Any) -> DeviceSocket:
    taps = {one.name: WireTap(None) for one in here.hall.devices}
    return DeviceSocket(here.hall.settings, here.hall.devices, taps, here.hall.device_tests)


@pytest.fixture
def asked(start: Callable[..., Any]) -> Iterator[Callable[[], tuple[Any, DeviceSocket]]]:
    """Makes halls of two devices that can be asked."""
    made: list[DeviceSocket] = []

    def make() -> tuple[Any, DeviceSocket]:
        here = start(devices=two_devices)
        made.append(socket_for(here))
        made[-1].start()
        return here, made[-1]

    yield make
    for one in made:
        one.stop()


def listening(settings: Settings) -> socket.socket:
    """Something else that listens in the place of the service."""
    other = socket.socket(socket.AF_UNIX)
    with unix_address(socket_of(settings)) as address:
        other.bind(address)
    other.listen()
    return other


def test_the_service_tells_how_every_device_is_and_what_to_do(asked: Callable[[], tuple[Any, DeviceSocket]]) -> None:
    here, _ = asked()
    for _ in range(2):
        found = ask_service(here.hall.settings)
        assert found == [one.state for one in here.hall.devices]
    shown = "\n".join(lines(found or []))
    assert "bell" in shown and "离线 offline" in shown and "→" in shown


def test_the_socket_is_for_its_user_alone_tells_nothing_of_a_person_and_is_gone_in_the_end(
    asked: Callable[[], tuple[Any, DeviceSocket]],
) -> None:
    here, running = asked()
    here.lay_card()
    path = socket_of(here.hall.settings)
    assert path.stat().st_mode & 0o777 == 0o600
    with closing(socket.socket(socket.AF_UNIX)) as connection, unix_address(path) as address:
        connection.connect(address)
        connection.sendall(b'{"do": "list"}\n')
        with connection.makefile("rb") as answer:
            told = json.load(answer)
    assert {field for one in told for field in one} == {"name", "driver", "state", "since", "reason", "detail"}
    running.stop()
    assert not path.exists()
    assert ask_service(here.hall.settings) is None


def test_a_file_that_a_dead_service_left_is_no_service_and_in_nobodys_way(start: Callable[..., Any]) -> None:
    here = start(devices=two_devices)
    listening(here.hall.settings).close()
    assert socket_of(here.hall.settings).is_socket()
    assert ask_service(here.hall.settings) is None
    running = socket_for(here)
    running.start()
    assert ask_service(here.hall.settings) is not None
    running.stop()


def test_the_service_of_another_store_is_not_taken_for_ours(asked: Callable[[], tuple[Any, DeviceSocket]]) -> None:
    (ours, running), (theirs, _) = asked(), asked()
    running.stop()
    # On the same folder and key file, as two boxes of one machine may have them.
    store = ours.hall.settings.store.model_copy(update={"key_file": theirs.hall.settings.store.key_file})
    assert ask_service(ours.hall.settings.model_copy(update={"store": store})) is None
    assert ask_service(theirs.hall.settings)


def test_a_service_that_runs_and_is_not_to_be_reached_is_not_passed_over(start: Callable[..., Any]) -> None:
    settings = start().hall.settings
    assert ask_service(settings) is None, "nobody runs"
    running = open_store(settings.store.url, exclusive=True)
    with pytest.raises(NotAskedError, match="the service runs"):
        ask_service(settings)
    running.close()


@pytest.mark.parametrize("answer", [b"220 mail.example ready\r\n", b'[{"name": "lamp"}]', b"1", b""])
def test_something_that_answers_with_nonsense_is_no_service(start: Callable[..., Any], answer: bytes) -> None:
    settings = start().hall.settings
    with closing(listening(settings)) as other:

        def babble() -> None:
            connection, _ = other.accept()
            with connection:
                connection.sendall(answer)

        babbler = threading.Thread(target=babble)
        babbler.start()
        with pytest.raises(NotAskedError, match="gave no answer"):
            ask_service(settings)
        babbler.join()


def test_a_service_that_hangs_is_not_waited_for(start: Callable[..., Any]) -> None:
    settings = start().hall.settings
    with closing(listening(settings)), pytest.raises(NotAskedError, match="gave no answer"):
        ask_service(settings, timeout=0.1)


def test_a_folder_where_no_socket_can_be_made_keeps_nobody_from_serving(
    start: Callable[..., Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = start().hall.settings
    store = settings.store.model_copy(update={"key_file": tmp_path / "nowhere" / "master.key"})
    running = DeviceSocket(settings.model_copy(update={"store": store}), [], {}, DeviceTests("", [], now))
    running.start()
    running.stop()
    assert "cannot ask this service" in caplog.text
