"""A resident at the kiosk, from card to slip, and everything that comes between."""

from datetime import UTC, datetime

import pytest

from kiosk.resident.session import KioskSession, Stage
from ticketing.model import NORMAL, Resident, State, Ticket

WHEN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SOMEBODY = Resident(kind="resident", name="张三")
ANOTHER = Resident(kind="resident", name="李四")
AGENT = Resident(kind="resident", name="代办人", id_number="2")


def a_ticket(number: int = 1) -> Ticket:
    return Ticket(
        id=number,
        number=f"A{number:03}",
        service="a",
        state=State.WAITING,
        window=None,
        issued_at=WHEN,
        called_at=None,
        started_at=None,
        ended_at=None,
        rank_at=WHEN,
        priority=NORMAL,
        ahead=0,
        recalls=0,
        outcome=None,
        print="pending",
    )


@pytest.fixture
def session() -> KioskSession:
    session = KioskSession(choose_seconds=60, take_seconds=6)
    session.reader_fault = None
    return session


def chosen(session: KioskSession, printing: bool = True) -> KioskSession:
    session.card_found()
    session.card_read(SOMEBODY, 0)
    session.chose(a_ticket(), "C" * 16, printing, 5)
    return session


def test_a_card_a_choice_a_slip_and_the_card_taken_back(session: KioskSession) -> None:
    assert session.stage is Stage.IDLE
    session.card_found()
    assert session.stage is Stage.READING
    session.card_read(SOMEBODY, 0)
    assert session.stage is Stage.CHOOSING
    assert session.seconds_left(10) == 50
    session.chose(a_ticket(), "C" * 16, True, 10)
    assert session.stage is Stage.PRINTING
    session.printed(1, "printed", None, 11)
    assert session.stage is Stage.TAKING
    assert session.seconds_left(11) is None, "the card still lies there: the reminder stays"
    session.card_left(20)
    assert not session.tick(25.9)
    assert session.tick(26)
    assert session.stage is Stage.IDLE
    assert session.resident is None
    assert session.held is None


def test_a_resident_who_walks_away_leaves_nothing_behind(session: KioskSession) -> None:
    session.card_found()
    session.card_read(SOMEBODY, 0)
    session.card_left(3)
    assert session.stage is Stage.CHOOSING, "the card may be taken back while choosing"
    session.tick(60)
    assert session.stage is Stage.IDLE
    assert session.resident is None


def test_a_forgotten_card_is_reminded_of(session: KioskSession) -> None:
    session.card_found()
    session.card_read(SOMEBODY, 0)
    session.tick(60)
    assert session.note == "take_card"
    session.card_left(70)
    assert session.note is None


def test_a_card_pulled_away_says_what_to_do(session: KioskSession) -> None:
    session.card_found()
    session.card_refused("card_moved")
    assert session.stage is Stage.IDLE
    assert session.note == "card_moved"


def test_who_lays_a_card_is_who_stands_here(session: KioskSession) -> None:
    session.card_found()
    session.card_read(SOMEBODY, 0)
    session.card_left(1)
    session.card_found()
    session.card_read(ANOTHER, 2)
    assert session.resident is ANOTHER
    assert session.seconds_left(2) == 60


def test_a_card_laid_while_a_slip_is_on_its_way_has_its_turn_after_it(session: KioskSession) -> None:
    chosen(session).card_left(5)
    session.card_found()
    session.card_read(ANOTHER, 6)
    assert session.stage is Stage.PRINTING
    session.printed(1, "printed", None, 7)
    assert session.stage is Stage.TAKING
    session.tick(13)
    assert session.stage is Stage.CHOOSING
    assert session.resident is ANOTHER


@pytest.mark.parametrize(("outcome", "note"), [("failed", "paper_out"), ("unconfirmed", "slip_doubtful")])
def test_a_number_that_is_not_on_paper_stands_on_the_screen(session: KioskSession, outcome: str, note: str) -> None:
    chosen(session).printed(1, outcome, "paper_out", 6)
    assert session.stage is Stage.FAULT
    assert session.note == note
    assert session.held
    assert not session.held.on_paper
    assert session.seconds_left(6) == 30


