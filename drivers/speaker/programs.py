"""Runs the programs that make and play sound: espeak-ng, aplay, or another synthesizer."""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import IO

from drivers.errors import OfflineError, RefusedError
from drivers.speaker.sound import MOST_BYTES

SYNTHESIS_TIMEOUT = 10.0
"""Seconds; a sentence takes 0.03 of CPU."""
WATCH = 0.1
"""Seconds between looks at whether to stop a program."""


@dataclass(frozen=True)
class Done:
    """What a program did.

    Attributes:
        code: its exit code; 0 where it was ended because the voice stops.
        output: what it wrote, at most ``MOST_BYTES``.
        said: the last line it complained with.
    """

    code: int
    output: bytes
    said: str


def find(program: str) -> str:
    """The path of a program; raises OfflineError ``not_installed``."""
    path = which(program)
    if path is None:
        raise OfflineError("not_installed", program)
    return path


def run(command: Sequence[str], data: bytes, timeout: float, stopping: threading.Event) -> Done:
    """Run a program on ``data``; it is ended at once when ``stopping`` is set.

    Raises:
        OfflineError: ``stuck`` after ``timeout`` seconds, or when it writes without end.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaint:
        given.write(data)
        given.seek(0)
        process = subprocess.Popen(  # noqa: S603 - a program of the settings; what is said comes by its standard input
            command, stdin=given, stdout=output, stderr=complaint, env=os.environ | {"LC_ALL": "C"}
        )
        deadline = time.monotonic() + timeout
        with process:
            is_over = False
            while (code := _wait(process, WATCH)) is None:
                if stopping.is_set():
                    process.kill()
                    return Done(0, b"", "")
                if is_over or max(map(_size, (output, complaint))) > MOST_BYTES:
                    process.kill()
                    raise OfflineError("stuck", Path(command[0]).name)
                # Looked at once more: it may have ended while the machine stood still.
                is_over = time.monotonic() > deadline
        output.seek(0)
        complaint.seek(max(0, _size(complaint) - 2000))
        said = complaint.read().decode("utf-8", "replace").strip()
        return Done(code, output.read(MOST_BYTES), said.splitlines()[-1][:200] if said else "")


def synthesize(command: Sequence[str], text: str, voice: str, stopping: threading.Event) -> bytes:
    """What a synthesizer writes, which reads a line of text: a WAV file, to be looked at; b"" when ``stopping`` is set.

    Args:
        command: the program, with its path and arguments.
        text: the line.
        voice: for the error's detail.
        stopping: ends the program.

    Raises:
        RefusedError: ``no_voice``: it failed.
        OfflineError: ``stuck``.
    """
    # On standard input a sentence cannot be taken for an option; [[ would begin phonemes of espeak-ng.
    line = "".join(character for character in text if character.isprintable() and character not in "[]")
    done = run(command, f"{line}\n".encode("utf-8", "replace"), SYNTHESIS_TIMEOUT, stopping)
    if stopping.is_set():
        return b""
    if done.code or not done.output:
        raise RefusedError("no_voice", f"{voice}: {done.said}")
    return done.output


def espeak(program: str, voice: str, speed: int) -> tuple[str, ...]:
    """The command that makes espeak-ng read a line and write a WAV file."""
    return (program, "-v", voice, "-s", str(speed), "-b", "1", "--stdin", "--stdout")


def command_of(program: Sequence[str], voice: str = "", speed: int = 150) -> tuple[str, ...]:
    """The command that reads a line and writes a WAV file: ``program``, else espeak-ng; with this voice.

    ``{voice}`` in an argument of ``program`` is replaced by the voice.
    """
    if not program:
        return espeak("espeak-ng", voice, speed)
    return tuple(one.replace("{voice}", voice) for one in program)


def _size(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_size


def _wait(process: "subprocess.Popen[bytes]", timeout: float) -> int | None:
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        return None
