"""``/audit``: the audit log, for its auditor alone."""

from typing import Annotated, Any, ClassVar, Literal

from flask import Response
from pydantic import Field, model_validator

from kiosk.web.auth import actor, allow
from kiosk.web.hall import Hall
from kiosk.web.problems import RequestError
from kiosk.web.schema.answers import Answer, Instant, answer, joined
from kiosk.web.schema.bodies import Body, Line, QueryString
from kiosk.web.schema.bodies import Day as Date
from kiosk.web.schema.routes import NamedPath, Routes
from ticketing.privacy.audit_chain import Anchor
from ticketing.reports.audit import Filter, Page, Proof

Number = Annotated[int, Field(ge=0, le=2**62, description="only entries after this one")]


class AuditQuery(QueryString):
    """Which entries; all of them without any."""

    after: Number = 0
    day: Date | None = None
    who: Line | None = None
    action: Line | None = None
    subject: str | None = Field(
        None, pattern="^[0-9a-f]{64}$", description="whom it is about, as the keyed hash that entries have"
    )


class SubjectBody(Body):
    """Whom the entries are about. In a body, since addresses are kept in many places."""

    id_number: Annotated[Line, Field(min_length=1, max_length=32)]
    after: Number = 0


class ProofBody(Body):
    """Anchors to compare the log with, beside this box's own."""

    anchors: list[Annotated[str, Field(max_length=100)]] = Field(
        default_factory=list, max_length=100, description="`NUMBER:HEX`, as closing slips have them"
    )


class EntryAnswer(Answer):
    """An entry of the log."""

    seq: int = Field(description="its number; no number is left out")
    at: Instant
    who: str
    place: str = Field(description="window, terminal, command or address")
    ticket: str | None = Field(description="number of the ticket it is about")
    action: str
    reason: str | None
    subject: str | None = Field(description="keyed hash of whom it is about")


class PageAnswer(Answer):
    """Entries in their order; `next` is the `after` of the next page, null at the end."""

    entries: list[EntryAnswer]
    next: int | None


class AnchorAnswer(Answer):
    """What became of an anchor: `holds`, or is of a log that was `cut` or is an `other`, or `older` than the first."""

    anchor: str
    held: Literal["holds", "cut", "other", "older"]


class ProofAnswer(Answer):
    """Whether the log is as it was written, and otherwise where it is not."""

    whole: bool
    proven: bool = Field(description="whether an anchor holds; otherwise a tail may have been cut off with the head")
    entries: int
    first: int = Field(description="earlier entries were removed after their retention")
    broken_at: int | None
    fault: str | None = Field(description="changed, missing, cut, head, other, forged")
    head: str | None = Field(description="number and first digits of the last entry, to be kept on paper")
    own: Literal["there", "missing", "malformed"] = Field(description="this box's own anchor")
    anchors: list[AnchorAnswer]

    @model_validator(mode="before")
    @classmethod
    def _of_proof(cls, value: Any) -> Any:
        if not isinstance(value, Proof):
            return value
        anchors = [{"anchor": anchor.short, "held": held} for anchor, held in value.verdict.anchors]
        head = value.head.short if value.head else None
        return joined(value.verdict, whole=value.whole, proven=value.proven, head=head, own=value.own, anchors=anchors)


class SlipPath(NamedPath):
    """The print job of a closing slip."""

    unknown: ClassVar[str] = "unknown_print_job"
    job: int = Field(ge=0, le=2**62)


class SlipAnswer(Answer):
    """How far a closing slip is; `reason` says why it failed or is in doubt."""

    job: int
    state: Literal["pending", "sending", "printed", "unconfirmed", "failed"]
    reason: str | None


def routes(hall: Hall) -> Routes:
    """The routes of the audit log."""
    api = Routes("audit", "Who looked at whose data, and who changed what")
    auditor = allow("auditor")

    @api.get("/audit", summary="Entries of the audit log", responses={"200": PageAnswer})
    @auditor
    def show(query: AuditQuery) -> Response:
        """At most 200 at once. That they were read becomes an entry, too."""
        return _page(hall.audit.read(Filter(query.after, query.day, query.who, query.action, query.subject), actor()))

    @api.post("/audit/subject", summary="Who looked at a person's data", responses={"200": PageAnswer})
    @auditor
    def about(body: SubjectBody) -> Response:
        """As the person has a right to know. Only a keyed hash of the number is kept."""
        return _page(hall.audit.about(body.id_number, Filter(body.after), actor()))

    @api.post("/audit/verify", summary="Prove the log whole", responses={"200": ProofAnswer})
    @auditor
    def verify(body: ProofBody) -> Response:
        """By the digests of all entries, this box's anchor, and those that are given."""
        try:
            anchors = [Anchor.parse(text) for text in body.anchors]
        except ValueError:
            raise RequestError(422, "bad_body") from None
        return answer(ProofAnswer.of(hall.audit.prove(anchors)))

    @api.post("/audit/closing-slip", summary="Print a closing slip", responses={"200": SlipAnswer})
    @auditor
    def closing_slip() -> Response:
        """On this box's printer, behind residents' slips: number and digest of the log's last entry, for a drawer."""
        return _slip(hall.closing.print(actor()))

    @api.get("/audit/closing-slip/<int:job>", summary="How far a closing slip is", responses={"200": SlipAnswer})
    @auditor
    def closing_slip_state(path: SlipPath) -> Response:
        return _slip(path.job)

    def _slip(job: int) -> Response:
        state, reason = hall.closing.outcome(job)
        return answer(SlipAnswer(job=job, state=state, reason=reason))

    return api


def _page(page: Page) -> Response:
    return answer(PageAnswer.of(page))
