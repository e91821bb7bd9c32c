"""``quhao key``: what the key file holds, and new keys in place of the old ones."""

import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from kiosk.cli.options import Context, in_words, needs_store, who

if TYPE_CHECKING:
    from config.settings import Settings
    from ticketing.privacy.key_file import KeyFile
    from ticketing.store.base import Store

WRONG = 1
BEHIND = 31
"""Days that a key file may be behind today, beside the retention, before that is worth a word."""


@click.group()
def key() -> None:
    """The key file of residents' data."""


@key.command()
@click.pass_obj
def check(context: Context) -> None:
    """Say what the key file holds and whether it fits the store; it changes nothing. Exit code 1 if it does not."""
    from kiosk.opening import open_keys, store_exists
    from ticketing.privacy.errors import VaultError
    from ticketing.store.opening import open_store

    settings = context.settings
    try:
        keys = open_keys(settings, create=False)
    except VaultError as error:
        click.echo(f"✗ {error}")
        sys.exit(WRONG)
    said = list(_about(settings, keys))
    if store_exists(settings):
        with in_words(), closing(open_store(settings.store.url, exclusive=False)) as store:
            said += _fits(settings, keys, store)
    else:
        said.append("· 还没有数据库 / there is no store yet")
    for line in said:
        click.echo(line)
    if any(line.startswith("✗") for line in said):
        sys.exit(WRONG)


@key.command()
@click.pass_obj
def rotate(context: Context) -> None:
    """Begin new keys: a copy of the old key file opens nothing that is sealed from now on.

    Stop all boxes first. Residents' data and kept months stay; afterwards the key file is copied to the other boxes
    again. Where the key file's chain is lost, this begins another one, and the data that only it opened are lost.
    """
    from kiosk.opening import anchoring, clock_of, open_keys, open_vault
    from ticketing.calendar import hall_day
    from ticketing.model import Actor
    from ticketing.privacy import access_log
    from ticketing.store.opening import open_store

    settings = context.settings
    needs_store(settings)
    with in_words(), closing(open_store(settings.store.url, exclusive=False)) as store:
        store.claim_all()
        vault = open_vault(settings, store, open_keys(settings, create=False), any_chain=True)
        clock = clock_of(settings, store)
        now = clock()
        actor = Actor(f"cli:{who()}", "technician", "cli")
        with anchoring(settings, store, vault, clock):
            renewed = vault.renew(
                store,
                hall_day(now, settings.hall.day_offset),
                lambda conn: access_log.append(conn, vault, now, actor, "key-rotated", None),
            )
    kept, lost = ", ".join(renewed.kept) or "–", ", ".join(renewed.lost)
    click.echo(f"✓ 已更换密钥，仍可打开 {kept} / the keys are new; open as before: {kept}")
    if lost:
        click.echo(f"✗ 已无法打开 {lost} / no key opens these days any more: {lost}")
    click.echo(
        f"· 请把 {settings.store.key_file} 复制到其他主机，并销毁旧的副本 / "
        f"copy {settings.store.key_file} to the other boxes, and destroy old copies"
    )
    click.echo(
        "· 纸质副本请重新抄写：第一行、以 lasting 和 seal 开头的各行，以及 end / "
        "write the keys on paper anew: the first line, each that begins with lasting or seal, and end"
    )


def _about(settings: "Settings", keyring: "KeyFile") -> Iterator[str]:
    """A line each: ✓ right, ✗ to be mended, · worth knowing."""
    keys, about = keyring.keys, keyring.path.stat()
    mode = stat.S_IMODE(about.st_mode)
    yield f"✓ 密钥文件 / key file: {keyring.path} ({mode:04o})"
    changed = datetime.fromtimestamp(about.st_mtime, settings.hall.zone)
    yield f"· 最近更新 / last changed: {changed:%Y-%m-%d %H:%M}"
    if keyring.sealed:
        yield "✓ 由系统凭据加密 / sealed under the credential quhao-key"
    else:
        yield "· 未加密保存，可用 systemd 凭据加密 / kept in plain: a credential of systemd would seal it"
    suite = {"sha256": "standard", "sm3": "sm"}[keys.hash.name]
    yield f"· 算法 / suite: {suite} (SHA-256)" if suite == "standard" else f"· 算法 / suite: {suite} (SM4-GCM, SM3)"
    if keys.chain is None:
        return
    yield f"· 密钥链 / chain: {keys.chain.id}"
    today = datetime.now(settings.hall.zone).date()
    behind = (today - keys.chain.day).days - settings.privacy.retention_days
    # It moves up an hour after the box started.
    hint = " → quhao run, quhao purge" if behind > BEHIND else ""
    yield f"· 从此日起可打开 / opens the days from: {keys.chain.day}{hint}"
    months = sorted({month for month, _ in keys.months})
    yield f"· 月密钥 / months: {len(months)}, {months[0]} – {months[-1]}" if months else "· 没有月密钥 / no months"


def _fits(settings: "Settings", keyring: "KeyFile", store: "Store") -> Iterator[str]:
    from ticketing.privacy.errors import VaultError
    from ticketing.privacy.sealing import HASHES
    from ticketing.privacy.standing import Standing
    from ticketing.privacy.vault import live_days

    with store.read() as conn:
        standing = Standing.of(conn)
    if standing is None:
        yield "· 数据库尚未使用密钥链，首次运行时转换 / the store has no chain yet: the first run begins one"
        return
    try:
        standing.refuse_others(keyring.keys, settings.hall.id, HASHES[settings.privacy.ciphers[1]])
        standing.refuse_other_chain(keyring.keys.settled(standing.chain))
    except VaultError as error:
        yield f"✗ {error}"
        return
    yield "✓ 与数据库相符 / fits the store"
    if standing.renewed:
        yield f"· 上次更换密钥 / keys changed on: {standing.renewed}"
    chain = keyring.keys.chain
    with store.read() as conn:
        live = live_days(conn)
    if live:
        yield f"· 有居民数据的日子 / days with residents' data: {', '.join(live)}"
    for day in live:
        if chain is not None and date.fromisoformat(day) < chain.day:
            yield f"✗ {day} 的密钥已销毁，请核对时钟 / the key of {day} is destroyed: check the clock"
