"""``quhao audit``: prove, read and export the audit log, while the service runs or not."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kiosk.cli.options import Context, ledger_of, needs_store, who, write_whole
from ticketing.model import Actor

if TYPE_CHECKING:
    from config.settings import Settings
    from ticketing.privacy.access_log import Fault, Held, Key
    from ticketing.privacy.audit_chain import Anchor
    from ticketing.reports.audit import Audit, Entry, Proof

BROKEN = 1
NOT_VERIFIED = 2
ACCEPTED_BROKEN = 3

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


_SILENT = {"zh": "服务没有应答", "en": "the service gave no answer"}


class _NotVerifiedError(click.ClickException):
    exit_code = NOT_VERIFIED


@click.group()
def audit() -> None:
    """The log of who looked at which resident's data, and of who changed what."""


@audit.command()
@click.option(
    "--anchor",
    "--slip",
    "anchors",
    multiple=True,
    metavar="FILE|NUMBER:HEX",
    help="Another anchor, as of a closing slip, typed as it stands there.",
)
@click.option("--key", "with_key", is_flag=True, help="Prove the MACs, too, by a key of `quhao audit new-key` (stdin).")
@click.option("--accept", is_flag=True, help="Begin this box's anchor anew with the log as it is.")
@click.pass_obj
def verify(context: Context, anchors: tuple[str, ...], with_key: bool, accept: bool) -> None:
    """Prove the log whole: exit code 0; 1 when it is broken, saying where; 2 when it cannot be verified.

    It is compared with this box's own anchor, beside the key file, and with each that is given. Without any, a tail
    that was cut off together with the head would not be found: then the exit code is 2, too. --accept ends with 0 where
    the log is whole, and with 3 where a broken one was accepted.
    """
    given = [_anchor(text) for text in anchors]
    key = _key() if with_key else None
    try:
        needs_store(context.settings)
        with _log(context) as log:
            proof = log.prove(given, key)
            if accept:
                _tell(proof)
                old, new = log.accept(_actor("audit verify --accept"), proof)
                click.echo(f"锚已更新 {old.short if old else '-'} → {new.short} / the anchor is new", err=True)
                if proof.verdict.whole:
                    return
                click.echo("已接受，但日志仍是损坏的 / accepted, and the log is broken all the same", err=True)
                sys.exit(ACCEPTED_BROKEN)
    except click.ClickException as error:
        raise _NotVerifiedError(error.message) from error
    _tell(proof)
    if not proof.whole:
        sys.exit(BROKEN)
    if not proof.proven:
        sys.exit(NOT_VERIFIED)


@audit.command()
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Of this hall day.")
@click.option("--who", "name", metavar="NAME", help="By this person or program.")
@click.option("--action", metavar="ACTION", help="Such as scan, login or backup.")
@click.option("--subject", is_flag=True, help="About a person, whose ID number is read from standard input.")
@click.option(
    "--card",
    is_flag=False,
    flag_value="",
    metavar="[READER]",
    help="About the person whose card is then laid on a reader of this box; its name where there are several.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON lines.")
@click.option("--head", is_flag=True, help="Only number and digest of the last entry, to be kept on paper.")
@click.option("--print", "on_paper", is_flag=True, help="With --head: as a closing slip on the printer of this box.")
@click.pass_obj
def show(
    context: Context,
    day: datetime | None,
    name: str | None,
    action: str | None,
    subject: bool,
    card: str | None,
    as_json: bool,
    head: bool,
    on_paper: bool,
) -> None:
    """Show entries; this is an entry, too."""
    from ticketing.reports.audit import Filter

    if on_paper and not head:
        raise click.UsageError("--print 须与 --head 同用 / --print goes with --head")
    actor = _actor("audit show")
    with _log(context) as log:
        if head:
            click.echo(log.head().short)
            if on_paper:
                _print_slip(context.settings)
            return
        subjects = log.subjects_of(_id_number()) if subject else None
        if card is not None:
            subjects = _subjects_of_card(context.settings, card or None, log)
        after: int | None = 0
        count = 0
        while after is not None:
            wanted = Filter(after, day.date() if day else None, name, action)
            page = log.read(wanted, actor) if subjects is None else log.about_subjects(subjects, wanted, actor)
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
    if proof.own == "missing" and not proof.young:
        click.echo("本机的锚文件不见了 / the anchor of this box is gone", err=True)
    if proof.own == "malformed":
        click.echo("本机的锚文件已被改动 / this box's anchor was changed", err=True)
    if verdict.fault is None and not proof.proven and proof.own != "malformed":
        click.echo(
            f"无法证明完整：现有 {verdict.entries} 条前后相符，但没有可核对的锚，末尾是否被截断无从得知；"
            "请用 --slip 输入日结凭条上的校验码，或用 --anchor 给出另一台主机的锚 / "
            f"not proven: the {verdict.entries} entries that are there follow each other, but without an anchor "
            "nobody knows whether the last ones were cut off: give the code of a closing slip by --slip, or another "
            "box's anchor by --anchor",
            err=True,
        )
        return
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


def _print_slip(settings: "Settings") -> None:
    """A closing slip, by the running service: it has the printer."""
    from display.staff.advice import advice
    from kiosk.resident.closing import PATIENCE

    with _asked(settings, {"do": "closing-slip", "who": who()}, PATIENCE + 10) as told:
        if told is None:
            raise click.ClickException(
                "服务没有运行，请抄写上面的校验码 / the service does not run: write down the code above"
            )
        if told["ok"]:
            click.echo("日结凭条已打印 / the closing slip is printed", err=True)
            return
        if "zh" in told:
            raise click.ClickException(f"{told['zh']} / {told['en']}")
        why = advice(told["reason"] or told["state"])
        raise click.ClickException(
            f"日结凭条没有打印：{why.reason_zh}，{why.advice_zh} / "
            f"the closing slip was not printed: {why.reason_en}: {why.advice_en}"
        )


def _subjects_of_card(settings: "Settings", reader: str | None, log: "Audit") -> list[bytes]:
    """The keyed hashes of whose card is laid on a reader: that of the running service, or one that is opened here."""
    from kiosk.devices.cards.card_looks import PATIENCE, CardLooks

    click.echo("请放卡 / Lay the card", err=True)
    with _asked(settings, {"do": "card", "device": reader}, PATIENCE + 10) as told:
        if told is not None:
            if not told["ok"]:
                raise click.ClickException(f"{told['zh']} / {told['en']}")
            return [bytes.fromhex(one) for one in told["subjects"]]
    from config.settings import CARD_READERS
    from kiosk.devices.building import build_devices

    readers = [one for one in settings.devices if one.driver in CARD_READERS and reader in (None, one.name)]
    looks = CardLooks(one.name for one in readers)

    def hear(device: str, event: Any) -> None:
        looks.take(device, event)

    only = settings.model_copy(update={"devices": readers})
    devices = build_devices(only, lambda: datetime.now(settings.hall.zone), hear)
    devices.start()
    try:
        return log.subjects_of(looks.read(reader).id_number or "")
    finally:
        devices.stop()


@contextmanager
def _asked(settings: "Settings", request: dict[str, Any], timeout: float) -> "Iterator[dict[str, Any] | None]":
    """The one answer of the running service; None when none runs."""
    from kiosk.devices.status_socket import NotAskedError, ask

    try:
        with ask(settings, request, timeout) as answers:
            yield None if answers is None else next(answers, {"ok": False, **_SILENT})
    except NotAskedError as error:
        raise click.ClickException(str(error)) from error


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
