"""Anchors of the audit log outside the store: number and digest of its last entry, in a small file beside the key file.

Every box keeps the file of what it saw, so the log of a shared store is anchored at each of them. It is written at most
once a second, away from the verbs, and at the stop: what may be cut without an anchor's knowing is the last second's
entries of a box that lost its power, if somebody has the key file.

A log that does not continue its anchor is reported, and the anchor stays as it is: it is the proof. Once it is known
why, ``quhao audit verify --accept`` begins it anew. An anchor that is gone is begun anew, and an entry tells of it.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

from ticketing.files import replace_whole
from ticketing.model import HALL, TicketingError
from ticketing.privacy import access_log
from ticketing.privacy.audit_chain import Anchor, Head
from ticketing.privacy.vault import Vault, VaultError
from ticketing.store.base import Store

log = logging.getLogger(__name__)

_LONGEST = 200


class AnchorFile:
    """The file: one line, ``NUMBER:HEX``. Replaced as a whole."""

    def __init__(self, key_file: Path) -> None:
        self.path = key_file.with_name(f"{key_file.name}.anchor")
        self._key_file = key_file

    def read(self) -> Anchor | None:
        """The anchor; None where there is no file.

        Raises:
            VaultError: ``anchor_malformed``: it holds no anchor, or cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                return Anchor.parse(file.read(_LONGEST).decode("ascii"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            raise VaultError(
                "anchor_malformed",
                f"审计日志的锚文件 {self.path} 已被改动或无法读取 / "
                f"the anchor of the audit log, {self.path}, was changed or cannot be read",
            ) from None

    def write(self, anchor: Anchor) -> None:
        """Replace the anchor, durably; written by root, it stays the service's. Raises OSError."""
        replace_whole(self.path, f"{anchor}\n".encode("ascii"), like=self._key_file)


class Anchors:
    """Keeps this box's anchor up with the log, and says the head in the service's log once an hour and day.

    Args:
        clock: the hall's time.
        today: the hall day it is now.
    """

    def __init__(
        self, store: Store, vault: Vault, file: AnchorFile, clock: Callable[[], datetime], today: Callable[[], date]
    ) -> None:
        self._store = store
        self._vault = vault
        self._file = file
        self._clock = clock
        self._today = today
        self._said: tuple[date, int] | None = None
        self._last: Anchor | None = None
        self.trouble: str | None = None
        """Why the anchor is not kept up; None while it is."""

    def keep(self) -> None:
        """Bring the anchor to the log's last entry, if the log goes on from it.

        Raises:
            StoreError: the store does not answer; the next call tries again.
        """
        with self._store.read() as conn:
            now = access_log.head(conn, self._vault)
            try:
                kept = self._file.read()
            except VaultError as error:
                self._trouble(str(error))
                return
            gone = kept is None
            young = gone and access_log.may_lack_an_anchor(conn, now, self._clock())
            kept = kept or self._last
            if kept is not None:
                found = access_log.digest_at(conn, kept.number, now) if kept.number else None
                older = kept.number < now.first - 1
                if not older and kept.number and (found is None or not kept.fits(found)):
                    self._trouble(
                        f"审计日志与锚 {kept.short} 不符，请执行 quhao audit verify / "
                        f"the audit log does not go on from its anchor {kept.short}: run quhao audit verify"
                    )
                    return
        if gone and not young:
            # Whoever cuts the log can remove the file as well: from now on the log itself tells of it.
            log.warning(
                "审计日志没有锚文件 %s，从 %s 重新开始，请与较早的锚核对 / "
                "the audit log has no anchor at %s, it begins anew with %s: compare with an earlier one",
                *(self._file.path, now.anchor.short) * 2,
            )
            now = self._record_gone(now)
        try:
            if gone or kept != now.anchor:
                self._file.write(now.anchor)
            self._last = now.anchor
        except OSError as error:
            self._trouble(
                f"审计日志的锚文件无法写入 {self._file.path}：{error.strerror} / "
                f"the anchor of the audit log, {self._file.path}, cannot be written: {error.strerror}"
            )
            return
        self.trouble = None
        hour = self._today(), self._clock().hour
        if hour != self._said:
            self._said = hour
            log.info("审计日志 / audit log %s", now.anchor.short)

    def _record_gone(self, now: Head) -> Head:
        told = f"its file was gone; begun anew with {now.anchor.short}"
        with self._store.write() as conn:
            access_log.append_if_whole(conn, self._vault, self._clock(), HALL, "audit-anchor", told)
            return access_log.head(conn, self._vault)

    def keep_if_possible(self) -> None:
        """The same at the program's end, which nothing may hold up."""
        with suppress(TicketingError):
            self.keep()

    def _trouble(self, why: str) -> None:
        if why != self.trouble:
            log.error("%s", why)
        self.trouble = why
