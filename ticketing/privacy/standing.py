"""Which keys belong to a store: what the store says of it, and the refusal of others, with what to do."""

import hmac
import json
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, select

from ticketing.privacy import sealing
from ticketing.privacy.errors import VaultError
from ticketing.privacy.keys import Keys
from ticketing.privacy.sealing import KEY_BYTES, Hash
from ticketing.store.tables import fact

STANDING = "master_key"
"""The fact that says it; in a store older than the chain, the proof of its one master key and of its hall."""

_OLD_BYTES = 2 * KEY_BYTES
_FACT = select(fact.c.value).where(fact.c.name == STANDING)
_SUITES = {"sha256": "standard", "sm3": "sm"}


def lasting_key(keys: Keys, hall: bytes, hashed: Hash) -> bytes:
    """The key of hashes that outlive a day."""
    return keys.lasting or hashed.derive(keys.root, KEY_BYTES, hall, b"lasting hash")


def proof_of(lasting: bytes, hashed: Hash) -> str:
    """What a store keeps of that key, to know it again."""
    return hashed.derive(lasting, KEY_BYTES, b"proof of the key").hex()


@dataclass(frozen=True)
class Standing:
    """Which keys belong to a store, as the store says; nothing of it is secret.

    Attributes:
        proof: MAC by which the root is known.
        hall: the ``hall.id``.
        hash: name of the hash function.
        chain: id of the chain in force.
        former: ids of chains before it, by ``quhao key rotate``.
        renewed: the hall day on which this chain was begun in place of another; "" for the first.
        converted: whether the store is older than the chain: its first master key is to be destroyed.
    """

    proof: str
    hall: str
    hash: str
    chain: str
    former: tuple[str, ...] = ()
    renewed: str = ""
    converted: bool = False

    @classmethod
    def of(cls, conn: Connection) -> "Standing | None":
        """That of a store; None for one that is new, or older than the chain."""
        kept = conn.scalar(_FACT)
        if kept is None or len(kept) == _OLD_BYTES:
            return None
        values = json.loads(kept)
        return cls(**{**values, "former": tuple(values["former"])})

    def as_bytes(self) -> bytes:
        """As the fact holds it."""
        return json.dumps(asdict(self)).encode()

    def refuse_others(self, keys: Keys, hall: str, hashed: Hash) -> None:
        """Refuse another hall, hash function or root: ``hall_changed``, ``suite_changed``, ``key_wrong``."""
        if self.hall != hall:
            raise _hall_changed()
        refuse_hash(self.hash, hashed)
        if not hmac.compare_digest(self.proof, proof_of(lasting_key(keys, hall.encode(), hashed), hashed)):
            raise key_wrong()

    def refuse_other_chain(self, keys: Keys) -> None:
        """Refuse keys whose chain is not the one in force: ``chain_missing``, ``chain_other``."""
        if keys.chain is None:
            raise VaultError(
                "chain_missing",
                "密钥文件里没有每日密钥链，而数据库已在使用：请从本大厅的另一台主机复制密钥文件；都没有了，"
                "就停止所有主机并执行 quhao key rotate（当天的居民数据会丢失） / "
                "the key file has no chain of day keys, and the store works with one: copy the key file of another box "
                "of this hall; if there is none, stop all boxes and run quhao key rotate (the residents' data of the "
                "day are lost then)",
            )
        if keys.chain.id != self.chain:
            old = keys.chain.id in self.former
            zh = f"是 {self.renewed} 更换密钥之前的" if old else "的每日密钥链与数据库不符"
            en = f"is from before the keys were changed on {self.renewed}" if old else "has another chain of keys"
            raise VaultError(
                "chain_other",
                f"这个密钥文件{zh}：请从本大厅正在运行的主机复制；都没有了，"
                "就停止所有主机并执行 quhao key rotate（当天的居民数据会丢失） / "
                f"this key file {en}: copy the one of a box of this hall that works; if there is none, stop all boxes "
                "and run quhao key rotate (the residents' data of the day are lost then)",
                former=old,
            )


def old_proof(conn: Connection) -> bytes | None:
    """The proof of the one master key in a store that is older than the chain; None in any other."""
    kept: bytes | None = conn.scalar(_FACT)
    return kept if kept is not None and len(kept) == _OLD_BYTES else None


def refuse_older(proof: bytes, keys: Keys, hall: str, hashed: Hash) -> None:
    """The same as :meth:`Standing.refuse_others` for a store that is older than the chain."""
    # Two halves, to tell a changed hall.id from a wrong key.
    if not hmac.compare_digest(proof[:KEY_BYTES], sealing.derive(keys.root, KEY_BYTES, b"proof of the key")):
        raise key_wrong()
    of_hall = sealing.derive(keys.root, KEY_BYTES, hall.encode(), b"proof of the hall")
    if not hmac.compare_digest(proof[KEY_BYTES:], of_hall):
        raise _hall_changed()
    refuse_hash(sealing.SHA256.name, hashed)


def refuse_hash(made_with: str, hashed: Hash) -> None:
    """Refuse another hash function than the one that store or keys were made with: ``suite_changed``."""
    if made_with != hashed.name:
        suite = _SUITES[made_with]
        raise VaultError(
            "suite_changed",
            f'数据库建立时用的是 privacy.suite = "{suite}"，以后不能更改，否则查不到已有的记录：请改回，'
            "或用新的数据库和密钥文件 / "
            f'this store was made with privacy.suite = "{suite}", which cannot be changed later, since nothing '
            "would be found again: put it back, or begin a new store with a new key file",
        )


def key_wrong() -> VaultError:
    """The error of keys that are not the store's."""
    return VaultError(
        "key_wrong",
        "主密钥与数据库不符：请放回原来的密钥文件，或改正 store.key_file 或 store.url / "
        "the master key is not the one this store is sealed with: "
        "put back the right key file, or correct store.key_file or store.url",
    )


def _hall_changed() -> VaultError:
    return VaultError(
        "hall_changed",
        "数据库属于另一个 hall.id 的大厅：请改回原来的 hall.id / "
        "this store belongs to a hall with another hall.id: put the old hall.id back",
    )
