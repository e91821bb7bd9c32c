"""An update of this box with a way back: one machine of steps, each of which may be done twice.

::

    backing_up → stopping → migrating → switching → starting → on_trial → confirmed
         └──────────┴───────────┴──────────┴───────────┴──────────┴→ going_back → went_back

The journal names the step *before* it is done, durably. A power cut, a killed update or a version that does not get
well leads to one rule: **what is not confirmed goes back**. That is safe at every step, since nothing is taken away:

* the version before can work on the schema of the next one (``READABLE_FROM``), so the store stays as it is, with all
  that was issued meanwhile; a migration is one transaction, and there or not;
* the backup that is made first is for people; no update ever restores it by itself;
* what runs after a power cut is told by one link (:mod:`kiosk.box.versions`).
"""

import json
import os
import pwd
import shlex
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.engine import make_url

from config.settings import Settings
from kiosk.box.disks import FULL, MB
from kiosk.box.readiness import UnansweredError, ask, ask_readiness
from kiosk.box.versions import UpdateError, Version, Versions, order
from ticketing.files import replace_whole
from ticketing.store.base import StoreOpenError, Turn
from ticketing.store.opening import is_store, schema_of

JOURNAL = "update.json"
UNIT = "quhao.service"
ROOM = 64 * MB
"""Bytes that an update wants free beside what the backup and the migration take."""
_COMMAND_SECONDS = 3600.0
_SERVICE_SECONDS = 60.0
_LOOK = 0.5
_WELL_FOR = 2
"""Looks at a new version, one after the other, at which it must be well."""


class Step(StrEnum):
    """Where an update stands; see the module."""

    BACKING_UP = "backing_up"
    STOPPING = "stopping"
    MIGRATING = "migrating"
    SWITCHING = "switching"
    STARTING = "starting"
    ON_TRIAL = "on_trial"
    CONFIRMED = "confirmed"
    GOING_BACK = "going_back"
    WENT_BACK = "went_back"

    @property
    def is_over(self) -> bool:
        """Whether nothing of the update is left to be done."""
        return self in (Step.CONFIRMED, Step.WENT_BACK)


@dataclass(frozen=True)
class Journal:
    """The last update of this box.

    Attributes:
        before, after: the versions.
        step: the one that is being done.
        ran: whether the service ran before.
        at: when the step was begun, RFC 3339 in UTC.
        reason: why it went back: ``asked``, ``interrupted`` or ``failed``; None: it did not.
        told: the same in words.
    """

    before: str
    after: str
    step: Step
    ran: bool
    at: str
    reason: str | None = None
    told: str = ""

    @property
    def failed(self) -> bool:
        """Whether it went back, and nobody had asked for that."""
        return self.step is Step.WENT_BACK and self.reason != "asked"


class Service(Protocol):
    """Whoever starts and stops ``quhao run`` on this box."""

    def runs(self) -> bool:
        """Whether it runs, or is to."""

    def stop(self) -> None:
        """Have it stopped when this returns; raises UpdateError."""

    def start(self) -> None:
        """Have the current version started; raises UpdateError."""


class CommandService:
    """A service behind a command, which is given ``start``, ``stop`` or ``status`` (exit code 0: it runs)."""

    def __init__(self, command: str) -> None:
        self._command = shlex.split(command)

    def runs(self) -> bool:
        """See :class:`Service`."""
        return self._do("status", may_fail=True) == 0

    def stop(self) -> None:
        """See :class:`Service`."""
        self._do("stop")

    def start(self) -> None:
        """See :class:`Service`."""
        self._do("start")

    def _do(self, verb: str, *, may_fail: bool = False) -> int:
        command = self._verb(verb)
        try:
            # A service that it starts keeps its output, and must not keep ours open.
            code = subprocess.run(  # noqa: S603 - words of the one who updates
                command, stdin=subprocess.DEVNULL, timeout=_SERVICE_SECONDS, check=False
            ).returncode
        except (OSError, subprocess.TimeoutExpired) as error:
            code, why = 1, type(error).__name__
        else:
            why = f"exit code {code}"
        if code and not may_fail:
            said = shlex.join(command)
            raise UpdateError("update_failed", f"命令失败：{said}（{why}） / {said} failed ({why})")
        return code

    def _verb(self, verb: str) -> list[str]:
        return [*self._command, verb]


