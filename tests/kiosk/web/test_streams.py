"""Who may follow events, and how far back: nobody's stream takes the place, or the work, of the others."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from wires import wait_until

PROXY = "127.0.0.1"


def of(address: str) -> dict[str, str]:
    """Headers of the trusted proxy, for a client of its."""
    return {"X-Forwarded-For": address}


def test_a_number_of_an_earlier_day_is_answered_with_a_reset_and_nothing_of_that_day(here: Any) -> None:
    for _ in range(3):
        here.issue()
    here.pass_time(days=1)
    here.issue()
    for after in (0, 2):
        seq = here.office.last_seq()
        wait_until(lambda told=seq: here.hall.feed._seq == told)
        stream = here.listen(f"/events?after={after}")
        reset = next(stream)
        assert (reset.event, reset.id, reset.data) == ("reset", seq, {"seq": seq})
        here.issue()
        assert (told := next(stream)).event == "ticket.issued" and told.id == seq + 1


def test_a_screen_that_was_away_overnight_goes_on_from_the_last_number_of_the_day_before(here: Any) -> None:
    here.issue()
    last = here.office.last_seq()
    here.pass_time(days=1)
    here.issue()
    assert next(here.listen(f"/events?after={last}")).id == last + 1


@pytest.fixture
def small(start: Callable[..., Any]) -> Any:
    """A hall of eight places behind a proxy: two are kept, and three may go to one address."""
    return start(max_streams=8, trusted_proxy=PROXY)


def refused(here: Any, address: str, path: str = "/events", **options: Any) -> str:
    answer = here.get(path, headers=of(address), **options)
    assert (answer.status, answer.headers["retry-after"]) == (503, "10")
    return str(answer.code)


def test_one_address_takes_no_more_than_its_share_of_the_streams(small: Any) -> None:
    streams = [small.listen(headers=of("192.0.2.1")) for _ in range(3)]
    assert [one.response.status for one in streams] == [200] * 3
    assert refused(small, "192.0.2.1") == "too_many_listeners"
    # What a client says of itself is hearsay.
    assert refused(small, "198.51.100.9, 192.0.2.1") == "too_many_listeners"
    assert small.listen(headers=of("192.0.2.2")).response.status == 200


def test_places_are_kept_for_kiosk_windows_and_screens_that_are_known(small: Any) -> None:
    for address in ("192.0.2.1", "192.0.2.2"):
        for _ in range(3):
            assert small.listen(headers=of(address)).response.status == 200
    assert refused(small, "192.0.2.3") == "too_many_listeners"
    clerk = small.token("clerk", "3")
    assert small.listen("/windows/3/events", token=clerk, headers=of("192.0.2.1")).response.status == 200
    assert small.listen("/kiosk/events", headers=of("127.0.0.1")).response.status == 200
    # All eight are taken now.
    assert refused(small, "192.0.2.9", token=clerk) == "too_many_listeners"


def test_a_place_given_back_may_be_taken_again(small: Any) -> None:
    streams = [small.listen(headers=of("192.0.2.1")) for _ in range(3)]
    streams[0].hang_up()
    while small.listen(headers=of("192.0.2.1")).response.status != 200:
        pass


def test_a_proxy_of_http_1_0_gets_its_stream_without_chunks(here: Any) -> None:
    with socket.create_connection(("127.0.0.1", here.server.port), timeout=30) as proxy:
        proxy.sendall(b"GET /api/v1/events HTTP/1.0\r\nHost: localhost\r\n\r\n")
        said = b""
        while not said.endswith(b"retry: 2000\n\n"):
            said += proxy.recv(65536)
        head, _, body = said.partition(b"\r\n\r\n")
        assert (b"chunked" in head, body) == (False, b"retry: 2000\n\n")
        here.server.stop()
        assert proxy.recv(65536) == b""
