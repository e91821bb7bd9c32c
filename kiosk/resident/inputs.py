"""What devices at the kiosk tell besides cards: a code before its scanner, keys of a tactile pad, sensors."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from display import refusals
from display.found import appointment_words, ticket_words
from display.prompts import Words
from drivers.device import DeviceEvent
from drivers.presses import KioskKeyPressed, Sensed
from drivers.scanner.driver import LineScanned
from kiosk.event_feed import Channel
from kiosk.resident.controller import KioskController
from kiosk.service import Inbox
from ticketing.appointments.appointments import Appointments
from ticketing.model import TicketingError, UnknownError
from ticketing.office import Office


class KioskInputs(Inbox):
    """Passes on to the kiosk's page and session what was told, in order, on a thread of its own.

    The page's stream gets ``key`` {key}, ``presence`` {here}, and ``found`` {ok, number, service, words}: what a code
    that was scanned is about, with nothing of a person in it.

    Args:
        office: finds tickets.
        kiosk: the session.
        screen: the stream of the kiosk's page.
        desk: where a person helps.
        call_help: calls somebody to the kiosk.
    """

    def __init__(
        self,
        office: Office,
        kiosk: KioskController,
        screen: Channel,
        desk: Words,
        call_help: Callable[[], object] = lambda: None,
    ) -> None:
        self._office = office
        self._appointments = Appointments(office.ledger)
        self._kiosk = kiosk
        self._screen = screen
        self._desk = desk
        self._call_help = call_help
        super().__init__("kiosk inputs", self._handle)

    def hear(self, event: DeviceEvent) -> None:
        """Take an event of a device; called on the device's thread, and returns at once."""
        self.put(event)

    def _handle(self, event: DeviceEvent) -> None:
        match event:
            case KioskKeyPressed(key):
                self._screen.tell("key", {"key": key})
                if key == "help":
                    # Here, not by the page alone: it may be what does not work.
                    self._call_help()
            case Sensed("presence", here):
                self._screen.tell("presence", {"here": here})
            case Sensed("ticket-taken", True):
                self._kiosk.on_slip_taken()
            case LineScanned():
                self._screen.tell("found", self._found(event.line))

    def _found(self, line: str) -> dict[str, Any]:
        try:
            try:
                view = self._office.ticket_of_code(line)
            except UnknownError:
                return self._booked(line)
        except TicketingError as error:
            return _message(refusals.words(error.code, error.facts), ok=False)
        service = Words(view.service_name, view.service_name_en)
        return _message(ticket_words(view, self._desk), view.ticket.number, service)

    def _booked(self, line: str) -> dict[str, Any]:
        try:
            booked = self._appointments.of_code(line)
        except UnknownError as error:
            # Neither: most likely it is a slip of another day.
            raise UnknownError("unknown_code") from error
        name = next((one for one in self._office.services() if one.id == booked.service), None)
        service = Words(name.name, name.name_en) if name else None
        return _message(appointment_words(booked, self._office.ledger.now()), "", service)


def _message(words: Words, number: str = "", service: Words | None = None, *, ok: bool = True) -> dict[str, Any]:
    return {"ok": ok, "number": number, "service": asdict(service) if service else None, "words": asdict(words)}
