"""Browser profiles that one test lends to the next.

A new profile with a page costs a second of work: a process of its own that learns all fonts and scripts anew. Going to
another address in a page that is there costs a quarter of that. So profiles are kept and cleared between tests of
everything that would tell one test of another.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, Frame, Page
from playwright.sync_api import Error as BrowserError

NOWHERE = "about:blank"


class Profile:
    """A profile with one page.

    Args:
        browser: where to make it.
        clock: whether its pages' time is in the test's hand; it runs until the test says otherwise.
        script: run in every page before the page's own.
        options: of the profile, as :meth:`playwright.sync_api.Browser.new_context` takes them.
    """

    def __init__(self, browser: Browser, *, clock: bool, script: str, **options: Any) -> None:
        self._context = browser.new_context(locale="zh-CN", **options)
        if script:
            self._context.add_init_script(script)
        self._clock = clock
        self._errors: list[str] = []
        self._origins: set[str] = set()
        self._context.set_default_timeout(30_000)
        self.page = self._context.new_page()
        self.page.on("pageerror", lambda error: self._errors.append(str(error)))
        self.page.on("framenavigated", self._remember)
        self._protocol = self._context.new_cdp_session(self.page)
        self._listeners: list[tuple[Any, Callable[..., object]]] = []
        listen = self.page.on

        def listen_until_cleared(event: Any, listener: Callable[..., object]) -> None:
            self._listeners.append((event, listener))
            listen(event, listener)

        self.page.on = listen_until_cleared  # type: ignore[method-assign, assignment]

    def lend(self, width: int, height: int) -> Page:
        """The page, of this size, as if nobody had used it before."""
        self.page.set_viewport_size({"width": width, "height": height})
        if self._clock:
            self.page.clock.install()
            self.page.clock.resume()
        return self.page

    def clear(self) -> list[str]:
        """Forget all that the test left.

        Returns:
            The errors of the page's scripts meanwhile.

        Raises:
            BrowserError: the page is gone; close the profile.
        """
        clock_left = not self._clock and self.page.evaluate("'__pwClock' in globalThis")
        assert not clock_left, "a clock would stay for the next test: ask for new_page(clock=True)"
        errors = self._errors.copy()
        for other in self._context.pages:
            if other is not self.page:
                other.close()
        # Else they would hear of all requests of later tests; the browser tells of each that anybody listens for.
        while self._listeners:
            self.page.remove_listener(*self._listeners.pop())
        self.page.unroute_all()
        self._context.unroute_all()
        self._context.set_offline(False)
        self._context.clear_permissions()
        self.page.goto(NOWHERE)
        self.page.mouse.move(0, 0)
        # Cookies are of a host, whatever the port: the next hall would get them.
        self._context.clear_cookies()
        for origin in self._origins:
            self._protocol.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        self._origins.clear()
        self._errors.clear()
        return errors

    def close(self) -> None:
        """Throw it away."""
        self._context.close()

    def _remember(self, frame: Frame) -> None:
        scheme, _, rest = frame.url.partition("://")
        if scheme in ("http", "https"):
            self._origins.add(f"{scheme}://{rest.partition('/')[0]}")


class Profiles:
    """All profiles of a browser, those of the same kind for one test after another.

    Args:
        browser: where they are.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: defaultdict[str, list[Profile]] = defaultdict(list)
        self._lent: list[tuple[str, Profile]] = []

    def lend(self, width: int, height: int, **kind: Any) -> Page:
        """A page nobody else has, of a profile of this kind; see :class:`Profile`."""
        key = repr(sorted(kind.items()))
        profile = self._free[key].pop() if self._free[key] else Profile(self._browser, **kind)
        self._lent.append((key, profile))
        return profile.lend(width, height)

    def take_back(self) -> list[str]:
        """Take back all that is lent; the errors of the pages' scripts."""
        errors: list[str] = []
        while self._lent:
            key, profile = self._lent.pop()
            try:
                errors += profile.clear()
            except (AssertionError, BrowserError):
                profile.close()
                raise
            self._free[key].append(profile)
        return errors