def test_without_a_printer_the_number_is_shown_at_once(session: KioskSession) -> None:
    assert chosen(session, printing=False).stage is Stage.TAKING
    assert session.note == "no_printer"


def test_a_slip_stuck_in_the_printer_does_not_hold_up_the_kiosk(session: KioskSession) -> None:
    chosen(session)
    assert session.stuck("paper_out", 6)
    assert session.stage is Stage.FAULT
    assert session.note == "slip_waits_for_paper"
    assert session.held
    assert not session.held.on_paper
    assert not session.stuck("paper_out", 7), "said once"
    session.printed(1, "printed", None, 20)
    assert session.stage is Stage.TAKING, "the roll was changed while its owner still stood there"
    session.card_found()
    assert session.stage is Stage.READING


def test_a_stuck_slip_that_comes_out_for_somebody_else_changes_nothing(session: KioskSession) -> None:
    chosen(session)
    session.stuck("cover_open", 6)
    session.card_found()
    session.card_read(ANOTHER, 8)
    session.printed(1, "printed", None, 20)
    assert session.stage is Stage.CHOOSING


def test_a_slip_that_cannot_be_confirmed_is_taken_like_any_other(session: KioskSession) -> None:
    chosen(session).printed(1, "sent", None, 6)
    assert session.stage is Stage.TAKING


def test_a_slip_confirmed_late_takes_the_doubt_off_the_screen(session: KioskSession) -> None:
    chosen(session).printed(1, "unconfirmed", "silent", 6)
    session.printed(1, "printed", None, 9)
    assert session.stage is Stage.TAKING


def test_a_greeting_does_not_outlast_its_card_for_long(session: KioskSession) -> None:
    session.card_found()
    session.card_read(SOMEBODY, 0)
    session.card_left(2)
    assert session.seconds_left(2) == 30
    session.card_left(45)
    assert session.seconds_left(2) == 30


def test_the_outcome_of_another_slip_changes_nothing(session: KioskSession) -> None:
    chosen(session).printed(99, "failed", "paper_out", 6)
    assert session.stage is Stage.PRINTING


def test_quitting_forgets_the_resident(session: KioskSession) -> None:
    session.card_found()
    session.card_read(SOMEBODY, 0)
    session.quit()
    assert session.resident is None
    assert session.note == "take_card"


def test_a_broken_reader_is_a_fault_that_ends_by_itself_and_typing_still_works(session: KioskSession) -> None:
    session.reader_fault = "unplugged"
    assert session.stage is Stage.FAULT
    assert session.typed(SOMEBODY, 0)
    assert session.stage is Stage.CHOOSING
    session.quit()
    session.reader_fault = None
    assert session.stage is Stage.IDLE


def test_without_paper_a_card_is_still_read(session: KioskSession) -> None:
    session.printer_fault = "paper_out"
    assert session.stage is Stage.FAULT
    session.card_found()
    assert session.stage is Stage.READING


def test_typing_does_not_push_anybody_out(session: KioskSession) -> None:
    session.card_found()
    session.card_read(SOMEBODY, 0)
    assert not session.typed(ANOTHER, 1)
    assert session.resident is SOMEBODY


def test_who_leaves_while_the_slip_comes_out_is_forgotten_at_once(session: KioskSession) -> None:
    chosen(session).quit()
    assert session.stage is Stage.IDLE
    assert (session.resident, session.held) == (None, None)
    session.printed(1, "unconfirmed", "silent", 9)
    assert session.stage is Stage.IDLE, "the slip's outcome is for the store, not for whoever comes next"


