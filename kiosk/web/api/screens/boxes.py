"""``/screens``: boxes that show a page of the hall; which one, a technician says by the code on the screen."""

import math
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, ClassVar, Literal
from urllib.parse import quote, urlencode

from flask import Response
from pydantic import Field, RootModel, model_validator
from pydantic_core import PydanticCustomError

from display.admission import hall_shut_words
from kiosk.web.auth import actor, allow, gate, public
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import Answer, Instant, SaidAnswer, answer, joined
from kiosk.web.schema.bodies import Body, Identifier, Line
from kiosk.web.schema.routes import NamedPath, Routes
from ticketing.model import LimitError, UnknownError
from ticketing.people.guessing import Buckets, GuessLimit, Try, network_of
from ticketing.people.principal import NAME
from ticketing.screens import own_token
from ticketing.screens.screens import AT_WINDOW, LENGTH, THEMES, PageName, Screen, Shows, Theme

GONE_AFTER = timedelta(minutes=3)
"""A screen that has not reported for so long is off, or cut off."""
NEW_AT_ONCE, NEW_EVERY = 12, 30.0
"""New screens from one address: so many at once, then one each so many seconds."""

Name = Annotated[Line, Field(min_length=1, max_length=40)]

technician = allow("technician", "manager")


class ScreenPath(NamedPath):
    """The screen's id."""

    unknown: ClassVar[str] = "unknown_screen"
    screen: int = Field(ge=1, lt=2**63)


class ReportBody(Body):
    """Who the box is: the secret that it made for itself, and a name for a new screen.

    `token_hash` is the SHA-256 of the token that it made for itself, in hexadecimal; `switch_trouble` is what the
    screen could not be switched to at night, and why: `off ddcutil ended with 1`. Each is told once it is asked for.
    """

    secret: str = Field(min_length=43, max_length=43, pattern=r"^[A-Za-z0-9_-]+$")
    name: Name
    token_hash: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    switch_trouble: Annotated[Line, Field(max_length=200, pattern=r"^((on|off) .*)?$")] | None = None


class ShowsBody(Body):
    """What a screen shows: `board` with or without a zone, `window` or `resident` with its id, `guide`, `kiosk`.

    Or `terminal`, with the name by which devices belong to it; else it has the screen's own. A `theme` is `light` for
    board and window, `large` or `contrast` for the kiosk.
    """

    page: PageName
    window: Identifier | None = None
    zone: Annotated[str, Field(max_length=64)] = ""
    theme: Theme = ""
    terminal: Annotated[str, Field(max_length=64, pattern=rf"^({NAME.pattern})?$")] = ""

    @model_validator(mode="after")
    def _whole(self) -> "ShowsBody":
        if self.page in AT_WINDOW and self.window is None:
            raise PydanticCustomError("window_missing", "this page needs a window")
        if self.theme and self.theme not in THEMES[self.page]:
            raise PydanticCustomError("theme_unknown", "this page has no such theme")
        return self

    def shows(self) -> Shows:
        """The same for the hall."""
        return Shows(self.page, self.window, self.zone, self.theme, self.terminal)


class BindBody(Body):
    """The code that a screen shows, what it is to show from now on, and perhaps another name."""

    code: str = Field(min_length=1, max_length=20)
    shows: ShowsBody
    name: Name | None = None


class ScreenBody(Body):
    """Name and page of a screen."""

    name: Name
    shows: ShowsBody


class ReportAnswer(Answer):
    """What the box shows: the page at `path`, or while that is null the code, good until `code_until`."""

    name: str
    path: str | None
    code: str | None
    code_until: Instant | None
    with_token: bool = Field(description="whether the page is to be opened with the box's own token")
    token_wanted: bool = Field(description="whether the next report is to tell `token_hash`")
    trouble_wanted: Literal[True] = Field(True, description="reports are to tell `switch_trouble`")


class ShowsAnswer(Answer):
    """What a screen shows."""

    page: PageName
    window: str | None
    zone: str
    theme: Theme
    terminal: str


class ScreenAnswer(Answer):
    """A screen as its technician sees it; without `shows` it is new and shows a code, which is not told here."""

    id: int
    name: str
    shows: ShowsAnswer | None
    path: str | None
    state: Literal["online", "offline", "new"]
    seen_at: Instant
    seen_from: str
    switch_trouble: str = Field(
        description="what it could not be switched to at night, `on` or `off`, and why; or empty"
    )


class ScreensAnswer(RootModel[list[ScreenAnswer]]):
    """All screens, new ones first, then by name."""


class HoursAnswer(Answer):
    """The hours of the hall as a whole, for pages that nobody looks at when it is closed."""

    open: bool = Field(description="whether any service gives numbers")
    opens: SaidAnswer | None = Field(description="when the first one does, in words; null while one does")
    lit: bool = Field(description="false when the hall is closed and nobody is left: screens are dark then")
    lit_at: Instant | None = Field(description="when they are lit again, where that is known")


