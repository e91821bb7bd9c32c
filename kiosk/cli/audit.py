"""``quhao audit``: prove, read and export the audit log, while the service runs or not."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kiosk.cli.options import Context, ledger_of, needs_store, who, write_whole
from ticketing.model import Actor

if TYPE_CHECKING:
    from ticketing.privacy.access_log import Fault, Held, Key
    from ticketing.privacy.audit_chain import Anchor
    from ticketing.reports.audit import Audit, Entry, Proof

BROKEN = 1
NOT_VERIFIED = 2

FAULTS: "dict[Fault, tuple[str, str]]" = {
    "changed": ("内容被改动", "is not as it was written"),
    "missing": ("缺失", "is missing"),
    "cut": ("及其后的记录被删除", "and all after it were removed"),
    "head": ("处的日志首部丢失或被改动", "is where the sealed head is gone, changed or of another time"),
    "other": ("与锚不符，整份日志已被替换", "is not the one that was anchored: the log is another one"),
    "forged": ("是用之后的密钥伪造的", "was made with a key of later"),
}
HELD: "dict[Held, tuple[str, str]]" = {
    "holds": ("✓ 相符", "holds"),
    "cut": ("✗ 日志在此之前已被截断", "the log ends before it"),
    "other": ("✗ 不符", "the log has another entry there"),
    "older": ("· 该处记录已到期清除，无法核对", "entries of then were removed after their retention"),
}


class _NotVerifiedError(click.ClickException):
    exit_code = NOT_VERIFIED


@click.group()
def audit() -> None:
    """The log of who looked at which resident's data, and of who changed what."""


@audit.command()
@click.option(
    "--anchor", "anchors", multiple=True, metavar="FILE|NUMBER:HEX", help="Another anchor, as of a closing slip."
)
@click.option("--key", "with_key", is_flag=True, help="Prove the MACs, too, by a key of `quhao audit new-key` (stdin).")
@click.option("--accept", is_flag=True, help="Begin this box's anchor anew with the log as it is.")
@click.pass_obj
def verify(context: Context, anchors: tuple[str, ...], with_key: bool, accept: bool) -> None:
    """Prove the log whole: exit code 0; 1 when it is broken, saying where; 2 when it cannot be verified.

    It is compared with this box's own anchor, beside the key file, and with each that is given.
    """
    given = [_anchor(text) for text in anchors]
    key = _key() if with_key else None
    try:
        needs_store(context.settings)
        with _log(context) as log:
            proof = log.prove(given, key)
            if accept:
                _tell(proof)
                old, new = log.accept(_actor("audit verify --accept"))
                click.echo(f"锚已更新 {old.short if old else '-'} → {new.short} / the anchor is new", err=True)
                return
    except click.ClickException as error:
        raise _NotVerifiedError(error.message) from error
    _tell(proof)
    if not proof.whole:
        sys.exit(BROKEN)


@audit.command()
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Of this hall day.")
@click.option("--who", "name", metavar="NAME", help="By this person or program.")
@click.option("--action", metavar="ACTION", help="Such as scan, login or backup.")
@click.option("--subject", is_flag=True, help="About a person, whose ID number is read from standard input.")
@click.option("--json", "as_json", is_flag=True, help="As JSON lines.")
@click.option("--head", is_flag=True, help="Only number and digest of the last entry, to be kept on paper.")
@click.pass_obj
def show(
    context: Context,
    day: datetime | None,
    name: str | None,
    action: str | None,
    subject: bool,
    as_json: bool,
    head: bool,
) -> None:
    """Show entries; this is an entry, too."""
    from ticketing.reports.audit import Filter

    actor = _actor("audit show")
    with _log(context) as log:
        if head:
            click.echo(log.head().short)
            return
        number = _id_number() if subject else None
        after: int | None = 0
        count = 0
        while after is not None:
            wanted = Filter(after, day.date() if day else None, name, action)
            page = log.about(number, wanted, actor) if number else log.read(wanted, actor)
            for one in page.entries:
                click.echo(json.dumps(_plain(one), ensure_ascii=False) if as_json else _line(one))
            count += len(page.entries)
            after = page.next
    if not count:
        click.echo("没有这样的记录 / there are no such entries", err=True)


