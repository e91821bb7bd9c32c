"""``quhao backup`` and ``quhao restore``: the whole store in one file, and back. Both work while the service runs."""

from pathlib import Path

import click

from kiosk.cli.options import Context, in_words, ledger_of, who

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


@click.command()
@click.argument("file", type=_FILE)
@click.pass_obj
def backup(context: Context, file: Path) -> None:
    """Write the whole store, as it is at one moment, to FILE; an older backup of that name is replaced.

    It restores into SQLite and PostgreSQL alike, with the hall's master key and no other. Residents' data in it stay
    closed without the day's key, which is not in it: what is erased in the store is erased in its backups.
    """
    from ticketing.backup.restore import Backups
    from ticketing.model import Actor
    from ticketing.privacy import access_log

    with ledger_of(context.settings) as ledger:
        manifest = Backups(ledger).write(file)
        with ledger.verb() as m:
            actor = Actor(who(), "technician", "quhao backup")
            access_log.append_if_whole(m.conn, m.vault, m.now, actor, "backup", f"as of {manifest.made_at}")
    zh, en = _told(manifest.rows)
    click.echo(f"已备份到 {file}：{zh} / backed up to {file}: {en}", err=True)


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
