"""The manual page quhao(1): made of the commands' own help when the Debian package is built, and kept nowhere.

``python -m kiosk.cli.manual SECONDS`` writes it to standard output, dated by the seconds since 1970.
"""

import inspect
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version

import click

_ENVIRONMENT = "The settings of this box, where --config names no others. The package's own command takes {}."
_FILES = (
    ("/etc/quhao/quhao.toml", "The settings of this box."),
    ("/var/lib/quhao", "Store, keys and backups."),
    ("/opt/quhao/versions", "The version that runs, and the one before it."),
    ("/etc/udev/rules.d/61-quhao-names.rules", "Names of this box's own for serial devices."),
    ("/usr/share/doc/quhao", "The handbook (README), and settings with every key."),
)


def manual(commands: click.Group, released: str, day: str) -> str:
    """The page in roff (man(7)): every command that is not hidden, with its arguments and options.

    Args:
        commands: the command ``quhao``.
        released: its version.
        day: the page's date, YYYY-MM-DD.
    """
    context = click.Context(commands, info_name="quhao")
    summary, _, rest = _help(commands).partition("\n\n")
    lines = [
        f'.TH QUHAO 1 "{day}" "quhao {_escaped(released)}" "Quhao"',
        ".SH NAME",
        f"quhao \\- {_escaped(summary.rstrip('.'))}",
        ".SH SYNOPSIS",
        ".B quhao",
        "[\\-\\-config FILE] COMMAND [ARGUMENTS]",
        ".SH DESCRIPTION",
        *_paragraphs(rest),
        ".SH OPTIONS",
        *_options(context),
        ".SH COMMANDS",
        *_commands(commands, context),
        ".SH ENVIRONMENT",
        *_item("QUHAO_CONFIG", _ENVIRONMENT.format(_FILES[0][0])),
        ".SH FILES",
    ]
    for path, meaning in _FILES:
        lines += _item(path, meaning)
    return "\n".join(lines) + "\n"


def _commands(group: click.Group, context: click.Context) -> Iterator[str]:
    for name, command in sorted(group.commands.items()):
        if command.hidden:
            continue
        inner = click.Context(command, parent=context, info_name=name)
        runs_alone = not isinstance(command, click.Group) or command.invoke_without_command
        if runs_alone:
            yield f'.SS "{_escaped(inner.command_path)}"'
            yield _escaped(" ".join(command.collect_usage_pieces(inner)))
            yield from (".PP", *_paragraphs(_help(command)))
            yield from _options(inner)
        if isinstance(command, click.Group):
            yield from _commands(command, inner)


def _options(context: click.Context) -> Iterator[str]:
    for parameter in context.command.get_params(context):
        told = parameter.get_help_record(context)
        # An argument without help is in the usage, and --help is told of once.
        if told and told[1] and ("--help" not in parameter.opts or context.parent is None):
            yield from _item(*told)


def _item(term: str, meaning: str) -> Iterator[str]:
    yield from (".TP", f".B {_escaped(term)}", _escaped(" ".join(meaning.split())))


def _help(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "").partition("\f")[0]


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs of a help text; after a line with a backspace click keeps the lines as they are; so does the page."""
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        kept = paragraph.startswith("\b")
        if number:
            yield ".PP"
        if kept:
            yield ".nf"
        yield from (_escaped(line.strip()) for line in paragraph.lstrip("\b\n").splitlines())
        if kept:
            yield ".fi"


def _escaped(text: str) -> str:
    """Words as roff takes them: no control lines, and hyphens that can be copied into a shell."""
    safe = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe


def main() -> None:
    """Write the page to standard output."""
    from kiosk.cli.main import quhao

    day = datetime.fromtimestamp(int(sys.argv[1]), UTC).date()
    sys.stdout.buffer.write(manual(quhao, version("quhao"), day.isoformat()).encode())


if __name__ == "__main__":
    main()
