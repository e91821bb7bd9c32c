"""What commands on the store share: the settings, and errors as sentences."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import click

from ticketing.model import TicketingError

if TYPE_CHECKING:
    from config.settings import Settings


class Knows(Protocol):
    """The part of the context object that commands use."""

    @property
    def settings(self) -> "Settings":
        """The settings of this box."""


def who() -> str:
    """Who runs the command, for logs."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        return str(os.getuid())


class RefusedError(click.ClickException):
    """Exit code 1."""


@contextmanager
def in_words(refused: type[click.ClickException] = RefusedError) -> Iterator[None]:
    """Turn errors of the parts into a sentence and an exit code."""
    try:
        yield
    except TicketingError as error:
        sentence = str(error)
        if sentence == error.code:
            from display.refusals import words

            told = words(error.code, error.facts)
            sentence = f"{told.zh} / {told.en}"
        raise refused(sentence) from error


def needs_store(settings: "Settings", refused: type[click.ClickException] = RefusedError) -> None:
    """Refuse if there is no store: opening would make one."""
    from kiosk.opening import store_exists, store_name

    if not store_exists(settings):
        raise refused(f"还没有数据库 {store_name(settings)} / there is no store {store_name(settings)}")
