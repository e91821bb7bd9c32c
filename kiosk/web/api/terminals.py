"""``/terminals``: what a self-service terminal may ask. Each has a token bound to it, and to no other."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from flask import Response
from pydantic import Field

from kiosk.exchange.papers import code_url
from kiosk.web.api.cases import BackAnswer, ProgressAnswer, of_back, with_names
from kiosk.web.auth import actor, allow, gate
from kiosk.web.hall import Hall
from kiosk.web.problems import RequestError
from kiosk.web.qr import qr_data
from kiosk.web.schema.answers import Answer, IssuedAnswer, ResidentAnswer, TicketAnswer, answer, joined
from kiosk.web.schema.bodies import Body, Identifier, MatterIds, MayBeEmpty
from kiosk.web.schema.routes import STREAM, NamedPath, Routes, idempotency_key
from kiosk.web.streams import Streams
from ticketing.model import Actor, Resident, StateError, Ticket, UnknownError
from ticketing.terminals import Proof


class TerminalPath(NamedPath):
    """The terminal's id."""

    terminal: str = Field(max_length=64)


class SlipBody(Body):
    """A slip, and without a card on the terminal's reader a second proof. What is wrong with them is not told."""

    code: str
    id_tail: str | None = Field(None, description="the last 6 of the ID number, where the terminal has no card reader")


class WhoseBody(MayBeEmpty):
    """A receipt, or without one the card that lies on the terminal's reader."""

    code: str | None = Field(None, min_length=1, description="of the receipt; null for the card that lies there")


class BackBody(WhoseBody):
    """The same, of somebody who brings missing papers; `service` chooses among several of one card."""

    service: Identifier | None = None


class FoundBody(Body):
    """What was scanned."""

    code: str = Field(min_length=1, max_length=512)


class TakenNumberBody(Body):
    """The service to take a number for, by the card that lies on the terminal's reader, and for which matters of it."""

    service: Identifier
    matters: MatterIds = Field(default_factory=list)


class TerminalAnswer(Answer):
    """What this terminal has."""

    reader: bool = Field(description="whether cards are read here; then nothing else proves whose a slip is")


class FoundAnswer(Answer):
    """What a code is of; null: nothing that this hall knows today."""

    kind: Literal["ticket", "receipt", "appointment"] | None


class TakenAnswer(IssuedAnswer):
    """A number, and where no slip is printed its code as a picture."""

    qr: str = Field(description="a `data:` address of an SVG; empty where the slip is printed")


class OpenedAnswer(Answer):
    """The ticket and whose it is; `agent` took it for them."""

    ticket: TicketAnswer
    resident: ResidentAnswer
    agent: ResidentAnswer | None


class CasesAnswer(Answer):
    """How cases go on, newest first."""

    cases: list[ProgressAnswer]


