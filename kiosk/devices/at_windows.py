"""What devices at windows tell: a scanned slip, a card that was laid. The window's pages learn what came of it."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from display import masking, refusals
from drivers.card_reader.events import CardEvent, CardRead, CardRefused, ChipRead
from drivers.card_reader.id_card import IdCard
from drivers.card_reader.photo import decode_photo
from drivers.device import DeviceEvent
from drivers.scanner.driver import LineScanned
from kiosk.card_holder import resident_of
from kiosk.event_feed import WindowNews
from kiosk.service import Inbox
from ticketing.line.scanning import Scanned
from ticketing.model import Actor, TicketingError
from ticketing.office import Office


class AtWindows(Inbox):
    """Handles what devices at windows tell, in order, on a thread of its own.

    Args:
        office: whose verbs are done.
        news: how the pages of a window are told.
        decoders: programs for the photos of cards, by the reader's name.
    """

    def __init__(self, office: Office, news: WindowNews, decoders: Mapping[str, str] | None = None) -> None:
        self._office = office
        self._news = news
        self._decoders = decoders or {}
        super().__init__("at windows", self._handle)

    def hear(self, device: str, event: DeviceEvent) -> None:
        """Take an event of a device; called on the device's thread, and returns at once."""
        self.put(device, event)

    def _handle(self, device: str, event: DeviceEvent) -> None:
        if isinstance(event, LineScanned):
            self._scanned(device, event)
        elif isinstance(event, CardEvent):
            self._card(device, event)

    def _scanned(self, device: str, event: LineScanned) -> None:
        try:
            actor = Actor(f"scanner:{device}", "clerk", event.window)
            found = self._office.scan(event.window, event.line, actor)
        except TicketingError as error:
            refusal = _refusal(error.code, error.facts)
            if error.code in ("wrong_window", "not_called", "application_receipt"):
                # The clerk may override it with a reason, or have the page of applications open; both need the code.
                refusal["scanned"] = event.line
            self._news.tell(event.window, "scan", refusal)
        else:
            self._news.tell(event.window, "scan", _found(found))

    def _card(self, device: str, event: CardEvent) -> None:
        if isinstance(event, CardRefused | ChipRead):
            code = "chip_only" if isinstance(event, ChipRead) else "card_unread"
            self._news.tell(event.window, "card", _refusal(code))
        if not isinstance(event, CardRead):
            return
        holder = resident_of(event.card)
        name = masking.mask_name(holder.name or holder.name_en or "")
        try:
            known = self._office.identify(event.window, holder, Actor(f"reader:{device}", "clerk", event.window))
        except TicketingError as error:
            self._news.tell(event.window, "card", _refusal(error.code, error.facts, name) | {"name": name})
        else:
            self._news.tell(event.window, "card", _found(known) | {"name": name})
            self._show_photo(device, event, known.ticket.number)

    def _show_photo(self, device: str, event: CardRead, number: str) -> None:
        """Send the photo to the window's page, where the settings ask for it; it is kept nowhere."""
        program = self._decoders.get(device)
        photo = event.card.photo if isinstance(event.card, IdCard) else b""
        if program and photo and (decoded := decode_photo(program, photo)):
            image, kind = decoded
            picture = f"data:{kind};base64,{b64encode(image).decode()}"
            self._news.tell(event.window, "photo", {"number": number, "picture": picture})


def _found(found: Scanned) -> dict[str, Any]:
    """What came of it; where the data stay closed although the ticket has some, with why and what to do."""
    told: dict[str, Any] = {"ok": True, "code": found.closed, "number": found.ticket.number}
    if found.closed:
        words = refusals.words(found.closed)
        told |= {"message": words.zh, "message_en": words.en}
    return told


def _refusal(code: str, facts: dict[str, Any] | None = None, name: str = "") -> dict[str, Any]:
    """Why nothing came of it, in words for the clerk; ``name``, masked, says of whom."""
    words = refusals.words(code, facts)
    whose, whose_en = (f"{name}，", f"{name}: ") if name else ("", "")
    return {"ok": False, "code": code, "message": whose + words.zh, "message_en": whose_en + words.en}
