"""The hall's draft on a real store: two managers, publication now and with the next day, history and the way back."""

import json
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from offices import OfficeHall, refused
from ticketing.drafts.documents import Change, Document
from ticketing.drafts.drafts import AT_DAY, Drafts
from ticketing.model import Actor, StateError, TicketingError, UnknownError
from ticketing.privacy.access_log import verify
from ticketing.setup.setup import HallSetup, Setup
from ticketing.store import tables

BOSS = Actor("boss", "manager", "192.0.2.7")
DEPUTY = Actor("deputy", "manager", "192.0.2.8")


class PlainCodec:
    """Services with their names, windows and clerks alone; a service without a name is wrong."""

    def document_of(self, setup: HallSetup) -> Document:
        told = json.loads(setup.to_json())
        return {"services": told["services"], "windows": told["windows"], "clerks": told["clerks"] or []}

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


# -- clerks and their windows


def let_in(desk: OfficeHall, name: str, *windows: str) -> None:
    """An account of a clerk who is logged in."""
    said = {"name": name, "role": "clerk", "password_hash": "", "windows": json.dumps(windows), "created_at": 0}
    seen = {"hash": name.encode(), "account": name, "expires_at": 1, "begun_at": 0, "seen_at": 0, "source": ""}
    with desk.store.write() as conn:
        conn.execute(insert(tables.account).values(said))
        conn.execute(insert(tables.login).values(seen))


def windows_of(desk: OfficeHall) -> dict[str, list[str]]:
    a = tables.account
    with desk.store.read() as conn:
        return {row.name: json.loads(row.windows) for row in conn.execute(select(a.c.name, a.c.windows))}


def logged_in(desk: OfficeHall) -> set[str]:
    with desk.store.read() as conn:
        return set(conn.scalars(select(tables.login.c.account)))


def seat(name: str, was: list[str], *windows: str) -> Change:
    return Change("set", "clerks", name, "windows", was, list(windows))


def test_clerks_get_their_windows_with_the_next_day_and_there_is_a_way_back(desk: OfficeHall, drafts: Drafts) -> None:
    let_in(desk, "li", "1")
    let_in(desk, "wang", "*")
    draft = drafts.change([seat("li", ["1"], "2", "3")], BOSS)
    drafts.publish_next_day(draft.version, BOSS)
    assert windows_of(desk)["li"] == ["1"]
    desk.next_day()
    assert drafts.read().version == 0
    assert windows_of(desk) == {"li": ["2", "3"], "wang": ["*"]}
    assert [one[1:] for one in entries(desk)][-2:] == [
        ("account-changed", "li clerk: windows"),
        ("setup-changed", "~clerk li"),
    ]
    ((last, changes), (found, _)) = drafts.history(5)
    assert (last.who, [(one.row, one.before, one.after) for one in changes]) == ("boss", [("li", ["1"], ["2", "3"])])
    # The way back, though somebody has come and somebody has left since.
    let_in(desk, "zhao", "3")
    with desk.store.write() as conn:
        conn.execute(delete(tables.login).where(tables.login.c.account == "wang"))
        conn.execute(delete(tables.account).where(tables.account.c.name == "wang"))
    back = drafts.bring_back(found.id, DEPUTY)
    assert [(one.row, one.after) for one in back.differences()] == [("li", ["1"])]
    drafts.publish(back.version, DEPUTY)
    assert windows_of(desk) == {"li": ["1"], "zhao": ["3"]}
    refused(StateError, "draft_empty", drafts.bring_back, last.id, DEPUTY, clerks=False)


def test_who_loses_a_window_is_logged_out_and_who_gains_one_goes_on(desk: OfficeHall, drafts: Drafts) -> None:
    for name in ("li", "wang", "zhao"):
        let_in(desk, name, "1")
    changes = [seat("li", ["1"], "2"), seat("wang", ["1"], "1", "2"), seat("zhao", ["1"], "*")]
    drafts.publish(drafts.change(changes, BOSS).version, BOSS)
    assert windows_of(desk) == {"li": ["2"], "wang": ["1", "2"], "zhao": ["*"]}
    assert logged_in(desk) == {"wang", "zhao"}


def test_a_file_and_a_window_that_goes_leave_clerks_their_windows(
    desk: OfficeHall, drafts: Drafts, setup: Setup
) -> None:
    let_in(desk, "li", "1", "3")
    let_in(desk, "wang", "3")
    codec = PlainCodec()
    sent = codec.document_of(setup.read()) | {"clerks": None}
    sent["windows"] = [one for one in sent["windows"] if one["id"] != "3"]
    setup.replace(codec.setup_of(sent), DEPUTY)
    assert windows_of(desk) == {"li": ["1", "3"], "wang": ["3"]}
    ((_, changes), *_) = drafts.history(5)
    assert {(one.how, one.section, one.row) for one in changes} >= {("remove", "windows", "3")}
    # Somebody else's windows change: these are as they were. Of one's own, none is given that is not there.
    let_in(desk, "zhao", "1")
    drafts.publish(drafts.change([seat("zhao", ["1"], "2", "3")], BOSS).version, BOSS)
    assert windows_of(desk) == {"li": ["1", "3"], "wang": ["3"], "zhao": ["2"]}
    # An account is neither made nor removed here.
    refused(UnknownError, "unknown_row", drafts.change, [Change("remove", "clerks", "li")], BOSS)
    added = Change("add", "clerks", "x", value={"windows": ["1"]})
    refused(UnknownError, "unknown_row", drafts.change, [added], BOSS)
