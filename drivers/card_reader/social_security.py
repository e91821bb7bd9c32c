"""The 社保卡 (social security card, GB/T and LD/T rules of 人社部), as far as it tells its holder without a PIN.

A conversation with the card is a generator: it yields a command (APDU) and is sent the answer with its two status
bytes. Files and records come from public programs that read these cards; the rules themselves are not public. Read are
name, number and card number alone. A card of the third generation may keep some items for terminals with a security
module: what it does not give is None. No PIN is ever tried: the card would lock.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

from drivers.errors import ProtocolError

APPLICATION = bytes.fromhex("7378312E73682E C9E7BBE1B1A3D5CF")
"""sx1.sh.社会保障, in GBK."""
EF05, EF06 = 5, 6
CARD_NUMBER, ID_NUMBER, NAME, MORE_NAME = 0x07, 0x08, 0x09, 0x4E
"""Tags of records."""
_RECORDS = {
    # tag: (short file identifier, number of the record on cards that cannot look up a tag, bytes of its value)
    CARD_NUMBER: (EF05, 7, 9),
    ID_NUMBER: (EF06, 1, 18),
    NAME: (EF06, 2, 30),
    MORE_NAME: (EF06, 3, 20),
}
DONE = b"\x90\x00"
_MOST_PIECES = 8

Conversation = Generator[bytes, bytes, "SocialSecurityCard | None"]


@dataclass(frozen=True)
class SocialSecurityCard:
    """What the card tells.

    Attributes:
        name: in Chinese.
        id_number: the 社会保障号码, which is the number of the holder's ID card.
        card_number: of the card itself.
    """

    name: str | None
    id_number: str
    card_number: str | None = None
    kind: Literal["social-security"] = "social-security"

    def __repr__(self) -> str:
        """Says nothing of the person: representations end up in logs."""
        return "<SocialSecurityCard>"


def read_card() -> Conversation:
    """The conversation that reads a card; None when it is none of these.

    Raises:
        ProtocolError: ``garbled``: it is one, but what it says makes no sense.
    """
    answer = yield from _ask(b"\x00\xa4\x04\x00" + bytes([len(APPLICATION)]) + APPLICATION)
    if answer is None:
        return None
    number = yield from _value(ID_NUMBER)
    if not number:
        return None
    name = yield from _value(NAME)
    # A name of fifteen characters may go on in a record of its own.
    if name is not None and len(name) == _RECORDS[NAME][2]:
        name += (yield from _value(MORE_NAME)) or b""
    card_number = yield from _value(CARD_NUMBER)
    return SocialSecurityCard(
        name=_text(name or b"") or None, id_number=_text(number), card_number=_text(card_number or b"") or None
    )


def _value(tag: int) -> Generator[bytes, bytes, bytes | None]:
    """A record's value without its padding, looked up by its tag, or by its place on cards that know no tags."""
    file, place, size = _RECORDS[tag]
    for which, how in ((tag, file << 3), (place, file << 3 | 4)):
        record = yield from _ask(bytes([0x00, 0xB2, which, how, size + 2]))
        if record is not None and len(record) >= 2 and record[0] == tag and record[1] <= len(record) - 2:
            return record[2 : 2 + record[1]].strip(b"\x00 ")
    return None


def _ask(command: bytes) -> Generator[bytes, bytes, bytes | None]:
    """What the card answers to a command, however many pieces it comes in; None when it refuses.

    61 nn: nn more bytes are to be fetched. 6C nn: the same again, for nn bytes (ISO 7816-4).
    """
    said = b""
    asked = command
    for _ in range(_MOST_PIECES):
        answer = yield asked
        if len(answer) < 2:
            raise ProtocolError("garbled", f"a card's answer of {len(answer)} bytes")
        said, status = said + answer[:-2], answer[-2:]
        if status == DONE:
            return said
        if status[0] == 0x61:
            asked = b"\x00\xc0\x00\x00" + status[1:]
        elif status[0] == 0x6C and len(command) == 5:
            asked = command[:4] + status[1:]
        else:
            return None
    raise ProtocolError("garbled", "a card's answer in more pieces than it can have")


def _text(raw: bytes) -> str:
    try:
        # A superset of GBK, in which newer cards write rare names.
        return raw.decode("gb18030").strip()
    except UnicodeDecodeError:
        # "from None": the decoder's own error carries the bytes, which are somebody's name.
        raise ProtocolError("garbled", "a card's text is no GBK") from None
