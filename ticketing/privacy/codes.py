"""The code printed on a ticket: 80 bits as 16 characters that people and scanners seldom confuse.

A ticket's code is random and on paper only: the store keeps a keyed hash to find the ticket by. Those of receipts and
appointments, which open nobody's data, are derived from the master key.

The alphabet is Crockford's base32 (no I, L, O, U; O is read as 0, I and L as 1). All of it lies within the QR code's
alphanumeric mode (ISO/IEC 18004), capitals only, which keeps the picture small.
"""

import re
import secrets
import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BYTES = 10
LENGTH = 16
"""Characters of a code; five bits each."""

LONGEST_SCAN = 512
"""A longer scan is not a code, whatever is in it."""

_CONFUSED = str.maketrans("ILO", "110")
_CODE = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
# A keyboard-wedge scanner types "、" for "/" while a Chinese input method is on.
_IN_URL = re.compile(r"\AHTTPS?:[/、\\]{2}[^/、\\]+[/、\\][TP][/、\\]([^/、\\?#]*)[/、\\]?(?:[?#].*)?\Z")


def new() -> str:
    """A code that nobody has had before, from the system's random numbers."""
    return encode(secrets.token_bytes(BYTES))


def encode(raw: bytes) -> str:
    """The 16 characters of 10 bytes."""
    if len(raw) != BYTES:
        raise ValueError(f"a code is made of 10 bytes, not {len(raw)}")
    number = int.from_bytes(raw)
    return "".join(ALPHABET[number >> shift & 31] for shift in range(5 * (LENGTH - 1), -1, -5))


def find_code(scanned: str) -> str | None:
    """The code in what was scanned or typed, in its printed form; None if there is none.

    Takes the printed URL with any host and in any case, or the bare code, with spaces and hyphens anywhere.
    Full-width characters, which an input method may make of a scan, count as what they look like.
    """
    if len(scanned) > LONGEST_SCAN:
        return None
    # NFKC first: a full-width letter has a full-width capital.
    text = unicodedata.normalize("NFKC", scanned).strip().upper()
    found = _IN_URL.match(text)
    code = re.sub(r"[\s-]", "", found[1] if found else text).translate(_CONFUSED)
    return code if _CODE.fullmatch(code) else None
