"""The settings of one box: what their names, types, limits and defaults.

The keys are fixed: integrators' files rely on them. Each model forbids keys it does not know, since a mistyped key
that is silently ignored is the costliest kind of mistake in a hall.
"""

import re
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Protocol, runtime_checkable
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator

from config.addresses import fault_of_store, is_host, is_public_host
from config.businesses import Businesses
from config.values import Identifier, Name, Section, Time, Whole, minutes_of, must, one_address, wrong_setting

# Finding them opens six hundred files.
_time_zones = cache(available_timezones)
Timezone = Annotated[
    str,
    must(
        lambda text: text in _time_zones(),
        "不是时区",
        "is no time zone",
        "写 IANA 名称，如 Asia/Shanghai",
        "write an IANA name such as Asia/Shanghai",
    ),
]
Host = Annotated[
    str,
    must(
        is_host,
        "不是主机名或 IP 地址",
        "is neither a host name nor an IP address",
        "只写地址，端口另写在 port:127.0.0.1 仅限本机，0.0.0.0 为所有网络",
        "write the address alone, the port goes to port: 127.0.0.1 for this box, 0.0.0.0 for every network",
    ),
]
PublicHost = Annotated[
    str,
    must(
        # In ASCII: the QR code holds it as it stands.
        lambda text: not text or (re.fullmatch(r"[A-Za-z0-9.:-]+", text) is not None and is_public_host(text)),
        "不是主机名",
        "is no host name",
        "只写主机名，不带 https://，如 Q.EXAMPLE.CN；端口为 1–65535",
        "the host name alone, no https://, such as Q.EXAMPLE.CN; a port is from 1 to 65535",
    ),
]


CARD_READERS = ("sam", "pcsc")
"""The drivers that read ID cards."""


class HallSettings(Section):
    """``[hall]``: which hall this is.

    Attributes:
        id: short name in addresses and backups; the same on every box of the hall.
        box: name of this box among the boxes that share a store; None: made of the machine's name.
        name: as it stands on slips and screens.
        name_en: the same in English.
        timezone: IANA name; the hall's day is a day there.
        day_starts: the time at which a hall day begins; a hall that is open past midnight names an hour of the night.
        public_host: host name that residents' phones reach, printed in the QR code; "" when there is none.
        desk: where a resident gets help from a person.
        desk_en: the same in English.
        plan: an SVG drawing of the hall for residents' phones; its shapes with the id ``window-3`` mark window 3.
        languages: files of further languages of residents' pages (``config.page_language``).
    """

    id: Identifier
    box: Identifier | None = None
    name: Name
    name_en: str = Field("", max_length=80)
    timezone: Timezone = "Asia/Shanghai"
    day_starts: Time = "00:00"
    public_host: PublicHost = Field("", max_length=126)
    desk: Name = "咨询台"
    desk_en: Name = "the information desk"
    plan: Path | None = None
    languages: tuple[Path, ...] = Field((), max_length=8)

    @property
    def zone(self) -> ZoneInfo:
        """The hall's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def day_offset(self) -> timedelta:
        """How long after midnight a hall day begins."""
        return timedelta(minutes=minutes_of(self.day_starts) or 0)


class ServerSettings(Section):
    """``[server]``: where pages and API are served.

    Attributes:
        host: address to listen on; 127.0.0.1 is this box alone, 0.0.0.0 every network it is in.
        port: TCP port; 0 takes a free one.
        tls_cert: PEM file of the certificate chain; with ``tls_key`` pages and API are served by TLS. Whether both
            are given is for ``config.contradictions`` to say.
        tls_key: PEM file of its key.
        trusted_proxy: address of a proxy that ends TLS and names the caller in X-Forwarded-For; "" for none.
        max_streams: how many screens and pages may follow events at once.
        metrics: who may read /metrics: ``box`` programs of this box and a technician's token, ``token`` that alone.
        openapi: who may read /openapi: ``public`` anybody, ``login`` whoever has a log-in or a token.
    """

    host: Host = "127.0.0.1"
    port: Whole = Field(8080, ge=0, le=65535)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    trusted_proxy: str = ""
    max_streams: Whole = Field(400, ge=4, le=4000)
    metrics: Literal["box", "token", "off"] = "box"
    openapi: Literal["public", "login", "off"] = "public"

    def address(self, port: int) -> str:
        """Where a browser on this box finds what is served on ``port``."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        named = f"[{host}]" if ":" in host else host
        return f"{'https' if self.tls_cert else 'http'}://{named}:{port}"

    @field_validator("trusted_proxy")
    @classmethod
    def _proxy(cls, value: str) -> str:
        return one_address(value) if value else value


