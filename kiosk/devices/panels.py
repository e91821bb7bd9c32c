"""Panels at windows follow the hall's events: pads show the number or how many wait, lamps how the window stands."""

import time
from collections.abc import Callable, Mapping, Sequence

from drivers.presses import WindowFace, WindowPanel
from kiosk.service import Loop
from ticketing.events import TicketFinished, kind_of
from ticketing.model import Event, State, StoreError, UnknownError
from ticketing.office import Office

COUNTS = 1.0
"""Seconds between looks at how many wait; a window's own changes are shown at once."""


class Panels(Loop):
    """Shows on each panel how its window stands, whichever box changed it.

    Args:
        office: tells how a window stands.
        panels: this box's, by window.
        clock: seconds of a steady clock.
    """

    def __init__(
        self,
        office: Office,
        panels: Mapping[str, Sequence[WindowPanel]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._office = office
        self._panels = panels
        self._clock = clock
        self._changed = set(panels)
        self._free: set[str] = set()  # windows without a ticket: their panels show how many wait
        self._counts_changed = False
        self._counted_at = clock()
        super().__init__("panels", COUNTS, self._show_changes)

    def hear(self, events: Sequence[Event]) -> None:
        """Take new events, in order; called on the event feed's thread, and returns at once."""
        if not self._panels:
            return
        for event in events:
            window = event.data.get("window", "")
            if kind_of(event.type).changes_all:
                self._changed.update(self._panels)
            elif window in self._panels:
                self._changed.add(window)
            self._counts_changed |= bool(kind_of(event.type).waiting)
            if kind_of(event.type) is TicketFinished:
                for panel in self._panels.get(window, ()):
                    panel.ask()
        if self._changed:
            self.wake()

    def _show_changes(self) -> None:
        if self._counts_changed and self._clock() - self._counted_at >= COUNTS:
            self._counts_changed, self._counted_at = False, self._clock()
            self._changed.update(self._free)
        while self._changed:
            window = self._changed.pop()
            try:
                face = self._face(window)
            except StoreError:
                self._changed.add(window)
                raise
            (self._free.discard if face.number else self._free.add)(window)
            for panel in self._panels[window]:
                panel.show(face)

    def _face(self, window: str) -> WindowFace:
        try:
            view = self._office.window_view(window)
        except UnknownError:
            return WindowFace("closed")
        waiting = sum(one.count for one in view.waiting)
        if view.ticket is None:
            return WindowFace(view.window.state, waiting=waiting)
        serving = view.ticket.state is State.SERVING
        return WindowFace(view.window.state, view.ticket.number, serving, waiting)
