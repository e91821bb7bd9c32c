"""``/media``: the hall's pictures and films: served to screens, added by managers in parts."""

import logging
import re
import threading
from datetime import datetime
from typing import ClassVar, Literal

from flask import Response, request
from pydantic import Field, RootModel

from kiosk.exchange.media_folder import PART, MediaFolder
from kiosk.web.auth import allow, public
from kiosk.web.hall import Hall
from kiosk.web.problems import RequestError
from kiosk.web.schema.answers import Answer, Instant, answer, joined
from kiosk.web.schema.bodies import Body, QueryString
from kiosk.web.schema.routes import NamedPath, Routes

log = logging.getLogger(__name__)

RANGE = re.compile(r"bytes=([0-9]{1,12})-([0-9]{0,12})")
WHOLE = 8 * 2**20
"""Bytes that are answered at once; of more, parts are asked for, as browsers do of films."""


class MediaPath(NamedPath):
    """The file's name."""

    unknown: ClassVar[str] = "unknown_media"
    name: str = Field(max_length=80)


class UploadPath(NamedPath):
    """The upload's id."""

    unknown: ClassVar[str] = "unknown_upload"
    upload: str = Field(max_length=64)


class PartQuery(QueryString):
    """Where the part begins."""

    at: int = Field(ge=0, lt=2**40)


class UploadBody(Body):
    """How large the picture or film is, in bytes."""

    size: int = Field(ge=1, lt=2**40)


class MediaAnswer(Answer):
    """A picture or a film; `trouble_at`: since when a screen says that it cannot play it."""

    name: str
    kind: Literal["picture", "film"]
    type: str
    size: int
    trouble_at: Instant | None = None


class MediaListAnswer(RootModel[list[MediaAnswer]]):
    """All pictures and films of this box's folder."""


class UploadAnswer(Answer):
    """An upload that is not whole yet: its parts are sent in order, each of at most `part` bytes."""

    upload: str
    part: int
    media: MediaAnswer | None = Field(None, description="once it is whole")


class Troubles:
    """The films and pictures that screens could not show; kept in memory. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: dict[str, datetime] = {}

    def tell(self, name: str, now: datetime) -> None:
        """A screen could not show it; it is logged once."""
        with self._lock:
            if name not in self._since:
                self._since[name] = now
                log.warning("a screen cannot show %s: convert it to MP4 (H.264) or WebM, or take it away", name)

    def since(self, name: str) -> datetime | None:
        """Since when; None for what makes no trouble."""
        return self._since.get(name)


def routes(hall: Hall) -> Routes:
    """The routes of pictures and films."""
    api = Routes("media", "Pictures and films for the screens")
    folder: MediaFolder = hall.media
    troubles = Troubles()
    octets = {"description": "the file, or the part that is asked for", "content": {"application/octet-stream": {}}}

    def seen(media: object) -> MediaAnswer:
        return MediaAnswer.of(joined(media, trouble_at=troubles.since(media.name)))  # type: ignore[attr-defined]

    @api.get("/media", summary="Pictures and films", responses={"200": MediaListAnswer})
    @allow("manager", "technician")
    def show() -> Response:
        return answer(MediaListAnswer([seen(one) for one in folder.all()]))

    @api.get("/media/<name>", summary="A picture or film", responses={"200": octets, "206": octets})
    @public
    def get(path: MediaPath) -> Response:
        """In parts (`Range`) of 512 KiB at most, so that a long film is never in memory whole."""
        media = folder.get(path.name)
        asked = RANGE.fullmatch(request.headers.get("Range", ""))
        headers = {"Accept-Ranges": "bytes", "Cache-Control": "private, max-age=3600"}
        if asked is None:
            if media.size > WHOLE:
                raise RequestError(416, "range_needed")
            return Response(folder.read(media, 0, media.size), mimetype=media.type, headers=headers)
        first, last = int(asked[1]), int(asked[2] or media.size - 1)
        if first >= media.size or last < first:
            raise RequestError(416, "range_needed")
        part = folder.read(media, first, min(PART, last - first + 1))
        headers["Content-Range"] = f"bytes {first}-{first + len(part) - 1}/{media.size}"
        return Response(part, 206, mimetype=media.type, headers=headers)

    @api.post("/media", summary="Begin to send a picture or film", responses={"201": UploadAnswer})
    @allow("manager")
    def begin(body: UploadBody) -> Response:
        return answer(UploadAnswer.of({"upload": folder.begin(body.size), "part": PART}), 201)

    @api.post(
        "/media/<upload>/part",
        summary="A part of it",
        responses={"200": UploadAnswer},
        takes="application/octet-stream",
        largest=PART,
    )
    @allow("manager")
    def add(path: UploadPath, query: PartQuery) -> Response:
        """JPEG, PNG or WebP of at most 8 MB, MP4 or WebM of at most 300; what it is, its content says."""
        made = folder.add(path.upload, query.at, request.get_data())
        return answer(UploadAnswer.of({"upload": path.upload, "part": PART, "media": made and seen(made)}))

    @api.post("/media/<name>/trouble", summary="A screen cannot show it", responses={"204": None})
    @public
    def trouble(path: MediaPath) -> Response:
        """It leaves it out; whoever keeps the hall's devices finds it in the log and on the page of notices."""
        troubles.tell(folder.get(path.name).name, hall.clock())
        return Response(status=204)

    return api
