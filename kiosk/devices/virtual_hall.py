"""The virtual hall: the hands and eyes of all simulators of this program, for the page ``/bench``."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from drivers.card_reader.id_card import IdCard
from drivers.simulators.card_reader.cards import CARDS
from drivers.simulators.card_reader.sam import SamSimulator
from drivers.simulators.led.bx import LedStripSimulator
from drivers.simulators.printer.printer import PrinterSimulator
from drivers.simulators.scanner import ScannerSimulator
from drivers.simulators.speaker import SpeakerSimulator
from drivers.supervisor import Supervisor
from kiosk.event_feed import Channel, Listener
from kiosk.service import Loop
from ticketing.model import UnknownError

Simulator = SamSimulator | PrinterSimulator | LedStripSimulator | ScannerSimulator | SpeakerSimulator
LOOK = 0.25
"""Seconds between looks at how the program sees the devices."""
SHOWN = 12
"""How many slips and sentences the page keeps."""


class Bench:
    """What the page can see and do.

    Args:
        simulators: by the device's name.
        devices: their supervisors, for how the program sees them.
        window_of: the window each device belongs to, by its name.
        windows: ids and names of the hall's windows.
        now: the time, with a zone.
    """

    def __init__(
        self,
        simulators: Mapping[str, Simulator],
        devices: Mapping[str, Supervisor[Any]],
        window_of: Mapping[str, str],
        windows: Callable[[], list[tuple[str, str]]],
        now: Callable[[], datetime],
    ) -> None:
        self._simulators = simulators
        self._devices = devices
        self._window_of = window_of
        self._windows = windows
        self._now = now
        self._laid: str | None = None
        self._news = Channel(lambda: ("state", self.view()))
        self._loop = Loop("bench", LOOK, self._look)
        self._told: dict[str, Any] = {}

    def start(self) -> None:
        """Tell the page what changes, a moment after it does."""
        for simulator in self._simulators.values():
            simulator.on_change = self._loop.wake
        self._loop.start()

    def stop(self) -> None:
        """End."""
        self._loop.stop()
        self._news.close()

    def listen(self) -> Listener:
        """A new stream of what can be seen, as ``state`` messages; close it in the end."""
        return self._news.listen()

    def _look(self) -> None:
        # Hands also change how the program sees a device, a moment later; so what can be seen is compared.
        if self._news.listeners and (view := self.view()) != self._told:
            self._told = view
            self._news.tell("state", view)

    def view(self) -> dict[str, Any]:
        """Everything at once, in the shape of ``GET /api/v1/bench``."""
        return {
            "cards": [
                {"id": sample.id, "label": self._label(sample.card), "kind": sample.card.kind} for sample in CARDS
            ],
            "devices": [self._device(name, simulator) for name, simulator in self._simulators.items()],
            "windows": [{"id": window, "name": name} for window, name in self._windows()],
        }

    def use(self, device: str, hand: str, body: Mapping[str, Any]) -> None:
        """Do something with a hand.

        Args:
            device: the device's name.
            hand: ``unplug``, ``plug_in``; of a reader ``lay`` {card}, ``lift``; of a printer ``take_out_paper``,
                ``put_in_paper``, ``open_cover``, ``close_cover``; of a scanner ``scan`` {paper} or {text}.
            body: what the hand needs.

        Raises:
            UnknownError: there is no such device, hand, card or slip.
        """
        simulator = self._find(device)
        match simulator, hand:
            case _, "unplug":
                simulator.unplug()
            case _, "plug_in":
                simulator.plug_in()
            case SamSimulator(), "lay":
                card = next((card for card in CARDS if card.id == body.get("card")), None)
                if card is None:
                    raise UnknownError("not_found")
                self._laid = card.id
                simulator.lay(card.text, card.photo)
            case SamSimulator(), "lift":
                self._laid = None
                simulator.lift()
            case PrinterSimulator(), "take_out_paper" | "put_in_paper" | "open_cover" | "close_cover":
                getattr(simulator, hand)()
            case ScannerSimulator(), "scan":
                simulator.scan(self._payload(body))
            case _:
                raise UnknownError("not_found")

    def paper(self, device: str, number: int) -> bytes:
        """The picture of a slip, as PNG."""
        simulator = self._find(device)
        if not isinstance(simulator, PrinterSimulator) or not 1 <= number <= len(simulator.papers):
            raise UnknownError("not_found")
        return simulator.papers[number - 1].png()

    def strip(self, device: str) -> bytes:
        """The picture of what a strip shows, as PNG."""
        simulator = self._find(device)
        if not isinstance(simulator, LedStripSimulator):
            raise UnknownError("not_found")
        return simulator.png()

    def spoken(self, device: str, number: int) -> bytes:
        """A sentence as it was spoken, as WAV."""
        simulator = self._find(device)
        if not isinstance(simulator, SpeakerSimulator) or not 1 <= number <= len(simulator.said):
            raise UnknownError("not_found")
        return simulator.said[number - 1].wav.read_bytes()

    def _label(self, card: IdCard) -> str:
        """What stands on a card of the tray: an invented name, sex, age."""
        age = []
        if card.birth_date:
            today = self._now().date()
            birthday_to_come = (today.month, today.day) < (card.birth_date.month, card.birth_date.day)
            age = [f"{today.year - card.birth_date.year - birthday_to_come}岁"]
        return " · ".join([card.name or card.name_en or "", *filter(None, [card.sex_label]), *age])

    def _find(self, device: str) -> Simulator:
        if device not in self._simulators:
            raise UnknownError("not_found")
        return self._simulators[device]

    def _payload(self, body: Mapping[str, Any]) -> str:
        if "text" in body:
            return str(body["text"])
        printers = [one for one in self._simulators.values() if isinstance(one, PrinterSimulator)]
        papers = printers[0].papers if printers else []
        number = body.get("paper")
        if not isinstance(number, int) or not 1 <= number <= len(papers) or not papers[number - 1].codes:
            raise UnknownError("not_found")
        return papers[number - 1].codes[0]

    def _device(self, name: str, simulator: Simulator) -> dict[str, Any]:
        state = self._devices[name].state
        view: dict[str, Any] = {
            "name": name,
            "driver": state.driver,
            "window": self._window_of.get(name) or None,
            "state": state.state,
            "reason": state.reason,
            "plugged": simulator.plugged,
        }
        match simulator:
            case SamSimulator():
                view["reader"] = {"card": self._laid}
            case PrinterSimulator():
                papers = list(enumerate(simulator.papers, 1))[-SHOWN:]
                view["printer"] = {
                    "paper": simulator.has_paper,
                    "cover_open": simulator.cover_is_open,
                    "papers": [
                        {"id": number, "at": paper.at.isoformat() if paper.at else None}
                        for number, paper in reversed(papers)
                    ],
                }
            case LedStripSimulator():
                view["strip"] = {"text": simulator.text, "lines": list(simulator.lines)}
            case SpeakerSimulator():
                said = list(enumerate(simulator.said, 1))[-SHOWN:]
                view["speaker"] = {
                    "said": [
                        {"id": number, "text": spoken.text, "at": spoken.at.isoformat()}
                        for number, spoken in reversed(said)
                    ]
                }
            case ScannerSimulator():
                view["scanner"] = {}
        return view
