"""The threads that answer requests."""

import threading
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from kiosk.web.bridge import Pool


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool(2)
    yield pool
    pool.close()


def test_jobs_beyond_the_threads_wait_and_are_done_in_order(pool: Pool) -> None:
    go_on, done = threading.Event(), SimpleQueue[int]()
    begun = threading.Barrier(3)

    def hold() -> None:
        begun.wait(30)
        go_on.wait(30)

    for _ in range(2):
        pool.put(hold)
    begun.wait(30)
    for number in range(5):
        pool.put(lambda number=number: done.put(number))  # type: ignore[misc]
    assert pool.queued == 5
    go_on.set()
    assert sorted(done.get(timeout=30) for _ in range(5)) == [0, 1, 2, 3, 4]


def test_what_a_job_gives_or_raises_is_the_future_s(pool: Pool) -> None:
    assert pool.submit(divmod, 7, 2).result(30) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        pool.submit(divmod, 7, 0).result(30)


def test_a_job_that_nobody_waits_for_any_more_is_not_begun_and_ends_no_thread(pool: Pool) -> None:
    """A stream whose client goes away while its first message waits for a thread."""
    go_on = threading.Event()
    for _ in range(2):
        pool.put(lambda: go_on.wait(30))
    forgotten: list[int] = []
    future = pool.submit(forgotten.append, 1)
    assert future.cancel()
    go_on.set()
    for _ in range(3):
        assert pool.submit(threading.get_ident).result(30)
    assert forgotten == []