class StoreSettings(Section):
    """``[store]``: where tickets are kept.

    Attributes:
        url: ``sqlite:///file``, relative to the configuration file, for one box;
            ``postgresql+psycopg://user@host/database`` for several that share it.
        key_file: the master key of residents' data; made on first run, mode 0600. Keep a copy elsewhere.
    """

    url: str = "sqlite:///var/quhao.db"
    key_file: Path = Path("var/master.key")

    @field_validator("url")
    @classmethod
    def _store_of_a_kind_we_know(cls, value: str) -> str:
        if fault := fault_of_store(value):
            raise wrong_setting(*fault)
        return value


class CutOffSettings(Section):
    """``[cut_off]``: how a box of several goes on while the database is away; one box on a file needs nothing of it.

    Attributes:
        numbers: of each prefix that the box holds for that time, at least; 0: it does not go on.
        hours: how long it may go on, at most to the end of the day.
    """

    numbers: Whole = Field(100, ge=0, le=1000)
    hours: Whole = Field(12, ge=1, le=24)


@runtime_checkable
class Device(Protocol):
    """A table of ``[[devices]]``, as far as this package knows it: each kind has a model of its own."""

    name: str
    driver: str
    port: str
    window: str


class Kind(Protocol):
    """A kind of device, as its registry describes it."""

    @property
    def settings(self) -> type[BaseModel]:
        """A model with the fields of :class:`Device`; paths start from ``context["folder"]``."""

    @property
    def only_one(self) -> tuple[str, str] | None:
        """What a box has no more than one of, besides its ``backup``, in Chinese and in English."""

    @property
    def apart(self) -> str:
        """The key in which several devices of this kind on one box must differ; "" for none."""

    @property
    def shares_port(self) -> bool:
        """Whether several with different addresses may be on one port."""

    @property
    def windows_have(self) -> bool:
        """Whether windows may have some of their own besides."""


class ClassSettings(Section):
    """``[[queue.classes]]``: a priority class.

    Attributes:
        id: what tickets and programs call it.
        name, name_en: what it is called at the desk, with what earns it.
        head_start_minutes: how much earlier its tickets rank than they were issued.
        min_age: the age in years, by the card, that earns it; without it only desk or clerk give it, with a reason.
    """

    # As long as the column of the store that holds it.
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]
    name: Name
    name_en: Name
    head_start_minutes: Whole = Field(ge=0, le=24 * 60)
    min_age: Whole | None = Field(None, ge=1, le=120)


def _class(name_id: str, name: str, name_en: str, min_age: int | None = None) -> ClassSettings:
    return ClassSettings(id=name_id, name=name, name_en=name_en, head_start_minutes=30, min_age=min_age)


class QueueSettings(Section):
    """``[queue]``: the order, and what it allows.

    Attributes:
        classes: priority classes. A hall that names its own replaces these.
        missed_places: a resident who missed the call and returns ranks behind this many waiting tickets.
        missed_limit: how often a number that was missed may return.
        undo_seconds: how long a clerk may take back a wrong finish or no-show.
        per_person_day: tickets one person may take in a day, whatever for; 0 for any number.
        last_ticket: when the hall will close before a ticket's turn: ``warn`` says so, ``refuse`` issues none, ``off``
            does not look.
        supplement_days: for how many days after a case was returned its resident, with the missing papers, need not
            wait again.
        promise_days: working days in which a promised case is done, where its service says nothing else.
    """

    classes: tuple[ClassSettings, ...] = (
        _class("senior", "65岁以上", "aged 65 and over", 65),
        _class("military", "军人、退役军人", "service members and veterans"),
        _class("disabled", "残疾人", "disabled persons"),
        _class("pregnant", "孕妇", "pregnant women"),
    )
    missed_places: Whole = Field(3, ge=0, le=100)
    missed_limit: Whole = Field(2, ge=0, le=100)
    undo_seconds: Whole = Field(60, ge=0, le=600)
    per_person_day: Whole = Field(0, ge=0, le=1000)
    last_ticket: Literal["warn", "refuse", "off"] = "warn"
    supplement_days: Whole = Field(30, ge=0, le=365)
    promise_days: Whole = Field(5, ge=0, le=365)


