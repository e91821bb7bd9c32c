"""``quhao report`` and ``quhao replay``: what the hall did, as figures and as it was, beside a running service."""

import json
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kiosk.cli.options import Context, ledger_of, write_whole

if TYPE_CHECKING:
    from ticketing.live.past_days import Moment, PastDay, PastTicket
    from ticketing.model import Event

_DAY = click.DateTime(["%Y-%m-%d"])
_STATES = {"open": "开放 open", "paused": "暂停 paused", "closed": "关闭 closed"}
_SHOWN = ("calls", "waiting", "windows", "queue", "held")
"""What ``--json`` tells of a moment."""


@click.command()
@click.option("--date", "on", type=_DAY, help="The hall day; today when no day is named.")
@click.option("--from", "first", type=_DAY, help="The first of several days.")
@click.option("--to", "last", type=_DAY, help="The last of them.")
@click.option(
    "--by",
    type=click.Choice(["hour", "service", "window", "clerk", "day", "matter"]),
    help="What several days are divided into; service when nothing is said.",
)
@click.option("--csv", "as_table", is_flag=True, help="As CSV for a spreadsheet, UTF-8.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.pass_obj
def report(
    context: Context,
    on: datetime | None,
    first: datetime | None,
    last: datetime | None,
    by: str | None,
    as_table: bool,
    file: Path | None,
) -> None:
    """Show what the hall did: waits, services, no-shows, ratings, by hour, service, window, clerk and matter.

    With FILE the report is written there, whole or not at all.
    """
    from kiosk.exchange.report_tables import as_csv, as_text
    from ticketing.reports.reports import Day, Report, Reports

    _check(on, first, last, by)
    with ledger_of(context.settings) as ledger:
        reports = Reports(ledger)
        found: Day | Report
        if first and last:
            found = reports.span(first.date(), last.date(), by or "service")  # type: ignore[arg-type]
        else:
            found = reports.day(on.date() if on else ledger.today())
    text = as_csv(found) if as_table else "".join(f"{line}\n" for line in (_title(found), *as_text(found)))
    if file:
        write_whole(file, text.encode())
    else:
        sys.stdout.write(text)


def _check(on: datetime | None, first: datetime | None, last: datetime | None, by: str | None) -> None:
    if on and (first or last):
        raise click.UsageError("--date 与 --from、--to 不能同用 / --date does not go with --from and --to")
    if bool(first) != bool(last):
        raise click.UsageError("--from 与 --to 要同时给出 / --from and --to go together")
    if by and not first:
        raise click.UsageError("--by 只用于 --from 与 --to / --by goes with --from and --to")
    if first and last and last < first:
        raise click.UsageError("--to 早于 --from / --to is before --from")


def _title(found: object) -> str:
    days = [getattr(found, name) for name in ("day", "first", "last") if isinstance(getattr(found, name, None), date)]
    return " – ".join(map(str, days))


@click.command()
@click.argument("on", metavar="DATE", type=_DAY)
@click.option("--at", "clock", help="What there was to see then, such as 10:42 or 10:42:05.")
@click.option("--json", "as_json", is_flag=True, help="For programs: an object, or a line for each event.")
@click.pass_obj
def replay(context: Context, on: datetime, clock: str | None, as_json: bool) -> None:
    """Show a past hall day as it was: each event, or screens, windows and queue at one time.

    Events name no resident. Names of services and windows are today's.
    """
    from ticketing.live.past_days import PastDays

    with ledger_of(context.settings) as ledger:
        day = PastDays(ledger).day(on.date())
        if clock is not None:
            moment = day.at(day.when(clock))
            lines = iter([_json(moment)]) if as_json else _picture(moment)
        elif as_json:
            lines = (_json(moment, event) for event, moment in day.moments())
        else:
            lines = _story(day)
        for line in lines:
            click.echo(line)


def _story(day: "PastDay") -> Iterator[str]:
    if not day.events:
        yield f"{day.day} 没有记录 / nothing is recorded of this day"
    for one in day.events:
        told = [f"{name}={value}" for name, value in one.data.items() if name != "number"]
        yield f"{one.at:%H:%M:%S}  {one.data.get('number', ''):6}  {one.type:20}  {' '.join(told)}".rstrip()


def _picture(moment: "Moment") -> Iterator[str]:
    yield f"{moment.at:%Y-%m-%d %H:%M:%S}"
    yield "窗口 / windows:"
    for window in moment.windows:
        there = window.ticket
        yield f"  {window.name}  {_STATES[window.state]}" + (f"  {_ticket(there)} {there.state}" if there else "")
    yield "屏幕 / screens:"
    for call in moment.calls:
        yield f"  {call.number}  {call.window_name}  {call.called_at:%H:%M:%S}  {call.state}"
    yield f"等候 / waiting: {len(moment.queue)}"
    for one in moment.queue:
        yield f"  {_ticket(one)}  {one.service}"
    if moment.held:
        yield "暂离 / on hold: " + " ".join(one.number for one in moment.held)


def _ticket(one: "PastTicket") -> str:
    return f"{one.number} ({one.since:%H:%M:%S})"


def _json(moment: "Moment", event: "Event | None" = None) -> str:
    told: dict[str, Any] = {} if event is None else {"type": event.type, "data": event.data}
    shown = {"seq": moment.seq, "at": moment.at, **told, **{name: getattr(moment, name) for name in _SHOWN}}
    return json.dumps(shown, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    return value.isoformat("T", "milliseconds") if isinstance(value, datetime) else vars(value)
