"""The settings of one box: what they are called, what they may be, and what they are when nothing is said.

The keys are fixed: integrators' files rely on them. Each model forbids keys it does not know, since a mistyped key
that is silently ignored is the costliest kind of mistake in a hall.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from config.addresses import fault_of_port, is_host, is_one_address, is_public_host

DRIVERS = ("sam", "escpos", "led-bx", "scanner", "speaker")
PLANNED_DRIVERS = ("pcsc", "gpio", "climate")

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Name = Annotated[str, Field(min_length=1, max_length=60)]


def _whole(value: Any) -> Any:
    """A truth value is no number, whatever Python thinks, and neither is a number in quotes or with a point."""
    if type(value) is not int:
        raise ValueError("no_whole_number")
    return value


def _one_address(value: str) -> str:
    if not is_one_address(value):
        raise ValueError("no_address")
    return value


Whole = Annotated[int, BeforeValidator(_whole)]
Address = Annotated[str, AfterValidator(_one_address)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HallSettings(_Section):
    """``[hall]``: which hall this is.

    Attributes:
        id: short name in addresses and backups.
        name: as it stands on slips and screens.
        name_en: the same in English.
        timezone: IANA name; the hall's day is a day there.
        public_host: host name that residents' phones reach, printed in the QR code; "" when there is none.
        desk: where a resident gets help from a person.
        desk_en: the same in English.
    """

    id: Identifier
    name: Name
    name_en: str = Field("", max_length=80)
    timezone: str = "Asia/Shanghai"
    public_host: str = Field("", max_length=126)
    desk: Name = "咨询台"
    desk_en: Name = "the information desk"

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("unknown_timezone")
        return value

    @field_validator("public_host")
    @classmethod
    def _host_of_phones(cls, value: str) -> str:
        # In ASCII: the QR code holds it as it stands.
        if value and not (re.fullmatch(r"[A-Za-z0-9.:-]+", value) and is_public_host(value)):
            raise ValueError("no_public_host")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The hall's time zone."""
        return ZoneInfo(self.timezone)


class ServerSettings(_Section):
    """``[server]``: where pages and API are served.

    Attributes:
        host: address to listen on; 127.0.0.1 is this box alone, 0.0.0.0 every network it is in.
        port: TCP port; 0 takes a free one.
        tls_cert: PEM file of the certificate chain; with ``tls_key`` pages and API are served by TLS. Whether both
            are given is for ``config.contradictions`` to say.
        tls_key: PEM file of its key.
        trusted_proxy: address of a proxy that ends TLS and names the caller in X-Forwarded-For; "" for none.
        kiosk_addresses: addresses besides loopback whose browser is this box's kiosk.
        max_streams: how many screens and pages may follow events at once.
    """

    host: str = "127.0.0.1"
    port: Whole = Field(8080, ge=0, le=65535)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    trusted_proxy: str = ""
    kiosk_addresses: tuple[Address, ...] = ()
    max_streams: Whole = Field(400, ge=4, le=4000)

    @field_validator("host")
    @classmethod
    def _host(cls, value: str) -> str:
        if not is_host(value):
            raise ValueError("no_host")
        return value

    @field_validator("trusted_proxy")
    @classmethod
    def _proxy(cls, value: str) -> str:
        return _one_address(value) if value else value


class StoreSettings(_Section):
    """``[store]``: where tickets are kept.

    Attributes:
        url: ``sqlite:///file``, relative to the configuration file.
        key_file: the master key of residents' data; made on first run, mode 0600. Keep a copy elsewhere.
    """

    url: str = "sqlite:///var/quhao.db"
    key_file: Path = Path("var/master.key")

    @field_validator("url")
    @classmethod
    def _sqlite_file(cls, value: str) -> str:
        # Behind a question mark SQLAlchemy reads options, and :memory: is gone with the process.
        if not re.fullmatch(r"sqlite:///(?!:memory:)[^?]+", value) or not value.isprintable():
            raise ValueError("store_url")
        return value