class AppointmentsSettings(Section):
    """``[appointments]``: what happens around the time that was booked.

    Attributes:
        early_minutes: how long before the slot a resident may check in.
        late_minutes: how long after the end of its slot the appointment is kept.
        early: who comes earlier still: ``wait`` issues a ticket that ranks at the slot, ``refuse`` issues none.
        late: who comes later: ``walk-in`` waits like anybody, ``refuse`` issues none.
        no_show_limit: so many missed appointments within ``no_show_days`` and no more can be booked; 0 for no limit.
        no_show_days: how long a missed appointment counts, and how long it is known whose it was.
        days_ahead: how many days ahead can be booked; 0 for today alone.
    """

    early_minutes: Whole = Field(30, ge=0, le=24 * 60)
    late_minutes: Whole = Field(15, ge=0, le=24 * 60)
    early: Literal["wait", "refuse"] = "wait"
    late: Literal["walk-in", "refuse"] = "walk-in"
    no_show_limit: Whole = Field(3, ge=0, le=100)
    no_show_days: Whole = Field(90, ge=1, le=3650)
    days_ahead: Whole = Field(14, ge=0, le=366)


class PrivacySettings(Section):
    """``[privacy]``: residents' data.

    Attributes:
        suite: ``standard`` (AES-256-GCM, SHA-256) or ``sm`` (国密: SM4-GCM, SM3), fixed when the store is made: SM3 for
            every hash, MAC and derived key of residents' data and of the audit log.
        cipher: ``aes-256-gcm`` or ``sm4-gcm`` (GB/T 32907), for new data; None: the suite's. It may be changed.
        retention_days: how many days after their hall day the data are kept; 0 ends with the day.
        cases_days: how many days a case can be found by its resident's card, and its notes are kept; its receipt's code
            finds it without limit.
    """

    suite: Literal["standard", "sm"] = "standard"
    cipher: Literal["aes-256-gcm", "sm4-gcm"] | None = None
    retention_days: Whole = Field(0, ge=0, le=365)
    cases_days: Whole = Field(180, ge=0, le=3650)

    @property
    def ciphers(self) -> tuple[str, str]:
        """Names of the cipher and of the hash function."""
        if self.suite == "sm":
            return "sm4-gcm", "sm3"
        return self.cipher or "aes-256-gcm", "sha256"


class AccountsSettings(Section):
    """``[accounts]``: people who log in.

    Attributes:
        idle_minutes: after so long without an act a log-in is locked until its password is given again; 0 for never.
        second_factor: the roles that must have a second factor (TOTP); others may.
        separate_duties: whether nobody may hold two of the duties system, security and audit (三员分立).
    """

    idle_minutes: Whole = Field(15, ge=0, le=12 * 60)
    second_factor: tuple[Literal["clerk", "desk", "manager", "technician", "auditor"], ...] = ()
    separate_duties: bool = False


class AuditSettings(Section):
    """``[audit]``: the audit log.

    Attributes:
        keep_days: how many days its entries are kept; the law (网络安全法, article 21) asks for six months.
        closing_slip_at: the time at which this box prints the day's closing slip with the log's anchor; None: only
            when somebody asks for one.
    """

    keep_days: Whole = Field(180, ge=180, le=3650)
    closing_slip_at: Time | None = None

    @property
    def closing_slip_minutes(self) -> int | None:
        """The same in minutes after midnight."""
        return None if self.closing_slip_at is None else minutes_of(self.closing_slip_at)


class AlertsSettings(Section):
    """``[alerts]``: when ``/manage``, ``/desk`` and MQTT say that something stands badly.

    Attributes:
        oldest_wait_minutes: somebody has waited for a service for so long; 0 for never.
        grade_below: the mean grade of a service's cases of the day, 1 to 5, once ten are there; 0 for never.
        device_down_minutes: a device has not worked for so long; 0 for never.
        remind_minutes: a wait that is still too long after so long is told again, with what helps now; 0 for never.
        disk_free_mb: megabytes (2^20 bytes) free on a disk of this box below which ``/readyz`` and the log warn.
    """

    oldest_wait_minutes: Whole = Field(30, ge=0, le=24 * 60)
    grade_below: float = Field(3.5, ge=0, le=5)
    device_down_minutes: Whole = Field(5, ge=0, le=24 * 60)
    remind_minutes: Whole = Field(15, ge=0, le=24 * 60)
    disk_free_mb: Whole = Field(200, ge=0, le=10_000_000)


class UpdateSettings(Section):
    """``[update]``: updates of this box (``quhao update``).

    Attributes:
        healthy_seconds: within which a new version must be ready; else the box goes back to the version before.
        test_slip: whether each ticket printer of this box prints a test slip as part of that.
    """

    healthy_seconds: Whole = Field(120, ge=5, le=3600)
    test_slip: bool = False


