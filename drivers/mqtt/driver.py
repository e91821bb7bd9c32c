"""An MQTT broker, through paho-mqtt: topics that keep their newest value there, messages that are sent once.

Each topic holds one value, which is sent again after every new connection: a broker that was away, or restarted
without its memory, has the whole picture within a second of its return. What waits is bounded, by the number of topics
and by ``BACKLOG``; whoever publishes never waits.

QoS 1, MQTT 3.1.1 (OASIS Standard, 29 October 2014), which every broker knows. The connection's will is ``offline``,
retained, on the status topic.

Reasons besides those of a TCP port: ``silent`` (no answer to the connection or to what was published),
``login_refused`` (user or password), ``broker_refused``, ``tls_failed``, ``garbled`` (no MQTT, or a message that is too
large to be for us), ``package_missing``.
"""

import logging
import math
import os
import re
import select
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from drivers.device import Device, DeviceEvent, DeviceSettings, PortText, Sink, wrong_setting
from drivers.errors import OfflineError, ProtocolError, RefusedError
from drivers.port import is_tcp
from drivers.supervisor import Link

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

log = logging.getLogger(__name__)

ONLINE, OFFLINE = "online", "offline"
"""On the status topic."""
BACKLOG = 100
"""Messages sent once that may wait; the oldest is left out, for its call is the least news."""
PATIENCE = 60.0
"""Seconds after which a message that waits is left out: what was called long ago only confuses."""
IN_FLIGHT = 20
"""Messages the broker has not confirmed yet."""
CONNECT_TIMEOUT = 3.0
ANSWER_TIMEOUT = 5.0
"""Seconds the broker has for its answer to the connection, and to what was published."""
KEEPALIVE = 15
"""Seconds after which a silent broker is asked whether it is there."""
SLICE = 0.1
"""Seconds until what was published is sent, and between looks whether to stop."""
MAX_READS = 50
"""Reads of a slice; so many a second are more than any broker needs."""
READ = 4096
"""Bytes read at a time: paho looks up only after a hundred reads of one packet."""
LARGEST = 100 * READ
"""Bytes of the largest packet that is taken."""
LONGEST_COMMAND = 256
TEST_PATIENCE = 5.0
PORT, TLS_PORT = 1883, 8883
BAD_LOGIN, NOT_AUTHORISED = 134, 135
"""Reason codes (MQTT 5, 2.4), in whose words paho gives the return codes of 3.1.1."""
_SCHEMES = {"mqtt": PORT, "mqtts": TLS_PORT}


def _broker(port: str) -> str:
    """Checks ``mqtt://host[:port]`` or ``mqtts://…``."""
    if port == "sim:":
        return port
    scheme, _, rest = port.partition("://")
    host = rest if re.search(r":[0-9]+\Z", rest) else f"{rest}:{PORT}"
    if scheme not in _SCHEMES or not is_tcp(f"tcp://{host}"):
        raise wrong_setting(
            "不是 MQTT 服务器的地址",
            "is no address of an MQTT broker",
            "写成 mqtt://主机:1883，加密写 mqtts://主机:8883；用户名另写在 username",
            "write mqtt://host:1883, or mqtts://host:8883 with TLS; the user goes to username",
        )
    return port