class DeviceSettings(_Section):
    """``[[devices]]``: one device of this box.

    Attributes:
        name: how people and pages call it.
        driver: which protocol it speaks.
        port: a serial path, ``tcp://host:port``, for a speaker the sound card's ALSA name, or ``sim:``.
        baudrate: of a serial port.
        profile: of a printer.
        window: whose calls a strip shows, or where a scanner lies.
        width: of a strip, in pixels.
        height: of a strip, in pixels.
        model: of a strip's card; ``5k`` counts widths in bytes, ``6k`` in pixels.
        address: of a strip's card.
        voice: of a speaker, an espeak-ng voice.
        speed: of a speaker, in words a minute.
    """

    name: Identifier
    driver: Literal["sam", "escpos", "led-bx", "scanner", "speaker"]
    port: str = Field(min_length=1)
    baudrate: Whole = Field(115200, ge=300, le=4_000_000)
    profile: Literal[
        "epson",
        "epson-58",
        "generic",
        "generic-58",
        "generic-fs",
        "raster-qr",
        "write-only",
        "write-only-58",
    ] = "epson"
    window: str = ""
    width: Whole = Field(192, ge=32, le=1024)
    height: Whole = Field(32, ge=16, le=256)
    model: Literal["5k", "6k"] = "5k"
    address: Whole = Field(1, ge=1, le=0xFFFE)
    voice: str = "cmn-latn-pinyin"
    speed: Whole = Field(150, ge=80, le=300)

    @field_validator("port")
    @classmethod
    def _can_be_opened(cls, value: str, info: ValidationInfo) -> str:
        # ``driver`` stands before ``port``, so that it is known here, unless it is wrong itself.
        fault = fault_of_port(info.data.get("driver"), value)
        if fault:
            raise ValueError(fault)
        return value

    @property
    def simulated(self) -> bool:
        """Whether a simulator sits at the other end."""
        return self.port.startswith("sim:")


class ServiceSettings(_Section):
    """``[[services]]``: what residents come for; ``prefix`` heads the numbers of its tickets."""

    id: Identifier
    name: Name
    name_en: str = Field("", max_length=80)
    prefix: str = Field(pattern=r"^[A-Z]{1,3}$")


class WindowSettings(_Section):
    """``[[windows]]``: a service window; ``services`` lists ids, or ``["*"]`` for all."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,16}$")]
    name: Name
    services: tuple[str, ...] = ("*",)


class ClassSettings(_Section):
    """``[[queue.classes]]``: a priority class; ``min_age`` lets the card earn it."""

    id: Identifier
    name: Name
    name_en: Name
    head_start_minutes: Whole = Field(ge=0, le=24 * 60)
    min_age: Whole | None = Field(None, ge=1, le=120)


class QueueSettings(_Section):
    """``[queue]``: the order. Without ``classes``, residents of 65 and more have a head start of 30 minutes."""

    classes: tuple[ClassSettings, ...] = (
        ClassSettings(id="senior", name="65岁以上", name_en="aged 65 and over", head_start_minutes=30, min_age=65),
    )


class PrivacySettings(_Section):
    """``[privacy]``: residents' data.

    Attributes:
        cipher: ``aes-256-gcm`` or ``sm4-gcm`` (GB/T 32907).
        retention_days: how many days after their hall day the data are kept; 0 ends with the day.
    """

    cipher: Literal["aes-256-gcm", "sm4-gcm"] = "aes-256-gcm"
    retention_days: Whole = Field(0, ge=0, le=365)


class KioskSettings(_Section):
    """``[kiosk]``: the resident's ten seconds, in seconds.

    Attributes:
        choose_seconds: until a resident who does not choose is taken back to the start.
        take_seconds: how long the number stays on the screen once the slip is out and the card is gone.
    """

    choose_seconds: Whole = Field(60, ge=10, le=600)
    take_seconds: Whole = Field(6, ge=2, le=120)


class Settings(_Section):
    """One box, whole."""

    hall: HallSettings
    server: ServerSettings = ServerSettings()
    store: StoreSettings = StoreSettings()
    queue: QueueSettings = QueueSettings()
    privacy: PrivacySettings = PrivacySettings()
    kiosk: KioskSettings = KioskSettings()
    devices: tuple[DeviceSettings, ...] = ()
    services: tuple[ServiceSettings, ...] = ()
    windows: tuple[WindowSettings, ...] = ()
