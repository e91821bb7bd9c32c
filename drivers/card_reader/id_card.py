"""The text of a second-generation ID card, as a function of bytes.

A reader hands over 256 bytes of UTF-16LE, padded with spaces, whose layout depends on the kind of card (one
character at offset 248): the resident card of 2004, the permanent residence cards for foreigners of 2017 and 2023,
and the residence permit for people of Hong Kong, Macao and Taiwan of 2018. Codes are of GB/T 2261.1 (sex),
GB/T 3304 (ethnicity) and GB/T 2659 (nationality); numbers are of GB 11643.

Text is decoded strictly and kept as it is on the card: characters beyond the basic plane and private-use ones stand
for real names, and GBK would turn them into question marks. Only control characters are dropped.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from drivers.errors import ProtocolError

Kind = Literal["resident", "hk-macao-taiwan", "foreigner-2017", "foreigner-2023"]

TEXT_SIZE = 256
"""Bytes of a card's text."""
ADDRESS_SIZE = 70
"""Bytes of an address, on the card and where one was added later."""
PADDING = " "
"""Fills a field up; an ideographic space (U+3000) at an end belongs to what the card says."""
LONG_TERM = "长期"
"""Stands where a date would, on the cards of people of 46 and above."""

SEXES = {"0": "未知", "1": "男", "2": "女", "9": "未说明"}
_ETHNICITIES = """
01汉 02蒙古 03回 04藏 05维吾尔 06苗 07彝 08壮 09布依 10朝鲜
11满 12侗 13瑶 14白 15土家 16哈尼 17哈萨克 18傣 19黎 20傈僳
21佤 22畲 23高山 24拉祜 25水 26东乡 27纳西 28景颇 29柯尔克孜 30土
31达斡尔 32仫佬 33羌 34布朗 35撒拉 36毛南 37仡佬 38锡伯 39阿昌 40普米
41塔吉克 42怒 43乌孜别克 44俄罗斯 45鄂温克 46德昂 47保安 48裕固 49京 50塔塔尔
51独龙 52鄂伦春 53赫哲 54门巴 55珞巴 56基诺 97其他 98外国血统中国籍人士
"""
ETHNICITIES = {entry[:2]: entry[2:] for entry in _ETHNICITIES.split()}

KIND_AT = 248
KINDS: dict[str, Kind] = {" ": "resident", "J": "hk-macao-taiwan", "I": "foreigner-2017", "Y": "foreigner-2023"}

# Each kind's fields: where the pieces begin and how many bytes they have. A name longer than its field goes on in
# another one, so a field is a list of pieces.
Pieces = tuple[tuple[int, int], ...]
_SHARED: dict[str, Pieces] = {"valid_from": ((188, 16),), "valid_until": ((204, 16),)}
_RESIDENT: dict[str, Pieces] = _SHARED | {
    "name": ((0, 30),),
    "sex_code": ((30, 2),),
    "ethnicity_code": ((32, 4),),
    "birth_date": ((36, 16),),
    "address": ((52, 70),),
    "id_number": ((122, 36),),
    "authority": ((158, 30),),
}
LAYOUTS: dict[Kind, dict[str, Pieces]] = {
    "resident": _RESIDENT,
    "hk-macao-taiwan": {field: pieces for field, pieces in _RESIDENT.items() if field != "ethnicity_code"}
    | {"pass_number": ((220, 18),), "issue_count": ((238, 4),)},
    "foreigner-2017": _SHARED
    | {
        "name_en": ((0, 120),),
        "sex_code": ((120, 2),),
        "id_number": ((122, 30),),
        "nationality": ((152, 6),),
        "name": ((158, 30),),
        "birth_date": ((220, 16),),
        "authority": ((240, 8),),
    },
    "foreigner-2023": _SHARED
    | {
        "name": ((0, 30),),
        "sex_code": ((30, 2),),
        "renewal_count": ((32, 4),),
        "birth_date": ((36, 16),),
        "name_en": ((52, 70), (220, 22)),
        "id_number": ((122, 36),),
        "nationality": ((242, 6),),
        "associated_number": ((250, 6),),
    },
}
_DATES = frozenset({"birth_date", "valid_from", "valid_until"})

