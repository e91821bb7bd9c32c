"""``/notices``: what screens show between calls; messages to all who wait."""

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from flask import Response
from pydantic import AwareDatetime, Field, RootModel

from kiosk.exchange.media_folder import UPLOADED, Media
from kiosk.web.auth import actor, allow, public
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import Answer, Instant, answer
from kiosk.web.schema.bodies import Body, Identifier, Line, QueryString
from kiosk.web.schema.routes import PREFIX, NamedPath, Routes
from ticketing.model import ForbiddenError
from ticketing.notices.notices import Draft, Notice

LONGEST_MESSAGE = 24 * 60
"""Minutes."""
READ_PER_SECOND, LEAST_SECONDS, MOST_SECONDS = 4.0, 6.0, 30.0
"""Characters that everybody reads in a second, and between how many seconds a text stays."""
PICTURE_SECONDS = 12.0

manager = allow("manager")


class NoticePath(NamedPath):
    """The notice's id."""

    unknown: ClassVar[str] = "unknown_notice"
    notice: int = Field(ge=1, lt=2**63)


class ZoneQuery(QueryString):
    """Whose screen asks; the whole hall's without a zone."""

    zone: str = Field("", max_length=64)


When = Annotated[AwareDatetime | None, Field(strict=False)]


class NoticeBody(Body):
    """What a notice says, where and when; without times at once and until it is withdrawn."""

    text: Line = ""
    text_en: Line = ""
    media: str | None = Field(None, max_length=80, description="the name of a picture or film, from `POST /media`")
    starts: When = None
    ends: When = None
    zones: Annotated[tuple[Annotated[str, Field(max_length=40)], ...], Field(max_length=20, strict=False)] = ()
    service: Identifier | None = Field(None, description="for those who wait for it; their phones show it, too")
    window: Identifier | None = Field(None, description="the same of a window")
    priority: int = Field(1, ge=1, le=3, description="how often it comes in a round of all notices")


class MessageBody(Body):
    """A message to those who wait for a service or a window, on screens and phones."""

    text: Annotated[Line, Field(min_length=1)]
    text_en: Line = ""
    service: Identifier | None = None
    window: Identifier | None = None
    minutes: int = Field(30, ge=1, le=LONGEST_MESSAGE, description="then it is over by itself")


class ShownAnswer(Answer):
    """What a screen shows; a picture or film has its address in `media`."""

    kind: Literal["text", "picture", "film"]
    text: str
    text_en: str
    media: str | None
    seconds: float | None = Field(description="how long it stays; null for a film, which stays to its end")
    priority: int


class ShownListAnswer(RootModel[list[ShownAnswer]]):
    """What screens show between calls, in turn."""


class NoticeAnswer(Answer):
    """A notice as its manager sees it."""

    id: int
    text: str
    text_en: str
    media: str | None
    starts: Instant | None
    ends: Instant | None
    zones: list[str]
    service: str | None
    window: str | None
    priority: int
    made_at: Instant
    made_by: str
    state: Literal["now", "later", "over"]


class NoticesAnswer(RootModel[list[NoticeAnswer]]):
    """All notices, newest first."""


def routes(hall: Hall) -> Routes:
    """The routes of notices."""
    api = Routes("notices", "Notices and messages")
    notices = hall.notices

    def told(notice: Notice, status: int = 200) -> Response:
        return answer(_seen(hall, notice), status)

    @api.get("/notices", summary="What screens show between calls", responses={"200": ShownListAnswer})
    @public
    def shown(query: ZoneQuery) -> Response:
        """The notices of now, and the pictures and films that lie in the hall's folder."""
        files = {one.name: one for one in hall.media.all()}
        found = [_shown(one.says, files) for one in notices.current(query.zone)]
        loose = [_of_file(one) for name, one in files.items() if not UPLOADED.fullmatch(name)]
        return answer(ShownListAnswer([one for one in (*found, *loose) if one]))

    @api.get("/notices/all", summary="All notices", responses={"200": NoticesAnswer})
    @allow("manager", "desk")
    def show_all() -> Response:
        return answer(NoticesAnswer([_seen(hall, one) for one in notices.all()]))

    @api.post("/notices", summary="Make a notice", responses={"201": NoticeAnswer})
    @manager
    def add(body: NoticeBody) -> Response:
        return told(notices.add(_draft(hall, body), actor()), 201)

    @api.put("/notices/<int:notice>", summary="Change a notice", responses={"200": NoticeAnswer})
    @manager
    def put(path: NoticePath, body: NoticeBody) -> Response:
        return told(notices.put(path.notice, _draft(hall, body), actor()))

    @api.post("/notices/<int:notice>/withdraw", summary="Take a notice away", responses={"200": NoticeAnswer})
    @allow("manager", "desk")
    def withdraw(path: NoticePath) -> Response:
        """The desk takes messages away, and nothing else. A picture or film that no other notice has goes with it."""
        if actor().role == "desk":
            one = next((one for one in notices.all() if one.id == path.notice), None)
            if one and one.says.service is None and one.says.window is None:
                raise ForbiddenError("forbidden")
        gone = notices.withdraw(path.notice, actor())
        name = gone.says.media
        if name and UPLOADED.fullmatch(name) and name not in notices.media():
            hall.media.remove(name)
        return told(gone)

    @api.post("/messages", summary="Tell all who wait for a service or a window", responses={"201": NoticeAnswer})
    @allow("desk", "manager")
    def tell(body: MessageBody) -> Response:
        """On their phones, and on the screens; without a service and a window on the screens alone."""
        ends = hall.clock() + timedelta(minutes=body.minutes)
        says = Draft(body.text, body.text_en, None, None, ends, (), body.service, body.window, 3)
        return told(notices.add(says, actor()), 201)

    return api


def _draft(hall: Hall, body: NoticeBody) -> Draft:
    """Raises ``unknown_media``."""
    if body.media is not None:
        hall.media.get(body.media)
    zones = tuple(one for one in body.zones if one)
    return Draft(
        body.text,
        body.text_en,
        body.media,
        body.starts,
        body.ends,
        zones,
        body.service,
        body.window,
        body.priority,
    )


def _seen(hall: Hall, notice: Notice) -> NoticeAnswer:
    now = hall.clock()
    later = notice.says.starts is not None and now < notice.says.starts
    state = "now" if notice.holds_at(now) else "later" if later else "over"
    values = vars(notice.says) | {"zones": list(notice.says.zones)}
    told = {"id": notice.id, "made_at": notice.made_at, "made_by": notice.made_by, "state": state}
    return NoticeAnswer.of(values | told)


def _shown(says: Draft, files: dict[str, Media]) -> ShownAnswer | None:
    """None for a notice whose picture or film is not on this box."""
    if says.media is None:
        seconds = max(LEAST_SECONDS, min(MOST_SECONDS, max(len(says.text), len(says.text_en) / 3) / READ_PER_SECOND))
        about = {"text": says.text, "text_en": says.text_en, "priority": says.priority}
        return ShownAnswer.of(about | {"kind": "text", "media": None, "seconds": seconds})
    found = files.get(says.media)
    return _of_file(found, says) if found else None


def _of_file(media: Media, says: Draft | None = None) -> ShownAnswer:
    return ShownAnswer.of(
        {
            "kind": media.kind,
            "text": says.text if says else "",
            "text_en": says.text_en if says else "",
            "media": f"{PREFIX}/media/{media.name}",
            "seconds": PICTURE_SECONDS if media.kind == "picture" else None,
            "priority": says.priority if says else 1,
        }
    )
