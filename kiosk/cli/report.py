"""``quhao report``: the hall's figures from the command line, beside a running service."""

import sys
from datetime import date, datetime
from pathlib import Path

import click

from kiosk.cli.options import Context, ledger_of, write_whole

_DAY = click.DateTime(["%Y-%m-%d"])


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
