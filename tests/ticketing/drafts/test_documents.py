"""Drafts as documents: what a change does, what is refused, and what two people changed side by side."""

from typing import Any

import pytest

from ticketing.drafts.documents import Change, Document, apply, differences, merge
from ticketing.model import StateError, UnknownError

TAX = {"id": "tax", "name": "税务", "prefix": "B"}
SEAL = {"id": "seal", "name": "公章", "prefix": "C"}
HALL: Document = {"services": [TAX, SEAL], "windows": [{"id": "1", "name": "一号", "services": ["*"]}]}


def changed(*changes: Change, of: Document = HALL) -> Document:
    for change in changes:
        of = apply(of, change)
    return of


def rename(to: str, was: str = "税务") -> Change:
    return Change("set", "services", "tax", "name", was, to)


def told(before: Document, after: Document) -> list[tuple[Any, ...]]:
    return [(one.how, one.row, one.field, one.before, one.after) for one in differences(before, after)]


def test_a_field_is_set_and_the_document_before_stays_as_it_is() -> None:
    after = changed(rename("税务登记"))
    assert told(HALL, after) == [("set", "tax", "name", "税务", "税务登记")]
    assert HALL["services"][0]["name"] == "税务"


def test_rows_are_added_moved_and_removed() -> None:
    card = {"name": "社保卡", "prefix": "D"}
    after = changed(
        Change("add", "services", "card", value=card, place=0),
        Change("move", "services", "seal", place=0),
        Change("remove", "services", "tax", was=TAX),
    )
    assert [one["id"] for one in after["services"]] == ["seal", "card"]
    assert [one[:2] for one in told(HALL, after)] == [("add", "card"), ("remove", "tax")]
    assert told(changed(of=HALL), changed(Change("move", "services", "seal", place=0)))[0][0] == "move"


def test_the_second_save_of_a_field_is_refused_with_what_the_first_one_wrote() -> None:
    first = changed(rename("税务登记"))
    with pytest.raises(StateError) as refused:
        apply(first, rename("办税"))
    assert refused.value.code == "draft_conflict"
    assert (refused.value.facts["theirs"], refused.value.facts["yours"]) == ("税务登记", "办税")
    # Who writes the same, or has seen the first one's, is not refused.
    assert apply(first, rename("税务登记")) == first
    assert apply(first, rename("办税", "税务登记"))["services"][0]["name"] == "办税"


def test_a_row_that_somebody_changed_is_not_removed_unseen() -> None:
    with pytest.raises(StateError, match="draft_conflict"):
        apply(changed(rename("税务登记")), Change("remove", "services", "tax", was=TAX))


def test_what_is_there_is_not_added_and_what_is_not_there_not_changed() -> None:
    with pytest.raises(StateError, match="row_there"):
        apply(HALL, Change("add", "services", "tax", value={}))
    with pytest.raises(UnknownError, match="unknown_row"):
        apply(HALL, Change("set", "services", "gone", "name", None, "x"))


def test_nothing_is_the_same_however_it_is_written() -> None:
    after = changed(Change("set", "services", "tax", "bring", "", "身份证"), Change("set", "hours", "", "mon", [], []))
    assert told(HALL, after) == [("set", "tax", "bring", None, "身份证")]
    assert told(HALL, changed(Change("set", "services", "tax", "bring", "身份证", ""), of=after)) == []


def test_what_both_sides_changed_is_all_in_the_merged_document() -> None:
    mine = changed(rename("税务登记"), Change("add", "services", "card", value={"name": "社保卡"}, place=1))
    theirs = changed(
        Change("set", "services", "tax", "prefix", "B", "T"),
        Change("set", "hours", "", "mon", None, ["09:00-12:00"]),
        Change("add", "services", "fund", value={"name": "公积金"}),
    )
    merged = merge(HALL, mine, theirs)
    assert [one["id"] for one in merged["services"]] == ["tax", "card", "seal", "fund"]
    assert merged["services"][0] == {"id": "tax", "name": "税务登记", "prefix": "T"}
    assert merged["hours"] == {"mon": ["09:00-12:00"]}
    # A draft that changes nothing becomes what came into force.
    assert not list(differences(theirs, merge(HALL, HALL, theirs)))
    assert not list(differences(mine, merge(HALL, mine, HALL)))


def test_a_row_that_one_side_removed_stays_if_the_other_one_changed_it() -> None:
    removed = changed(Change("remove", "services", "tax"))
    assert [one["id"] for one in merge(HALL, removed, HALL)["services"]] == ["seal"]
    assert [one["id"] for one in merge(HALL, HALL, removed)["services"]] == ["seal"]
    assert {one["id"] for one in merge(HALL, removed, changed(rename("税")))["services"]} == {"tax", "seal"}
    assert {one["id"] for one in merge(HALL, changed(rename("税")), removed)["services"]} == {"tax", "seal"}
