"""``/setup/draft``: the hall's next setup, changed by managers together; ``/setup/changes``: what was in force when."""

from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal

from flask import Response
from pydantic import Field

from kiosk.exchange.hall_files import HallDocuments, classes_of, fault_of
from kiosk.web.api.manage.accounts import administers, may_administer
from kiosk.web.api.setup import sets_up
from kiosk.web.auth import actor, allow
from kiosk.web.hall import Hall
from kiosk.web.problems import Fault
from kiosk.web.schema.answers import Answer, Instant, answer
from kiosk.web.schema.bodies import Body, QueryString
from kiosk.web.schema.routes import NamedPath, Routes
from ticketing.drafts.documents import CLERKS, Change, Difference
from ticketing.drafts.drafts import Draft
from ticketing.setup.publications import Edit, Publication

PAGE = 20
"""Publications in one answer."""

Section = Literal["services", "windows", "clerks", "holidays", "classes", "hours", "slip", "receipt"]
_Key = Annotated[str, Field(max_length=64)]


class ChangeBody(Body):
    """One change of the draft.

    `was` is the value that was seen: where it is another one now, the change is refused (`draft_conflict`) with both.
    """

    how: Literal["set", "add", "remove", "move"]
    section: Section
    row: _Key = Field(
        "", description="id of a service, window or class, name of a clerk, date of a holiday; empty in other sections"
    )
    field: Annotated[str, Field(pattern=r"^[a-z_]{0,32}$")] = ""
    was: Any = Field(None, description="the value seen; the whole row where one is removed")
    value: Any = Field(None, description="null takes the field away; the whole row where one is added")
    place: Annotated[int, Field(ge=0, le=10_000)] | None = Field(None, description="from 0; null for the end")


class ChangesBody(Body):
    """Changes that are all made, or none."""

    changes: Annotated[list[ChangeBody], Field(min_length=1, max_length=200)]


class SeenQuery(QueryString):
    """What the asker has of the draft already."""

    seen: str = Field("", max_length=80)


class VersionBody(Body):
    """The version of the draft that was seen."""

    version: int


class PublishBody(VersionBody):
    """When it comes into force."""

    when: Literal["now", "next-day"] = "now"


class HistoryQuery(QueryString):
    """Publications before this one."""

    before: int | None = None


class PublicationPath(NamedPath):
    """The publication's number."""

    unknown: ClassVar[str] = "unknown_publication"
    publication: int = Field(ge=1, lt=2**63)


class DifferenceAnswer(Answer):
    """What is changed: a field, or with `field` empty a row as a whole.

    `before` and `after` are values, rows, or places from 0; `by` and `at` tell who changed it in the draft.
    """

    how: Literal["set", "add", "remove", "move"]
    section: Section
    row: str
    field: str
    before: Any
    after: Any
    by: str | None
    at: Instant | None


class ClassAnswer(Answer):
    """A priority class of this box's settings, which hold while the hall names none."""

    id: str
    name: str
    name_en: str
    head_start_minutes: int
    min_age: int | None


class DraftAnswer(Answer):
    """The draft: `values` is what it says, `published` what is in force.

    Both are as `GET /setup` has them, and with `clerks`: the windows that each clerk may sit at.

    `problems` keep it from being published.
    """

    tag: str = Field(description="changes with anything here: send it as `seen`")
    version: int = Field(description="0 while there is no draft")
    values: dict[str, Any]
    published: dict[str, Any]
    settings_classes: list[ClassAnswer]
    changes: list[DifferenceAnswer]
    problems: list[Fault]
    due: date | None
    due_by: str | None


class PublicationAnswer(Answer):
    """A setup that came into force.

    `how`: `draft`, `import` for one that was sent whole, `found` for what was there when the history began.
    """

    id: int
    at: Instant
    by: str
    how: Literal["draft", "import", "found"]
    changes: list[DifferenceAnswer]


class HistoryAnswer(Answer):
    """Publications, newest first; `more` says whether there are older ones."""

    publications: list[PublicationAnswer]
    more: bool


