"""``quhao hall``: export and import of the hall's setup. Works while the service runs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kiosk.cli.options import Context, ledger_of, tell_changes, who, write_out

if TYPE_CHECKING:
    from ticketing.setup.setup import Change

BAD_FILE = 2

_WHAT = {
    "service": ("业务", "service"),
    "window": ("窗口", "window"),
    "hours": ("营业时间", "hours"),
    "special_days": ("节假日", "holidays"),
    "quotas": ("限号", "quotas"),
    "slots": ("预约时段", "appointment slots"),
    "classes": ("优先类别", "priority classes"),
    "papers": ("小票和回执的版式", "layouts of slip and receipt"),
}
_HOW = {
    "added": ("新增", "added"),
    "changed": ("修改", "changed"),
    "removed": ("撤销", "removed"),
    "moved": ("换位置", "moved to place"),
}


@click.group()
def hall() -> None:
    """Services, windows, hours, holidays, quotas and appointment slots, as one file."""


@hall.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.pass_obj
def export_hall(context: Context, file: Path | None) -> None:
    """Write the hall's setup to FILE, or to standard output, as JSON."""
    from config.hall_file import text_of
    from kiosk.exchange.hall_files import hall_file_of
    from ticketing.setup.setup import Setup

    with ledger_of(context.settings) as ledger:
        text = text_of(hall_file_of(Setup(ledger).read()))
    write_out(file, text)


@hall.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.pass_obj
def import_hall(context: Context, file: Path, dry_run: bool) -> None:
    """Set the hall up as FILE says, JSON or TOML: all of it, or nothing and every error in the file.

    What the file leaves out is removed. A service that somebody still waits for is served to the end.
    """
    from config.hall_file import read
    from config.problems import ConfigError
    from kiosk.exchange.hall_files import setup_of
    from kiosk.exchange.papers import problems_of_papers
    from ticketing.model import Actor
    from ticketing.setup.setup import Setup, differences

    starts = context.settings.hall.day_offset.seconds // 60
    try:
        said = read(file, starts)
        if problems := list(problems_of_papers(said, context.settings.hall)):
            raise ConfigError(file, problems)
        wanted = setup_of(said)
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(BAD_FILE)
    with ledger_of(context.settings) as ledger:
        setup = Setup(ledger)
        if dry_run:
            changes = differences(setup.read(), wanted)
        else:
            changes = setup.replace(wanted, Actor(f"cli:{who()}", "manager", "cli"))
    tell_changes(map(_line, changes), dry_run=dry_run)


def _line(change: "Change") -> str:
    (what, what_en), (how, how_en) = _WHAT[change.what], _HOW[change.how]
    fields = " ".join(change.fields)
    zh = " ".join(filter(None, (how, what, change.id, fields)))
    en = " ".join(filter(None, (what_en, change.id, how_en, fields)))
    return f"{zh} / {en}"
