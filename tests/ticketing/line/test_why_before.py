"""Why another number is before mine, asked by whoever holds a ticket."""

from offices import CHEN, CLERK, LI, OfficeHall, refused
from ticketing.model import UnknownError


def test_who_came_later_and_is_before_me_is_told_by_the_class(desk: OfficeHall) -> None:
    mine = desk.issue("tax", resident=CHEN)
    other = desk.issue("tax", resident=LI)
    told = desk.office.why_before(mine.code, other.ticket.number.lower())
    assert told.en == "B002 is before B001: green channel (65+), 30 minutes' head start"
    assert "B001 排在 B002 前面" not in told.zh
    assert desk.office.why_before(other.code, "B001").en == "Your B002 is before B001"


def test_what_is_over_or_called_is_said_so(desk: OfficeHall) -> None:
    first, mine = desk.issue("tax"), desk.issue("tax")
    assert "earlier" not in desk.office.why_before(mine.code, first.ticket.number).en
    assert "before yours" in desk.office.why_before(mine.code, first.ticket.number).en
    desk.call("2")
    assert "before yours" in desk.office.why_before(mine.code, first.ticket.number).en
    desk.office.finish("2", CLERK)
    assert desk.office.why_before(mine.code, first.ticket.number).en == "B001 is done already"
    desk.call("2")
    assert "your turn" in desk.office.why_before(mine.code, first.ticket.number).en
    assert "own number" in desk.office.why_before(mine.code, mine.ticket.number).en


def test_a_code_or_number_of_another_day_is_unknown(desk: OfficeHall) -> None:
    mine = desk.issue("tax")
    refused(UnknownError, "unknown_number", desk.office.why_before, mine.code, "Z999")
    refused(UnknownError, "unknown_code", desk.office.why_before, "0000000000000000", "B001")
    desk.next_day()
    desk.issue("tax")
    refused(UnknownError, "unknown_code", desk.office.why_before, mine.code, "B001")
