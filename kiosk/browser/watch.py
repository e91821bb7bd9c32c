"""Keeps a browser on one page: starts it, asks every second how its page is, and brings the page back.

::

    the program has ended, or does not answer     started anew, on an empty profile
    the page has crashed, is at another address,
    answered with an error or is not whole        opened again, once the server answers
    a second page, a dialog, a download           closed, dismissed, refused
    the server does not answer                    a page of our own says so (:mod:`kiosk.browser.local_page`)

A page that is there and has lost its server is left alone: it greys itself, and follows again when the server is back.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from kiosk.browser.asking import HallServer
from kiosk.browser.chromium import clean_profile
from kiosk.browser.devtools import BrowserError, BrowserGoneError, DeafError, DevTools, RefusedError
from kiosk.browser.local_page import Kind, LocalPage, Waiting, guard
from kiosk.browser.screen_power import ScreenPower

log = logging.getLogger(__name__)

BEAT = 1.0
"""Seconds between looks at the page."""
DEAF = 4.0
"""Seconds that browser or page may take to answer."""
STARTED = 45.0
"""Seconds that the browser may take to start, less than a watchdog waits: a small box with a slow card needs half."""
LOADED = 20.0
"""Seconds that a page may take to come, and then to be whole."""
AGAIN = 2.0
"""Seconds until a page that did not open is opened again."""
PAUSE = 0.5
PAUSE_LATER = 2.0
"""Seconds until a browser that ended is started again: at first, and once it has ended ``SOON`` times in a row. With
what it takes to find that one hangs, and to start it, the page is back within ten."""
SOON = 5
LASTING = 30.0
"""Seconds after which a browser that ends no longer counts as one in a row."""

_ANY_PAGE = frozenset({"page", "other"})
_LOOK = "window.quhaoGuard ? window.quhaoGuard() : null"


@dataclass(frozen=True)
class Place:
    """A page of a server: its address, of which ``secret`` (behind ``#``) is never logged.

    The page may change what stands behind its path, and go on to pages below it.
    """

    url: str
    secret: str = ""

    @property
    def origin(self) -> str:
        """Scheme, host and port, as a browser writes them."""
        parts = urlsplit(self.url)
        port = {"http": 80, "https": 443}.get(parts.scheme)
        host = (parts.hostname or "").lower()
        host = f"[{host}]" if ":" in host else host
        return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, port) else "")

    def holds(self, origin: str, path: str) -> bool:
        """Whether a page at this origin and path (with its query) is this one, or one below it."""
        wanted = urlsplit(self.url)
        own = wanted.path + (f"?{wanted.query}" if wanted.query else "")
        return origin == self.origin and (path == own or path.startswith((f"{own}/", f"{own}?")))


class Guide(Protocol):
    """Says what the browser is to show; asked every second."""

    def look(self) -> Place | LocalPage:
        """What it is to show now; takes a few seconds at most."""


@dataclass(frozen=True)
class Always:
    """The guide of a browser that shows one page for ever."""

    place: Place

    def look(self) -> Place:
        """The page."""
        return self.place


class Watch:
    """A browser that is kept on what its guide says; for one thread.

    Args:
        command: the browser's command.
        profile: the folder of its profile, emptied at each start.
        guide: says what to show.
        server: which it is on.
        kind: the looks of the pages of our own.
        power: has the screen itself follow the page.
        patience: seconds that browser and page may take to answer.
        told: waits so many seconds and tells whether to end.
        alive: called each time all is as it should be, also while a server is waited for, and before the browser is
            started; for a watchdog.
        status: called with what is shown, whenever that changes; for the service manager.
    """

    def __init__(
        self,
        command: Sequence[str],
        profile: Path,
        guide: Guide,
        server: HallServer,
        kind: Kind,
        *,
        power: ScreenPower,
        patience: float = DEAF,
        told: Callable[[float], bool],
        alive: Callable[[], None] = lambda: None,
        status: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._command = command
        self._profile = profile
        self._guide = guide
        self._server = server
        self._kind = kind
        self._power = power
        self._patience = patience
        self._told = told
        self._alive = alive
        self._status = status

    def run(self) -> None:
        """Keep the browser until told to end; raises OSError where it cannot be started at all."""
        try:
            self._keep()
        finally:
            self._power.end()

    def _keep(self) -> None:
        in_a_row = 0
        while not self._told(0):
            self._alive()
            clean_profile(self._profile)
            began = time.monotonic()
            browser, is_deaf = DevTools(self._command), False
            try:
                page = _Page(browser, self._server, self._kind, self._status, self._patience)
                while not self._told(0):
                    page.keep(self._guide.look())
                    self._power.follow(dark=page.is_dark)
                    self._alive()
                    browser.wait(BEAT)
            except BrowserError as error:
                is_deaf = isinstance(error, DeafError)
                log.warning("the browser is started again: %s", error)
            finally:
                browser.end(at_once=is_deaf)
            in_a_row = in_a_row + 1 if time.monotonic() - began < LASTING else 0
            if self._told(PAUSE if in_a_row < SOON else PAUSE_LATER):
                return


class _Page:
    """The one page of a browser; ``is_dark``: by the hall's hours nobody looks at it."""

    def __init__(
        self, browser: DevTools, server: HallServer, kind: Kind, status: Callable[[str], None], patience: float
    ) -> None:
        self._browser = browser
        self._patience = patience
        self._server = server
        self._kind = kind
        self._status = status
        self._shown: Place | LocalPage | None = None
        self._scale: float | None = None
        self._again_at = 0.0
        self.is_dark = False
        browser.call("Browser.getVersion", timeout=STARTED)
        self._target = self._first_page()
        attached = browser.call(
            "Target.attachToTarget", {"targetId": self._target, "flatten": True}, timeout=self._patience
        )
        self._session: str = attached["sessionId"]
        browser.call("Target.setDiscoverTargets", {"discover": True}, timeout=self._patience)
        browser.call("Browser.setDownloadBehavior", {"behavior": "deny"}, timeout=self._patience)
        self._ask("Page.enable")
        self._ask("Page.addScriptToEvaluateOnNewDocument", {"source": guard()})
        self._ask("Page.setInterceptFileChooserDialog", {"enabled": True})

    def keep(self, wanted: Place | LocalPage) -> None:
        """Look at the page, and put right what is not as it should be.

        Raises:
            BrowserError: the browser has ended or does not answer.
        """
        self._hear()
        if isinstance(wanted, Place):
            trouble = self._trouble(wanted) if self._shown == wanted else "it is not shown"
            if trouble and time.monotonic() >= self._again_at:
                log.info("the page is opened: %s", trouble)
                self._open(wanted)
        elif self._shown != wanted:
            self._show(wanted)
        if not isinstance(self._shown, Place):
            # A page of our own needs nothing, but it must be there.
            self._evaluate("1")

    def _open(self, wanted: Place) -> None:
        """Open a page of the server; a page of our own stands there while that cannot be."""
        waiting = Waiting(self._kind, self._server.origin)
        if self._server.has(wanted.url):
            went = self._ask("Page.navigate", {"url": f"{wanted.url}{'#' if wanted.secret else ''}{wanted.secret}"})
            failed = str(went.get("errorText", ""))
            self._again_at = time.monotonic() + AGAIN
            if not failed:
                self._now_shows(wanted, wanted.url)
                return
            log.warning("%s: %s", wanted.url, failed)
            waiting = Waiting(self._kind, self._server.origin, "BLOCKED_BY_ADMINISTRATOR" in failed)
            self._shown = None
        if self._shown != waiting:
            self._show(waiting)

    def _show(self, wanted: LocalPage) -> None:
        """Show a page of our own."""
        self._ask("Page.navigate", {"url": "about:blank"})
        frame = self._ask("Page.getFrameTree")["frameTree"]["frame"]["id"]
        self._ask("Page.setDocumentContent", {"frameId": frame, "html": wanted.html()})
        self._now_shows(wanted, type(wanted).__name__)

    def _now_shows(self, what: Place | LocalPage, words: str) -> None:
        self._shown, self._scale, self.is_dark = what, None, False
        self._status(words)

    def _trouble(self, shown: Place) -> str | None:
        """What is wrong with the page; None for nothing."""
        found = self._evaluate(_LOOK)
        if not isinstance(found, dict):
            return "it is not there"
        if found["status"] >= 400:
            return f"the server answered {found['status']}"
        if not shown.holds(found["origin"], found["path"]):
            return "it is at another address"
        if found["broken"]:
            return "a part of it did not come"
        if found["loading"] > LOADED:
            return "it does not get whole"
        self.is_dark = found["dark"]
        if self._scale is None:
            self._scale = found["scale"]
        if found["scale"] != self._scale:
            # Only an empty profile forgets a zoom.
            raise BrowserError("the page is enlarged")
        return None

    def _evaluate(self, expression: str) -> object:
        asked = {"expression": expression, "returnByValue": True}
        try:
            return self._ask("Runtime.evaluate", asked).get("result", {}).get("value")
        except RefusedError as error:
            # It is just going to another page, or has crashed.
            log.debug("%s", error)
            return None

    def _ask(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        patience = self._patience + (LOADED if method == "Page.navigate" else 0)
        return self._browser.call(method, params, session=self._session, timeout=patience)

    def _first_page(self) -> str:
        until = time.monotonic() + STARTED
        while time.monotonic() < until:
            targets = self._browser.call("Target.getTargets", timeout=self._patience)["targetInfos"]
            for one in targets:
                if one["type"] == "page":
                    return str(one["targetId"])
            self._browser.wait(BEAT / 4)
        raise BrowserError("the browser opens no page")

    def _hear(self) -> None:
        """Take what the browser told."""
        while self._browser.events:
            event = self._browser.events.popleft()
            name, about = event["method"], event.get("params", {})
            if name in ("Target.targetCreated", "Target.targetInfoChanged"):
                target = about["targetInfo"]
                if target["type"] in _ANY_PAGE and target["targetId"] != self._target:
                    self._close(target["targetId"])
            elif name == "Target.targetDestroyed" and about["targetId"] == self._target:
                raise BrowserGoneError("its page was closed")
            elif name == "Target.detachedFromTarget" and about.get("sessionId") == self._session:
                raise BrowserGoneError("its page was taken away")
            elif name == "Inspector.targetCrashed":
                log.warning("the page has crashed")
                self._shown, self._again_at = None, 0.0
            elif name == "Page.javascriptDialogOpening":
                with suppress(RefusedError):  # it has gone already
                    self._ask("Page.handleJavaScriptDialog", {"accept": False})

    def _close(self, target: str) -> None:
        log.warning("a second page was opened, and is closed")
        with suppress(RefusedError):  # it has gone already
            self._browser.call("Target.closeTarget", {"targetId": target}, timeout=self._patience)