@audit.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def export(context: Context, file: Path) -> None:
    """Write the whole log to FILE, .csv for a spreadsheet, otherwise JSON lines, to be checked on another computer."""
    form = "csv" if file.suffix.lower() == ".csv" else "jsonl"
    with _log(context) as log:
        content = "".join(log.export(_actor("audit export"), form))  # type: ignore[arg-type]
    write_whole(file, content.encode("utf-8", "surrogatepass"))
    click.echo(f"已导出到 {file} / exported to {file}", err=True)


@audit.command("new-key")
@click.pass_obj
def new_key(context: Context) -> None:
    """Begin a new key for the MACs and print it, this once: kept elsewhere, it proves the entries from now on."""
    with _log(context) as log:
        key = log.begin_key(_actor("audit new-key"))
    click.echo(str(key))
    click.echo(
        "请抄写并保管在别处，本机不保存；核验时用 quhao audit verify --key / "
        "keep it away from here: it is stored nowhere; quhao audit verify --key asks for it",
        err=True,
    )


@contextmanager
def _log(context: Context) -> "Iterator[Audit]":
    from ticketing.privacy.anchors import AnchorFile
    from ticketing.reports.audit import Audit

    with ledger_of(context.settings) as ledger:
        yield Audit(ledger, AnchorFile(context.settings.store.key_file))


def _actor(command: str) -> Actor:
    return Actor(who(), "technician", f"quhao {command}")


def _tell(proof: "Proof") -> None:
    verdict = proof.verdict
    for anchor, held in verdict.anchors:
        zh, en = HELD[held]
        click.echo(f"{zh} {anchor.short} / {en}", err=held != "holds")
    if proof.own == "missing":
        click.echo(
            "提醒：本机没有锚文件，首部与末尾一起被截断时查不出来 / "
            "warning: this box has no anchor: a tail cut off together with the head would not be found",
            err=True,
        )
    if proof.own == "malformed":
        click.echo("本机的锚文件已被改动 / this box's anchor was changed", err=True)
    if verdict.fault is None:
        since = f"，从第 {verdict.first} 条起" if verdict.first > 1 else ""
        from_ = f", from entry {verdict.first} on" if verdict.first > 1 else ""
        head = f" {proof.head.short}" if proof.head else ""
        click.echo(
            f"审计日志完整，共 {verdict.entries} 条{since} / "
            f"the audit log is whole: {verdict.entries} entries{from_}{head}"
        )
        return
    zh, en = FAULTS[verdict.fault]
    click.echo(
        f"审计日志已损坏：第 {verdict.broken_at} 条{zh}，现有 {verdict.entries} 条 / "
        f"the audit log is broken: entry {verdict.broken_at} {en}; {verdict.entries} entries are there",
        err=True,
    )


def _anchor(text: str) -> "Anchor":
    from ticketing.privacy.audit_chain import Anchor

    file = Path(text)
    try:
        return Anchor.parse(file.read_text("ascii") if file.is_file() else text)
    except (OSError, ValueError):
        raise click.UsageError(
            f"不是锚：{text}，应写作 NUMBER:HEX，或给出文件名 / {text} is no anchor: NUMBER:HEX, or a file of it"
        ) from None


def _key() -> "Key":
    from ticketing.privacy.access_log import Key

    try:
        return Key.parse(_said("密钥 / key"))
    except ValueError:
        raise click.UsageError("不是审计日志的密钥 / this is no key of the audit log") from None


def _id_number() -> str:
    number = _said("身份证号 / ID number").strip()
    if not number:
        raise click.UsageError("标准输入没有身份证号 / there is no ID number on standard input")
    return number


def _said(what: str) -> str:
    """A line that must not stand in the shell's history: from a prompt, or from standard input."""
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True, err=True))
    return sys.stdin.readline(4096)


def _plain(one: "Entry") -> dict[str, object]:
    return {**asdict(one), "at": one.at.isoformat(timespec="milliseconds")}


def _line(one: "Entry") -> str:
    parts = [str(one.seq), f"{one.at:%Y-%m-%d %H:%M:%S}", one.action, one.who, one.place or "-", one.ticket or "-"]
    return "  ".join([*parts, *([one.reason] if one.reason else [])])
