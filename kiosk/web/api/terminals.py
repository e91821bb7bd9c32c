"""``/terminals``: what a self-service terminal may ask. Each has a token bound to it, and to no other."""

from flask import Response
from pydantic import Field

from kiosk.web.api.cases import BackAnswer, ProgressAnswer, of_back, with_names
from kiosk.web.auth import actor, allow, gate
from kiosk.web.hall import Hall
from kiosk.web.problems import RequestError
from kiosk.web.schema.answers import Answer, ResidentAnswer, TicketAnswer, answer
from kiosk.web.schema.bodies import Body, Identifier, MayBeEmpty
from kiosk.web.schema.routes import STREAM, NamedPath, Routes
from kiosk.web.streams import Streams
from ticketing.model import Actor, Resident, StateError
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

    @api.post("/terminals/<terminal>/scan", summary="A resident's own data", responses={"200": OpenedAnswer})
    @allow("terminal", terminal=True)
    def scan(path: TerminalPath, body: SlipBody) -> Response:
        """By the slip and the card on the terminal's reader; at a terminal without one, slip and `id_tail`.

        Whatever is wrong is answered with one and the same `not_opened`. After 3 wrong
        proofs no terminal opens the ticket any more. Every try is an entry in the audit log.
        """
        who = own_terminal(path.terminal)
        with hall.wrong_codes.watch(f"terminal {path.terminal}", body.code, ("not_opened",)):
            tail = None if hall.terminal_cards.has_reader(path.terminal) else body.id_tail
            found = hall.terminals.scan(body.code, Proof(tail, hall.terminal_cards.at(path.terminal)), who)
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