class SystemdService(CommandService):
    """The unit of systemd."""

    def __init__(self) -> None:
        super().__init__("systemctl")

    def _verb(self, verb: str) -> list[str]:
        # How a start ends is seen by the service itself; a version that hangs would keep systemctl waiting.
        words = {"status": ("is-active", "--quiet"), "start": ("start", "--no-block")}.get(verb, (verb,))
        return ["systemctl", *words, UNIT]


class NoService:
    """A box without systemd, on which whoever updates stops and starts the service by hand."""

    def runs(self) -> bool:
        """See :class:`Service`."""
        return False

    def stop(self) -> None:
        """See :class:`Service`."""

    def start(self) -> None:
        """See :class:`Service`."""


def service_of(command: str | None) -> Service:
    """The service behind ``command``; without one, systemd's where it runs this machine (sd_booted(3))."""
    if command:
        return CommandService(command)
    return SystemdService() if Path("/run/systemd/system").is_dir() else NoService()


def journal_of(settings: Settings) -> Journal | None:
    """The journal of the last update; None where there was none, or where it cannot be read."""
    try:
        told = json.loads(_path(settings).read_bytes())
        return Journal(**told | {"step": Step(told["step"])})
    except (OSError, ValueError, TypeError, LookupError):
        return None


class Updates:
    """Updates this box.

    Args:
        settings: of the box.
        config: the file they come from.
        versions: the versions on it.
        service: what starts and stops its service.
        tell: is told of each step, in words.
        turn: waits for the turn of this box among the boxes of the hall, and holds it.
    """

    def __init__(
        self,
        settings: Settings,
        config: Path,
        versions: Versions,
        service: Service,
        tell: Callable[[str], None],
        turn: Callable[[], AbstractContextManager[Turn]],
    ) -> None:
        self._settings = settings
        self._config = config.absolute()
        self._versions = versions
        self._service = service
        self._tell = tell
        self._turn = turn
        self._data = settings.store.key_file.absolute().parent

    def apply(self, name: str, *, trial: bool = False, anyway: bool = False) -> None:
        """Bring this box to another version, and back if that one does not get well.

        Args:
            name: the version.
            trial: leave it on trial until :meth:`confirm`; a start of the machine before that goes back.
            anyway: although another box of the hall went back from this version.

        Raises:
            UpdateError: refused, and nothing was changed; or ``update_failed``: the version before runs again.
        """
        with self._versions.alone():
            self._recover(boot=False)
            after = self._versions.read(name)
            before = self._checked(after)
            with self._turn() as turn:
                other = turn.stopped_by(name)
                if other and not anyway:
                    raise UpdateError(
                        "update_stopped",
                        f"主机 {other} 更新到 {name} 后已退回，请先看那台的 quhao update status，仍要更新加 --anyway"
                        f" / the box {other} went back from {name}: see quhao update status there; --anyway goes on",
                    )
                try:
                    self._go(before, after, trial)
                except UpdateError:
                    turn.note(name, went_back=True)
                    raise
                turn.note(name, went_back=False)

    def confirm(self) -> None:
        """Keep the version that is on trial. Raises UpdateError (``update_none``)."""
        with self._versions.alone():
            journal = journal_of(self._settings)
            if journal is None or journal.step is not Step.ON_TRIAL:
                raise UpdateError("update_none", "没有试运行的版本 / no version is on trial")
            self._confirm(journal)

    def revert(self) -> None:
        """Go back to the version before the last update.

        Raises:
            UpdateError: ``update_none``: there is none to go back to; ``version_missing``, ``version_incomplete``;
                ``version_apart``: it could not work on the store.
        """
        with self._versions.alone():
            journal = journal_of(self._settings)
            if journal is None or journal.step is Step.WENT_BACK:
                raise UpdateError("update_none", "没有可以退回的更新 / there is no update to go back from")
            before = self._versions.read(journal.before)
            self._can_work(before)
            with self._turn():
                self._go_back(replace(journal, ran=journal.ran or self._service.runs()), "asked", "")

    def recover(self, *, boot: bool) -> Journal | None:
        """End an update that was cut off: what is not confirmed goes back. The journal of what there was to end.

        ``boot``: the service has not been started yet, and whoever started the machine does that.
        """
        with self._versions.alone():
            return self._recover(boot=boot)

    # Steps

    def _go(self, before: Version, after: Version, trial: bool) -> None:
        ran = self._service.runs()
        if not ran and self._answers():
            raise UpdateError(
                "update_failed",
                "服务正在运行，而本机没有 systemd：请先停止它 / the service runs, and not by systemd: stop it first",
            )
        lacked = self._missing_or_none() if ran else None
        journal = Journal(before.name, after.name, Step.BACKING_UP, ran, _now())
        try:
            journal = self._note(journal, Step.BACKING_UP, "正在备份 / backing up")
            self._back_up(before)
            journal = self._note(journal, Step.STOPPING, "正在停止服务 / stopping the service")
            self._stop()
            journal = self._note(journal, Step.MIGRATING, "正在升级数据库 / bringing the store up to date")
            if self._has_store():
                self._run(after.name, "update", "migrate")
            journal = self._note(journal, Step.SWITCHING, f"切换到 {after.name} / switching to {after.name}")
            self._versions.link("current", after.name)
            journal = self._note(journal, Step.STARTING, "正在启动并检查 / starting it, and looking how it is")
            if ran:
                self._service.start()
                self._see_that_it_is_well(lacked, after)
            journal = self._note(journal, Step.ON_TRIAL, "")
            if not trial:
                self._confirm(journal)
        except (UpdateError, OSError, KeyboardInterrupt) as error:
            reason = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            told = str(error) or "被中断 / it was interrupted"
            self._go_back(journal, reason, told)
            raise UpdateError(
                "update_failed",
                f"{told}\n已退回 {before.name}，数据完整 / gone back to {before.name}, with all data",
            ) from error
        if trial:
            self._tell(
                f"{after.name} 试运行中：用 quhao update confirm 保留，用 quhao update revert 退回，重新开机也会退回 / "
                f"{after.name} is on trial: keep it by quhao update confirm, go back by quhao update revert; a start "
                "of the machine goes back, too"
            )

    def _confirm(self, journal: Journal) -> None:
        self._versions.link("confirmed", journal.after)
        self._note(journal, Step.CONFIRMED, f"已更新到 {journal.after} / updated to {journal.after}")
        with suppress(OSError):
            self._versions.prune({journal.before})

    def _go_back(self, journal: Journal, reason: str, told: str, *, boot: bool = False) -> None:
        begun = replace(journal, reason=journal.reason or reason, told=journal.told or told)
        # On a full disk the links alone take it back, and the journal is written once there is room.
        with suppress(OSError):
            self._note(begun, Step.GOING_BACK, f"退回 {journal.before} / going back to {journal.before}")
        stopped = journal.step is not Step.BACKING_UP or self._versions.current != journal.before
        if stopped and not boot:
            self._try(self._service.stop)
        self._versions.link("current", journal.before)
        self._versions.link("confirmed", journal.before)
        if journal.ran and not boot:
            self._try(self._service.start)
        with suppress(OSError):
            self._note(begun, Step.WENT_BACK, "")
        with suppress(OSError):
            self._versions.prune({journal.after})

    def _try(self, verb: Callable[[], None]) -> None:
        """On the way back nothing keeps the links from being set right."""
        try:
            verb()
        except UpdateError as error:
            self._tell(str(error))

    def _recover(self, *, boot: bool) -> Journal | None:
        journal = journal_of(self._settings)
        if journal is None or journal.step.is_over:
            return None
        if self._versions.confirmed == journal.after and journal.step is not Step.GOING_BACK:
            self._confirm(journal)
        else:
            self._go_back(
                journal, "interrupted", "更新时断电或被中断 / the update was cut off, as by a power cut", boot=boot
            )
        return journal_of(self._settings)

    def _note(self, journal: Journal, step: Step, said: str) -> Journal:
        """Write down the step that comes now."""
        if said:
            self._tell(said)
        noted = replace(journal, step=step, at=_now())
        content = json.dumps(asdict(noted), ensure_ascii=False, indent=1).encode()
        # Readable by the service, which tells of it.
        replace_whole(_path(self._settings), content, mode=0o644, like=self._settings.store.key_file)
        return noted

    # What is looked at before

    def _checked(self, after: Version) -> Version:
        """The version that runs, if this box may go from it to ``after``."""
        current = self._versions.current
        if current is None:
            raise UpdateError("update_none", "本机没有安装任何版本 / no version is installed on this box")
        if current == after.name:
            raise UpdateError("version_same", f"本机已经是 {after.name} / this box is at {after.name} already")
        before = self._versions.read(current)
        if order(after.name) < order(before.name):
            raise UpdateError(
                "version_older",
                f"{after.name} 比 {before.name} 旧：只能用 quhao update revert 退回上一个版本 / "
                f"{after.name} is older than {before.name}: quhao update revert goes back, by one version",
            )
        if before.schema < after.readable_from:
            raise UpdateError(
                "version_apart",
                f"从 {before.name} 到 {after.name} 跨度太大，无法退回：请先更新到中间的版本 / "
                f"{before.name} could not go on after {after.name}: update to a version in between first",
            )
        self._can_work(after)
        self._has_room()
        return before

    def _can_work(self, version: Version) -> None:
        """See that a version can work on the store, now or after its migration."""
        if not self._has_store():
            return
        try:
            schema = schema_of(self._settings.store.url)
        except StoreOpenError as error:
            raise UpdateError("update_failed", str(error)) from error
        if schema.version and schema.version > version.schema and (schema.readable_from or "9") > version.schema:
            raise UpdateError(
                "version_apart",
                f"{version.name} 读不了现在的数据库（{schema.version}） / "
                f"{version.name} cannot work on the store as it is now ({schema.version})",
            )

    def _has_room(self) -> None:
        url = make_url(self._settings.store.url)
        files = [Path(f"{url.database}{end}") for end in ("", "-wal")] if url.get_backend_name() == "sqlite" else []
        # The backup, and the log of a migration that touches every page.
        size = sum(one.stat().st_size for one in files if one.exists())
        for folder, needed in (
            (self._data, size + ROOM),
            (self._settings.backup.folder or self._data, size + ROOM),
            (self._versions.root, FULL),
        ):
            there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.is_dir())
            about = os.statvfs(there)
            free = about.f_bavail * about.f_frsize
            if free < needed:
                raise UpdateError(
                    "update_no_room",
                    f"磁盘空间不够：{there} 需要 {needed // MB} MB，只剩 {free // MB} MB / "
                    f"not enough room: {there} needs {needed // MB} MB, and {free // MB} MB are free",
                )

    def _has_store(self) -> bool:
        try:
            return is_store(self._settings.store.url)
        except StoreOpenError as error:
            raise UpdateError("update_failed", str(error)) from error

    # What is done

    def _back_up(self, before: Version) -> None:
        if not self._has_store():
            return
        if self._settings.backup.folder is not None:
            self._run(before.name, "backup", "auto")
            return
        self._run(before.name, "backup", "to", str(self._data / f"before-{before.name}.backup"))

    def _stop(self) -> None:
        self._service.stop()
        if self._answers():
            raise UpdateError(
                "update_failed", "服务停不下来 / the service has stopped, and something still answers in its place"
            )

    def _run(self, version: str, *arguments: str) -> None:
        """Run a command of a version to its end, as the user whose the data are."""
        command = self._versions.command(version, "--config", str(self._config), *arguments)
        try:
            done = subprocess.run(  # noqa: S603 - programs of ours
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=_COMMAND_SECONDS,
                check=False,
                text=True,
                cwd="/",
                **self._as_owner(),
            )
            why = "" if not done.returncode else (done.stderr.strip() or f"exit code {done.returncode}")
        except (OSError, subprocess.TimeoutExpired) as error:
            why = f"{type(error).__name__}"
        if why:
            said = f"quhao {' '.join(arguments[:2])} ({version})"
            raise UpdateError("update_failed", f"{said} 失败：{why} / {said} failed: {why}")

    def _as_owner(self) -> dict[str, Any]:
        """For a process that root starts: what makes it one of the user whose the data are."""
        about = self._data.stat()
        if os.geteuid() != 0 or about.st_uid == 0:
            return {}
        owner: dict[str, Any] = {"user": about.st_uid, "group": about.st_gid, "extra_groups": []}
        with suppress(KeyError):
            person = pwd.getpwuid(about.st_uid)
            owner["extra_groups"] = os.getgrouplist(person.pw_name, about.st_gid)
            owner["env"] = os.environ | {"HOME": person.pw_dir, "USER": person.pw_name}
        return owner

    # How the service is

    def _see_that_it_is_well(self, lacked: frozenset[str] | None, after: Version) -> None:
        """Wait until the new version lacks nothing that the version before had, and answers a question to the store.

        ``lacked`` is what that one did not have; None: it did not say, so devices and windows are left out.
        """
        deadline = time.monotonic() + self._settings.update.healthy_seconds
        well, lacking = 0, "-"
        while well < _WELL_FOR:
            try:
                now = self._missing()
                if lacked is None:
                    new = frozenset(one for one in now if not one.startswith(("device ", "service ")))
                else:
                    new = now - lacked
                well = 0 if new else well + 1
                lacking = ", ".join(sorted(new))
                if not new and ask(self._settings, "/api/v1/board")[0] != 200:
                    well, lacking = 0, "GET /api/v1/board"
            except UnansweredError as error:
                well, lacking = 0, str(error)
            if not well and time.monotonic() > deadline:
                raise UpdateError(
                    "update_failed",
                    f"{after.name} 在 {self._settings.update.healthy_seconds} 秒内没有就绪：{lacking} / "
                    f"{after.name} did not get ready within {self._settings.update.healthy_seconds} s: {lacking}",
                )
            time.sleep(_LOOK)
        if self._settings.update.test_slip:
            for device in self._settings.devices:
                if device.driver == "escpos" and f"device {device.name}" not in (lacked or ()):
                    self._run(after.name, "devices", "test", device.name)

    def _missing(self) -> frozenset[str]:
        return frozenset(one["what"] for one in ask_readiness(self._settings)["missing"])

    def _missing_or_none(self) -> frozenset[str] | None:
        try:
            return self._missing()
        except UnansweredError:
            return None

    def _answers(self) -> bool:
        try:
            ask(self._settings, "/healthz", timeout=2.0)
        except UnansweredError:
            return False
        return True


def _path(settings: Settings) -> Path:
    return settings.store.key_file.absolute().parent / JOURNAL


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def describe() -> Version:
    """What the program of this process is."""
    from importlib.metadata import version

    from ticketing.store.base import HEAD, READABLE_FROM

    return Version(version("quhao"), HEAD, READABLE_FROM)
