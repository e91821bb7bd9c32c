"""``/windows``: what a clerk does, and a business system asks, at a window."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from flask import Response
from pydantic import AwareDatetime, Field, model_validator

from display import refusals
from kiosk.web.api.tickets import Number
from kiosk.web.auth import actor, allow
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import (
    AwayAnswer,
    CalledAnswer,
    FinishedAnswer,
    HallWindowAnswer,
    NowServedAnswer,
    OneAway,
    ResidentAnswer,
    ScannedAnswer,
    TicketAnswer,
    WindowAnswer,
    answer,
    joined,
)
from kiosk.web.schema.bodies import Body, Identifier, Line, MayBeEmpty, ScanBody
from kiosk.web.schema.routes import STREAM, Routes, WindowPath, idempotency_key
from kiosk.web.streams import Streams
from ticketing.cases.cases import LONGEST_PROMISE, MOST_CASES, OUTCOMES, Further
from ticketing.line.holding import LONGEST_REASON
from ticketing.model import Actor, Ticket, UnknownError
from ticketing.office import Called

LONGEST_HOLD = 24 * 60
"""Minutes; the hall day ends before."""

Reason = Annotated[Line, Field(max_length=LONGEST_REASON)]
PauseText = Annotated[Line, Field(max_length=40)]
Outcome = Annotated[
    str,
    Field(pattern=f"^([a-z_]{{1,32}}|({'|'.join(OUTCOMES.values())})件?)$", examples=list(OUTCOMES)),
]
Days = Annotated[int, Field(ge=0, le=LONGEST_PROMISE, description="working days")]


class OpenBody(MayBeEmpty):
    """The window works now."""

    take_over: bool = Field(False, description="sit there although another clerk does; it is logged")


class PauseBody(MayBeEmpty):
    """What its strip and screen say meanwhile; nothing is the hall's usual words."""

    text: PauseText = ""
    text_en: PauseText = ""


class HoldBody(MayBeEmpty):
    """Why, and when it comes back by itself: after `minutes`, or at `back_at`; without either when called back."""

    reason: Reason | None = None
    minutes: Annotated[int, Field(ge=1, le=LONGEST_HOLD)] | None = None
    back_at: Annotated[AwareDatetime, Field(strict=False)] | None = None

    @model_validator(mode="after")
    def _one_time(self) -> "HoldBody":
        if self.minutes is not None and self.back_at is not None:
            raise ValueError("either minutes or back_at")
        return self

    def until(self, now: datetime) -> datetime | None:
        """When it comes back."""
        return self.back_at if self.minutes is None else now.astimezone(UTC) + timedelta(minutes=self.minutes)


class NumberBody(Body):
    """A ticket by the number on its slip."""

    number: Number


class CallBody(NumberBody):
    """The ticket to be called, and why out of turn."""

    reason: Reason | None = None


class TransferBody(Body):
    """Where a ticket goes on: into another service's line, to one window, or both."""

    service: Identifier | None = None
    window: Identifier | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> "TransferBody":
        if self.service is None and self.window is None:
            raise ValueError("a service or a window")
        return self


class CaseBody(Body):
    """Another matter that was settled on the same ticket."""

    service: Identifier
    outcome: Outcome = "done"
    promise_days: Days | None = None
    matter: Annotated[Identifier | None, Field(description="what it is of; null for the ticket's own")] = None


class FinishBody(MayBeEmpty):
    """How it ended: one of 即办 承诺 联办 上报 退回 补办 or its id, or the hall's own word; nothing is done."""

    outcome: Outcome = "done"
    promise_days: Days | None = Field(None, description="working days until a promised case is done")
    matter: Annotated[Identifier | None, Field(description="what it is of; null for the ticket's own")] = None
    cases: Annotated[tuple[CaseBody, ...], Field(max_length=MOST_CASES, strict=False)] = ()


clerk = allow("clerk", window=True)
watching = allow("clerk", window=True, resting=True)
"""What a page shows that is locked: nothing of a resident."""


