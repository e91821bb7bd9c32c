"""Keys in memory, the same each time: what a hall's key file holds without the file."""

from dataclasses import replace
from datetime import date

from ticketing.privacy.keys import Chain, Keyring, Keys, month_of
from ticketing.privacy.sealing import SHA256, Hash

BEGAN = date(2026, 2, 1)
"""The day with which the chain begins."""


def held(root: bytes, began: date = BEGAN, hashed: Hash = SHA256) -> Keyring:
    """A keyring with this root and a chain made of it."""
    chain = Chain(hashed.mac(root, b"id").hex()[:16], began, hashed.mac(root, b"chain"), hashed)
    return Keyring(replace(Keys(root, hashed), chain=chain, months=((month_of(began), chain.month(began)),)))
