"""What a screen box shows: it asks the server, which a technician has told by the code on this very screen.

The box makes a secret of its own and keeps it with what it showed last, so that after a power cut it shows that at
once, also where the server has lost its store for a while. It makes a token, too, of which it tells the hash alone; the
token opens the kiosk or a second screen once a technician has said that this screen shows it, and nothing before.
"""

import hashlib
import json
import logging
import os
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from kiosk.browser.asking import HallServer, NoAnswerError
from kiosk.browser.local_page import CodeShown, LocalPage, Waiting
from kiosk.browser.watch import Place

log = logging.getLogger(__name__)

STATE = "screen.json"
REPORT = "/api/v1/screens/report"
LONGEST_TROUBLE = 200
"""Characters that are told of what keeps the screen from being switched."""
OFTEN, SELDOM = 2.0, 5.0
"""Seconds between questions: while a code is shown, and later."""
_PATH = re.compile(r"/(?!/)[A-Za-z0-9/_?=&%.~-]{0,300}")
"""A page of the server, as it says it: never another address."""
_SECRET, _TOKEN = re.compile(r"[\w-]{43}", re.ASCII), re.compile(r"(quhao_[\w-]{43})?", re.ASCII)


@dataclass(frozen=True)
class _State:
    secret: str
    path: str | None = None
    token: str = ""
    with_token: bool = False

    def place(self, origin: str) -> Place | None:
        """What it shows of the server; None where that has told none."""
        return Place(origin + self.path, f"token={self.token}" if self.with_token else "") if self.path else None


class Assignment:
    """The guide of a screen's browser (:class:`kiosk.browser.watch.Guide`).

    Args:
        folder: where its state is kept; for this user alone.
        server: whom it asks.
        name: of this screen, until a technician gives it another.
        trouble: what keeps it from being switched off or on (:attr:`kiosk.browser.screen_power.ScreenPower.trouble`).
        ticks: monotonic seconds.
    """

    def __init__(
        self,
        folder: Path,
        server: HallServer,
        name: str,
        trouble: Callable[[], str] = lambda: "",
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = folder / STATE
        self._server = server
        self._name = name
        self._trouble = trouble
        self._ticks = ticks
        self._kept = _read(self._file)
        known = self._kept or _State(secrets.token_urlsafe(32))
        # That of an earlier version has no token.
        self._state = known if known.token else replace(known, token=f"quhao_{secrets.token_urlsafe(32)}")
        # What the server asks for: one of an earlier version would refuse a report that has it.
        self._tells_token = self._tells_trouble = False
        self._next = 0.0
        self._shows: Place | LocalPage = self._state.place(server.origin) or Waiting("screen", server.origin)

    def look(self) -> Place | LocalPage:
        """What to show now."""
        if self._ticks() < self._next:
            return self._shows
        self._next = self._ticks() + SELDOM
        try:
            self._take(self._server.post(REPORT, self._report()))
        except (NoAnswerError, KeyError, TypeError, ValueError) as error:
            log.debug("the server does not say what to show: %s", error)
            self._tells_token = self._tells_trouble = False
            if isinstance(self._shows, CodeShown):
                # Its code may be over before the server is back.
                self._shows = Waiting("screen", self._server.origin)
            if isinstance(self._shows, Waiting):
                self._next = self._ticks() + OFTEN
        return self._shows

    def _report(self) -> dict[str, Any]:
        told = {"secret": self._state.secret, "name": self._name}
        if self._tells_token:
            told["token_hash"] = hashlib.sha256(self._state.token.encode()).hexdigest()
        if self._tells_trouble:
            told["switch_trouble"] = self._trouble()[:LONGEST_TROUBLE]
        return told

    def _take(self, told: dict[str, Any]) -> None:
        path = told["path"]
        if path is not None and not _PATH.fullmatch(path):
            raise ValueError("not a page of the server")
        state = replace(self._state, path=path, with_token=told.get("with_token") is True)
        place = state.place(self._server.origin)
        if place:
            self._shows = place
        else:
            until = datetime.fromisoformat(told["code_until"]).strftime("%H:%M")
            self._shows = CodeShown(str(told["name"]), str(told["code"]), until, self._server.origin)
            self._next = self._ticks() + OFTEN
        self._state = state
        # Kept before the code is shown: a technician had better not bind a screen that forgets who it is.
        if state != self._kept:
            try:
                _write(self._file, state)
                self._kept = state
            except OSError as error:
                # A full disk, or one that is not to be written to: it shows what it is told until it is switched off.
                log.error("%s: %s; after a restart this screen begins anew", self._file, error.strerror)
        self._tells_trouble = told.get("trouble_wanted") is True
        self._tells_token = told.get("token_wanted") is True and state == self._kept
        if self._tells_token:
            self._next = self._ticks()


def _read(file: Path) -> _State | None:
    """None where there is none, or none that can be read: the screen then shows a code again."""
    try:
        found = json.loads(file.read_bytes())
        secret, path, token = found["secret"], found.get("path"), found.get("token", "")
        if all((_SECRET.fullmatch(secret), path is None or _PATH.fullmatch(path), _TOKEN.fullmatch(token))):
            return _State(secret, path, token, found.get("with_token") is True)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        log.warning("%s cannot be read: this screen begins anew", file)
    return None


def _write(file: Path, state: _State) -> None:
    """Whole or not at all, also at a power cut; for this user alone."""
    draft = file.with_suffix(".new")
    with suppress(FileNotFoundError):
        draft.unlink()
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        json.dump(vars(state), out)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
