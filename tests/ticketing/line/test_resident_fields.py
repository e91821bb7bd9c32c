"""Data minimisation: of a card, only what the service's windows need is kept."""

import json
from dataclasses import fields, replace
from typing import get_args

import pytest
from sqlalchemy import update

from config.businesses import ResidentField
from offices import CHEN, CLERK, LI, OfficeHall, refused
from ticketing.model import Resident, StateError
from ticketing.store import tables

NAMED = Resident(kind="resident", name=LI.name, id_number=LI.id_number)


def needs(desk: OfficeHall, service: str, *names: str) -> None:
    with desk.store.write() as conn:
        s = tables.service
        conn.execute(update(s).where(s.c.id == service).values(resident_fields=json.dumps(names)))


def opened(desk: OfficeHall, chain: list[str]) -> Resident | None:
    issued = desk.issue("licence", LI, chain=chain)
    assert issued.ticket.priority == "senior", "what is not kept may still be looked at when the card lies there"
    desk.call()
    return desk.office.scan("1", issued.code, CLERK).resident


@pytest.mark.parametrize(
    ("chain", "kept"),
    [([], NAMED), (["tax"], replace(NAMED, address=LI.address)), (["tax", "seal"], LI)],
    ids=["service", "with a stop", "with a stop that needs all"],
)
def test_only_what_the_service_and_its_stops_need_is_kept(desk: OfficeHall, chain: list[str], kept: Resident) -> None:
    needs(desk, "licence", "name", "id_number")
    needs(desk, "tax", "address")
    assert opened(desk, chain) == kept


def test_an_agents_card_is_cut_to_the_same(desk: OfficeHall) -> None:
    needs(desk, "licence", "name")
    issued = desk.issue("licence", LI, agent=CHEN)
    desk.call()
    scanned = desk.office.scan("1", issued.code, CLERK)
    assert scanned.agent == Resident(kind="resident", name=CHEN.name)


def test_a_second_ticket_for_the_same_is_refused_though_the_number_is_not_kept(desk: OfficeHall) -> None:
    needs(desk, "licence")
    desk.issue("licence", LI)
    refused(StateError, "already_waiting", desk.issue, "licence", LI)


def test_the_setup_names_every_field_of_a_resident() -> None:
    assert {*get_args(ResidentField), "kind"} == {field.name for field in fields(Resident)}
