"""``/replay``: the hall as it was at any second of a past day, for a complaint or to learn from."""

from datetime import timedelta
from typing import Any, Literal

from flask import Response
from pydantic import Field

from display.staff.conditions import merged_words
from kiosk.web.auth import allow
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import Answer, BoardAnswer, Instant, SaidAnswer, answer, joined
from kiosk.web.schema.bodies import Day as Date
from kiosk.web.schema.bodies import QueryString
from kiosk.web.schema.routes import Routes
from ticketing.line.views import Board
from ticketing.live.past_days import Moment, PastDay


class ReplayQuery(QueryString):
    """Which day, and when: `10:42` or `10:42:05`, after the midnight that names the day; the day's end without it."""

    date: Date
    at: str | None = Field(None, max_length=8)


class PastTicketAnswer(Answer):
    """A ticket at that time; `since` when it was in this state."""

    number: str
    service: str
    state: str
    since: Instant


class PastWindowAnswer(Answer):
    """A window at that time, what it showed while paused, and the ticket that was there."""

    id: str
    name: str
    state: Literal["open", "paused", "closed"]
    text: str
    text_en: str
    ticket: PastTicketAnswer | None


class NotedAnswer(Answer):
    """A number that a box gave while it was cut off, of which somebody should know; in the queue unless `refused`."""

    number: str
    box: str
    at: Instant
    merged_at: Instant
    note: str = Field(description="`second` of its person, `day_over` when it was merged, or why it was refused")
    refused: bool
    words: SaidAnswer


class ReplayAnswer(Answer):
    """The hall at `at`. Names of services and windows are today's; ranks and persons are in no event."""

    date: str
    begins: Instant
    ends: Instant
    at: Instant
    earlier: Instant | None = Field(description="the last event before")
    later: Instant | None = Field(description="the next event")
    board: BoardAnswer
    windows: list[PastWindowAnswer]
    queue: list[PastTicketAnswer] = Field(description="who waited, in the order in which they joined")
    held: list[PastTicketAnswer]
    noted: list[NotedAnswer] = Field(description="of the whole day, what was merged late and did not simply fit in")


def routes(hall: Hall) -> Routes:
    """The routes of past days."""
    api = Routes("replay", "Past days again")

    @api.get("/replay", summary="The hall at any second of a past day", responses={"200": ReplayAnswer})
    @allow("manager")
    def replay(query: ReplayQuery) -> Response:
        """Made again from the hall's events, which name nobody; so it also works for days whose data are erased."""
        day = hall.past_days.day(query.date)
        when = day.ends - timedelta(microseconds=1) if query.at is None else day.when(query.at)
        # Of today, what has not come yet is as it is now.
        return answer(ReplayAnswer.of(as_json(day, day.at(min(when, max(day.begins, hall.clock()))))))

    def as_json(day: PastDay, moment: Moment) -> Any:
        earlier, later = day.beside(moment.at)
        board = Board(moment.seq, moment.calls, moment.waiting)
        return joined(
            moment,
            date=day.day.isoformat(),
            begins=day.begins,
            ends=day.ends,
            earlier=earlier,
            later=later,
            board=joined(board, at=moment.at, themes=hall.waiting_by_theme(board), cut_off=False),
            noted=[joined(one, words=merged_words(one.note)) for one in hall.noted.of_day(day.day)],
        )

    return api
