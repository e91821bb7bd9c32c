"""A PDF sent to a queue of CUPS, by its own program: ``lp`` reads it from its input, so it lies in no file of ours."""

import logging
import subprocess

from ticketing.model import StateError

log = logging.getLogger(__name__)

PROGRAM = "lp"
PATIENCE = 20.0
"""Seconds for ``lp`` to take the job; the printing itself is CUPS's."""


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
