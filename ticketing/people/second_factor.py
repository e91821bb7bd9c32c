"""The second factor: codes of six digits that change each half minute (TOTP, RFC 6238), and recovery codes.

The defaults of the RFC (SHA-1, six digits, 30 s), which all apps on phones know. A code is taken once: its time step
and those before are refused afterwards (RFC 6238, 5.2), and one step each way makes up for a clock that is off.
"""

import hashlib
import hmac
import json
import secrets
from datetime import datetime

from ticketing.model import TicketingError

STEP = 30
"""Seconds that a code is valid."""
DRIFT = 1
"""Steps by which the clock of the phone may be off, each way."""
RECOVERY_CODES = 8
_RECOVERY_CHARS = 16
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class SecondFactorError(TicketingError):
    """The password was right and the second factor is not: ``totp_needed``, ``totp_wrong``."""


def new_secret() -> str:
    """160 random bits in base32 (RFC 4226, 4)."""
    import pyotp

    return pyotp.random_base32()


def address_of(secret: str, account: str, hall: str) -> str:
    """The ``otpauth:`` address that apps read from a QR code."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=hall or None)


def step_of(secret: str, code: str, now: datetime, last: int | None) -> int | None:
    """The time step of a code that is right now and was not used; None for any other.

    ``last`` is the step of the last code that was taken.
    """
    import pyotp

    code = code.replace(" ", "")
    current = int(now.timestamp()) // STEP
    codes = pyotp.TOTP(secret)
    for step in range(current - DRIFT, current + DRIFT + 1):
        if (last is None or step > last) and hmac.compare_digest(codes.generate_otp(step).encode(), code.encode()):
            return step
    return None


def new_recovery_codes() -> list[str]:
    """Codes to be kept on paper, each for one log-in without the phone; 80 random bits, as ``ABCD-EFGH-…``."""
    made = ["".join(secrets.choice(_ALPHABET) for _ in range(_RECOVERY_CHARS)) for _ in range(RECOVERY_CODES)]
    return ["-".join(code[at : at + 4] for at in range(0, _RECOVERY_CHARS, 4)) for code in made]


def kept_of(codes: list[str]) -> str:
    """What is kept of them: hashes, as JSON."""
    return json.dumps([_hash(code) for code in codes])


def left_without(kept: str | None, code: str) -> str | None:
    """What is kept once this recovery code is used; None where it is none of them."""
    hashes: list[str] = json.loads(kept or "[]")
    used = _hash(code)
    return json.dumps([one for one in hashes if one != used]) if used in hashes else None


def _hash(code: str) -> str:
    plain = "".join(c for c in code.upper() if c.isalnum())
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()