def routes(hall: Hall) -> Routes:
    """The routes of the draft and of the history."""
    api = Routes("drafts", "The hall's next setup, and those before")
    drafts, documents, zone = hall.drafts, HallDocuments(hall.settings.hall), hall.settings.hall.zone

    @api.get(
        "/setup/draft", summary="The draft, with what is wrong with it", responses={"200": DraftAnswer, "204": None}
    )
    @allow("manager")
    def show(query: SeenQuery) -> Response:
        """204 where nothing has changed since the answer whose `tag` is sent as `seen`."""
        draft = drafts.read()
        return Response(status=204) if query.seen == draft.tag else told(draft)

    @api.post("/setup/draft/changes", summary="Change the draft", responses={"200": DraftAnswer})
    @allow("manager")
    def change(body: ChangesBody) -> Response:
        sets_up()
        if any(one.section == CLERKS for one in body.changes):
            # Whose windows are whose is the security administrator's, where duties are kept apart.
            administers()
        return told(drafts.change([Change(**vars(one)) for one in body.changes], actor()))

    @api.post("/setup/draft/discard", summary="Throw the draft away", responses={"200": DraftAnswer})
    @allow("manager")
    def discard(body: VersionBody) -> Response:
        sets_up()
        drafts.discard(body.version, actor())
        return told(drafts.read())

    @api.post("/setup/draft/publish", summary="Put the draft in force", responses={"200": DraftAnswer})
    @allow("manager")
    def publish(body: PublishBody) -> Response:
        """Now, or as the next hall day begins."""
        sets_up()
        if body.when == "next-day":
            return told(drafts.publish_next_day(body.version, actor()))
        return told(drafts.publish(body.version, actor()))

    @api.post("/setup/draft/keep-back", summary="Do not publish it by itself", responses={"200": DraftAnswer})
    @allow("manager")
    def keep_back(body: VersionBody) -> Response:
        sets_up()
        return told(drafts.keep_back(body.version, actor()))

    @api.get("/setup/changes", summary="What came into force, when and by whom", responses={"200": HistoryAnswer})
    @allow("manager")
    def history(query: HistoryQuery) -> Response:
        found = drafts.history(PAGE + 1, query.before)
        publications = [published(one, differences) for one, differences in found[:PAGE]]
        return answer(HistoryAnswer.of({"publications": publications, "more": len(found) > PAGE}))

    @api.post(
        "/setup/changes/<int:publication>/bring-back",
        summary="Make a draft of what was in force then",
        responses={"200": DraftAnswer},
    )
    @allow("manager")
    def bring_back(path: PublicationPath) -> Response:
        sets_up()
        return told(drafts.bring_back(path.publication, actor(), clerks=may_administer()))

    def told(draft: Draft) -> Response:
        problems = documents.problems_of(draft.document)
        return answer(
            DraftAnswer.of(
                {
                    "tag": draft.tag,
                    "version": draft.version,
                    "values": draft.document,
                    "published": draft.published,
                    "settings_classes": classes_of(hall.in_force.settings_classes),
                    "changes": changes(draft.differences(), draft.edits),
                    "problems": [fault_of(one) for one in problems],
                    "due": draft.due,
                    "due_by": draft.due_by or None,
                }
            )
        )

    def published(one: Publication, differences: list[Difference]) -> dict[str, Any]:
        return {
            "id": one.id,
            "at": one.at,
            "by": one.who,
            "how": one.how,
            "changes": changes(differences, one.edits),
        }

    def changes(differences: list[Difference], edits: tuple[Edit, ...]) -> list[dict[str, Any]]:
        known = {(one.section, one.row, one.field): one for one in edits}
        found = []
        for one in differences:
            edit = known.get((one.section, one.row, one.field))
            at = None if edit is None else datetime.fromtimestamp(edit.at / 1_000_000, zone)
            found.append(vars(one) | {"by": edit and edit.who, "at": at})
        return found

    return api