def test_a_slip_is_waited_for_so_long_and_no_longer(session: KioskSession) -> None:
    chosen(session)
    assert session.seconds_left(6) is None, "there is nothing for the resident to hurry with"
    assert not session.tick(24.9)
    assert session.tick(25)
    assert (session.stage, session.note, session.seconds_left(25)) == (Stage.FAULT, "slip_waits", 30)
    session.printed(1, "printed", None, 40)
    assert session.stage is Stage.TAKING, "it came while its owner still stood there"


def test_whoever_laid_a_card_meanwhile_is_served_soon_after_a_slip_is_given_up(session: KioskSession) -> None:
    chosen(session).card_left(5)
    session.card_found()
    session.card_read(ANOTHER, 6)
    session.tick(25)
    assert (session.stage, session.seconds_left(25)) == (Stage.FAULT, 6)
    session.tick(31)
    assert (session.stage, session.resident) == (Stage.CHOOSING, ANOTHER)


def test_a_ticket_that_is_over_before_its_slip_says_so_and_shows_no_number(session: KioskSession) -> None:
    chosen(session).printed(1, "failed", "ticket_over", 6)
    assert (session.stage, session.note, session.held) == (Stage.FAULT, "ticket_over", None)
    assert session.typed(ANOTHER, 7), "nobody needs the screen to remember a number"
    session.quit()
    chosen(session).printed(1, "failed", "ticket_over", 6)
    session.card_left(7)
    session.card_found()
    assert session.stage is Stage.READING


def test_every_resident_is_another_visit_and_so_is_nobody(session: KioskSession) -> None:
    visits = []
    for resident in (SOMEBODY, ANOTHER, ANOTHER):
        session.card_read(resident, 0)
        visits.append(session.visit)
        session.quit()
        visits.append(session.visit)
    assert len(set(visits)) == 6


def test_a_visit_lasts_from_the_card_to_the_slip_and_ends_when_the_next_card_is_laid(session: KioskSession) -> None:
    free = session.visit
    session.card_found()
    assert session.visit == free, "nobody is known yet"
    session.card_read(SOMEBODY, 0)
    visit = session.visit
    assert visit != free
    session.for_other(1)
    session.card_left(2)
    session.card_found()
    session.card_read(AGENT, 3)
    assert (session.agent, session.visit) == (AGENT, visit), "the agent's card belongs to the visit"
    session.chose(a_ticket(), "C" * 16, True, 4)
    session.printed(1, "printed", None, 6)
    assert (session.stage, session.visit) == (Stage.TAKING, visit)
    session.card_left(7)
    session.card_found()
    gone = session.visit
    assert gone != visit
    session.card_read(SOMEBODY, 8)
    assert session.visit not in (visit, gone), "a card laid anew is another visit, also of the same resident"


def test_a_slip_seen_to_leave_its_slot_ends_the_visit_once_the_card_is_gone(session: KioskSession) -> None:
    chosen(session).printed(1, "printed", None, 11)
    session.slip_taken(12)
    assert session.seconds_left(12) is None, "the card still lies there"
    session.card_left(20)
    assert session.tick(21)
    assert session.stage is Stage.IDLE
    session.slip_taken(22)
    assert session.stage is Stage.IDLE


def test_a_slip_that_leaves_after_the_card_ends_the_visit_at_once(session: KioskSession) -> None:
    chosen(session)
    session.card_left(10)
    session.printed(1, "printed", None, 11)
    assert session.seconds_left(11) == 6
    session.slip_taken(12)
    assert session.tick(13)
    assert session.stage is Stage.IDLE


def test_who_does_something_has_the_whole_time_again(session: KioskSession) -> None:
    assert not session.still_here(0), "nobody is here"
    session.card_read(SOMEBODY, 0)
    assert session.still_here(50)
    assert session.seconds_left(50) == 60
    assert not session.tick(100)
    assert session.tick(110)
    assert session.stage is Stage.IDLE


def test_the_question_is_asked_anew_when_an_agent_came(session: KioskSession) -> None:
    session.card_read(SOMEBODY, 5)
    assert session.asked_at == 5
    session.for_other(7)
    session.card_read(AGENT, 9)
    assert session.asked_at == 9