def routes(hall: Hall, streams: Streams) -> Routes:
    """The routes of windows."""
    api = Routes("windows", "Calling and serving")
    # The first goes on while this box is cut off from the store, the second does not.
    hand, store = hall.counter.at_hand, hall.counter.at_store

    @api.get("/windows/<window>", summary="A window as its clerk sees it", responses={"200": WindowAnswer})
    @watching
    def show(path: WindowPath) -> Response:
        cut_off = hall.counter.goes_on
        view = hand.window_view(path.window)
        ticket, undoable = view.ticket, None if view.ticket or cut_off else store.undoable(path.window)
        shown = joined(
            view,
            since=ticket and (ticket.started_at or ticket.called_at),
            why=view.why and view.why.zh,
            why_en=view.why and view.why.en,
            clerk=view.window.clerk,
            cut_off=cut_off,
            undo=undoable and joined(undoable.ticket, undoable),
        )
        return answer(WindowAnswer.of(shown))

    @api.get("/windows/<window>/events", summary="News for one window's clerk", responses={"200": dict(STREAM)})
    @watching
    def follow(path: WindowPath) -> Response:
        """`refresh`: something changed, look again.

        `scan`, `card`: what scanner or card reader at this window read: `{ok, code, number, message, message_en}`.
        `photo`: of that card, where a decoder is set up: `{number, picture}`, a data URL.
        `press`: why a key of a pad or a button there did nothing: `{ok, code, message, message_en}`.
        `screen`: what the second screen shows, or what the resident said there, has changed.
        `help`: who comes to help: `{call, state, words}`. `emergency`: emergency calls of other windows:
        `{calls: [{id, window, place, called_at}], own}`, and whether one of this window is open.
        """
        hall.window(path.window)
        return streams.answer(hall.news.listen(path.window))

    # The window

    @api.post("/windows/<window>/open", summary="Open the window", responses={"200": HallWindowAnswer})
    @clerk
    def open_window(path: WindowPath, body: OpenBody) -> Response:
        """Somebody who logged in sits there from now on; while another does, it is refused: `window_taken`."""
        return answer(HallWindowAnswer.of(hand.open_window(path.window, actor(), take_over=body.take_over)))

    @api.post("/windows/<window>/pause", summary="Pause the window", responses={"200": HallWindowAnswer})
    @clerk
    def pause_window(path: WindowPath, body: PauseBody) -> Response:
        return answer(HallWindowAnswer.of(hand.pause_window(path.window, actor(), body.text, body.text_en)))

    @api.post("/windows/<window>/close", summary="Close the window", responses={"200": HallWindowAnswer})
    @clerk
    def close_window(path: WindowPath) -> Response:
        return answer(HallWindowAnswer.of(store.close_window(path.window, actor())))

    # Calling

    @api.post(
        "/windows/<window>/call-next", summary="Call the next ticket", responses={"200": CalledAnswer, "204": None}
    )
    @clerk
    def call_next(path: WindowPath) -> Response:
        """Answers 204 when nobody waits. With an `Idempotency-Key`, a repeated request calls nobody else."""
        called = hand.call_next(path.window, actor(), key=idempotency_key())
        if called is None:
            return Response(status=204)
        return answer(_of_called(called))

    @api.get("/windows/<window>/away", summary="Held and missed tickets to call back", responses={"200": AwayAnswer})
    @clerk
    def away(path: WindowPath) -> Response:
        return answer(AwayAnswer([OneAway.of(one) for one in store.away(path.window)]))

    @api.post("/windows/<window>/call", summary="Call a ticket by its number", responses={"200": CalledAnswer})
    @clerk
    def call_number(path: WindowPath, body: CallBody) -> Response:
        """One that waits, is held, or was missed. With an `Idempotency-Key`, a repeated request calls nobody else."""
        called = store.call_number(path.window, body.number, actor(), body.reason or None, key=idempotency_key())
        return answer(_of_called(called))

    @api.post(
        "/windows/<window>/return", summary="A held or missed ticket waits again", responses={"200": TicketAnswer}
    )
    @clerk
    def return_number(path: WindowPath, body: NumberBody) -> Response:
        """Held, in its old place; missed, behind the next few who wait, and only so often."""
        return answer(TicketAnswer.of(store.return_number(path.window, body.number, actor())))

    # Who is at the window

    def ticket_verb(name: str, summary: str, verb: Callable[[str, Actor], Ticket]) -> None:
        @clerk
        def change(path: WindowPath) -> Response:
            return answer(TicketAnswer.of(verb(path.window, actor())))

        change.__name__ = name.replace("-", "_")
        api.post(f"/windows/<window>/{name}", summary=summary, responses={"200": TicketAnswer})(change)

    ticket_verb("recall", "Call the called ticket again", hand.recall)
    ticket_verb("start", "Begin to serve the called ticket", hand.start)
    ticket_verb("no-show", "Nobody came", hand.no_show)
    ticket_verb("undo", "Take back a wrong finish or no-show, within a minute", store.undo)

    @api.post("/windows/<window>/hold", summary="Put the ticket here aside", responses={"200": TicketAnswer})
    @clerk
    def hold(path: WindowPath, body: HoldBody) -> Response:
        """It keeps its number and its place in time."""
        return answer(TicketAnswer.of(hand.hold(path.window, actor(), body.reason or None, body.until(hall.clock()))))

    @api.post("/windows/<window>/finish", summary="End the service", responses={"200": FinishedAnswer})
    @clerk
    def finish(path: WindowPath, body: FinishBody) -> Response:
        """On a called ticket it starts and ends the service.

        A case that goes on has a `receipt`, told here, and for two minutes to the second screen.
        """
        further = [Further(one.service, one.outcome, one.promise_days, one.matter) for one in body.cases]
        finished = hand.conclude(
            path.window,
            actor(),
            body.outcome,
            body.promise_days,
            further,
            matter=body.matter,
            print=hall.printing.present,
        )
        if any(case.receipt for case in finished.cases):
            hall.printing.wake()
        return answer(FinishedAnswer.of(joined(finished.ticket, cases=finished.cases)))

    @api.post("/windows/<window>/transfer", summary="Send the ticket on", responses={"200": TicketAnswer})
    @clerk
    def transfer(path: WindowPath, body: TransferBody) -> Response:
        """It keeps its number and its place in time."""
        return answer(TicketAnswer.of(hand.transfer(path.window, body.service, actor(), to_window=body.window)))

    # Whose it is

    @api.post("/windows/<window>/scan", summary="A scanned ticket's resident", responses={"200": ScannedAnswer})
    @clerk
    def scan(path: WindowPath, body: ScanBody) -> Response:
        """Starts the service of a ticket called here. One called elsewhere needs `override_reason`, which is logged.

        A slip that was printed again without the card opens no data: then the card at the window does.
        """
        who = actor()
        # Whoever scans has said who they are, and many windows may share one address.
        with hall.wrong_codes.watch(f"{who.role} {who.who}", body.code):
            scanned = store.scan(path.window, body.code, who, body.override_reason or None)
        said = refusals.words(scanned.closed) if scanned.closed else None
        told = joined(scanned, message=said and said.zh, message_en=said and said.en)
        return answer(ScannedAnswer.of(told))

    @api.get("/windows/<window>/resident", summary="The resident now being served", responses={"200": NowServedAnswer})
    @clerk
    def resident(path: WindowPath) -> Response:
        """From the scan of the slip, or of the card at the window, to the end of the service, at most 30 minutes.

        Where somebody came for them (代办), with `agent`; where they filled forms in, with `forms`. Every look is an
        entry in the audit log.
        """
        found = store.holders_at(path.window, actor())
        if found is None:
            raise UnknownError("no_resident")
        # Programs that fill forms know these members and no others; whoever came for somebody is rare.
        if found.agent is None and not found.forms:
            return answer(ResidentAnswer.of(found.resident))
        return answer(NowServedAnswer.of(joined(found.resident, agent=found.agent, forms=found.forms)))

    return api


def _of_called(called: Called) -> CalledAnswer:
    return CalledAnswer.of({"ticket": called.ticket, "why": called.why.zh, "why_en": called.why.en})
