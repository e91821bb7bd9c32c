"""The feed of events and the private streams, on a real store; listeners here are read without a web server."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from kiosk import event_feed
from kiosk.audience import BEHIND
from kiosk.event_feed import Channel, EventFeed, WindowNews
from kiosk.opening import open_office_parts
from listening import Ear
from ticketing.model import Actor, StoreError
from ticketing.office import Office
from wires import wait_until

CLERK = Actor("clerk", "clerk", "3")


def read(listener: Ear, number: int) -> list[str]:
    """The next ``number`` messages, heartbeats aside."""
    found: list[str] = []
    while len(found) < number:
        text = next(listener).decode()
        found += [message for message in text.split("\n\n") if message and not message.startswith((":", "retry"))]
    return found


def ids(messages: list[str]) -> list[int]:
    return [int(message.split("\n")[0].removeprefix("id: ")) for message in messages]


@pytest.fixture
def feed(here: Any) -> EventFeed:
    found: EventFeed = here.hall.feed
    return found


def test_what_is_committed_is_told_at_once_with_its_number_type_and_subject(here: Any, feed: EventFeed) -> None:
    with Ear(feed.listen()) as listener:
        assert next(listener) == b"retry: 2000\n\n"
        issuing = threading.Timer(0.05, here.issue)
        issuing.start()
        (message,) = read(listener, 1)
    issuing.join()
    assert message.split("\n") == [
        "id: 1",
        "event: ticket.issued",
        'data: {"number":"A001","service":"licence","at":"2026-11-23T09:30:00.000+08:00"}',
    ]


def test_a_listener_that_asks_for_what_it_missed_gets_all_of_it_and_then_the_news_without_a_gap(
    here: Any, feed: EventFeed
) -> None:
    """Also while verbs go on committing, and over several pages of the table."""
    for _ in range(12):
        here.issue()
    done = threading.Event()

    def go_on() -> None:
        for _ in range(40):
            here.issue("tax")
        done.set()

    busy = threading.Thread(target=go_on)
    page, event_feed.PAGE = event_feed.PAGE, 5
    try:
        with Ear(feed.listen(after=3)) as listener:
            busy.start()
            assert ids(read(listener, 49)) == list(range(4, 53))
    finally:
        event_feed.PAGE = page
        busy.join()
    assert done.is_set()


def test_a_listener_that_is_ahead_of_the_feed_waits_for_it_and_hears_nothing_twice(here: Any) -> None:
    """A screen takes the board, with an event the feed has not yet told, and follows from there."""
    feed = EventFeed(here.office, lambda _wake: None, look=0.05)
    here.issue()
    here.issue()

    def go_on() -> None:
        feed.start()
        wait_until(lambda: feed.listeners == 1)
        here.issue()

    later = threading.Timer(0.1, go_on)
    later.start()
    try:
        with Ear(feed.listen(after=2)) as listener:
            assert ids(read(listener, 1)) == [3]
    finally:
        later.join()
        feed.close()


def test_a_number_the_hall_never_reached_is_answered_with_a_reset(here: Any, feed: EventFeed) -> None:
    here.issue()
    wait_until(lambda: feed._seq == 1)
    with Ear(feed.listen(after=900)) as listener:
        (reset,) = read(listener, 1)
        assert reset.split("\n") == ["id: 1", "event: reset", 'data: {"seq":1}']
        here.issue()
        assert ids(read(listener, 1)) == [2]


def test_what_another_process_commits_is_told_too(here: Any, feed: EventFeed) -> None:
    store, vault, _people = open_office_parts(here.hall.settings)
    try:
        other = Office(store, vault, here.office.ledger.rules, here.office.ledger.zone, here.now)
        with Ear(feed.listen()) as listener:
            next(listener)
            other.issue("tax", CLERK, print=False)
            assert ids(read(listener, 1)) == [1]
    finally:
        store.close()


def test_a_listener_that_does_not_keep_up_loses_its_stream_and_the_others_do_not(here: Any, feed: EventFeed) -> None:
    with Ear(feed.listen()) as slow, Ear(feed.listen()) as quick:
        wait_until(lambda: feed.listeners == 2)
        here.issue()
        assert ids(read(slow, 1)) == ids(read(quick, 1)) == [1]
        slow.behind = BEHIND + 1
        for seq in range(2, 5):
            here.issue("tax")
            assert ids(read(quick, 1)) == [seq]
        assert list(slow) == []
        assert feed.listeners == 1


@pytest.mark.parametrize("error", [KeyError("A001 梁试问"), StoreError("store_down")], ids=["any", "store"])
def test_a_follower_that_fails_is_said_once_and_the_others_and_the_feed_go_on(
    here: Any, feed: EventFeed, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail(_events: object) -> None:
        raise error

    heard: list[int] = []
    feed.follow(fail)
    feed.follow(lambda events: heard.extend(event.seq for event in events))
    with Ear(feed.listen()) as listener:
        next(listener)
        for seq in (1, 2, 3):
            here.issue("tax")
            assert ids(read(listener, 1)) == [seq]
            wait_until(lambda told=seq: heard == list(range(1, told + 1)))
    failed = [record.getMessage() for record in caplog.records if "follower" in record.getMessage()]
    assert len(failed) == 1 and type(error).__name__ in failed[0] and "梁" not in failed[0]


def test_a_silent_stream_carries_a_comment_as_heartbeat(here: Any) -> None:
    with Ear(here.hall.feed.listen(), heartbeat=0.05) as listener:
        assert [next(listener), next(listener), next(listener)] == [b"retry: 2000\n\n", b":\n\n", b":\n\n"]


def test_closing_the_feed_ends_every_stream_at_once(here: Any, feed: EventFeed) -> None:
    with Ear(feed.listen()) as listener:
        assert next(listener) == b"retry: 2000\n\n"
        wait_until(lambda: feed.listeners == 1)
        feed.close()
        assert list(listener) == []
    assert feed.listeners == 0
    with Ear(feed.listen()) as late:
        assert list(late) == [b"retry: 2000\n\n"]


def test_a_listener_that_is_gone_is_forgotten(here: Any, feed: EventFeed) -> None:
    with Ear(feed.listen()) as listener:
        next(listener)
        issuing = threading.Timer(0.05, here.issue)
        issuing.start()
        read(listener, 1)
        assert feed.listeners == 1
    assert feed.listeners == 0
    issuing.join()


@pytest.fixture
def channel() -> Iterator[Channel]:
    channel = Channel(lambda: ("state", {"state": "idle"}))
    yield channel
    channel.close()


def test_a_channel_begins_with_how_things_are(channel: Channel) -> None:
    with Ear(channel.listen()) as listener:
        assert next(listener) == b'retry: 2000\n\nevent: state\ndata: {"state":"idle"}\n\n'
        channel.tell("state", {"name": "张*三\n"})
        assert next(listener).decode() == 'event: state\ndata: {"name":"张*三\\n"}\n\n'
    assert channel.listeners == 0


def test_news_told_before_the_first_look_are_not_lost() -> None:
    told = threading.Event()

    def look() -> tuple[str, Any]:
        assert told.wait(10)
        return "state", {"state": "idle"}

    channel = Channel(look)
    with Ear(channel.listen()) as listener:
        wait_until(lambda: channel.listeners == 1)
        channel.tell("state", {"state": "reading"})
        told.set()
        assert b"idle" in next(listener)
        assert b"reading" in next(listener)


def test_closing_a_channel_ends_its_streams(channel: Channel) -> None:
    with Ear(channel.listen()) as listener:
        next(listener)
        channel.close()
        assert list(listener) == []
    with Ear(channel.listen()) as late:
        assert list(late) == []


def test_every_event_is_one_refresh_at_a_window_and_no_second_while_the_first_is_unread(here: Any) -> None:
    news: WindowNews = here.hall.news
    told = threading.Semaphore(0)
    # Called after what tells the windows.
    here.hall.feed.follow(lambda _events: told.release())
    with Ear(news.listen("3")) as listener:
        next(listener)
        listener.behind = 1
        for _ in range(3):
            here.issue()
            assert told.acquire(timeout=60)
        news.tell("3", "scan", {"ok": True})
        assert read(listener, 2) == ["event: refresh\ndata: {}", 'event: scan\ndata: {"ok":true}']
        listener.behind = 0
        here.issue()
        assert read(listener, 1) == ["event: refresh\ndata: {}"]


def test_a_scan_is_told_to_its_own_window_alone(here: Any) -> None:
    news: WindowNews = here.hall.news
    with Ear(news.listen("1")) as one, Ear(news.listen("3")) as three:
        next(one), next(three)
        news.tell("3", "scan", {"ok": True})
        news.tell("1", "scan", {"ok": False})
        assert read(three, 1) == ['event: scan\ndata: {"ok":true}']
        assert read(one, 1) == ['event: scan\ndata: {"ok":false}']
