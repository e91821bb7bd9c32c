"""The key file: outside the store, replaced whole, and what it held before overwritten.

A change is a new file that is synced, renamed over the old one, and the folder synced; then the old content is
overwritten. A box that loses power at any point has the old keys or the new ones, and the next start overwrites what
was left lying. (On flash, what is overwritten may stay in worn blocks: seal the file under a credential there.)

With a credential the file is kept sealed under a key made from it. systemd gives one to the service, out of a TPM or
the machine's own key, see systemd.exec(5), ``LoadCredentialEncrypted=``.
"""

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ticketing.files import NO_ROOM, beside, draft_beside, sync_folder
from ticketing.privacy import sealing
from ticketing.privacy.errors import VaultError
from ticketing.privacy.keys import Keyring, Keys, parse, text_of
from ticketing.privacy.sealing import KEY_BYTES, SM3, BrokenSealError, Hash

_LONGEST = 1 << 20
_SEALED = "quhao-sealed-keys 1"
_SALT_BYTES = 16


class KeyFile(Keyring):
    """The keys in a file that several processes of one box read and change.

    Args:
        path: only its owner may read it.
        create: make new keys if there is no file. False for a store that is sealed: new keys would open nothing, and
            the old file must be put back.
        hash: of new keys.
        credential: what the key is made from under which the file is sealed; None for a plain file.

    Raises:
        VaultError: it is missing, unreadable, open to other users, not a key, or sealed under another credential.
    """

    def __init__(
        self,
        path: Path,
        *,
        create: bool = True,
        hash: Hash = sealing.SHA256,  # noqa: A002 - the field's word
        credential: bytes | None = None,
    ) -> None:
        # The file itself is replaced, not a symbolic link that leads to it.
        self.path = path.resolve()
        self._credential = credential
        self._salt = b""
        self._made: tuple[bytes, bytes] = b"", b""
        try:
            keys = self._read()
        except FileNotFoundError:
            if not create:
                raise _missing(path) from None
            self._make(Keys(secrets.token_bytes(KEY_BYTES), hash))
            keys = self._read()
        super().__init__(keys)
        if credential is not None and not self.sealed:
            self.change(lambda keys: keys)
        self._clean()

    @property
    def sealed(self) -> bool:
        """Whether the file was sealed when it was last read."""
        return bool(self._salt)

    def _changed(self, change: Callable[[Keys], Keys]) -> Keys:
        with self._writing(), self._locked():
            try:
                before = self._read()
            except FileNotFoundError:
                raise _missing(self.path) from None
            after = change(before)
            if after != before or (self._credential is not None and not self.sealed):
                self._replace(self._content(after))
            return after

    # -- reading ---------------------------------------------------------------------------------------------------

    def _read(self) -> Keys:
        path, content, about = self.path, b"", None
        try:
            # O_NONBLOCK: a pipe put in the file's place must not hang the start.
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            try:
                about = os.fstat(handle)
                if stat.S_ISREG(about.st_mode):
                    content = os.read(handle, _LONGEST)
            finally:
                os.close(handle)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise VaultError(
                "key_unreadable",
                f"无法读取主密钥文件 {path}：它必须属于运行 quhao 的用户 / "
                f"cannot read the master key file {path}: {error.strerror}; the user that runs quhao must own it",
            ) from None
        if stat.S_ISREG(about.st_mode) and about.st_mode & 0o077:
            raise VaultError(
                "key_too_open",
                f"其他用户可以读取主密钥文件 {path}，请执行 chmod 600 {path} / "
                f"the master key file {path} is open to other users (mode {stat.S_IMODE(about.st_mode):04o}): "
                f"run chmod 600 {path}",
            )
        try:
            return parse(self._opened(content.decode("ascii")))
        except (ValueError, KeyError):
            raise VaultError(
                "key_malformed",
                f"主密钥文件 {path} 内容不对，应为 {2 * KEY_BYTES} 位十六进制数及其后各行：请从备份处放回 / "
                f"the master key file {path} does not hold a key: expected {2 * KEY_BYTES} hexadecimal digits, and the "
                "lines after them; put it back from where you keep its copy",
            ) from None

    def _opened(self, text: str) -> str:
        """The text of the keys, out of a sealed file or a plain one."""
        head, *rest = text.split("\n", 1)
        if not head.startswith(_SEALED):
            self._salt = b""
            return text
        if self._credential is None:
            raise VaultError(
                "key_sealed",
                f"主密钥文件 {self.path} 由系统凭据加密，而这里没有凭据：请由 systemd 启动，"
                "命令行请按说明用 systemd-run / "
                f"the master key file {self.path} is sealed under a credential that is not here: start the service by "
                "systemd, and commands by systemd-run as the README says",
            )
        salt = bytes.fromhex(head.removeprefix(_SEALED))
        try:
            opened = sealing.unseal(self._key_of(salt), bytes.fromhex(rest[0]), b"key file").decode("ascii")
        except BrokenSealError:
            raise VaultError(
                "key_credential",
                f"主密钥文件 {self.path} 是用另一份系统凭据加密的，或已被改动：请放回原来的凭据或密钥文件 / "
                f"the master key file {self.path} is sealed under another credential, or was changed: put back the "
                "credential or the key file that belongs to it",
            ) from None
        self._salt = salt
        return opened

    def _key_of(self, salt: bytes) -> bytes:
        """The key made from the credential, which may be a passphrase: Argon2id, RFC 9106 (its second choice)."""
        if self._made[0] != salt:
            from argon2.low_level import Type, hash_secret_raw

            secret, cost = self._credential or b"", {"time_cost": 3, "memory_cost": 65536, "parallelism": 4}
            self._made = salt, hash_secret_raw(secret, salt, **cost, hash_len=KEY_BYTES, type=Type.ID)
        return self._made[1]

    # -- writing ---------------------------------------------------------------------------------------------------

    def _content(self, keys: Keys) -> bytes:
        text = text_of(keys).encode("ascii")
        if self._credential is None:
            return text
        salt = self._salt or secrets.token_bytes(_SALT_BYTES)
        suite = sealing.SM4_GCM_SM3 if keys.hash is SM3 else sealing.AES_256_GCM
        sealed = sealing.seal(suite, self._key_of(salt), text, b"key file")
        self._salt = salt
        return f"{_SEALED} {salt.hex()}\n{sealed.hex()}\n".encode("ascii")

    def _make(self, keys: Keys) -> None:
        """Make a whole key file or none; of two processes that start at once, one makes it and both read it."""
        with self._writing():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked():
                draft = draft_beside(self.path, self._content(keys), 0o600)
                try:
                    os.link(draft, self.path)
                except FileExistsError:
                    return
                finally:
                    draft.unlink()
                sync_folder(self.path.parent)

    def _replace(self, content: bytes) -> None:
        about = self.path.stat()
        draft, old = draft_beside(self.path, content, 0o600, about), beside(self.path)
        before = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            # A name for the old content, so that it is found and overwritten after a power cut; some file systems
            # have no second names.
            with suppress(OSError):
                os.link(self.path, old)
            draft.replace(self.path)
            sync_folder(self.path.parent)
            _overwrite(before)
        finally:
            os.close(before)
            for one in (draft, old):
                one.unlink(missing_ok=True)

    def _left(self) -> list[Path]:
        """What a process that was killed has left."""
        return sorted(self.path.parent.glob(f".{self.path.name}.{'[0-9a-f]' * 16}"))

    def _clean(self) -> None:
        with suppress(OSError):
            if not self._left():
                return
            with self._locked():
                for one in self._left():
                    handle = os.open(one, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
                    try:
                        if not self.path.samefile(one):
                            _overwrite(handle)
                    finally:
                        os.close(handle)
                    one.unlink()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Be the only process that changes the file. The folder is locked, since the file is replaced."""
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise VaultError(
                "key_unwritable",
                f"主密钥文件 {self.path} 无法写入：{error.strerror}；请检查磁盘空间和权限，过期的密钥尚未销毁 / "
                f"the master key file {self.path} cannot be written: {error.strerror}; see to the disk and its "
                "permissions: keys that are over are not destroyed yet",
                no_room=error.errno in NO_ROOM,
                read_only=error.errno == errno.EROFS,
            ) from None


def _missing(path: Path) -> VaultError:
    return VaultError(
        "key_missing",
        f"找不到主密钥文件 {path}，数据库已用它加密：请从备份处放回，或改正 store.key_file / "
        f"the master key file {path} is not there, and the store is sealed with it: "
        "put it back from where you keep its copy, or correct store.key_file",
    )


def _overwrite(handle: int) -> None:
    size = os.fstat(handle).st_size
    os.pwrite(handle, os.urandom(size), 0)
    os.fsync(handle)