class BackupSettings(Section):
    """``[backup]``: backups that a timer makes (``quhao backup auto``).

    Attributes:
        folder: where they are kept, best on another disk or machine; None: none are made by timer.
        keep: how many are kept.
        old_hours: age of the newest one from which on ``/readyz`` warns.
        recipients: public keys of ``age`` (``age1…``, or of SSH) that can open them, each by itself; empty: not
            encrypted.
        identity: a file with the secret key of one of them, by which ``quhao backup verify`` opens encrypted ones;
            whoever has this box has them open, too. None: ``--identity`` names it.
    """

    folder: Path | None = None
    keep: Whole = Field(14, ge=1, le=10_000)
    old_hours: Whole = Field(36, ge=1, le=24 * 366)
    recipients: tuple[str, ...] = ()
    identity: Path | None = None

    @field_validator("recipients")
    @classmethod
    def _public_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(one.startswith("AGE-SECRET-KEY") for one in value):
            raise wrong_setting(
                "是私钥，不能写在这里",
                "is a secret key, which must not stand here",
                "写上 age-keygen 给出的公钥 age1…，私钥另外保管",
                "give the public key age1… that age-keygen tells, and keep the secret one elsewhere",
                secret=True,
            )
        if not all(one.startswith(("age1", "ssh-ed25519 ", "ssh-rsa ")) for one in value):
            raise wrong_setting(
                "不是 age 的公钥",
                "is no public key of age",
                "写上 age-keygen 给出的 age1…",
                "give what age-keygen tells: age1…",
            )
        return value


class LogSettings(Section):
    """``[log]``: what ``quhao run`` says to the journal, or to standard error.

    Attributes:
        level: from which on lines are written.
    """

    level: Literal["info", "warning", "error"] = "info"

    @property
    def number(self) -> int:
        """The same as ``logging`` has it."""
        return {"info": 20, "warning": 30, "error": 40}[self.level]


class FillSettings(Section):
    """``[fill]``: the browser extension that fills the forms of business systems.

    Attributes:
        folder: where the mappings of their forms are kept, a JSON file each.
    """

    folder: Path = Path("fill")


class KioskSettings(Section):
    """``[kiosk]``: the resident's ten seconds, in seconds.

    Attributes:
        choose_seconds: until a resident who does not choose is taken back to the start.
        take_seconds: how long the number stays on the screen once the slip is out and the card is gone.
        straight_seconds: after which the hall's only service is chosen by itself, where it has no matters; 0 for never.
        enquiries: id of the service for who does not know what to choose; "" for the first with 咨询 in its name.
    """

    choose_seconds: Whole = Field(60, ge=10, le=600)
    take_seconds: Whole = Field(6, ge=2, le=120)
    straight_seconds: Whole = Field(3, ge=0, le=30)
    enquiries: str = ""


class PaySettings(Section):
    """``[terminal.pay]``: where fees are paid, as the terminal tells it.

    Attributes:
        at, at_en: the place, in a few words.
        text, text_en: how to pay there, in a sentence or two.
    """

    at: Name
    at_en: str = Field("", max_length=80)
    text: str = Field(min_length=1, max_length=300)
    text_en: str = Field("", max_length=300)


class TerminalSettings(Section):
    """``[terminal]``: the self-service terminals' pages.

    Attributes:
        pay: the hint where to pay; without it the terminal has no such tile.
    """

    pay: PaySettings | None = None


class FormsSettings(Section):
    """``[forms]``: forms to be filled in at terminals.

    Attributes:
        folder: where their files are; None: there are none.
        printer: the queue of CUPS that prints them on A4; "": they are handed to the window alone.
        font: the font they are set in, which must hold Chinese: TTF, OTF, TTC.
    """

    folder: Path | None = None
    printer: str = Field("", pattern=r"^[A-Za-z0-9_.@-]{0,127}$")
    font: Path = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")


class ScreenSettings(Section):
    """``[screen]``: the hall's screens.

    Attributes:
        media: folder of pictures and films that screens show between calls; managers add to it, too.
    """

    media: Path = Path("var/media")


class Settings(Businesses):
    """One box, whole; what it says of services, windows, hours and holidays fills an empty store."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    hall: HallSettings
    server: ServerSettings = ServerSettings()
    store: StoreSettings = StoreSettings()
    cut_off: CutOffSettings = CutOffSettings()
    queue: QueueSettings = QueueSettings()
    appointments: AppointmentsSettings = AppointmentsSettings()
    privacy: PrivacySettings = PrivacySettings()
    accounts: AccountsSettings = AccountsSettings()
    audit: AuditSettings = AuditSettings()
    alerts: AlertsSettings = AlertsSettings()
    backup: BackupSettings = BackupSettings()
    log: LogSettings = LogSettings()
    update: UpdateSettings = UpdateSettings()
    fill: FillSettings = FillSettings()
    kiosk: KioskSettings = KioskSettings()
    terminal: TerminalSettings = TerminalSettings()
    forms: FormsSettings = FormsSettings()
    screen: ScreenSettings = ScreenSettings()
    devices: tuple[Device, ...] = ()
