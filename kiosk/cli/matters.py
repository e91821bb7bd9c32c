"""``quhao matters``: export and import of what residents come for. Works while the service runs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kiosk.cli.options import Context, ledger_of, tell_changes, who, write_out

if TYPE_CHECKING:
    from config.matters import RowProblem
    from ticketing.matters.matters import MatterChange

BAD_FILE = 2

_HOW = {
    "added": ("新增事项", "added"),
    "changed": ("修改事项", "changed"),
    "removed": ("撤销事项", "removed"),
    "moved": ("调整顺序", "the order changes"),
}


@click.group()
def matters() -> None:
    """What residents come for (事项), as a CSV or JSON file."""


@matters.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--format", "kind", type=click.Choice(["csv", "json"]), help="Without it by the file's name, else CSV.")
@click.pass_obj
def export_matters(context: Context, file: Path | None, kind: str | None) -> None:
    """Write all matters to FILE, or to standard output."""
    from kiosk.exchange.matter_files import as_csv, as_json
    from ticketing.matters.matters import Matters

    with ledger_of(context.settings) as ledger:
        found = Matters(ledger).read()
    is_json = kind == "json" or (kind is None and file is not None and file.suffix.lower() == ".json")
    write_out(file, as_json(found) if is_json else as_csv(found))


@matters.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.pass_obj
def import_matters(context: Context, file: Path, dry_run: bool) -> None:
    """Make the matters what FILE says (- for standard input): CSV in UTF-8 or GBK, or JSON.

    All of it, or nothing and every wrong row by its number and column. What the file leaves out is taken away. A matter
    whose service is not there is kept, named, and shown as not available.
    """
    from kiosk.exchange.matter_files import LARGEST, read_matters
    from ticketing.matters.matters import Matters, differences
    from ticketing.model import Actor

    try:
        with click.open_file(str(file), "rb") as source:
            data = source.read(LARGEST + 1)
    except OSError as error:
        raise click.ClickException(f"读不了 {file} / {file} cannot be read: {error.strerror}") from error
    with ledger_of(context.settings) as ledger:
        with ledger.look() as m:
            services = [one for one in m.services() if not one.removed]
        found = read_matters(data, services)
        for one in found.problems:
            click.echo(_told(one), err=True)
        if found.problems:
            number = len(found.problems)
            click.echo(f"{number} 处有错，什么也没改 / {number} errors: nothing was changed", err=True)
            sys.exit(BAD_FILE)
        kept = Matters(ledger)
        if dry_run:
            changes = differences(kept.read(), found.matters)
        else:
            changes = kept.replace(found.matters, Actor(f"cli:{who()}", "manager", "cli"))
    for warning in found.warnings:
        click.echo(f"注意 / mind: {_told(warning)}", err=True)
    tell_changes(map(_line, changes), dry_run=dry_run)


def _told(one: "RowProblem") -> str:
    where = " ".join(filter(None, (one.matter, one.column)))
    (reason, reason_en), (advice, advice_en) = one.reason, one.suggestion
    zh = f"第 {one.row} 行 {where}".rstrip()
    en = f"row {one.row} {where}".rstrip()
    return f"{zh}：{reason} → {advice} / {en}: {reason_en} → {advice_en}"


def _line(change: "MatterChange") -> str:
    how, how_en = _HOW[change.how]
    fields = " ".join(change.fields)
    zh = " ".join(filter(None, (how, change.id, fields)))
    en = " ".join(filter(None, (change.id and f"matter {change.id}", how_en, fields)))
    return f"{zh} / {en}"
