"""Refusals over HTTP: always a problem with a code and words, never a stranger's text, never a traceback."""

import sqlite3
from typing import Any

import pytest

from display.refusals import CODES
from kiosk.web.auth import public
from kiosk.web.problems import OF_HTTP, OWN_REASONS
from kiosk.web.schema.answers import ResidentAnswer
from ticketing.model import Actor, Resident, StoreError


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/api/v1/tickets", 405, "method_not_allowed"),
        ("DELETE", "/api/v1/board", 405, "method_not_allowed"),
        ("PROPFIND", "/api/v1/board", 405, "method_not_allowed"),
        ("GET", "/api/v1/tickets/" + "x" * 200, 404, "unknown_code"),
    ],
)
def test_what_is_not_there_is_a_problem_too(shared: Any, method: str, path: str, status: int, code: str) -> None:
    answer = shared.ask(method, path)
    assert (answer.status, answer.code) == (status, code)


def test_a_refused_method_says_which_are_allowed(here: Any) -> None:
    assert {"GET", "HEAD", "OPTIONS"} == set(here.ask("POST", "/api/v1/board").headers["allow"].split(", "))


def test_somebody_at_a_page_is_answered_with_a_page(here: Any) -> None:
    html = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = here.ask("GET", "/t/0000000000000000", headers=html)
    assert answer.status == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "小票" in answer.body.decode()
    assert here.ask("GET", "/api/v1/tickets/0000000000000000", headers=html).code == "unknown_code"


def test_a_body_too_large_is_refused_unread(here: Any) -> None:
    refused = here.post("/tickets", b" " * 100_000)
    assert (refused.status, refused.code) == (413, "too_large")


def test_what_goes_wrong_unforeseen_is_logged_by_kind_and_place_alone(
    here: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down() -> None:
        raise ValueError("梁试问 11000019880314123X")

    here.app.add_url_rule("/break", view_func=public(break_down))
    answer = here.ask("GET", "/break")
    assert (answer.status, answer.code) == (500, "internal")
    assert "梁试问" not in answer.body.decode()
    assert "ValueError at " in caplog.text
    assert "test_problems.py:" in caplog.text
    assert "梁试问" not in caplog.text
    assert "11000019880314123X" not in caplog.text


@pytest.mark.parametrize("code", ["store_busy", "store_full", "store_broken"])
def test_a_store_that_does_not_take_it_is_said_to_be_worth_another_try(here: Any, code: str) -> None:
    def refuse() -> None:
        raise StoreError(code)

    here.app.add_url_rule("/refuse", view_func=public(refuse))
    answer = here.ask("GET", "/refuse")
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, code, "1")


def test_a_locked_store_is_busy_and_nothing_is_lost(start: Any) -> None:
    """Another program has the file; the press is refused in words, and works when it lets go."""
    here = start()
    token = here.token("desk")
    with here.store.write() as conn:
        conn.exec_driver_sql("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(here.store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        refused = here.post("/tickets", {"service": "licence"}, token=token)
        assert (refused.status, refused.code) == (503, "store_busy")
    finally:
        other.close()
    assert here.post("/tickets", {"service": "licence"}, token=token).json["number"] == "A001"


def test_every_refusal_of_the_web_side_has_words_of_its_own() -> None:
    own = {
        *OF_HTTP.values(),
        *OWN_REASONS,
        *("bad_after", "bad_body", "bad_idempotency_key", "bad_json", "bad_token", "cross_site"),
        *("device_offline", "forbidden", "internal", "no_device", "no_kiosk", "no_resident", "not_logged_in"),
        *("not_your_window", "priority_not_yours", "stopping", "tls_required", "too_many_listeners", "wrong_password"),
    }
    assert own <= CODES


def test_the_words_know_the_facts(here: Any) -> None:
    here.issue()
    here.office.call_next("3", Actor("clerk", "clerk", "3"))
    token = here.token("clerk", "3")
    problem = here.post("/windows/3/call-next", token=token).json
    assert problem["type"] == "urn:quhao:problem:window_busy"
    assert problem["title"] == "Conflict"
    assert "A001" in problem["detail"]
    assert "A001" in problem["detail_en"]


def test_an_answer_that_does_not_fit_its_shape_is_a_fault_of_the_program_and_quotes_nobody() -> None:
    with pytest.raises(TypeError) as caught:
        ResidentAnswer.of(Resident(name="梁试问", issue_count=7))  # type: ignore[arg-type]
    assert str(caught.value) == "ResidentAnswer does not fit at [('issue_count',)]"
    assert caught.value.__suppress_context__