def routes(hall: Hall, streams: Streams) -> Routes:
    """The routes of terminals."""
    api = Routes("terminals", "Self-service terminals")

    @api.get("/terminals/<terminal>/events", summary="News for one terminal's page", responses={"200": dict(STREAM)})
    @allow("terminal", terminal=True)
    def follow(path: TerminalPath) -> Response:
        """`scan`: what the scanner at this terminal read: `{text}`; `card`: whether one lies there now: `{lies}`.

        `help`: that somebody was called here, who goes, and that it is over: `{call, state, words}`.
        """
        own_terminal(path.terminal)
        return streams.answer(hall.terminal_news.listen(path.terminal))

    @api.get("/terminals/<terminal>", summary="What a terminal has", responses={"200": TerminalAnswer})
    @allow("terminal", terminal=True)
    def about(path: TerminalPath) -> Response:
        own_terminal(path.terminal)
        return answer(TerminalAnswer(reader=hall.terminal_cards.has_reader(path.terminal)))

    @api.post("/terminals/<terminal>/code", summary="What a scanned code is of", responses={"200": FoundAnswer})
    @allow("terminal", terminal=True)
    def what_is(path: TerminalPath, body: FoundBody) -> Response:
        """Of a ticket of today, a receipt, an appointment; nothing else is told of it."""
        own_terminal(path.terminal)
        looks: dict[Literal["ticket", "receipt", "appointment"], Callable[[str], object]] = {
            "ticket": hall.office.ticket_of_code,
            "receipt": hall.cases.progress,
            "appointment": hall.appointments.of_code,
        }
        for kind, look in looks.items():
            with suppress(UnknownError):
                look(body.code)
                return answer(FoundAnswer(kind=kind))
        with suppress(UnknownError), hall.wrong_codes.watch(f"terminal {path.terminal}", body.code):
            raise UnknownError("unknown_code")
        return answer(FoundAnswer(kind=None))

    @api.post("/terminals/<terminal>/tickets", summary="Take a number at a terminal", responses={"201": TakenAnswer})
    @allow("terminal", terminal=True)
    def take_number(path: TerminalPath, body: TakenNumberBody) -> Response:
        """For the card that lies there. Printed by this box; where it has no printer, the code is shown."""
        who, printed = own_terminal(path.terminal), hall.printing.present
        card = card_at(hall, path.terminal)
        key = idempotency_key()
        issued = hall.office.issue(body.service, who, resident=card, matters=body.matters, print=printed, key=key)
        if issued.print_job is not None:
            hall.printing.wake()
        shown = "" if printed else qr_data(code_url(hall.settings.hall.public_host, issued.code))
        return answer(TakenAnswer.of(joined(issued.ticket, code=issued.code, qr=shown)), 201)

    @api.post("/terminals/<terminal>/scan", summary="A resident's own data", responses={"200": OpenedAnswer})
    @allow("terminal", terminal=True)
    def scan(path: TerminalPath, body: SlipBody) -> Response:
        """By the slip and the card on the terminal's reader; at a terminal without one, slip and `id_tail`.

        Whatever is wrong is answered with one and the same `not_opened`. After 3 wrong
        proofs no terminal opens the ticket any more. Every try is an entry in the audit log.
        """
        who = own_terminal(path.terminal)
        with hall.wrong_codes.watch(f"terminal {path.terminal}", body.code, ("not_opened",)):
            found = hall.terminals.scan(body.code, proof_at(hall, path.terminal, body.id_tail), who)
        return answer(OpenedAnswer.of(found))

    @api.post("/terminals/<terminal>/progress", summary="How somebody's cases go on", responses={"200": CasesAnswer})
    @allow("terminal", terminal=True)
    def progress(path: TerminalPath, body: WhoseBody) -> Response:
        """By the card that lies at the terminal: all cases of its bearer; by a receipt's code: that one."""
        who = own_terminal(path.terminal)
        with hall.wrong_codes.watch(f"terminal {path.terminal}", body.code or ""):
            card = None if body.code else card_at(hall, path.terminal)
            found = hall.terminals.cases(who, card=card, code_text=body.code)
        return answer(CasesAnswer.of({"cases": [with_names(hall, case) for case in found]}))

    @api.post("/terminals/<terminal>/supplement", summary="Back with missing papers", responses={"200": BackAnswer})
    @allow("terminal", terminal=True)
    def come_back(path: TerminalPath, body: BackBody) -> Response:
        who = own_terminal(path.terminal)
        printed = hall.printing.present
        with hall.wrong_codes.watch(f"terminal {path.terminal}", body.code or ""):
            if body.code is not None:
                back = hall.supplements.by_code(body.code, who.who, print=printed)
            else:
                card = card_at(hall, path.terminal)
                back = hall.supplements.by_card(card, body.service, who.who, print=printed)
        return answer(of_back(hall, back))

    return api


@dataclass(frozen=True)
class Shown:
    """Who stands at a terminal, by card or slip; ``agent`` took the slip for them, ``ticket`` is the slip's."""

    resident: Resident
    agent: Resident | None = None
    ticket: Ticket | None = None

    def __repr__(self) -> str:
        return "<Shown>"


def shown_at(hall: Hall, terminal: str, code: str | None, id_tail: str | None) -> Shown:
    """Who shows this slip's code with a second proof at a terminal; without one, whose card lies there.

    Raises:
        StateError: ``card_needed``.
        ForbiddenError: ``not_opened``.
    """
    if code is None:
        return Shown(card_at(hall, terminal))
    with hall.wrong_codes.watch(f"terminal {terminal}", code, ("not_opened",)):
        found = hall.terminals.scan(code, proof_at(hall, terminal, id_tail), own_terminal(terminal))
    return Shown(found.resident or Resident(), found.agent, found.ticket)


def proof_at(hall: Hall, terminal: str, id_tail: str | None) -> Proof:
    """What is shown besides a slip: where cards are read at the terminal, nothing but a card proves whose it is."""
    return Proof(None if hall.terminal_cards.has_reader(terminal) else id_tail, hall.terminal_cards.at(terminal))


def card_at(hall: Hall, terminal: str) -> Resident:
    """Whose card lies on the terminal's reader; raises ``card_needed``."""
    card = hall.terminal_cards.at(terminal)
    if card is None:
        raise StateError("card_needed")
    return card


def own_terminal(terminal: str) -> Actor:
    """Who asks at ``terminal``; raises ``not_your_terminal`` for the token of another one."""
    principal = gate().asker().principal
    if principal is None or principal.terminal != terminal:
        raise RequestError(403, "not_your_terminal")
    return Actor(actor().who, "terminal", f"terminal {terminal}")
