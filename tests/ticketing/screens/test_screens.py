"""Screens: bound by their code once, known by their secret alone, forgotten and changed with an entry in the log."""

from sqlalchemy import select, update

from offices import OfficeHall, refused
from ticketing.model import Actor, LimitError, StateError, UnknownError
from ticketing.people.principal import hash_of
from ticketing.screens.screens import CODE_LASTS, LENGTH, LETTERS, MOST_NEW, Screens, Shows
from ticketing.store import tables

TECHNICIAN = Actor("zhao", "technician")
MINUTES = CODE_LASTS.total_seconds() / 60


def secret(number: int = 0) -> str:
    return f"{number:043}"


def code_of(screens: Screens, number: int = 0) -> str:
    code = screens.report(secret(number), "tv-1", "192.168.1.7").code
    assert code
    return code


def test_a_code_binds_its_screen_once_and_the_screen_shows_that_from_then_on(desk: OfficeHall) -> None:
    screens = Screens(desk.office.ledger)
    new = screens.report(secret(), "tv-1", "192.168.1.7")
    assert (new.name, new.shows, len(new.code or ""), set(new.code or "") <= set(LETTERS)) == (
        "tv-1",
        None,
        LENGTH,
        True,
    )
    other = code_of(screens, 1)
    assert other != new.code
    assert screens.report(secret(), "renamed", "192.168.1.7") == new, "the same code while it is good"

    bound = screens.bind(str(new.code).lower(), Shows("window", "3"), None, TECHNICIAN)
    assert (bound.id, bound.name, bound.shows, bound.code) == (new.id, "tv-1", Shows("window", "3"), None)
    assert screens.report(secret(), "tv-1", "192.168.1.7").shows == Shows("window", "3")
    refused(UnknownError, "unknown_screen_code", screens.bind, new.code, Shows("board"), None, TECHNICIAN)
    refused(UnknownError, "unknown_window", screens.bind, other, Shows("window", "99"), None, TECHNICIAN)
    assert screens.report(secret(1), "tv-2", "192.168.1.8").code == other, "a refused one costs the code nothing"

    changed = screens.put(bound.id, "门厅", Shows("board", "3", "2F"), TECHNICIAN)
    assert (changed.name, changed.shows) == ("门厅", Shows("board", None, "2F"))
    assert [one.name for one in screens.all()] == ["tv-1", "门厅"], "new ones first"
    screens.forget(bound.id, TECHNICIAN)
    again = screens.report(secret(), "tv-1", "192.168.1.7")
    assert again.shows is None and again.code and again.id != bound.id
    refused(UnknownError, "unknown_screen", screens.put, bound.id, "x", Shows("board"), TECHNICIAN)
    refused(UnknownError, "unknown_screen", screens.put, again.id, "x", Shows("board"), TECHNICIAN)
    refused(UnknownError, "unknown_screen", screens.forget, bound.id, TECHNICIAN)
    with desk.store.read() as conn:
        a = tables.access_log.c
        entries = conn.execute(select(a.who, a.action, a.reason).where(a.action.startswith("screen")).order_by(a.seq))
        assert [tuple(one) for one in entries] == [
            ("zhao", "screen-bound", f"screen {bound.id} tv-1: window 3"),
            ("zhao", "screen-changed", f"screen {bound.id} 门厅: board 2F"),
            ("zhao", "screen-forgotten", f"screen {bound.id} 门厅: board 2F"),
        ]


def test_a_code_that_is_over_binds_nothing_and_its_screen_gets_another(desk: OfficeHall) -> None:
    screens = Screens(desk.office.ledger)
    old = code_of(screens)
    desk.later(minutes=MINUTES)
    refused(UnknownError, "unknown_screen_code", screens.bind, old, Shows("board"), None, TECHNICIAN)
    assert screens.all() == [], "not seen for ten minutes"
    new = code_of(screens)
    assert new != old
    assert screens.bind(new, Shows("guide"), "百科", TECHNICIAN).name == "百科"
    desk.later(days=40)
    assert screens.report(secret(), "tv-1", "::1").shows == Shows("guide"), "what is bound is never forgotten by itself"
    assert [one.seen_from for one in screens.all()] == ["::1"]


def test_new_screens_are_bounded_and_make_room_when_they_are_gone(desk: OfficeHall) -> None:
    screens = Screens(desk.office.ledger)
    codes = {code_of(screens, number) for number in range(MOST_NEW)}
    assert len(codes) == MOST_NEW
    refused(LimitError, "screens_full", screens.report, secret(999), "tv", "192.168.1.9")
    assert not screens.knows(secret(999))
    desk.later(minutes=MINUTES + 1)
    assert code_of(screens, 999)
    assert len(screens.all()) == 1


def test_a_code_that_no_screen_shows_binds_none(desk: OfficeHall) -> None:
    screens = Screens(desk.office.ledger)
    screens.bind(code_of(screens), Shows("board"), None, TECHNICIAN)
    for tried in ("", "AAAAA", "NULL", "%", "_____"):
        refused(UnknownError, "unknown_screen_code", screens.bind, tried, Shows("board"), None, TECHNICIAN)