class NewScreens:
    """Limits how many new screens one address reports. Safe to use from any thread; ``ticks``: monotonic seconds."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._lock = threading.Lock()
        self._sources = Buckets(NEW_AT_ONCE, NEW_EVERY)

    def count(self, source: str) -> None:
        """Count one; raises LimitError ``too_many_tries`` (``seconds``)."""
        with self._lock:
            now = self._ticks()
            wait = self._sources.wait(source, now)
            if wait:
                raise LimitError("too_many_tries", seconds=math.ceil(wait))
            self._sources.take(source, now)


def routes(hall: Hall) -> Routes:
    """The routes of screens."""
    api = Routes("screens", "Screens of the hall")
    screens, guesses, new = hall.screens, GuessLimit(), NewScreens()

    @api.post("/screens/report", summary="What this screen shows", responses={"200": ReportAnswer})
    @public
    def report(body: ReportBody) -> Response:
        """Asked by a screen box (`quhao screen`) every few seconds; one that nobody knows is a new screen.

        The hash of its token is taken by TLS or from this box alone: others can change what goes in the clear.
        """
        source, secure = gate().address(), gate().arrival().secure
        if not screens.knows(body.secret):
            new.count(network_of(source))
        token_hash = bytes.fromhex(body.token_hash) if body.token_hash and secure else None
        found = screens.report(body.secret, body.name, source, token_hash, body.switch_trouble)
        return answer(_reported(hall, found, token_wanted=secure and found.token_hash is None))

    @api.get(
        "/screens/hours", summary="Whether screens are lit, and when the hall opens", responses={"200": HoursAnswer}
    )
    @public
    def hours() -> Response:
        """A page looks once a minute: it is dark by them, and says when the hall opens."""
        found = screens.hours()
        opens = None if found.open else hall_shut_words(found.opens_at, hall.clock())
        return answer(HoursAnswer.of(joined(found, opens=opens)))

    @api.get("/screens", summary="All screens", responses={"200": ScreensAnswer})
    @technician
    def show() -> Response:
        return answer(ScreensAnswer([_seen(hall, one) for one in screens.all()]))

    @api.post("/screens/bind", summary="Say what the screen with this code shows", responses={"200": ScreenAnswer})
    @technician
    def bind(body: BindBody) -> Response:
        """A code binds one screen, once, within ten minutes; wrong ones are limited as wrong passwords are."""
        who = Try(actor().who, network_of(gate().address()), None)
        code = "".join(filter(str.isalnum, body.code))[:LENGTH]
        guesses.check(who, time.monotonic())
        try:
            bound = screens.bind(code, body.shows.shows(), body.name, actor())
        except UnknownError as error:
            if error.code == "unknown_screen_code":
                guesses.wrong(who, time.monotonic())
            raise
        guesses.right(who, time.monotonic())
        return answer(_seen(hall, bound))

    @api.put("/screens/<int:screen>", summary="Change a screen", responses={"200": ScreenAnswer})
    @technician
    def put(path: ScreenPath, body: ScreenBody) -> Response:
        return answer(_seen(hall, screens.put(path.screen, body.name, body.shows.shows(), actor())))

    @api.delete("/screens/<int:screen>", summary="Forget a screen", responses={"204": None})
    @technician
    def forget(path: ScreenPath) -> Response:
        """Its box shows a code again."""
        screens.forget(path.screen, actor())
        return Response(status=204)

    return api


def _page_of(hall: Hall, shows: Shows) -> PageName:
    """The page that it shows: the calls for a window that is there no more, and for the kiosk of a box without one."""
    if shows.page == "kiosk" and hall.kiosk is None:
        return "board"
    if shows.page in AT_WINDOW and not any(one.id == shows.window for one in hall.office.windows()):
        return "board"
    return shows.page


def _path_of(screen: Screen, shows: Shows, page: PageName) -> str:
    window = quote(shows.window or "", safe="")
    path = {
        "board": "/screen",
        "window": f"/screen/window/{window}",
        "guide": "/guide",
        "kiosk": "/kiosk",
        "resident": f"/window/{window}/resident",
        "terminal": "/terminal",
    }[page]
    asked = {"zone": shows.zone, "theme": shows.theme}
    asked["terminal"] = (shows.terminal or screen.own_name) if page == "terminal" else ""
    query = urlencode({name: value for name, value in asked.items() if value}, quote_via=quote, safe="")
    return f"{path}?{query}" if query else path


def _reported(hall: Hall, screen: Screen, *, token_wanted: bool) -> ReportAnswer:
    told = {"name": screen.name, "code": screen.code, "code_until": screen.code_until, "token_wanted": token_wanted}
    shows, path, with_token = screen.shows, None, False
    if shows:
        page = _page_of(hall, shows)
        path, with_token = _path_of(screen, shows, page), page in own_token.ROLES
    return ReportAnswer.of(told | {"path": path, "with_token": with_token})


def _seen(hall: Hall, screen: Screen) -> ScreenAnswer:
    is_there = hall.clock() - screen.seen_at < GONE_AFTER
    state = "offline" if not is_there else "new" if screen.shows is None else "online"
    shows = screen.shows
    path = shows and _path_of(screen, shows, _page_of(hall, shows))
    return ScreenAnswer.of(joined(screen, shows=shows and vars(shows), path=path, state=state))
