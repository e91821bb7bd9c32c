"""``/reports``: what the hall did, for its manager."""

from typing import Any, Literal

from flask import Response
from pydantic import Field, model_validator

from kiosk.exchange.report_tables import as_csv
from kiosk.web.auth import allow
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import Answer, answer, joined
from kiosk.web.schema.bodies import Day as Date
from kiosk.web.schema.bodies import QueryString
from kiosk.web.schema.routes import Routes
from ticketing.reports.reports import By, Day, Report
from ticketing.reports.sums import Figures, Times


class DayQuery(QueryString):
    """Which day; today when none is named."""

    date: Date | None = None
    format: Literal["json", "csv"] = "json"


class SpanQuery(QueryString):
    """Which days, both included, and in what parts."""

    first: Date = Field(alias="from")
    last: Date = Field(alias="to")
    by: By = "service"
    format: Literal["json", "csv"] = "json"


class TimesAnswer(Answer):
    """Durations: how many, and in whole seconds; half of them took at most the median, nine tenths at most p90."""

    count: int
    mean_seconds: int
    median_seconds: int
    p90_seconds: int
    longest_seconds: int

    @model_validator(mode="before")
    @classmethod
    def _of_times(cls, value: Any) -> Any:
        if not isinstance(value, Times):
            return value
        return joined(value, **{f"{name}_seconds": part for name, part in vars(value).items()})


class FiguresAnswer(Answer):
    """One line of a report."""

    key: str = Field(
        description="the hour (0 to 23), the day, or the id of service, window, clerk or matter; empty: the whole"
    )
    name: str
    issued: int = Field(description="tickets")
    served: int = Field(description="finished stays at a window; each stop of a chain is one")
    no_shows: int = Field(description="calls that nobody came to")
    cancelled: int
    expired: int = Field(description="tickets that were left when their day ended")
    transferred: int
    held: int
    overtime: int | None = Field(description="served to the end after closing time; null in a hall without hours")
    wait: TimesAnswer | None = Field(description="from joining the queue to the call")
    walk: TimesAnswer | None = Field(description="from the call to the start")
    service: TimesAnswer | None = Field(description="from the start to the end")
    cases: int
    promised: int
    promised_late: int = Field(description="cases that were not ready by the promised day")
    rated: int
    not_rated: int
    work_open: int = Field(description="bad grades whose matter is not settled")
    work_late: int = Field(description="of those, the overdue ones")
    left_out: int = Field(description="durations that cannot be, since a clock was set meanwhile")
    grades: dict[str, int] | None = Field(description="cases by grade, 5 the best; null where too few to tell")
    outcomes: dict[str, int]

    @model_validator(mode="before")
    @classmethod
    def _of_figures(cls, value: Any) -> Any:
        if not isinstance(value, Figures):
            return value
        counts = value.grades
        grades = None if counts is None else {str(grade): count for grade, count in counts.items()}
        return joined(value, wait=value.waits, walk=value.walks, service=value.services, grades=grades)


class HelpFiguresAnswer(Answer):
    """Calls for help; the seconds until somebody went are null when nobody did."""

    calls: int = Field(description="from residents and clerks, without emergencies")
    answered: int
    emergencies: int = Field(description="emergency calls between clerks")
    mean_seconds: int | None
    longest_seconds: int | None


class DayAnswer(Answer):
    """A hall day."""

    date: str
    total: FiguresAnswer
    hours: list[FiguresAnswer]
    services: list[FiguresAnswer]
    windows: list[FiguresAnswer]
    clerks: list[FiguresAnswer]
    matters: list[FiguresAnswer] = Field(description="a ticket of several counts in each")
    help: HelpFiguresAnswer


class SpanAnswer(Answer):
    """Hall days, both ends included."""

    first: str = Field(alias="from")
    last: str = Field(alias="to")
    by: str
    total: FiguresAnswer
    rows: list[FiguresAnswer]


def routes(hall: Hall) -> Routes:
    """The routes of the manager's figures."""
    api = Routes("reports", "What the hall did")
    manager = allow("manager")

    @api.get("/reports/day", summary="The figures of a hall day", responses={"200": DayAnswer})
    @manager
    def day(query: DayQuery) -> Response:
        """With `format=csv` the same as a table for a spreadsheet. Nothing in it says who anybody was."""
        report = hall.reports.day(query.date or hall.office.ledger.today())
        if query.format == "csv":
            return _csv(report, f"{report.day}")
        help_calls = hall.help.figures(report.day, report.day)
        return answer(DayAnswer.of(joined(report, date=f"{report.day}", help=help_calls)))

    @api.get("/reports", summary="The figures of a span of days", responses={"200": SpanAnswer})
    @manager
    def span(query: SpanQuery) -> Response:
        """In parts by hour of the day, service, window, clerk, day or matter; at most 366 days."""
        report = hall.reports.span(query.first, query.last, query.by)
        if query.format == "csv":
            return _csv(report, f"{report.first}_{report.last}_{report.by}")
        return answer(SpanAnswer.of(joined(report, **{"from": f"{report.first}", "to": f"{report.last}"})))

    return api


def _csv(report: Day | Report, name: str) -> Response:
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="quhao_{name}.csv"'}
    return Response(as_csv(report), mimetype="text/csv", headers=headers)
