"""Every verb of the queue, some thousand steps in any order, on both stores; many more of them in ``tests/bench``."""

import pytest

import every_verb


@pytest.mark.timeout(300)
def test_whatever_is_done_in_whatever_order_the_queue_is_as_its_model(store_url: str) -> None:
    every_verb.run(store_url, examples=30, steps=60)
