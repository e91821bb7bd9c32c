"""The virtual hall: controls and views of all simulators of this program, for the page ``/bench``."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from drivers.card_reader.id_card import IdCard
from drivers.simulators.card_reader.cards import CARDS, SampleCard
from drivers.simulators.simulator import Simulator, numbered
from drivers.supervisor import Supervisor
from kiosk.event_feed import Channel, Source
from kiosk.service import Loop
from ticketing.model import UnknownError, Window

if TYPE_CHECKING:
    from kiosk.demonstration.hall_day import HallDay

LOOK = 0.25
"""Seconds between looks at how the program sees the devices."""


class VirtualHall:
    """What the page can see and do.

    Args:
        simulators: by the device's name.
        devices: their supervisors, for how the program sees them.
        window_of: the window each device belongs to, by its name.
        windows: of the hall.
        now: the time, with a zone.
        day: goes by itself; None where the hall's time is real.
    """

    def __init__(
        self,
        simulators: Mapping[str, Simulator[Any]],
        devices: Mapping[str, Supervisor[Any]],
        window_of: Mapping[str, str],
        windows: Callable[[], Sequence[Window]],
        now: Callable[[], datetime],
        day: "HallDay | None" = None,
    ) -> None:
        self.day = day
        self._simulators = simulators
        self._devices = devices
        self._window_of = window_of
        self._windows = windows
        self._now = now
        self._news = Channel(lambda: ("state", self.view()))
        self._loop = Loop("virtual hall", LOOK, self._look)
        self._told: dict[str, Any] = {}
        self._told_day: dict[str, Any] | None = None

    def start(self) -> None:
        """Tell the page what changes, up to ``LOOK`` seconds later."""
        for simulator in self._simulators.values():
            simulator.on_change = self._loop.wake
        self._loop.start()
        if self.day:
            self.day.start()

    def request_stop(self) -> None:
        """Have nothing more go by itself."""
        if self.day:
            self.day.request_stop()

    def stop(self) -> None:
        """End."""
        if self.day:
            self.day.stop()
        self._loop.stop()
        self._news.close()

    def listen(self) -> Source:
        """A stream of what can be seen, as ``state`` messages; between them ``day``, where that alone has changed."""
        return self._news.listen()

    def _look(self) -> None:
        # Hands also change how the program sees a device, a moment later; so what can be seen is compared.
        if not self._news.listeners:
            return
        view = self.view()
        day = view.pop("day")
        if view != self._told:
            self._told = view
            self._news.tell("state", view | {"day": day})
        elif day and (day["running"] or day["speed"] > 1 or {**day, "now": ""} != self._told_day):
            # The time alone is no news: the page knows how fast it goes.
            self._news.tell("day", day)
        self._told_day = day and {**day, "now": ""}

    def view(self) -> dict[str, Any]:
        """Everything at once, in the shape of ``GET /api/v1/bench``."""
        return {
            "cards": [self._card(sample) for sample in CARDS],
            "devices": [self._device(name, simulator) for name, simulator in self._simulators.items()],
            "windows": [{"id": one.id, "name": one.name, "services": one.services} for one in self._windows()],
            "day": self._day(),
        }

    def use(self, device: str, hand: str, body: Mapping[str, Any]) -> None:
        """Do something with a hand.

        Args:
            device: the device's name.
            hand: ``unplug``, ``plug_in``, and what else the simulator has: of a reader ``lay`` {card}, ``lift``; of a
                printer ``take_out_paper``, ``put_in_paper``, ``open_cover``, ``close_cover`` and its other troubles; of
                a scanner ``scan`` {text} or {paper}, the number of a slip of the printer, 0 for the newest.
            body: what the hand needs.

        Raises:
            UnknownError: there is no such device, hand, card or slip.
        """
        try:
            if "paper" in body:
                body = {"text": self._code_on(body["paper"])}
            self._simulators[device].use(hand, body)
        except (LookupError, TypeError) as error:
            raise UnknownError("not_found") from error

    def piece(self, device: str, name: str) -> tuple[bytes, str]:
        """A picture or sound of a device, and its media type.

        Raises:
            UnknownError: there is no such device or piece.
        """
        try:
            return self._simulators[device].piece(name)
        except LookupError as error:
            raise UnknownError("not_found") from error

    def _day(self) -> dict[str, Any] | None:
        if self.day is None:
            return None
        card = self.day.card
        return {**self.day.view(), "card": card and self._card(card)}

    def _card(self, sample: SampleCard) -> dict[str, Any]:
        return {"id": sample.id, "label": self._label(sample.card), "kind": sample.card.kind}

    def _label(self, card: IdCard) -> str:
        """What stands on a card of the tray: an invented name, sex, age."""
        age = []
        if card.birth_date:
            today = self._now().date()
            birthday_to_come = (today.month, today.day) < (card.birth_date.month, card.birth_date.day)
            age = [f"{today.year - card.birth_date.year - birthday_to_come}岁"]
        return " · ".join([card.name or card.name_en or "", *filter(None, [card.sex_label]), *age])

    def _code_on(self, paper: int) -> str:
        printer: Any = next((one for one in self._simulators.values() if one.place == "printer"), None)
        papers = printer.papers if printer else []
        return str(numbered(papers, str(paper or len(papers)), "", "").codes[0])

    def _device(self, name: str, simulator: Simulator[Any]) -> dict[str, Any]:
        state = self._devices[name].state
        return {
            "name": name,
            "driver": state.driver,
            "window": self._window_of.get(name) or None,
            "state": state.state,
            "reason": state.reason,
            "plugged": simulator.plugged,
            "hands": simulator.hands,
            "pulls": [vars(pull) for pull in simulator.pulls()],
            "panel": [part.as_json() for part in simulator.panel()],
            simulator.place: simulator.look(),
        }