_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)])
_ID_NUMBER = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)
_NUMBER_OF_2017 = re.compile(r"[A-Z]{3}[0-9]{12}", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


@dataclass(frozen=True)
class IdCard:
    """What a card tells. A field that the kind of card does not have, or that is blank, is None.

    Attributes:
        kind: which of the four cards it is.
        name: in Chinese.
        name_en: in Latin letters (cards for foreigners).
        sex_code: GB/T 2261.1.
        ethnicity_code: GB/T 3304, two digits (resident card).
        birth_date: None also when the card's eight digits are no date; so with the other dates.
        address: as registered.
        id_number: 18 characters, or 15 on a foreigner's card of 2017.
        authority: who issued it: a name; on the foreigner's card of 2017 a four-digit code.
        valid_from: first day.
        valid_until: last day; None for 长期 (without end).
        nationality: three letters, GB/T 2659. Unverified: whether the card of 2023 has three figures instead.
        pass_number: of the Home Return Permit or its like (Hong Kong, Macao, Taiwan).
        issue_count: how often that pass was issued, two digits.
        renewal_count: how often the foreigner's card was renewed, two digits.
        associated_number: links the card of 2023 to its holder's older number, three characters.
        photo: as on the card, in its own compressed format (WLT); nothing here can decode it.
    """

    kind: Kind
    name: str | None = None
    name_en: str | None = None
    sex_code: str | None = None
    ethnicity_code: str | None = None
    birth_date: date | None = None
    address: str | None = None
    id_number: str | None = None
    authority: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    nationality: str | None = None
    pass_number: str | None = None
    issue_count: str | None = None
    renewal_count: str | None = None
    associated_number: str | None = None
    photo: bytes = b""

    @property
    def sex_label(self) -> str | None:
        """男, 女 …, None for a blank or unknown code."""
        return SEXES.get(self.sex_code or "")

    @property
    def ethnicity_label(self) -> str | None:
        """汉, 维吾尔 …, None for a blank or unknown code."""
        return ETHNICITIES.get(self.ethnicity_code or "")

    def __repr__(self) -> str:
        """Says nothing of the person: representations end up in logs."""
        return f"<IdCard {self.kind}>"


def parse_card(text: bytes, photo: bytes = b"") -> IdCard:
    """Read a card's text.

    Args:
        text: the 256 bytes.
        photo: kept as it is.

    Raises:
        ProtocolError: ``garbled``: a wrong length, no UTF-16, a kind of card not known, or neither name nor number.
    """
    if len(text) != TEXT_SIZE:
        raise ProtocolError("garbled", f"card text of {len(text)} bytes")
    letter = _decode(text[KIND_AT : KIND_AT + 2]).strip(PADDING) or " "
    kind = KINDS.get(letter)
    if kind is None:
        raise ProtocolError("garbled", f"card kind U+{ord(letter):04X}")
    found: dict[str, str | None] = {}
    for field, pieces in LAYOUTS[kind].items():
        raw = b"".join(text[start : start + size] for start, size in pieces)
        text_of_field = _decode(raw).strip(PADDING)
        found[field] = text_of_field if text_of_field.strip() else None
    if not (found.get("name") or found.get("name_en")) and not found.get("id_number"):
        raise ProtocolError("garbled", "card text is blank")
    dates = {field: _parse_date(found.pop(field)) for field in _DATES}
    return IdCard(kind=kind, **found, **dates, photo=photo)  # type: ignore[arg-type]  # the fields are LAYOUTS' own


def encode_card(card: IdCard) -> bytes:
    """The 256 bytes that :func:`parse_card` reads as ``card``; raises ValueError for a field that is too long."""
    text = bytearray(" ".encode("utf-16-le") * (TEXT_SIZE // 2))
    letter = next(letter for letter, kind in KINDS.items() if kind == card.kind)
    text[KIND_AT : KIND_AT + 2] = letter.encode("utf-16-le")
    for field, pieces in LAYOUTS[card.kind].items():
        value: str | date | None = getattr(card, field)
        if isinstance(value, date):
            value = f"{value:%Y%m%d}"
        elif value is None:
            value = LONG_TERM if field == "valid_until" else ""
        rest = value.encode("utf-16-le")
        if len(rest) > sum(size for _, size in pieces):
            raise ValueError(f"{field} is too long for a {card.kind} card")
        for start, size in pieces:
            piece, rest = rest[:size], rest[size:]
            text[start : start + len(piece)] = piece
    return bytes(text)


def check_digit(first17: str) -> str:
    """The 18th character of an ID number (GB 11643, ISO 7064 MOD 11-2) for its first 17 digits."""
    return _CHECK_DIGITS[sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True)) % 11]


def valid_id_number(number: str) -> bool:
    """Whether ``number`` is a right 18-character ID number: digits, a real birth date, the check digit (capital X).

    Its region is not looked up: old numbers keep codes that were given up since.
    """
    return (
        _ID_NUMBER.fullmatch(number) is not None
        and _parse_date(number[6:14]) is not None
        and check_digit(number[:17]) == number[17]
    )


def wrong_number(card: IdCard) -> bool:
    """Whether the number on a card cannot be right; a reason to look twice, and none to refuse the card.

    The last figure of the foreigner's card of 2017 has no public rule: its form alone is looked at.
    """
    if card.id_number is None:
        return False
    if card.kind == "foreigner-2017":
        return _NUMBER_OF_2017.fullmatch(card.id_number) is None
    return not valid_id_number(card.id_number)


def decode_address(raw: bytes) -> str | None:
    """An address that was added to a card (30 03): 35 characters; None where it is blank. ProtocolError otherwise."""
    if len(raw) != ADDRESS_SIZE:
        raise ProtocolError("garbled", f"an address of {len(raw)} bytes")
    return _decode(raw).strip(PADDING) or None


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-16-le").translate(_CONTROLS)
    except UnicodeDecodeError:
        # "from None": the decoder's own error carries the bytes, which are somebody's name.
        raise ProtocolError("garbled", "card text is no UTF-16") from None


def _parse_date(digits: str | None) -> date | None:
    if digits is None or re.fullmatch(r"[0-9]{8}", digits) is None:
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
