"""An MQTT broker as far as one client needs it, on a real socket: it shows what stands there, and can be made to fail.

MQTT 3.1.1 (OASIS Standard, 29 October 2014): CONNECT, PUBLISH of QoS 0 and 1, SUBSCRIBE, PINGREQ, DISCONNECT. It is no
broker for anybody else: it serves one client, and passes nothing on.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Any, Self

from drivers.mqtt.driver import MqttSettings
from drivers.simulators.panel import Part, Press, Reading
from drivers.simulators.plug_tcp import PlugTcp
from drivers.simulators.simulator import SHOWN, Simulator

_NEWEST = 4
"""Messages that the virtual hall shows."""


class Packet(IntEnum):
    """Types of control packets (2.2.1)."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    SUBSCRIBE = 8
    SUBACK = 9
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


LARGEST = 64 * 1024
NOT_AUTHORISED = 5
"""Return code of a CONNACK (3.2.2.3)."""


def encode(kind: int, body: bytes, flags: int = 0) -> bytes:
    """A control packet: type and flags, remaining length (2.2.3), body."""
    size, length = len(body), bytearray()
    while True:
        size, low = divmod(size, 128)
        length.append(low | (0x80 if size else 0))
        if not size:
            return bytes((kind << 4 | flags,)) + bytes(length) + body


