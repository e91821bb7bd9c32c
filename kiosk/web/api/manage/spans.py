"""``/reports/span``: figures of any span of days, compared with another, in parts, with their definitions."""

from datetime import timedelta
from typing import Any, Literal

from flask import Response
from pydantic import Field, model_validator

from kiosk.exchange.report_tables import as_csv
from kiosk.web.api.reports import FiguresAnswer, TimesAnswer
from kiosk.web.auth import allow
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import Answer, answer, joined
from kiosk.web.schema.bodies import Day as Date
from kiosk.web.schema.bodies import QueryString
from kiosk.web.schema.routes import Routes
from ticketing.reports.definitions import DEFINITIONS
from ticketing.reports.spans import By, Span
from ticketing.reports.sums import Spread

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ComparedQuery(QueryString):
    """Which days, both included, in what parts, and what to compare them with: as many days, unless said otherwise."""

    first: Date = Field(alias="from")
    last: Date = Field(alias="to")
    by: By = "service"
    compare_from: Date | None = None
    compare_to: Date | None = None
    format: Literal["json", "csv", "xlsx"] = "json"


class SpreadAnswer(TimesAnswer):
    """Durations with how they are distributed."""

    within: list[float] = Field(description="shares, 0 to 1, of those that took at most 10, 20 and 30 minutes")
    bins: list[tuple[int, int, int]] = Field(description="(from, to, count), seconds, `to` excluded")

    @model_validator(mode="before")
    @classmethod
    def _of_spread(cls, value: Any) -> Any:
        if not isinstance(value, Spread):
            return value
        return joined(
            value, **{f"{name}_seconds": getattr(value, name) for name in ("mean", "median", "p90", "longest")}
        )


class LineAnswer(FiguresAnswer):
    """One line of a span."""

    key: str = Field(
        description="hour (0 to 23), weekday (1 is Monday), day, month, or the id of service, window, clerk or class"
    )
    wait: SpreadAnswer | None = Field(description="from joining the queue to the call")
    walk: SpreadAnswer | None = Field(description="from the call to the start")
    service: SpreadAnswer | None = Field(description="from the start to the end")


class PartsAnswer(Answer):
    """Days, both ends included."""

    first: str = Field(alias="from")
    last: str = Field(alias="to")
    by: str
    total: LineAnswer
    rows: list[LineAnswer]


class DefinitionAnswer(Answer):
    """What a figure counts."""

    figure: str
    zh: str
    en: str
    means: str
    means_en: str


class ComparedAnswer(PartsAnswer):
    """Days, what they are compared with, and what each figure counts."""

    compared: PartsAnswer | None
    definitions: list[DefinitionAnswer]


def routes(hall: Hall) -> Routes:
    """The routes of spans."""
    api = Routes("spans", "Figures of any span of days")

    @api.get("/reports/span", summary="The figures of a span, compared with another", responses={"200": ComparedAnswer})
    @allow("manager")
    def span(query: ComparedQuery) -> Response:
        """Up to ten years. With `format=csv` or `xlsx` the same as a table or a workbook.

        Days that are over are added up once; while that goes on, such as after a restore, the answer is
        `figures_not_ready`.
        """
        found = hall.spans.span(query.first, query.last, query.by)
        compared = None
        if query.compare_from is not None:
            last = query.compare_to or query.compare_from + timedelta(days=(query.last - query.first).days)
            compared = hall.spans.span(query.compare_from, last, query.by)
        name = f"quhao_{found.first}_{found.last}_{found.by}"
        if query.format == "csv":
            return _file(as_csv(found), "text/csv", f"{name}.csv")
        if query.format == "xlsx":
            # Loaded on demand: it takes longer than all other of this module.
            from kiosk.exchange.workbooks import as_xlsx

            return _file(as_xlsx(found, compared), XLSX, f"{name}.xlsx")
        told = joined(_parts(found), compared=compared and _parts(compared), definitions=list(DEFINITIONS.values()))
        return answer(ComparedAnswer.of(told))

    return api


def _parts(span: Span) -> Any:
    return joined(span, **{"from": f"{span.first}", "to": f"{span.last}"})


def _file(content: str | bytes, kind: str, name: str) -> Response:
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, mimetype=kind, headers=headers)
