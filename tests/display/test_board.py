"""The words on a window's strip."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display.board import board_text, kind_of_text, strip_text
from display.paper.slip import measure_words
from ticketing.model import State, Ticket, Window, WindowState

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def window(state: WindowState = "open", name: str = "3号窗口", ident: str = "3") -> Window:
    return Window(ident, name, ("*",), state)


def ticket(state: State, number: str = "A001") -> Ticket:
    return Ticket(1, number, "s", state, "3", NOW, NOW, None, None, NOW, "normal", 0, 0, None, "printed")


def test_a_called_ticket_is_sent_to_the_window() -> None:
    assert strip_text(window(), ticket(State.CALLED)) == "A001请到3号窗口"


def test_a_ticket_being_served_is_named() -> None:
    assert strip_text(window(), ticket(State.SERVING)) == "A001 正在办理"


@pytest.mark.parametrize(
    ("state", "text"), [("open", "3号窗口 请等候叫号"), ("paused", "暂停服务"), ("closed", "窗口关闭")]
)
def test_a_window_without_a_ticket_says_how_it_is(state: WindowState, text: str) -> None:
    assert strip_text(window(state), None) == text


@pytest.mark.parametrize(
    ("said", "width", "text"),
    [
        ("午休", 192, "午休"),
        ("午休 13:30 回来", 192, "午休 13:30 回来"),
        ("午休 13:30 回来", 96, "午休 13:30\n回来"),
        ("系统正在升级维护请到其他窗口办理", 192, "系统正在升级维护\n请到其他窗口办理"),
        ("系统正在升级维护请到其他窗口办理", 96, "暂停服务"),
        ("系统正在升级维护请到其他窗口办理", 32, "暂停"),
    ],
)
def test_a_paused_window_says_what_its_clerk_gave_as_far_as_it_fits(said: str, width: int, text: str) -> None:
    paused = Window("3", "3号窗口", ("*",), "paused", pause_text=said)
    assert strip_text(paused, None, width, 32) == text


@given(st.text(max_size=40).filter(lambda said: "\n" not in said), st.integers(8, 320), st.sampled_from([16, 32, 64]))
def test_no_pause_is_wider_than_the_strip(said: str, width: int, height: int) -> None:
    lines = strip_text(Window("3", "3号窗口", ("*",), "paused", pause_text=said), None, width, height).split("\n")
    assert len(lines) <= height // 16
    assert all(measure_words(line) <= width // 8 for line in lines)


def test_a_call_counts_more_than_the_windows_state() -> None:
    assert strip_text(window("paused"), ticket(State.CALLED)) == "A001请到3号窗口"


@pytest.mark.parametrize(
    ("width", "height", "text"),
    [
        (120, 16, "A001请到3号窗口"),
        (112, 32, "A001\n请到3号窗口"),
        (96, 16, "A001请到3号"),
        (72, 32, "A001\n请到3号"),
        (64, 16, "A001"),
        (24, 16, "A00"),
    ],
)
def test_a_narrow_strip_says_less_or_says_it_in_two_lines(width: int, height: int, text: str) -> None:
    assert strip_text(window(), ticket(State.CALLED), width, height) == text


def test_a_window_with_a_long_name_gets_two_lines_or_its_number() -> None:
    long = window(name="不动产登记受理窗口")
    assert strip_text(long, ticket(State.CALLED), 192, 32) == "A001\n请到不动产登记受理窗口"
    assert strip_text(long, ticket(State.CALLED), 192, 16) == "A001请到3号"


@given(
    st.sampled_from(["open", "paused", "closed"]),
    st.sampled_from([State.CALLED, State.SERVING, None]),
    st.text(min_size=1, max_size=20).filter(lambda name: "\n" not in name),
    st.integers(8, 320),
    st.sampled_from([16, 32, 64]),
)
def test_no_line_is_wider_than_the_strip(
    state: WindowState, of_ticket: State | None, name: str, width: int, height: int
) -> None:
    text = strip_text(window(state, name), ticket(of_ticket) if of_ticket else None, width, height)
    lines = text.split("\n")
    assert len(lines) <= height // 16
    assert all(measure_words(line) <= width // 8 for line in lines)


@pytest.mark.parametrize(
    ("state", "kind", "texts", "said"),
    [
        ("open", "idle", {"idle": "欢迎光临"}, "欢迎光临"),
        ("paused", "paused", {"paused": "请到其他窗口"}, "请到其他窗口"),
        ("closed", "closed", {"closed": "下班了"}, "下班了"),
        ("closed", "closed", {"closed": "一段条屏上放不下的很长很长很长很长很长的话"}, "窗口关闭"),
    ],
)
def test_a_hall_has_words_of_its_own_and_what_does_not_fit_gives_way(
    state: WindowState, kind: str, texts: dict[str, str], said: str
) -> None:
    assert kind_of_text(window(state), None) == kind
    assert strip_text(window(state), None, 192, 16, texts) == said  # type: ignore[arg-type]


def test_what_a_clerk_says_of_a_pause_goes_before_the_halls_words() -> None:
    paused = Window("3", "3号窗口", ("*",), "paused", pause_text="午休")
    assert strip_text(paused, None, texts={"paused": "暂停"}) == "午休"


def test_a_text_is_of_the_kind_of_its_ticket() -> None:
    assert kind_of_text(window("paused"), ticket(State.CALLED)) == "call"
    assert kind_of_text(window(), ticket(State.SERVING)) == "serving"


@dataclass
class OneCall:
    number: str
    window: str
    window_name: str


CALLS = [OneCall("A003", "12", "12号窗口"), OneCall("B001", "3", "不动产登记受理窗口"), OneCall("A002", "1", "1号窗口")]


@pytest.mark.parametrize(
    ("width", "height", "rows", "text"),
    [
        (256, 64, None, "A003 请到12号窗口\nB001 请到不动产登记受理窗口\nA002 请到1号窗口"),
        (192, 32, None, "A003 请到12号窗口\nB001请到3号"),
        (192, 64, 1, "A003 请到12号窗口"),
        (80, 16, None, "A003 12号"),
        (32, 16, None, "A003"),
    ],
)
def test_a_board_shows_the_last_calls_as_rows(width: int, height: int, rows: int | None, text: str) -> None:
    assert board_text(CALLS, width, height, rows) == text


def test_a_board_that_knows_no_call_says_what_it_is_told_to() -> None:
    assert board_text([], 192, 64) == "请等候叫号"
    assert board_text([], 192, 64, None, "欢迎光临") == "欢迎光临"