def tokens(desk: OfficeHall) -> list[tuple[str, str, str, str | None]]:
    with desk.store.read() as conn:
        t = tables.token.c
        return [tuple(one) for one in conn.execute(select(t.name, t.role, t.windows, t.terminal))]


def test_a_screen_that_shows_the_kiosk_or_a_second_screen_has_a_token_for_that_and_no_other_has(
    desk: OfficeHall,
) -> None:
    screens = Screens(desk.office.ledger)
    hashed = hash_of("quhao_of-this-box")
    code = code_of(screens)
    for shows in (Shows("kiosk"), Shows("resident", "3"), Shows("terminal")):
        refused(StateError, "screen_without_token", screens.bind, code, shows, None, TECHNICIAN)
    assert screens.report(secret(), "tv-1", "::1", hashed).token_hash == hashed
    assert screens.report(secret(), "tv-1", "::1", hash_of("another")).token_hash == hashed, "the first one is kept"
    assert tokens(desk) == []
    bound = screens.bind(code, Shows("kiosk", theme="contrast"), None, TECHNICIAN)
    assert bound.shows == Shows("kiosk", None, "", "contrast")
    name = f"screen-{bound.id}"
    assert tokens(desk) == [(name, "kiosk", "[]", "box")]
    screens.put(bound.id, "renamed", Shows("kiosk"), TECHNICIAN)
    assert tokens(desk) == [(name, "kiosk", "[]", "box")]
    refused(UnknownError, "unknown_window", screens.put, bound.id, "x", Shows("resident", "99"), TECHNICIAN)
    screens.put(bound.id, "3", Shows("resident", "3", "2F"), TECHNICIAN)
    assert tokens(desk) == [(name, "terminal", '["3"]', name)]
    # A terminal is bound to no window, and goes by the name of the reader that stands there, or by its own.
    lobby = Shows("terminal", terminal="hall-1")
    assert screens.put(bound.id, "3", lobby, TECHNICIAN).shows == lobby
    assert tokens(desk) == [(name, "terminal", "[]", "hall-1")]
    screens.put(bound.id, "3", Shows("terminal"), TECHNICIAN)
    assert tokens(desk) == [(name, "terminal", "[]", name)]
    screens.put(bound.id, "3", Shows("window", "3", theme="light"), TECHNICIAN)
    assert tokens(desk) == []
    screens.put(bound.id, "3", Shows("kiosk"), TECHNICIAN)
    screens.forget(bound.id, TECHNICIAN)
    assert tokens(desk) == []
    with desk.store.read() as conn:
        a = tables.access_log.c
        entries = conn.execute(select(a.who, a.action, a.reason).where(a.action.startswith("token")).order_by(a.seq))
        assert [tuple(one) for one in entries] == [
            ("zhao", "token-added", f"{name} kiosk"),
            ("zhao", "token-removed", f"{name} kiosk"),
            *[("zhao", "token-added", f"{name} terminal"), ("zhao", "token-removed", f"{name} terminal")] * 3,
            ("zhao", "token-added", f"{name} kiosk"),
            ("zhao", "token-removed", f"{name} kiosk"),
        ]


def test_a_kiosk_screen_that_reports_to_another_box_is_that_boxs_kiosk(desk: OfficeHall) -> None:
    screens = Screens(desk.office.ledger)
    screens.report(secret(), "tv-1", "::1", hash_of("quhao_of-this-box"))
    bound = screens.bind(code_of(screens), Shows("kiosk"), None, TECHNICIAN)
    desk.office.ledger.box = "west"
    assert screens.report(secret(), "tv-1", "::1").box == "west"
    assert tokens(desk) == [(f"screen-{bound.id}", "kiosk", "[]", "west")]


def test_the_version_before_takes_a_kiosk_for_a_board_and_may_change_it(desk: OfficeHall) -> None:
    screens = Screens(desk.office.ledger)
    screens.report(secret(), "tv-1", "::1", hash_of("quhao_of-this-box"))
    bound = screens.bind(code_of(screens), Shows("kiosk", theme="large"), None, TECHNICIAN)
    s = tables.screen

    def row() -> tuple[object, ...]:
        with desk.store.read() as conn:
            return tuple(conn.execute(select(s.c.page, s.c.window_id, s.c.zone)).one())

    assert row() == ("board", None, "")
    screens.put(bound.id, "tv-1", Shows("resident", "3"), TECHNICIAN)
    assert row() == ("window", "3", "")
    screens.put(bound.id, "tv-1", Shows("terminal", terminal="hall-1"), TECHNICIAN)
    assert row() == ("board", None, "")
    screens.put(bound.id, "tv-1", Shows("resident", "3"), TECHNICIAN)
    assert screens.report(secret(), "tv-1", "::1").shows == Shows("resident", "3")
    with desk.store.write() as conn:
        conn.execute(update(s).values(page="board", window_id=None, zone="2F"))
    assert screens.report(secret(), "tv-1", "::1").shows == Shows("board", None, "2F")
