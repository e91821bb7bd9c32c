"""Authenticated encryption, MACs and key derivation, of the international or of the Chinese standards (国密).

AES-256-GCM (NIST SP 800-38D) or SM4-GCM (GB/T 32907, RFC 8998); HMAC and HKDF (RFC 5869) over SHA-256 or SM3
(GB/T 32905).

Pure functions of bytes; ``vault`` decides which key is used for what.

Sealed bytes are ``suite (1 byte) · nonce (12) · ciphertext · tag (16)``. The suite is kept with them, so that data
sealed before a change of the setting still open; the tag covers it, too. Nonces are random: with 96 bits, one key may
seal 2³² messages (SP 800-38D §8.3), and a key lasts one day.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16


class BrokenSealError(Exception):
    """The bytes were changed, cut, or sealed with another key or for another purpose; which of these is not told."""


@dataclass(frozen=True)
class Hash:
    """A hash function, in HMAC and HKDF.

    Attributes:
        name: as ``hashlib`` and the fact in the store know it.
    """

    name: str
    algorithm: hashes.HashAlgorithm

    def mac(self, key: bytes, *parts: bytes) -> bytes:
        """HMAC (RFC 2104) over the framed ``parts``, 32 bytes."""
        return hmac.digest(key, frame(*parts), self.name)

    def derive(self, key: bytes, length: int, *label: bytes) -> bytes:
        """A key for one purpose from a uniformly random ``key``: HKDF (RFC 5869) with the purpose as info."""
        return HKDF(self.algorithm, length, None, frame(b"quhao 1", *label)).derive(key)


SHA256 = Hash("sha256", hashes.SHA256())
SM3 = Hash("sm3", hashes.SM3())
HASHES = {one.name: one for one in (SHA256, SM3)}


@dataclass(frozen=True)
class Suite:
    """A cipher, and the hash by which its own key is derived."""

    number: int
    name: str
    key_bytes: int
    hash: Hash = SHA256

    def encrypt(self, key: bytes, nonce: bytes, data: bytes, bound: bytes) -> bytes:
        """Ciphertext followed by the tag; ``bound`` is authenticated, not stored (additional data)."""
        if self.number == 1:
            return AESGCM(key).encrypt(nonce, data, bound)
        encryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(bound)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, key: bytes, nonce: bytes, data: bytes, bound: bytes) -> bytes:
        """Plaintext; raises :class:`BrokenSealError`."""
        try:
            if self.number == 1:
                return AESGCM(key).decrypt(nonce, data, bound)
            text, tag = data[:-TAG_BYTES], data[-TAG_BYTES:]
            decryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce, tag)).decryptor()
            decryptor.authenticate_additional_data(bound)
            return decryptor.update(text) + decryptor.finalize()
        except InvalidTag:
            raise BrokenSealError from None


AES_256_GCM = Suite(1, "aes-256-gcm", 32)
SM4_GCM = Suite(2, "sm4-gcm", 16)
SM4_GCM_SM3 = Suite(3, "sm4-gcm", 16, SM3)
SUITES = {suite.name: suite for suite in (AES_256_GCM, SM4_GCM)}
"""By the name of the cipher, where the store's hash is SHA-256; a store of SM3 has :data:`SM4_GCM_SM3` alone."""
_BY_NUMBER = {suite.number: suite for suite in (*SUITES.values(), SM4_GCM_SM3)}


def available(suite: Suite) -> bool:
    """Whether the OpenSSL in use has it: builds without SM4 and SM3 exist."""
    try:
        suite.encrypt(bytes(suite.key_bytes), bytes(NONCE_BYTES), b"", b"")
        hashlib.new(suite.hash.name)
        suite.hash.derive(bytes(KEY_BYTES), KEY_BYTES)
    except (UnsupportedAlgorithm, ValueError):
        return False
    return True


def frame(*parts: bytes) -> bytes:
    """Join ``parts`` so that no two different lists give the same bytes: each follows its length (4 bytes)."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def derive(key: bytes, length: int, *label: bytes) -> bytes:
    """:meth:`Hash.derive` with SHA-256."""
    return SHA256.derive(key, length, *label)


def seal(suite: Suite, key: bytes, data: bytes, *bound: bytes) -> bytes:
    """Seal ``data`` so that it opens only with ``key`` and the same ``bound`` parts.

    The cipher's own key is derived from ``key``, 32 uniformly random bytes. ``bound`` is what the data belong to, such
    as a purpose, a day and a ticket.
    """
    nonce = os.urandom(NONCE_BYTES)
    head = bytes([suite.number])
    return head + nonce + suite.encrypt(_suite_key(suite, key), nonce, data, frame(head, *bound))


def unseal(key: bytes, sealed: bytes, *bound: bytes) -> bytes:
    """The plaintext; raises :class:`BrokenSealError` if anything differs from when it was sealed."""
    suite = _BY_NUMBER.get(sealed[0]) if sealed else None
    if suite is None or len(sealed) < 1 + NONCE_BYTES + TAG_BYTES:
        raise BrokenSealError
    head, nonce, text = sealed[:1], sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    return suite.decrypt(_suite_key(suite, key), nonce, text, frame(head, *bound))


def _suite_key(suite: Suite, key: bytes) -> bytes:
    return suite.hash.derive(key, suite.key_bytes, b"seal", suite.name.encode())