class PacketDecoder:
    """Cuts what comes into packets, in any chunks; holds no more than one packet of ``LARGEST`` bytes."""

    def __init__(self) -> None:
        self._held = bytearray()

    def receive(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Type, flags and body of each packet that ``data`` completes; raises ValueError for what is none."""
        self._held += data
        while (found := self._length()) is not None:
            start, size = found
            if size > LARGEST:
                raise ValueError("packet too large")
            if len(self._held) < start + size:
                return
            packet = self._held[0] >> 4, self._held[0] & 15, bytes(self._held[start : start + size])
            del self._held[: start + size]
            yield packet

    def _length(self) -> tuple[int, int] | None:
        """Where the body begins, and how long it is; None until that has come."""
        size = 0
        for place in range(1, min(len(self._held), 5)):
            size |= (self._held[place] & 0x7F) << 7 * (place - 1)
            if not self._held[place] & 0x80:
                return place + 1, size
        if len(self._held) >= 5:
            raise ValueError("bad remaining length")
        return None


class MqttSimulator(Simulator[PlugTcp]):
    """The broker.

    Args:
        on_change: called after anything visible has changed.

    Attributes:
        topics: what stands there, by topic.
        heard: the newest messages, oldest first.
        subscribed: what the client listens to.
    """

    place = "broker"
    hands = (*Simulator.hands, "silence", "speak", "refuse_login", "allow_login", "restart")

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        super().__init__(PlugTcp(self._receive, self._begin, self._hung_up), on_change)
        self.topics: dict[str, str] = {}
        self.heard: deque[tuple[str, str]] = deque(maxlen=200)
        self.subscribed: list[str] = []
        self.silent = False
        self.refuses = False
        self._decoder = PacketDecoder()
        self._will: tuple[str, str] | None = None

    @classmethod
    def of(cls, settings: MqttSettings, folder: Path, now: Callable[[], datetime]) -> Self:  # noqa: ARG003
        """The simulator of a device with these settings."""
        return cls()

    @property
    def url(self) -> str:
        """What a driver opens."""
        return f"mqtt://127.0.0.1:{self._plug.port}"

    # Hands

    def use(self, hand: str, body: Mapping[str, Any]) -> None:
        """Use a hand by its name; ``send`` needs ``topic`` and ``text``."""
        if hand == "send":
            self.send(str(body["topic"]), str(body["text"]))
        else:
            super().use(hand, body)

    def silence(self) -> None:
        """Answer nothing any more."""
        self.silent = True
        self.on_change()

    def speak(self) -> None:
        """Answer again."""
        self.silent = False
        self.on_change()

    def refuse_login(self) -> None:
        """Change the password: the connection ends, and nobody is let in."""
        self.refuses = True
        self._plug.hang_up()
        self.on_change()

    def allow_login(self) -> None:
        """Take the old password again."""
        self.refuses = False
        self.on_change()

    def restart(self) -> None:
        """Restart without a memory: what stood there is gone."""
        self._plug.hang_up()
        self.topics.clear()
        self.on_change()

    def send(self, topic: str, text: str, retain: bool = False) -> bool:
        """Send a message to the client; False when there is none."""
        return self._plug.send(encode(Packet.PUBLISH, _text(topic) + text.encode(), int(retain)))

    # Eyes

    def look(self) -> dict[str, Any]:
        """The newest messages, newest first, and how many topics stand there."""
        heard = [{"topic": topic, "text": text} for topic, text in list(self.heard)[-SHOWN:]]
        return {"heard": heard[::-1], "topics": len(self.topics), "silent": self.silent, "refuses": self.refuses}

    def panel(self) -> Sequence[Part]:
        """How many topics stand there, the newest messages, and what can go wrong with it."""
        newest = [Reading(topic, topic, text) for topic, text in list(self.heard)[: -_NEWEST - 1 : -1]]
        return [
            Reading("主题", "Topics", str(len(self.topics))),
            *newest,
            Press("不应答", "Silent", "speak" if self.silent else "silence", {}, self.silent),
            Press("拒绝登录", "Refuse log-ins", "allow_login" if self.refuses else "refuse_login", {}, self.refuses),
            Press("重启", "Restart", "restart"),
        ]

    # The wire

    def _begin(self) -> None:
        self._decoder = PacketDecoder()
        self.subscribed = []
        self._will = None

    def _hung_up(self) -> None:
        if self._will:
            self._stands(*self._will)
            self._will = None

    def _receive(self, data: bytes) -> None:
        try:
            for kind, flags, body in self._decoder.receive(data):
                if not self.silent:
                    self._obey(kind, flags, body)
        except (ValueError, IndexError):
            self._plug.hang_up()

    def _obey(self, kind: int, flags: int, body: bytes) -> None:
        match kind:
            case Packet.CONNECT:
                self._plug.send(encode(Packet.CONNACK, bytes((0, NOT_AUTHORISED if self.refuses else 0))))
                if not self.refuses:
                    self._will = _will_of(body)
            case Packet.PUBLISH:
                topic, rest = _cut(body)
                if flags & 6:
                    self._plug.send(encode(Packet.PUBACK, rest[:2]))
                    rest = rest[2:]
                text = rest.decode("utf-8", "replace")
                self.heard.append((topic, text))
                if flags & 1:
                    self._stands(topic, text)
                self.on_change()
            case Packet.SUBSCRIBE:
                topic, _ = _cut(body[2:])
                self.subscribed.append(topic)
                self._plug.send(encode(Packet.SUBACK, body[:2] + b"\x00"))
            case Packet.PINGREQ:
                self._plug.send(encode(Packet.PINGRESP, b""))
            case Packet.DISCONNECT:
                self._will = None

    def _stands(self, topic: str, text: str) -> None:
        if text:
            self.topics[topic] = text
        else:
            self.topics.pop(topic, None)
        self.on_change()


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2, "big") + data


def _cut(body: bytes) -> tuple[str, bytes]:
    """The text that ``body`` begins with, and what follows it."""
    size = int.from_bytes(body[:2], "big")
    if len(body) < 2 + size:
        raise ValueError("text cut short")
    return body[2 : 2 + size].decode(), body[2 + size :]


def _will_of(connect: bytes) -> tuple[str, str] | None:
    """Topic and text of the will in a CONNECT (3.1); None where it has none."""
    _, rest = _cut(connect)
    flags = rest[1]
    _, rest = _cut(rest[4:])
    if not flags & 4:
        return None
    topic, rest = _cut(rest)
    return topic, _cut(rest)[0]
