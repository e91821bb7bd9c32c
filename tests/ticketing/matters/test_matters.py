"""Matters: kept apart from queues, changed as a whole, carried by tickets."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

import large_hall
from config.matters import check
from kiosk.exchange.matter_files import matters_of
from offices import CHEN, DESK, SERVICES, WINDOWS, OfficeHall, refused
from spelt import spell_once
from ticketing.cases.cases import Further
from ticketing.matters.matters import Matter, MatterChange, Matters, Paper
from ticketing.matters.spelling import spell
from ticketing.model import Actor, StateError, UnknownError
from ticketing.setup.setup import HallSetup, Setup
from ticketing.store import tables

MANAGER = Actor("zhao", "manager", "10.0.0.2")
OPEN = Matter("open", "营业执照新办", "Apply for a licence", "business", "开办企业", "Start a business", "licence")
RENEW = replace(
    OPEN,
    id="renew",
    name="营业执照换领",
    words=("换执照",),
    papers=(Paper("营业执照正本", "Licence"), Paper("申请表", original=False, copies=2, sample="填表台")),
    resident_fields=("name",),
    promised_days=3,
)
TAX = Matter(
    "tax-card", "税务登记", "Tax registration", "personal", "办税", "Taxes", "tax", resident_fields=("id_number",)
)


@pytest.fixture
def matters(desk: OfficeHall) -> Matters:
    made = Matters(desk.office.ledger, spell_once)
    made.replace([OPEN, RENEW, TAX], MANAGER)
    return made


def test_what_is_put_is_read_back_whole_and_in_order(matters: Matters) -> None:
    assert matters.read() == (OPEN, RENEW, TAX)
    assert matters.find("renew") == RENEW
    refused(UnknownError, "unknown_matter", matters.find, "gone")


def test_the_list_has_the_pinyin_of_names_and_words_and_says_what_is_available(matters: Matters) -> None:
    listed = matters.listed().by_id
    assert listed["renew"].pinyin == "ying ye zhi zhao huan ling"
    assert listed["renew"].initials == "yyzzhl"
    assert listed["renew"].words_pinyin == ("huan zhi zhao",)
    assert all(one.available for one in listed.values())


def test_a_name_is_spelt_as_its_phrases_are_read() -> None:
    texts = ["行业协会", "参保登记", "重名", "长者证", "ETC 绿色通道", "ＡＢ１２", "", "还建房"]
    assert spell(texts) == [
        "hang ye xie hui",
        "can bao deng ji",
        "chong ming",
        "zhang zhe zheng",
        "e t c lv se tong dao",
        "a b 1 2",
        "",
        "huan jian fang",
    ]


def test_a_change_tells_what_changed_and_is_kept_in_the_audit_log(matters: Matters, desk: OfficeHall) -> None:
    seq = desk.office.last_seq()
    changes = matters.replace([TAX, replace(OPEN, fee="20 元")], MANAGER)
    assert changes == (
        MatterChange("open", "changed", ("fee",)),
        MatterChange("renew", "removed"),
        MatterChange("", "moved"),
    )
    assert desk.event_types(seq) == ["hall.changed"]
    with desk.store.read() as conn:
        entry = conn.execute(select(tables.access_log).order_by(tables.access_log.c.seq.desc()).limit(1)).one()
    assert (entry.who, entry.action, entry.reason) == ("zhao", "matters-changed", "~open, -renew, order")


def test_the_same_list_again_changes_nothing(matters: Matters, desk: OfficeHall) -> None:
    seq = desk.office.last_seq()
    assert matters.replace([OPEN, RENEW, TAX], MANAGER) == ()
    assert desk.event_types(seq) == []


def test_one_is_added_behind_its_theme_changed_and_taken_away(matters: Matters) -> None:
    close = replace(OPEN, id="close", name="注销")
    matters.put(close, MANAGER)
    matters.put(replace(OPEN, promised_days=1), MANAGER)
    assert [one.id for one in matters.read()] == ["open", "renew", "close", "tax-card"]
    assert matters.find("open").promised_days == 1
    matters.remove("open", MANAGER)
    assert [one.id for one in matters.listed().matters] == ["renew", "close", "tax-card"]
    refused(UnknownError, "unknown_matter", matters.remove, "open", MANAGER)
    matters.put(OPEN, MANAGER)
    assert [one.id for one in matters.read()] == ["renew", "close", "open", "tax-card"]


def test_of_two_who_change_at_once_the_later_is_refused(matters: Matters) -> None:
    seen = matters.listed().version
    matters.put(replace(OPEN, fee="免费"), MANAGER, version=seen)
    refused(StateError, "matters_changed", matters.put, replace(TAX, fee="免费"), MANAGER, version=seen)
    assert matters.find("tax-card").fee == ""


def test_another_box_sees_a_change_at_once(matters: Matters, desk: OfficeHall) -> None:
    other = Matters(desk.office.ledger)
    before = other.listed()
    matters.remove("tax-card", MANAGER)
    assert len(other.listed().matters) == 2
    assert other.listed().version != before.version
    assert other.listed() is other.listed()


def test_a_matter_whose_service_is_gone_stays_and_is_not_available(matters: Matters, desk: OfficeHall) -> None:
    Setup(desk.office.ledger).replace(HallSetup(tuple(SERVICES[:1]), tuple(WINDOWS[:1])), MANAGER)
    assert [(one.id, one.available) for one in matters.listed().matters] == [
        ("open", True),
        ("renew", True),
        ("tax-card", False),
    ]
    refused(UnknownError, "unknown_service", desk.office.issue, "tax", DESK, print=False, matters=["tax-card"])


def test_a_ticket_carries_its_matters_and_they_are_counted(matters: Matters, desk: OfficeHall) -> None:
    issued = desk.issue("licence", matters=["renew", "open", "renew"])
    desk.issue("licence", matters=["open"])
    desk.issue("licence")
    assert issued.ticket.matters == ("renew", "open")
    assert desk.office.ticket(issued.ticket.id).matters == ("renew", "open")
    assert matters.listed_and_asked()[1] == {"renew": 1, "open": 2}
    called = desk.office.call_next("1", DESK)
    assert called and called.ticket.matters == ("renew", "open")
    assert [one.id for one in matters.of(called.ticket.matters)] == ["renew", "open"]
    desk.next_day()
    assert matters.listed_and_asked()[1] == {}


def test_a_matter_must_be_of_the_tickets_service_or_of_its_chain(matters: Matters, desk: OfficeHall) -> None:
    facts = refused(StateError, "matter_elsewhere", desk.issue, "licence", matters=["open", "tax-card"])
    assert facts == {"matter": "tax-card", "service": "tax"}
    refused(UnknownError, "unknown_matter", desk.issue, "licence", matters=["no-such"])
    both = desk.issue("licence", matters=["open", "tax-card"], chain=["tax"])
    assert both.ticket.matters == ("open", "tax-card")
    # What was refused took no number.
    assert both.ticket.number == "A001"


def test_a_ticket_of_a_matter_taken_away_since_still_tells_it(matters: Matters, desk: OfficeHall) -> None:
    issued = desk.issue("licence", matters=["renew"])
    matters.remove("renew", MANAGER)
    assert matters.of(issued.ticket.matters) == (RENEW,)
    refused(UnknownError, "unknown_matter", desk.issue, "licence", matters=["renew"])


def test_the_same_request_again_gives_the_same_ticket_with_its_matters(matters: Matters, desk: OfficeHall) -> None:
    options = {"print": False, "key": "k" * 20, "matters": ["open"]}
    first = desk.office.issue("licence", DESK, **options)
    again = desk.office.issue("licence", DESK, **options)
    assert first == again and again.ticket.matters == ("open",)
    other = options | {"matters": ["renew"]}
    refused(StateError, "idempotency_key_reused", desk.office.issue, "licence", DESK, **other)


@pytest.mark.parametrize(
    ("asked", "chain", "kept"),
    [
        (["renew"], [], {"name"}),
        (["renew", "tax-card"], ["tax"], {"name", "id_number"}),
        # Without a word of its own a matter needs what its service needs: all.
        (["open", "renew"], [], None),
        (["renew"], ["tax"], None),
    ],
)
def test_what_is_kept_of_a_card_is_what_the_matters_need(
    matters: Matters, desk: OfficeHall, asked: list[str], chain: list[str], kept: set[str] | None
) -> None:
    issued = desk.issue("licence", CHEN, matters=asked, chain=chain)
    desk.call("1")
    shown = desk.office.scan("1", issued.code, DESK).resident
    assert shown
    there = {name for name, value in vars(shown).items() if value is not None and name != "kind"}
    everything = {name for name, value in vars(CHEN).items() if value is not None and name != "kind"}
    assert there == (everything if kept is None else kept)


def test_a_hall_of_865_matters_is_put_as_a_whole(desk: OfficeHall) -> None:
    rows, problems = check(large_hall.matters())
    assert not problems and len(rows) == 865
    assert len({one.name for one in rows}) == 865 and max(len(one.name) for one in rows) == 60
    setup = HallSetup(tuple(large_hall.services()), tuple(large_hall.windows()))
    assert (len(setup.services), len(setup.windows)) == (61, 50)
    assert len({one.prefix for one in setup.services}) == 61
    Setup(desk.office.ledger).replace(setup, MANAGER)
    made = Matters(desk.office.ledger, spell_once)
    assert len(made.replace(matters_of(rows), MANAGER)) == 865
    listed = made.listed().matters
    assert len(listed) == 865 and all(one.available and one.pinyin for one in listed)
    assert json.loads(json.dumps([one.initials for one in listed]))[0] == "csyxzmxb"


def test_a_case_is_of_the_tickets_matter_unless_the_clerk_names_another(matters: Matters, desk: OfficeHall) -> None:
    desk.issue("licence", matters=["renew", "open"])
    desk.call("1")
    done = desk.office.conclude("1", DESK, further=[Further("licence", "done", matter="open"), Further("tax", "done")])
    assert [one.matter for one in done.cases] == ["renew", "open", None]
    desk.issue("licence", matters=["renew"])
    desk.call("1")
    refused(UnknownError, "unknown_matter", desk.office.conclude, "1", DESK, matter="gone")
    assert [one.matter for one in desk.office.conclude("1", DESK, matter="open").cases] == ["open"]
    desk.issue("licence")
    desk.call("1")
    assert [one.matter for one in desk.office.conclude("1", DESK).cases] == [None]


def test_tickets_and_cases_are_counted_by_matter_over_any_days(matters: Matters, desk: OfficeHall) -> None:
    first = desk.now.date()
    desk.issue("licence", matters=["renew", "open"])
    desk.issue("licence", matters=["open"])
    desk.serve("1")
    desk.next_day()
    desk.issue("tax", matters=["tax-card"])
    desk.serve("2")
    matters.remove("tax-card", MANAGER)
    counted = {one.id: (one.name, one.tickets, one.cases) for one in matters.figures(first, desk.now.date())}
    assert counted == {"open": (OPEN.name, 2, 0), "renew": (RENEW.name, 1, 1), "tax-card": (TAX.name, 1, 1)}
    assert [one.id for one in matters.figures(desk.now.date(), desk.now.date())] == ["tax-card"]
    refused(StateError, "bad_span", matters.figures, desk.now.date(), first)
