"""The command line, spoken to without a process of its own, which takes longer to start than most commands to end."""

import subprocess
from contextlib import chdir
from pathlib import Path

from click.testing import CliRunner

from kiosk.cli.main import quhao


def say(config: Path, *arguments: str, line: str | bytes | None = None) -> subprocess.CompletedProcess[str]:
    """Run one command, in the folder of its settings, to its end; what it answered, as of a process.

    Args:
        config: the settings.
        arguments: the command and its own.
        line: what is on standard input.
    """
    with chdir(config.parent):
        done = CliRunner().invoke(quhao, ["--config", str(config), *arguments], input=line)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)
