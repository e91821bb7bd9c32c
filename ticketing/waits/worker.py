"""Lives through past days in a process of its own, so that the hall's threads never wait for it.

``python -m ticketing.waits.worker`` reads what to compare from standard input and writes the comparison, both as JSON.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ticketing.waits.replay import Arrival, Change, Comparison, Desk, Outcome, PastDay, compare

PATIENCE = 30.0
"""Seconds after which the process is given up."""
_NICE = 10


def compare_apart(days: Sequence[PastDay], desks: Sequence[Desk], change: Change) -> Comparison:
    """:func:`~ticketing.waits.replay.compare`, in another process; raises OSError or ``subprocess.SubprocessError``."""
    told = json.dumps([[asdict(one) for one in days], [asdict(one) for one in desks], asdict(change)])
    # Our own interpreter and module; nothing of the question is in the arguments.
    command = [sys.executable, "-m", "ticketing.waits.worker"]
    done = subprocess.run(command, input=told, capture_output=True, text=True, check=True, timeout=PATIENCE)  # noqa: S603
    found = json.loads(done.stdout)
    return Comparison(**{**found, "base": Outcome(**found["base"]), "changed": Outcome(**found["changed"])})


def _day(told: Any) -> PastDay:
    hours = {window: tuple((begin, end) for begin, end in spans) for window, spans in told["hours"].items()}
    return PastDay(tuple(Arrival(*one) for one in told["arrivals"]), hours, told["tempos"], told["waited"])


def main() -> None:
    """Answer one question."""
    os.nice(_NICE)
    days, desks, change = json.load(sys.stdin)
    found = compare(
        [_day(one) for one in days],
        [Desk(one["window"], tuple(one["services"]), one["weights"]) for one in desks],
        Change(**change),
    )
    json.dump(asdict(found), sys.stdout)


if __name__ == "__main__":
    main()