class MqttSettings(DeviceSettings):
    """``driver = "mqtt"``.

    Attributes:
        port: ``mqtt://host:1883``, ``mqtts://host:8883`` with TLS, or ``sim:``.
        prefix: the first part of all topics but those of the discovery.
        commands: whether messages may test devices and override air conditioners.
        discovery: the prefix of Home Assistant's discovery; "" for none.
        username: of the broker's account; ``password_file`` holds its password on one line.
        ca_file: PEM file of the authority that signed the broker's certificate; else the system's.
    """

    port: Annotated[PortText, AfterValidator(_broker)]
    prefix: str = Field("quhao", min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")
    commands: bool = Field(False, strict=True)
    discovery: str = Field("homeassistant", max_length=64, pattern=r"^([A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*)?$")
    username: str = Field("", max_length=128)
    password_file: Path | None = None
    ca_file: Path | None = None

    @field_validator("password_file", "ca_file")
    @classmethod
    def _there(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is None:
            return None
        folder: Path = (info.context or {}).get("folder", Path())
        if not os.access(folder / value, os.R_OK):
            raise wrong_setting("读不到", "cannot be read", "检查路径和权限", "check the path and its permissions")
        return folder / value

    @field_validator("password_file")
    @classmethod
    def _with_a_user(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and not info.data.get("username"):
            raise wrong_setting("没有 username", "goes with a username", "加上 username", "add username")
        return value

    def build(self, emit: Callable[[DeviceEvent], None]) -> Device:
        """The device, with its driver and sinks."""
        broker = Broker(
            prefix=self.prefix,
            discovery=self.discovery,
            commands=self.commands,
            on_message=lambda topic, text: emit(MessageArrived(topic, text)),
        )
        return Device(broker, (broker,))

    def open_port(self) -> "Connection":
        """Where the broker is; it is connected to by the driver, which knows the will."""
        url = urlsplit(self.port)
        password = None
        try:
            if self.password_file:
                password = self.password_file.read_text("utf-8").splitlines()[0].strip()
            tls = ssl.create_default_context(cafile=self.ca_file) if url.scheme == "mqtts" else None
        except (OSError, IndexError, ssl.SSLError, UnicodeDecodeError) as error:
            raise OfflineError("not_found", "password_file or ca_file") from error
        return Connection(url.hostname or "", url.port or _SCHEMES[url.scheme], self.username, password, tls)


@dataclass(frozen=True)
class MessageArrived(DeviceEvent):
    """A message on a topic that was subscribed to."""

    topic: str
    text: str


@dataclass
class Connection:
    """Where a broker is, and how to log in there.

    Attributes:
        host, port: of the broker.
        username, password: "" and None for none.
        tls: how to check its certificate; None without TLS.
    """

    host: str
    port: int
    username: str = ""
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    client: "Client | None" = None

    def close(self) -> None:
        """Hang up; may be called twice."""
        client, self.client = self.client, None
        if client is not None and client.socket() is not None:
            client.socket().close()  # type: ignore[union-attr]


@dataclass(eq=False)
class Broker(Sink):
    """What shall stand at the broker. Safe to use from any thread; nothing here waits but :meth:`test`.

    Attributes:
        prefix: the first part of topics; ``discovery`` that of Home Assistant's, or "".
        commands: whether messages are listened to.
        on_message: told topic and text of each, on the device's thread.
        client_id: what the broker knows this box by; two boxes with one id throw each other out. "" for any.
        status: the topic that says whether this box is connected; "" for none, where a device is only tried.
        subscribed: topics to listen to, where ``commands``.
        answer_timeout: seconds the broker has for an answer.
        test_patience: seconds until it must have confirmed a test.
    """

    _: KW_ONLY
    prefix: str = "quhao"
    discovery: str = "homeassistant"
    commands: bool = False
    on_message: Callable[[str, str], None] = lambda _topic, _text: None
    client_id: str = ""
    status: str = ""
    subscribed: tuple[str, ...] = ()
    answer_timeout: float = ANSWER_TIMEOUT
    test_patience: float = TEST_PATIENCE

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._kept: dict[str, str] = {}
        self._due: dict[str, None] = {}
        self._once: deque[_Sent] = deque(maxlen=BACKLOG)
        self._confirmed = 0

    def keep(self, topic: str, text: str) -> None:
        """Have ``text`` stand on ``topic``, retained; "" takes it away."""
        with self._changed:
            if self._kept.get(topic) != text:
                self._kept[topic] = text
                self._due[topic] = None

    def tell(self, topic: str, text: str) -> None:
        """Send a message once, to whoever listens now."""
        with self._changed:
            self._once.append(_Sent(topic, text, kept=False))

    def test(self, title: str, lines: Sequence[str]) -> str | None:
        """Publish a message; None when the broker confirmed it, else the reason."""
        with self._changed:
            before = self._confirmed
            self.tell(f"{self.prefix}/test", " ".join((title, *lines)))
            return None if self._changed.wait_for(lambda: self._confirmed > before, self.test_patience) else "silent"

    @property
    def waiting(self) -> int:
        """How many messages wait for the broker."""
        return len(self._due) + len(self._once)

    def serve(self, port: Connection, link: Link) -> None:
        """Connect, and publish until the broker is lost or the program stops."""
        if self.status:
            self.keep(self.status, ONLINE)
        talk = _Talk(self, port, link.stopping)
        try:
            talk.connect()
            link.online()
            with self._changed:
                # What a broker keeps that was away is not known: it is told everything.
                self._due = dict.fromkeys(self._kept)
            while not link.stopping.is_set():
                self._publish(talk)
                talk.work(SLICE)
            talk.leave()
        finally:
            port.close()
            self._take_back(talk)

    def _publish(self, talk: "_Talk") -> None:
        """Hand over what waits, as much as may be under way."""
        while len(talk.under_way) < IN_FLIGHT:
            with self._changed:
                if self._due:
                    topic = next(iter(self._due))
                    del self._due[topic]
                    sent = _Sent(topic, self._kept[topic], kept=True)
                elif self._once:
                    sent = self._once.popleft()
                else:
                    return
            if sent.kept or time.monotonic() - sent.at < PATIENCE:
                talk.publish(sent)

    def _take_back(self, talk: "_Talk") -> None:
        """What was sent once and not confirmed is sent again; it may then come twice."""
        lost = [sent for sent in talk.under_way.values() if not sent.kept]
        with self._changed:
            self._once = deque([*lost, *self._once][-BACKLOG:], maxlen=BACKLOG)

    def confirm(self) -> None:
        """Told that the broker has confirmed a message."""
        with self._changed:
            self._confirmed += 1
            self._changed.notify_all()


class _SmallReads:
    """A socket that gives no more than ``READ`` bytes at a time: what paho knows as ``SocketLike``."""

    def __init__(self, connected: socket.socket) -> None:
        self._connected = connected
        self.send, self.close = connected.send, connected.close
        self.fileno, self.setblocking = connected.fileno, connected.setblocking

    def recv(self, size: int) -> bytes:
        """See ``socket.recv``."""
        return self._connected.recv(min(size, READ))

    def pending(self) -> int:
        """Bytes that TLS has read already, and which do not show on the socket."""
        return self._connected.pending() if isinstance(self._connected, ssl.SSLSocket) else 0


def _open(to: Connection) -> _SmallReads:
    """A socket to the broker, its certificate checked; raises OSError."""
    plain = socket.create_connection((to.host, to.port), CONNECT_TIMEOUT)
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _SmallReads(to.tls.wrap_socket(plain, server_hostname=to.host) if to.tls else plain)
    except OSError:
        plain.close()
        raise


@dataclass(frozen=True)
class _Sent:
    topic: str
    text: str
    kept: bool
    at: float = field(default_factory=time.monotonic)


class _Talk:
    """One connection, on the device's thread: paho's own would look with select(), which knows 1,023 files."""

    def __init__(self, broker: Broker, connection: Connection, stopping: threading.Event) -> None:
        self._broker = broker
        self._connection = connection
        self._stopping = stopping
        self._answer: Any = None
        self.under_way: dict[int, _Sent] = {}

    def connect(self) -> None:
        """Connect and log in, or raise."""
        try:
            from paho.mqtt.client import Client, MQTTv311
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError as error:
            raise OfflineError("package_missing", "pip install 'quhao[mqtt]'") from error
        to = self._connection
        client = Client(
            CallbackAPIVersion.VERSION2, self._broker.client_id, protocol=MQTTv311, reconnect_on_failure=False
        )
        client.connect_timeout = CONNECT_TIMEOUT
        if self._broker.status:
            client.will_set(self._broker.status, OFFLINE, qos=1, retain=True)
        if to.username:
            client.username_pw_set(to.username, to.password)
        # paho leaves the socket of a failed TLS handshake open, and reads a packet of any size.
        client._create_socket = lambda: _open(to)  # type: ignore[method-assign]
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        where = f"{to.host}:{to.port}"
        try:
            client.connect(to.host, to.port, KEEPALIVE)
        except ssl.SSLError as error:
            raise OfflineError("tls_failed", f"{where} {error.reason or ''}".strip()) from error
        except ConnectionRefusedError as error:
            raise OfflineError("refused", where) from error
        except TimeoutError as error:
            raise OfflineError("silent", where) from error
        except (OSError, UnicodeError) as error:
            raise OfflineError("unreachable", where) from error
        to.client = client
        deadline = time.monotonic() + self._broker.answer_timeout
        while self._answer is None and not self._stopping.is_set():
            # Looked at before: what came while the machine stood still is not late.
            is_over = time.monotonic() > deadline
            self.work(SLICE)
            if is_over and self._answer is None:
                raise OfflineError("silent", where)
        self._check_answer(where)
        if self._broker.commands:
            for topic in self._broker.subscribed:
                client.subscribe(topic, 0)

    def publish(self, sent: _Sent) -> None:
        """Send a message; its confirmation comes later."""
        client = self._client()
        number = client.publish(sent.topic, sent.text, qos=1, retain=sent.kept).mid
        self.under_way[number] = replace(sent, at=time.monotonic())

    def work(self, seconds: float) -> None:
        """Read and write for so long; raises when the broker is lost."""
        end = time.monotonic() + seconds
        for _ in range(MAX_READS):
            if self._stopping.is_set():
                return
            answered, looked_at = self._answer, time.monotonic()
            self._wait(max(0.0, end - looked_at))
            if self._answer is not answered:
                return
            if looked_at >= end:
                break
        else:
            # A broker that babbles takes no core.
            self._stopping.wait(max(0.0, end - time.monotonic()))
        oldest = next(iter(self.under_way.values()), None)
        if oldest and looked_at - oldest.at > self._broker.answer_timeout:
            raise OfflineError("silent", f"{len(self.under_way)} messages not confirmed")

    def leave(self) -> None:
        """Say that this box goes, and hang up; waits half a second at most."""
        client = self._client()
        if self._broker.status:
            client.publish(self._broker.status, OFFLINE, qos=1, retain=True)
        client.disconnect()
        end = time.monotonic() + 0.5
        while client.socket() is not None and client.want_write() and time.monotonic() < end:
            self._wait(0.1)

    def _wait(self, seconds: float) -> None:
        client = self._client()
        connected: Any = client.socket()
        poller = select.poll()
        poller.register(connected.fileno(), select.POLLIN | (select.POLLOUT if client.want_write() else 0))
        is_pending = connected.pending() > 0
        events = 0 if is_pending else sum(event for _, event in poller.poll(math.ceil(seconds * 1000)))
        if is_pending or events & ~select.POLLOUT:
            client.loop_read()
            size: int = client._in_packet["remaining_length"]
            if size > LARGEST:
                raise ProtocolError("garbled", f"a packet of {size} bytes")
        if events & select.POLLOUT:
            client.loop_write()
        client.loop_misc()

    def _client(self) -> "Client":
        client = self._connection.client
        if client is None or client.socket() is None:
            self._check_answer("")
            raise OfflineError("hung_up")
        return client

    def _check_answer(self, where: str) -> None:
        """Raise if the broker refused the connection."""
        if self._answer is None or not self._answer.is_failure:
            return
        if self._answer.value in (BAD_LOGIN, NOT_AUTHORISED):
            raise RefusedError("login_refused", where)
        raise OfflineError("broker_refused", f"{where} {self._answer}".strip())

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._answer = reason

    def _on_publish(self, _client: Any, _data: Any, number: int, _reason: Any, _properties: Any) -> None:
        if self.under_way.pop(number, None):
            self._broker.confirm()

    def _on_message(self, _client: Any, _data: Any, message: "MQTTMessage") -> None:
        # A retained one was sent at some other time: what it asked for is over.
        if not message.retain and len(message.payload) <= LONGEST_COMMAND:
            self._broker.on_message(message.topic, message.payload.decode("utf-8", "replace"))
