"""Refusals over HTTP: ``application/problem+json`` (RFC 9457) with a stable ``code`` and words in two languages.

An unexpected error is answered with ``internal``, and logged only with its type and code locations: its text may hold
personal data.
"""

import html
import json
import logging
from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import HTTPException

from display.refusals import words
from drivers.errors import kind_and_place
from kiosk.box.logs import request_id
from ticketing.model import (
    ClosedError,
    ForbiddenError,
    LimitError,
    StateError,
    StoreError,
    TicketingError,
    UnknownError,
)

log = logging.getLogger(__name__)

STATUS: dict[type[TicketingError], int] = {
    UnknownError: 404,
    ClosedError: 409,
    StateError: 409,
    LimitError: 429,
    ForbiddenError: 403,
    StoreError: 503,
}
OF_CODE = {
    # The request can never succeed, whatever the state of the queue.
    **dict.fromkeys(("idempotency_key_reused", "bad_rows", "bad_span", "bad_by", "list_header", "list_encoding"), 422),
    **dict.fromkeys(("matter_elsewhere", "bad_matters"), 422),
    **dict.fromkeys(("list_empty", "no_id_number", "proxy_needs_both", "proxy_for_oneself", "reason_needed"), 422),
    **dict.fromkeys(("bad_back_at", "bad_outcome", "bad_progress", "bad_rating", "bad_reason"), 422),
    "bad_setup": 422,
    **dict.fromkeys(("name_invalid", "role_unknown", "window_invalid", "window_needed", "terminal_needed"), 422),
    **dict.fromkeys(("terminal_invalid", "address_invalid", "duty_needed", "duty_other"), 422),
    **dict.fromkeys(("list_too_large", "list_too_long"), 413),
    **dict.fromkeys(("totp_needed", "totp_wrong"), 401),
    **dict.fromkeys(("password_short", "password_long", "password_guessable", "password_same"), 422),
}
"""Codes whose status differs from that of their class."""
OF_HTTP = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "bad_request",
    413: "too_large",
    414: "too_large",
    415: "json_expected",
    431: "too_large",
}
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 1
"""``Retry-After``, seconds, while the store is busy."""


class Fault(BaseModel):
    """One thing wrong with a request's body."""

    field: str = Field(description="where, such as `resident.id_number`; empty for the body as a whole")
    reason: str = Field(description="what is wrong, a code")
    message: str
    message_zh: str | None = Field(None, description="the same in Chinese, where there is one")


class Problem(BaseModel):
    """A refusal (RFC 9457). Beside these members stand the facts of the case, such as a ticket's `number`."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str = Field(description="what to do, in Chinese")
    detail_en: str = Field(description="the same in English")
    code: str = Field(description="stable, for programs")
    errors: list[Fault] | None = None


class RequestError(Exception):
    """A request that the web server refuses by itself; ``facts``, for the sentence, hold no personal data."""

    def __init__(self, status: int, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.facts = facts


def problem(status: int, code: str, facts: dict[str, Any] | None = None) -> Response:
    """The answer that refuses a request: JSON for programs, a page for browsers."""
    facts = facts or {}
    current_app.extensions["refused"](code)
    if _wants_page():
        said = words(code, facts)
        return _page(status, said.zh, said.en)
    answer = Response(_as_json(status, code, facts), status, mimetype=MEDIA_TYPE)
    wait = facts.get("seconds") or facts.get("retry_after")
    if wait or status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers["Retry-After"] = str(wait or RETRY_AFTER)
    if status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="quhao"'
    return answer


def unparsed(status: int, code: str) -> tuple[list[tuple[str, str]], bytes]:
    """The same as headers and body, for bytes that could not be parsed as a request; it closes the connection."""
    headers = [("Content-Type", MEDIA_TYPE), ("Cache-Control", "no-store"), ("Connection", "close")]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(("Retry-After", str(RETRY_AFTER)))
    return headers, _as_json(status, code, {}).encode()


def of_ticketing(error: TicketingError) -> Response:
    """The answer to a refused verb."""
    return problem(*status_of(error), error.facts)


def status_of(error: TicketingError | RequestError | HTTPException) -> tuple[int, str]:
    """The status and the code by which a request is refused."""
    if isinstance(error, RequestError):
        return error.status, error.code
    if isinstance(error, HTTPException):
        status = error.code or HTTPStatus.BAD_REQUEST
        return status, OF_HTTP.get(status, "bad_request" if status < 500 else "internal")
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 409)
    return OF_CODE.get(error.code, status), error.code


def of_validation(error: ValidationError) -> Response:
    """The answer to an invalid body: names the fields and reasons, and repeats no value."""
    faults = [
        {"field": ".".join(map(str, fault["loc"])), "reason": fault["type"], "message": fault["msg"]}
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    own = next((fault["reason"] for fault in faults if fault["reason"] in OWN_REASONS), None)
    return problem(422, own or "bad_body", {"errors": faults})


OWN_REASONS = {"bad_id_number"}
"""Validation errors with a code of their own."""


def install(app: Flask, refused: Callable[[str], None] = lambda _code: None) -> None:
    """Answer every error of ``app`` as a problem; ``refused`` is told each code, while the request is there."""
    app.extensions["refused"] = refused
    app.register_error_handler(TicketingError, of_ticketing)
    app.register_error_handler(ValidationError, of_validation)
    app.register_error_handler(RequestError, lambda error: problem(error.status, error.code, error.facts))
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _unforeseen)


def _of_http(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        # Redirects, and responses given to ``abort``.
        return error.get_response()  # type: ignore[return-value]
    answer = problem(*status_of(error))
    for name, value in error.get_headers():
        if name == "Allow":
            answer.headers[name] = value
    return answer


def _unforeseen(error: Exception) -> Response:
    rule = request.url_rule.rule if request.url_rule else "?"
    ident = request_id()
    log.error("%s %s: %s (request %s)", request.method, rule, kind_and_place(error), ident or "-")
    # By it the technician finds the line in the log.
    return problem(500, "internal", {"request": ident} if ident else {})


def _as_json(status: int, code: str, facts: dict[str, Any]) -> str:
    said = words(code, facts)
    body = {
        **facts,
        "type": f"urn:quhao:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": said.zh,
        "detail_en": said.en,
        "code": code,
    }
    return json.dumps(body, ensure_ascii=False, default=_told)


def _told(fact: Any) -> str:
    """A fact in a form that JSON has."""
    return fact.isoformat() if isinstance(fact, date) else str(fact)


def _wants_page() -> bool:
    return (
        not request.path.startswith("/api/")
        and request.accept_mimetypes.best_match(("application/problem+json", "text/html")) == "text/html"
    )


def _page(status: int, zh: str, en: str) -> Response:
    return Response(
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>取号</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/static/shared/tokens.css">'
        f'<main class="problem"><h1>{html.escape(zh)}</h1><p lang="en">{html.escape(en)}</p></main></html>',
        status,
        mimetype="text/html",
    )
