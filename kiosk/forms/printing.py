"""A PDF sent to a queue of CUPS, by its own program: ``lp`` reads it from its input, so it lies in no file of ours."""

import hashlib
import json
import logging
import secrets
import subprocess
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

from ticketing.model import StateError

log = logging.getLogger(__name__)

PROGRAM = "lp"
PATIENCE = 20.0
"""Seconds for ``lp`` to take the job; the printing itself is CUPS's."""


KEYS_KNOWN = 200
"""Prints that are told from others by their keys; a page asks again within a minute or not at all."""

_Told = TypeVar("_Told")


class Prints(Generic[_Told]):
    """Prints once what is asked for again under the same key, also while the first time still runs.

    Kept in memory, as what was printed is: keys, digests and what was told of the print. Safe to use from any thread.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._salt = secrets.token_bytes(32)
        self._known: OrderedDict[str, tuple[bytes, Future[_Told]]] = OrderedDict()

    def once(self, key: str | None, asked: object, do: Callable[[], _Told]) -> _Told:
        """What ``do`` tells, or told the first time; raises what it raises, and can then be asked for again.

        Args:
            key: the asker's; None: it is done each time.
            asked: what is printed, anything JSON can hold.
            do: prints.

        Raises:
            StateError: ``idempotency_key_reused``: the first time something else was asked for.
        """
        if key is None:
            return do()
        # A digest, since it would hold a person's data as long as the key is known; salted, as they are easy to guess.
        digest = hashlib.sha256(self._salt + json.dumps(asked, sort_keys=True).encode()).digest()
        with self._lock:
            known = self._known.get(key)
            if known is None:
                mine: Future[_Told] = Future()
                self._known[key] = digest, mine
                while len(self._known) > KEYS_KNOWN:
                    self._known.popitem(last=False)
        if known is not None:
            if known[0] != digest:
                raise StateError("idempotency_key_reused")
            return known[1].result()
        try:
            told = do()
        except BaseException as error:
            with self._lock:
                self._known.pop(key, None)
            mine.set_exception(error)
            raise
        mine.set_result(told)
        return told


def send(pdf: bytes, queue: str) -> None:
    """Print on A4.

    Raises:
        StateError: ``form_not_printed``: no program, no such queue, or CUPS took too long; the reason is logged.
    """
    command = [PROGRAM, "-d", queue, "-t", "quhao", "-o", "media=A4", "-o", "sides=one-sided", "-"]
    try:
        # An argument list, no shell; what is printed goes in by a pipe.
        done = subprocess.run(command, input=pdf, capture_output=True, timeout=PATIENCE, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        log.error("the form was not printed: %s", type(error).__name__)
        raise StateError("form_not_printed") from None
    if done.returncode:
        log.error("the form was not printed: %s", done.stderr.decode(errors="replace").strip()[:200])
        raise StateError("form_not_printed")
