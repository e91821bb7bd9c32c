"""Sealing to the memory of a running box: X25519 (RFC 7748) with a key pair whose private half is written nowhere.

Whoever has a copy of the store and every key file, but not the memory of the box, opens nothing of it.
"""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

PUBLIC_BYTES = 32


class ReadingKey:
    """A key pair; made anew for each run and each day. No dataclass: it must never be printed.

    Attributes:
        public: its public half, 32 bytes.
    """

    __slots__ = ("_private", "public")

    def __init__(self) -> None:
        self._private = X25519PrivateKey.generate()
        self.public = self._private.public_key().public_bytes_raw()

    def shared_with(self, public: bytes) -> bytes:
        """The secret that this key and the one with this public half have in common, and whose it is: 96 bytes.

        The same on both sides: the public halves follow in their order.

        Raises:
            ValueError: ``public`` is no such key.
        """
        shared = self._private.exchange(X25519PublicKey.from_public_bytes(public))
        return shared + b"".join(sorted((self.public, public)))
