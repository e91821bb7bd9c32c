"""``quhao backup`` and ``quhao restore``: the whole store in one file, and back. Both work while the service runs."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kiosk.cli.options import Context, in_words, ledger_of, who

if TYPE_CHECKING:
    from ticketing.backup.backup import Manifest
    from ticketing.day.ledger import Ledger

_FILE = click.Path(path_type=Path, dir_okay=False)
_WHAT = {
    "service": ("业务", "services"),
    "window": ("窗口", "windows"),
    "ticket": ("号码", "tickets"),
    "appointment": ("预约", "appointments"),
    "case_file": ("办件", "cases"),
    "rating": ("评价", "ratings"),
    "account": ("用户", "users"),
    "token": ("令牌", "tokens"),
    "access_log": ("审计记录", "log entries"),
}


class _FileOrVerb(click.Group):
    """What is not the name of a verb is a file to be written."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["to", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_FileOrVerb, subcommand_metavar="FILE | auto | verify …")
def backup() -> None:
    """Write the whole store, as it is at one moment, to FILE; an older backup of that name is replaced.

    It restores into SQLite and PostgreSQL alike, with the hall's master key and no other. Residents' data in it stay
    closed without the day's key, which is not in it: what is erased in the store is erased in its backups.
    """


@backup.command("to")
@click.argument("file", type=_FILE)
@click.pass_obj
def to_file(context: Context, file: Path) -> None:
    """Write the whole store, as it is at one moment, to FILE; an older backup of that name is replaced.

    It restores into SQLite and PostgreSQL alike, with the hall's master key and no other. Residents' data in it stay
    closed without the day's key, which is not in it: what is erased in the store is erased in its backups.
    """
    from ticketing.backup.restore import Backups

    with ledger_of(context.settings) as ledger:
        manifest = Backups(ledger).write(file)
        _enter(ledger, manifest)
    zh, en = _told(manifest.rows)
    click.echo(f"已备份到 {file}：{zh} / backed up to {file}: {en}", err=True)


@backup.command()
@click.pass_obj
def auto(context: Context) -> None:
    """Add a backup to the folder of the settings, prove it, and remove the oldest beyond those to be kept.

    For a timer (config/systemd/quhao-backup.timer). With backup.recipients it is encrypted by age.
    """
    from kiosk.box.backups import back_up

    with ledger_of(context.settings) as ledger:
        file, manifest = back_up(context.settings, ledger)
        _enter(ledger, manifest)
    zh, en = _told(manifest.rows)
    click.echo(f"已备份到 {file}：{zh} / backed up to {file}: {en}", err=True)


@backup.command()
@click.argument("file", type=_FILE, required=False)
@click.option("--newest", is_flag=True, help="The newest one in the folder of the settings.")
@click.option("--identity", type=_FILE, help="The file of the age identity that opens an encrypted one.")
@click.pass_obj
def verify(context: Context, file: Path | None, newest: bool, identity: Path | None) -> None:
    """Restore FILE into a temporary store and say what came out; the hall's own store is not touched.

    An encrypted one is opened by --identity, else by backup.identity of the settings.

    Exit code 1 where it cannot be restored, or less comes out than it says it holds.
    """
    from kiosk.box.backups import decrypted, kept_backups
    from kiosk.opening import open_keys, rules_of
    from ticketing.backup.verify import verify as verify_backup

    settings = context.settings
    if (file is None) != newest:
        raise click.UsageError("请给出备份文件，或 --newest / give a FILE, or --newest")
    if file is None:
        kept = kept_backups(settings)
        if not kept:
            raise click.ClickException("文件夹里没有备份 / there is no backup in the folder")
        file = kept[0].path
    with in_words(), decrypted(file, identity or settings.backup.identity) as plain:
        keys = open_keys(settings, create=False).keys
        zone = settings.hall.zone
        proved = verify_backup(
            plain,
            keys,
            settings.hall.id,
            settings.privacy.ciphers,
            rules_of(settings),
            zone,
            lambda: datetime.now(zone),
        )
    zh, en = _told(proved.rows)
    made = f"{proved.manifest.made:%Y-%m-%d %H:%M}"
    click.echo(f"✓ {file}：可以恢复到 {made}：{zh} / can be restored as of {made}: {en}")


def _enter(ledger: "Ledger", manifest: "Manifest") -> None:
    """Enter a backup into the audit log."""
    from ticketing.model import Actor
    from ticketing.privacy import access_log

    with ledger.verb() as m:
        actor = Actor(who(), "technician", "quhao backup")
        access_log.append_if_whole(m.conn, m.vault, m.now, actor, "backup", f"as of {manifest.made_at}")


@click.command()
@click.argument("file", type=_FILE)
@click.option("--replace", is_flag=True, help="Even though the store holds data, which are lost.")
@click.option(
    "--replace-log", is_flag=True, help="Take the backup's audit log though it does not go on from the store's."
)
@click.pass_obj
def restore(context: Context, file: Path, replace: bool, replace_log: bool) -> None:
    """Put the hall back as the backup FILE has it: all of it or nothing.

    A file that was cut or changed, or is of another hall or master key, is refused. Numbers go on where they were:
    none is given twice. Tickets issued since the backup are over, everybody is logged out, and windows ask for their
    clerk.
    """
    from kiosk.opening import open_keys, open_ledger
    from ticketing.backup.restore import Backups
    from ticketing.model import Actor

    settings = context.settings
    with in_words():
        # Opening would make a key, and that would not open the backup.
        open_keys(settings, create=False)
    with in_words(), open_ledger(settings) as ledger:
        actor = Actor(who(), "technician", "quhao restore")
        restored = Backups(ledger).restore(file, actor, replace=replace, replace_log=replace_log)
    own = restored.accounts == "own"
    rows = restored.manifest.rows
    zh, en = _told({name: count for name, count in rows.items() if not (own and name in ("account", "token"))})
    made = f"{restored.manifest.made:%Y-%m-%d %H:%M}"
    click.echo(f"已恢复到 {made}：{zh} / restored as of {made}: {en}", err=True)
    if own:
        click.echo("用户和令牌没有恢复，仍是现有的 / users and tokens are still those of the store", err=True)
    elif rows.get("account") or rows.get("token"):
        click.echo(
            "用户和令牌来自备份，之后删除的会回来，请用 quhao user list、quhao token list 核对 / "
            "users and tokens are those of the backup, also what was removed since: check them with quhao user list "
            "and quhao token list",
            err=True,
        )
    if restored.log == "backup":
        click.echo(
            "审计日志取自备份：每台主机核对后请执行 quhao audit verify --accept / "
            "the audit log is the backup's: once you have looked at it, say quhao audit verify --accept at each box",
            err=True,
        )
    if restored.ended:
        click.echo(
            f"备份之后的 {restored.ended} 个号码已作废，请持号人重新取号 / "
            f"{restored.ended} tickets issued since the backup are over: their holders take a new number",
            err=True,
        )


def _told(rows: dict[str, int]) -> tuple[str, str]:
    counts = [(said, rows.get(name, 0)) for name, said in _WHAT.items()]
    return (
        "，".join(f"{zh} {count}" for (zh, _), count in counts if count),
        ", ".join(f"{count} {en}" for (_, en), count in counts if count),
    )
