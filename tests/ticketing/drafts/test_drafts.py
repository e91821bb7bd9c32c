"""The hall's draft on a real store: two managers, publication now and with the next day, history and the way back."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from offices import OfficeHall, refused
from ticketing.day.setup import HallSetup, Setup
from ticketing.drafts.documents import Change, Document
from ticketing.drafts.drafts import AT_DAY, Drafts
from ticketing.model import Actor, StateError, TicketingError
from ticketing.privacy.access_log import verify
from ticketing.store import tables

BOSS = Actor("boss", "manager", "192.0.2.7")
DEPUTY = Actor("deputy", "manager", "192.0.2.8")


class PlainCodec:
    """Services with their names and windows alone; a service without a name is wrong."""

    def document_of(self, setup: HallSetup) -> Document:
        told = json.loads(setup.to_json())
        return {"services": told["services"], "windows": told["windows"]}

    def setup_of(self, document: Document) -> HallSetup:
        if not all(one["name"] for one in document["services"]):
            raise TicketingError("bad_setup")
        empty = json.loads(HallSetup().to_json())
        return HallSetup.from_json(json.dumps({**empty, **document}))


@pytest.fixture
def drafts(desk: OfficeHall) -> Drafts:
    return Drafts(desk.office.ledger, PlainCodec())


@pytest.fixture
def setup(desk: OfficeHall) -> Setup:
    return Setup(desk.office.ledger)


def rename(to: str, was: str = "税务登记") -> Change:
    return Change("set", "services", "tax", "name", was, to)


def names(setup: Setup) -> dict[str, str]:
    return {one.id: one.name for one in setup.read().services}


def entries(desk: OfficeHall) -> list[tuple[Any, ...]]:
    a = tables.access_log
    with desk.store.read() as conn:
        assert verify(conn, desk.vault).whole
        return [tuple(row) for row in conn.execute(select(a.c.who, a.c.action, a.c.reason).order_by(a.c.seq))]


def test_a_draft_changes_nothing_until_it_is_published(desk: OfficeHall, drafts: Drafts, setup: Setup) -> None:
    seq = desk.office.last_seq()
    draft = drafts.change([rename("办税")], BOSS)
    assert names(setup)["tax"] == "税务登记"
    assert desk.event_types(seq) == []
    assert [(one.row, one.field, one.who) for one in draft.edits] == [("tax", "name", "boss")]
    after = drafts.publish(draft.version, DEPUTY)
    assert (names(setup)["tax"], after.version, after.edits) == ("办税", 0, ())
    assert desk.event_types(seq) == ["hall.changed"]
    assert entries(desk) == [("deputy", "setup-changed", "~service tax")]


def test_two_managers_see_each_other_and_neither_overwrites_the_other(drafts: Drafts) -> None:
    drafts.change([rename("办税")], BOSS)
    with pytest.raises(StateError) as told:
        drafts.change([rename("税")], DEPUTY)
    facts = told.value.facts
    assert (facts["theirs"], facts["yours"], facts["by"]) == ("办税", "税", "boss")
    other = drafts.change([Change("set", "services", "seal", "name", "公章备案", "公章")], DEPUTY)
    assert {(one.row, one.who) for one in other.edits} == {("tax", "boss"), ("seal", "deputy")}
    refused(StateError, "draft_changed", drafts.publish, other.version - 1, BOSS)
    assert {one.row for one in drafts.read().differences()} == {"tax", "seal"}


def test_of_several_changes_all_are_made_or_none(drafts: Drafts) -> None:
    refused(StateError, "draft_conflict", drafts.change, [rename("办税"), rename("税", "别的")], BOSS)
    assert drafts.read().version == 0


def test_a_draft_is_published_with_the_next_day_by_whichever_box_begins_it(
    desk: OfficeHall, drafts: Drafts, setup: Setup
) -> None:
    draft = drafts.publish_next_day(drafts.change([rename("办税")], BOSS).version, DEPUTY)
    assert draft.due is not None and draft.due_by == "deputy"
    refused(StateError, "draft_due", drafts.change, [rename("税", "办税")], BOSS)
    other = OfficeHall(desk.url, seeded=False, box="other")
    try:
        Drafts(other.office.ledger, PlainCodec())
        other.next_day()
        assert {one.id: one.name for one in Setup(other.office.ledger).read().services}["tax"] == "办税"
    finally:
        other.close()
    desk.next_day()
    assert (drafts.read().version, names(setup)["tax"]) == (0, "办税")
    ((last, changes), *_) = drafts.history(5)
    assert (last.who, [one.after for one in changes]) == ("deputy", ["办税"])
    assert [one[1] for one in entries(desk)] == ["draft-due", "setup-changed"]
    with desk.store.read() as conn:
        assert AT_DAY in conn.scalars(select(tables.access_log.c.place)).all()


def test_a_publication_that_was_put_off_can_be_taken_back(desk: OfficeHall, drafts: Drafts, setup: Setup) -> None:
    draft = drafts.publish_next_day(drafts.change([rename("办税")], BOSS).version, BOSS)
    drafts.keep_back(draft.version, BOSS)
    desk.next_day()
    assert names(setup)["tax"] == "税务登记"
    assert [one.after for one in drafts.read().differences()] == ["办税"]


def test_what_became_wrong_meanwhile_is_not_published_and_stays_as_a_draft(
    desk: OfficeHall, drafts: Drafts, setup: Setup
) -> None:
    wrong = drafts.change([rename("")], BOSS)
    with pytest.raises(TicketingError, match="bad_setup"):
        drafts.publish(wrong.version, BOSS)
    with pytest.raises(TicketingError, match="bad_setup"):
        drafts.publish_next_day(wrong.version, BOSS)
    right = drafts.publish_next_day(drafts.change([rename("办税", "")], BOSS).version, BOSS)
    assert right.due

    class Stricter(PlainCodec):
        def setup_of(self, document: Document) -> HallSetup:
            raise TicketingError("bad_setup")

    drafts._codec = Stricter()
    desk.next_day()
    assert names(setup)["tax"] == "税务登记"
    assert (drafts.read().due, [one.after for one in drafts.read().differences()]) == (None, ["办税"])
    assert entries(desk)[-1] == ("boss", "draft-kept-back", "bad_setup")


def test_what_comes_into_force_by_a_file_is_in_the_draft_and_in_the_history(drafts: Drafts, setup: Setup) -> None:
    drafts.change([rename("办税")], BOSS)
    codec = PlainCodec()
    sent = codec.document_of(setup.read())
    sent["services"] = [one | {"name": "公章"} if one["id"] == "seal" else one for one in sent["services"]]
    setup.replace(codec.setup_of(sent), DEPUTY)
    draft = drafts.read()
    assert [(one.row, one.before, one.after) for one in draft.differences()] == [("tax", "税务登记", "办税")]
    drafts.publish(draft.version, BOSS)
    assert names(setup) == {"licence": "营业执照", "tax": "办税", "seal": "公章"}
    told = [(one.who, one.how, [change.row for change in changes]) for one, changes in drafts.history(5)]
    assert told == [("boss", "draft", ["tax"]), ("deputy", "import", ["seal"]), ("", "found", [])]
    assert len(drafts.history(1)) == 1


def test_each_state_of_the_history_can_be_had_back_as_a_draft(drafts: Drafts, setup: Setup) -> None:
    drafts.publish(drafts.change([rename("办税")], BOSS).version, BOSS)
    drafts.publish(drafts.change([rename("税", "办税")], BOSS).version, BOSS)
    first = drafts.history(5)[-1][0]
    draft = drafts.bring_back(first.id, DEPUTY)
    assert names(setup)["tax"] == "税"
    assert [(one.row, one.after) for one in draft.differences()] == [("tax", "税务登记")]
    refused(StateError, "draft_there", drafts.bring_back, first.id, DEPUTY)
    drafts.publish(draft.version, DEPUTY)
    assert names(setup)["tax"] == "税务登记"
    refused(StateError, "draft_empty", drafts.bring_back, first.id, DEPUTY)


def test_a_draft_is_thrown_away_by_whoever_has_seen_it(desk: OfficeHall, drafts: Drafts) -> None:
    draft = drafts.change([rename("办税")], BOSS)
    refused(StateError, "draft_changed", drafts.discard, draft.version + 1, BOSS)
    drafts.discard(draft.version, BOSS)
    assert drafts.read().version == 0
    refused(StateError, "draft_empty", drafts.publish, 1, BOSS)
    assert entries(desk) == [("boss", "draft-discarded", "set services tax name")]
