"""The manual page quhao(1): complete, and roff that a formatter takes without a word."""

import subprocess
from collections.abc import Iterator

import click

from kiosk.cli.main import quhao
from kiosk.cli.manual import manual

PAGE = manual(quhao, "1.2.3", "2026-01-02")


def runnable(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from runnable(command, f"{path} {name}")
        elif not command.hidden:
            yield f"{path} {name}", command


def test_every_command_and_every_option_stands_in_it() -> None:
    plain = PAGE.replace("\\-", "-")
    missing = []
    for path, command in runnable(quhao, "quhao"):
        _, found, rest = plain.partition(f'.SS "{path}"\n')
        section = rest.partition("\n.SS ")[0]
        options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
        missing += [path] if not found else [f"{path} {one.opts[0]}" for one in options if one.opts[0] not in section]
    assert missing == []


def test_it_says_which_version_it_is_of() -> None:
    assert PAGE.startswith('.TH QUHAO 1 "2026-01-02" "quhao 1.2.3"')


def test_words_that_roff_would_take_for_its_own_are_words() -> None:
    @click.group()
    def some() -> None:
        """Some: words."""

    @some.command(help="First.\n\n.rm is a word, 'so is this, and a\\b path.\n\n\b\nkept --as\n  it is")
    def one() -> None: ...

    lines = manual(some, "1", "2026-01-02").splitlines()
    assert "\\&.rm is a word, 'so is this, and a\\eb path." in lines
    assert lines[lines.index(".nf") :][:4] == [".nf", "kept \\-\\-as", "it is", ".fi"]


def test_a_formatter_takes_it_without_a_warning() -> None:
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", "-"], input=PAGE, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "quhao check" in done.stdout
