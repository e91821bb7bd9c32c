"""`quhao devices` asks the running service, whatever address and certificate that has, or says why it cannot."""

import socket
import threading
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config.settings import Settings
from drivers.errors import OfflineError
from drivers.supervisor import Link, Supervisor
from kiosk.devices.asking import NotAskedError, ask_service
from kiosk.devices.probing import lines
from program import free_port
from ticketing.store.opening import open_store
from wires import wait_until


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


def settings_of(here: Any, **server: Any) -> Settings:
    """The hall's settings with the port that it found free."""
    settings: Settings = here.hall.settings
    server = {"port": here.server.port} | server
    return settings.model_copy(update={"server": settings.server.model_copy(update=server)})


def issued_certificate(folder: Path, lasts: timedelta) -> tuple[Path, Path]:
    """A certificate for a name that is not this box's, signed by an authority that nobody knows here, and its key."""
    now = datetime.now(UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    authority, name = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in ("A CA", "q.example.cn"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(authority)
        .public_key(keys[1].public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + lasts)
        .sign(keys[0], hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    key = keys[1].private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files = folder / "issued.pem", folder / "issued.key"
    files[0].write_bytes(made.public_bytes(encoding))
    files[1].write_bytes(key)
    return files


def states(settings: Settings) -> list[tuple[str, str, str | None]] | None:
    found = ask_service(settings)
    return None if found is None else [(one.name, one.state, one.reason) for one in found]


SEEN = [("lamp", "online", None), ("bell", "offline", "unplugged")]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "::", "localhost"])
def test_the_service_is_asked_at_whatever_address_it_listens(start: Callable[..., Any], host: str) -> None:
    here = start(devices=two_devices, host=host)
    assert states(settings_of(here)) == SEEN


def test_no_token_is_left_behind(start: Callable[..., Any]) -> None:
    here = start(devices=two_devices)
    ask_service(settings_of(here))
    with here.store.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM token").scalar() == 0


def test_over_plain_http_on_an_address_of_the_network_no_token_goes_and_what_is_public_is_told(
    start: Callable[..., Any], lan_address: str
) -> None:
    here = start(devices=two_devices, host=lan_address)
    assert states(settings_of(here)) == [("lamp", "online", None), ("bell", "down", "unplugged")]
    with urllib.request.urlopen(f"{here.server.address}/metrics", timeout=10) as answer:
        assert b'route="/api/v1/devices"' not in answer.read(), "the route that takes the token was not asked at all"
    shown = "\n".join(lines(ask_service(settings_of(here)) or []))
    assert "bell" in shown and "不可用 down" in shown and "→" in shown


def test_a_proxy_on_this_box_does_not_stand_in_the_way(start: Callable[..., Any]) -> None:
    assert states(settings_of(start(devices=two_devices, trusted_proxy="127.0.0.1"))) == SEEN


@pytest.mark.parametrize("lasts", [timedelta(days=2), timedelta(days=-1)])
def test_a_certificate_of_any_authority_name_and_age_is_known_by_its_file(
    start: Callable[..., Any], tmp_path: Path, lan_address: str, lasts: timedelta
) -> None:
    certificate, key = issued_certificate(tmp_path, lasts)
    here = start(devices=two_devices, host=lan_address, tls_cert=certificate, tls_key=key)
    assert states(settings_of(here)) == SEEN


def test_another_certificate_gets_no_token(start: Callable[..., Any], certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    other, _ = issued_certificate(cert.parent, timedelta(days=2))
    here = start(devices=two_devices, tls_cert=cert, tls_key=key)
    with pytest.raises(NotAskedError, match="another certificate"):
        ask_service(settings_of(here, tls_cert=other))


def test_a_service_without_tls_where_the_settings_want_it_is_told(
    start: Callable[..., Any], certificate: tuple[Path, Path]
) -> None:
    here = start(devices=two_devices)
    with pytest.raises(NotAskedError, match="does not speak TLS"):
        ask_service(settings_of(here, tls_cert=certificate[0], tls_key=certificate[1]), timeout=0.5)


def test_the_service_of_another_store_is_not_taken_for_ours(start: Callable[..., Any]) -> None:
    ours, theirs = start(), start(devices=two_devices)
    with pytest.raises(NotAskedError, match="not the service on this box's store"):
        ask_service(settings_of(ours, port=theirs.server.port))


def test_a_service_that_runs_and_is_not_to_be_reached_is_not_passed_over(start: Callable[..., Any]) -> None:
    here = start()
    settings = settings_of(here, port=free_port())
    assert ask_service(settings) is None, "nobody runs"
    running = open_store(settings.store.url, exclusive=True)
    with pytest.raises(NotAskedError, match="the service runs"):
        ask_service(settings)
    running.close()


def test_something_that_answers_with_nonsense_is_no_service(start: Callable[..., Any]) -> None:
    here = start()
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = settings_of(here, port=other.getsockname()[1])

        def babble() -> None:
            connection, _ = other.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"220 mail.example ready\r\n")

        babbler = threading.Thread(target=babble)
        babbler.start()
        with pytest.raises(NotAskedError, match="gave no answer"):
            ask_service(settings)
        babbler.join()
