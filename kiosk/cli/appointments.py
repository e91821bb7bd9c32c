"""``quhao appointments``: import of other systems' lists. Works while the service runs."""

import sys
from pathlib import Path

import click

from kiosk.cli.options import Context, ledger_of, needs_store, who


@click.group()
def appointments() -> None:
    """Appointments that other systems made."""


@appointments.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True))
@click.pass_obj
def import_list(context: Context, file: Path) -> None:
    """Book the appointments in FILE (- for standard input): CSV in UTF-8 or GBK.

    Its first line names the columns, in Chinese or English: service, date, time, id_number. All of it is booked or
    nothing: every wrong row is named by its line. The same list again books nothing twice.
    """
    from display.refusals import words
    from kiosk.exchange.appointment_lists import LARGEST, read_list
    from ticketing.appointments.appointments import Appointments, BadRowsError
    from ticketing.model import Actor

    needs_store(context.settings)
    try:
        with click.open_file(str(file), "rb") as source:
            data = source.read(LARGEST + 1)
    except OSError as error:
        raise click.ClickException(f"读不了 {file} / {file} cannot be read: {error.strerror}") from error
    with ledger_of(context.settings) as ledger:
        with ledger.look() as m:
            services = m.services()
        try:
            found = Appointments(ledger).take_in(read_list(data, services), Actor(who(), "manager", "cli"))
        except BadRowsError as error:
            for row in error.rows:
                said = words(row.code, row.facts)
                click.echo(f"第 {row.line} 行：{said.zh} / line {row.line}: {said.en}", err=True)
            said = words(error.code, error.facts)
            click.echo(f"{said.zh} / {said.en}", err=True)
            sys.exit(1)
    click.echo(
        f"导入 {found.booked} 个预约，{found.known} 个已有 / "
        f"{found.booked} appointments booked, {found.known} were there",
        err=True,
    )
