"""``quhao check --baseline``: the points of 等保 2.0 (GB/T 22239-2019, levels 2 and 3) that software can check.

Control points and levels are named as in the standard's tables; what only people can see (rooms, locks, contracts,
training) is not listed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from config.cautions import cautions
from kiosk.box.clock_sync import clock_is_synchronised
from kiosk.cli.options import ledger_of

if TYPE_CHECKING:
    from config.problems import ConfigProblem
    from config.settings import Settings
    from ticketing.model import Service
    from ticketing.people.people import Account, TokenView

Level = Literal[2, 3]

LONGEST_IDLE = 30
"""Minutes after which an unattended log-in must be locked at the latest; GB/T 22239 gives no figure."""
UNUSED = timedelta(days=90)
"""A token that was not used for so long is one too many."""
ADMINISTRATORS = ("manager", "technician", "auditor")


@dataclass(frozen=True)
class Point:
    """A point of the baseline.

    Attributes:
        level: from which level it is asked for.
        control: the control point (控制点) in Chinese and English.
        holds: None where this cannot be told from here.
        said: what was found, or what to do, in Chinese and English.
    """

    level: Level
    control: tuple[str, str]
    holds: bool | None
    said: tuple[str, str]

    def __str__(self) -> str:
        """Two lines for a technician."""
        sign = {True: "✓", False: "✗", None: "·"}[self.holds]
        level = {2: "二级", 3: "三级"}[self.level]
        return (
            f"{sign} {level} {self.control[0]}：{self.said[0]}\n"
            f"    level {self.level}, {self.control[1]}: {self.said[1]}"
        )


@dataclass(frozen=True)
class Kept:
    """What the store says: its accounts, tokens and services, and whether the audit log is whole."""

    accounts: Sequence["Account"]
    tokens: Sequence["TokenView"]
    services: Sequence["Service"]
    log_is_whole: bool


def baseline(settings: "Settings", path: Path, now: datetime) -> list[Point]:
    """All points of a box with these settings, which were read from the file ``path``."""
    from kiosk.opening import store_exists

    kept = _kept(settings, now) if store_exists(settings) else None
    doubts = list(cautions(settings, path))
    return [
        *_of_people(settings, kept, now),
        *_of_data(settings, doubts),
        *_of_the_store(kept),
        *_of_the_box(settings),
    ]


def _kept(settings: "Settings", now: datetime) -> Kept:
    from kiosk.opening import people_on
    from ticketing.privacy import access_log

    with ledger_of(settings) as ledger:
        people = people_on(settings, ledger.store, ledger.vault, ledger.now)
        with ledger.look() as m:
            return Kept(people.accounts(now), people.tokens(), m.services(), access_log.verify(m.conn, m.vault).whole)


def _of_people(settings: "Settings", kept: Kept | None, now: datetime) -> Iterator[Point]:
    rules = settings.accounts
    who = ("身份鉴别", "identification and authentication")
    yield Point(
        2,
        who,
        True,
        ("口令要够长、不易猜，错误口令会变慢", "passwords are long and not soon guessed; wrong ones slow down"),
    )
    yield Point(
        2,
        who,
        0 < rules.idle_minutes <= LONGEST_IDLE,
        (
            f"无操作锁定：accounts.idle_minutes = {rules.idle_minutes}，应为 1 到 {LONGEST_IDLE}",
            f"idle log-ins lock: accounts.idle_minutes = {rules.idle_minutes}, should be 1 to {LONGEST_IDLE}",
        ),
    )
    missing = [role for role in ADMINISTRATORS if role not in rules.second_factor]
    without = [one.name for one in kept.accounts if one.role in ADMINISTRATORS and not one.totp] if kept else []
    yield Point(
        3,
        who,
        not missing and not without,
        (
            _names("管理账户用两步验证", "accounts.second_factor 缺少", missing, "尚未设置", without),
            _names(
                "administrators have a second factor", "accounts.second_factor lacks", missing, "not set up", without
            ),
        ),
    )
    roles = ("访问控制", "access control")
    undecided = [one.name for one in kept.accounts if one.role == "manager" and one.duty is None] if kept else []
    yield Point(
        3,
        roles,
        rules.separate_duties and not undecided,
        (
            _names("三员分立：accounts.separate_duties", "没有职责", undecided),
            _names("three separate duties: accounts.separate_duties", "without a duty", undecided),
        ),
    )
    if kept:
        endless = [one.name for one in kept.tokens if one.expires_at is None]
        unused = [one.name for one in kept.tokens if (one.used_at or one.created_at) < now - UNUSED]
        yield Point(
            2,
            roles,
            not unused,
            (
                _names("没有多余的令牌", f"{UNUSED.days} 天没有使用", unused),
                _names("no needless tokens", f"not used for {UNUSED.days} days", unused),
            ),
        )
        yield Point(
            3,
            roles,
            not endless,
            (_names("令牌有到期日", "没有到期日", endless), _names("tokens end", "without an end", endless)),
        )


def _of_data(settings: "Settings", doubts: "Sequence[ConfigProblem]") -> Iterator[Point]:
    secret = ("数据保密性", "confidentiality of data")
    yield Point(2, secret, True, ("居民资料加密保存", "residents' data are stored encrypted"))
    found = [one.key for one in doubts]
    yield Point(
        2,
        secret,
        not found,
        (
            _names("传输加密，密码文件不公开", "见 quhao check", found),
            _names("encrypted on the way, no password file open to others", "see quhao check", found),
        ),
    )
    days = settings.privacy.retention_days
    yield Point(
        2,
        ("剩余信息保护", "residual information"),
        days == 0,
        (
            f"居民资料当天结束后销毁：privacy.retention_days = {days}",
            f"residents' data are destroyed when the day ends: privacy.retention_days = {days}",
        ),
    )


def _of_the_store(kept: Kept | None) -> Iterator[Point]:
    log = ("安全审计", "audit")
    if kept is None:
        yield Point(2, log, None, ("还没有数据库", "there is no store yet"))
        return
    yield Point(2, log, kept.log_is_whole, ("日志完整：quhao audit verify", "the log is whole: quhao audit verify"))
    everything = [one.id for one in kept.services if one.resident_fields is None]
    yield Point(
        2,
        ("个人信息保护", "personal information"),
        not everything,
        (
            _names("只保存业务需要的资料", "没有写 resident_fields", everything),
            _names("only what a service needs is kept", "without resident_fields", everything),
        ),
    )


def _of_the_box(settings: "Settings") -> Iterator[Point]:
    key = settings.store.key_file
    if key.exists():
        yield Point(
            2,
            ("访问控制", "access control"),
            key.stat().st_mode & 0o077 == 0,
            (f"其他用户不能读取主密钥 {key}", f"other users may not read the master key {key}"),
        )
    yield Point(
        3,
        ("集中管控", "central management"),
        clock_is_synchronised(),
        ("时钟已校准（NTP）", "the clock is synchronised (NTP)"),
    )
    yield Point(
        3,
        ("可信验证", "trusted boot"),
        None,
        ("由系统和硬件保证，本程序不能检查", "is for the system and its hardware; this program cannot check it"),
    )


def _names(point: str, *found: Any) -> str:
    """The point, and after it what keeps it from holding: pairs of words and names."""
    told = [f"{words} {', '.join(names)}" for words, names in zip(found[::2], found[1::2], strict=True) if names]
    return " – ".join([point, "; ".join(told)]) if told else point
