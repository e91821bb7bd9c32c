"""This box's LED strips and boards: which are out of date, and what they show."""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta

from display import board, speech
from drivers.device import NOTHING_MORE, About, WindowDisplay
from ticketing.events import kind_of
from ticketing.model import Event, StoreError, UnknownError
from ticketing.office import Office

log = logging.getLogger(__name__)

STALE = timedelta(minutes=1)
"""Age after which a call is not new: its resident is at the window by now, or was called again."""
BOARD = ""
"""Stands for a window's id where a display is a board of the hall."""


class Displays:
    """Keeps displays up to date; several events of a window are one picture.

    Args:
        office: tells how a window stands.
        displays: by window id; those at ``BOARD`` show the last calls of all windows.
    """

    def __init__(self, office: Office, displays: Mapping[str, Sequence[WindowDisplay]]) -> None:
        self._office = office
        self._displays = displays
        self._changed = set(displays)
        self._calls: dict[str, Event] = {}
        self._removed: set[str] = set()

    def hear(self, event: Event) -> None:
        """Note which displays ``event`` makes out of date; may be called from any thread."""
        kind = kind_of(event.type)
        window = event.data.get("window")
        for place in self._displays.keys() & {window, BOARD}:
            if kind.spoken:
                self._calls[place] = event
            if window is not None:
                self._changed.add(place)
        if kind.changes_all:
            self._changed.update(self._displays)

    def show_changes(self) -> None:
        """Bring every display up to date; raises StoreError, and keeps what is still to be done."""
        while self._changed:
            place = self._changed.pop()
            try:
                self._show(place)
            except StoreError:
                self._changed.add(place)
                raise

    def _show(self, place: str) -> None:
        call = self._calls.get(place)
        if place == BOARD:
            self._show_calls(call)
        else:
            self._show_window(place, call)
        if call is self._calls.get(place):
            self._calls.pop(place, None)

    def _show_window(self, window: str, call: Event | None) -> None:
        try:
            view = self._office.window_view(window)
            self._removed.discard(window)
        except UnknownError:
            if window not in self._removed:
                log.warning("there is no window %s: its strip is blank", window)
                self._removed.add(window)
            for one in self._displays[window]:
                one.show("", NOTHING_MORE)
            return
        kind = board.kind_of_text(view.window, view.ticket)
        number = view.ticket.number if view.ticket else ""
        is_new = kind == "call" and self._is_new(call, number, window)
        spoken = _spoken(number, view.window.name, window) if is_new else ""
        for one in self._displays[window]:
            text = board.strip_text(view.window, view.ticket, one.width, one.height, one.texts)
            one.show(text, About(kind, number, window, len(text.split("\n")) if is_new else 0, spoken))

    def _show_calls(self, call: Event | None) -> None:
        calls = self._office.board().calls
        newest = calls[0] if calls else None
        is_new = newest is not None and self._is_new(call, newest.number, newest.window)
        spoken = _spoken(newest.number, newest.window_name, newest.window) if newest and is_new else ""
        for one in self._displays[BOARD]:
            text = board.board_text(calls, one.width, one.height, one.rows, one.texts.get("idle", ""))
            about = About("call", newest.number, newest.window, int(is_new), spoken) if newest else NOTHING_MORE
            one.show(text, about)

    def _is_new(self, call: Event | None, number: str, window: str) -> bool:
        return (
            call is not None
            and (call.data.get("number"), call.data.get("window")) == (number, window)
            and self._office.ledger.now() - call.at <= STALE
        )


def _spoken(number: str, window_name: str, window: str) -> str:
    """What a display with a voice of its own says: only Mandarin, as its maker made it."""
    return speech.text(speech.MANDARIN.sentence(number, window_name, window))
