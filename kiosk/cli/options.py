"""What commands on the store share: the settings, errors as sentences, files written whole."""

import getpass
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ticketing.files import replace_whole
from ticketing.model import TicketingError

if TYPE_CHECKING:
    from config.settings import Settings
    from ticketing.day.ledger import Ledger
    from ticketing.people.people import People
    from ticketing.store.base import Store

BAD_CONFIG = 2


@dataclass
class Context:
    """What every command knows: which file holds the settings, read when first needed."""

    path: Path

    @cached_property
    def settings(self) -> "Settings":
        """The settings; a bad file ends the command with all its problems and exit code 2."""
        # Imported here: `quhao --help` answers at once.
        from config.loading import ConfigError
        from kiosk.settings import load

        try:
            return load(self.path)
        except ConfigError as error:
            click.echo(str(error), err=True)
            sys.exit(BAD_CONFIG)


def who() -> str:
    """Who runs the command, for logs."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        return str(os.getuid())


@contextmanager
def in_words() -> Iterator[None]:
    """Turn errors of the parts into a sentence and an exit code."""
    try:
        yield
    except TicketingError as error:
        sentence = str(error)
        if sentence == error.code:
            from display.refusals import words

            told = words(error.code, error.facts)
            sentence = f"{told.zh} / {told.en}"
        raise click.ClickException(sentence) from error


def needs_store(settings: "Settings") -> None:
    """Refuse if there is no store: opening would make one."""
    from kiosk.opening import store_exists, store_name

    if not store_exists(settings):
        name = store_name(settings)
        raise click.ClickException(f"还没有数据库 {name} / there is no store {name}")


@contextmanager
def store_as_it_is(settings: "Settings") -> "Iterator[Store | None]":
    """The store, to be looked at by a command that changes nothing; None where there is none that could be.

    One of an older schema is left alone: it would be brought up to date by opening it.
    """
    from kiosk.opening import store_exists
    from ticketing.store.opening import open_store, schema_of

    try:
        there = store_exists(settings) and schema_of(settings.store.url).is_usable
        store = open_store(settings.store.url, exclusive=False) if there else None
    except TicketingError:
        store = None
    with closing(store) if store else nullcontext():
        yield store


@contextmanager
def ledger_of(settings: "Settings") -> "Iterator[Ledger]":
    """The ledger of a store that is there; errors become sentences."""
    from kiosk.opening import open_ledger

    needs_store(settings)
    with in_words(), open_ledger(settings) as ledger:
        yield ledger


@contextmanager
def people_of(settings: "Settings") -> "Iterator[tuple[Store, People]]":
    """The store and its accounts, with the key that what is done to them is logged by; errors become sentences."""
    from kiosk.opening import anchoring, clock_of, open_office_parts

    with in_words():
        store, vault, people = open_office_parts(settings)
        with closing(store), anchoring(settings, store, vault, clock_of(settings, store)):
            yield store, people


def write_out(file: Path | None, text: str) -> None:
    """Write ``text`` to a command's ``file``, and say so, or to standard output where that is None or ``-``."""
    if file is None or str(file) == "-":
        sys.stdout.buffer.write(text.encode())
        return
    write_whole(file, text.encode())
    click.echo(f"已写入 {file} / written to {file}", err=True)


def tell_changes(lines: Iterable[str], *, dry_run: bool) -> None:
    """Say what an import has changed, or would change."""
    told = list(lines)
    for line in told:
        click.echo(line)
    if not told:
        click.echo("没有变化 / nothing changes")
    elif dry_run:
        click.echo("试运行，什么也没改 / a dry run: nothing was changed", err=True)


def write_whole(file: Path, content: bytes) -> None:
    """Replace ``file`` whole, keeping its mode; raises ClickException where it cannot be written."""
    try:
        replace_whole(file, content, mode=0o644)
    except OSError as error:
        raise click.ClickException(f"写不了 {file} / {file} cannot be written: {error.strerror}") from error
