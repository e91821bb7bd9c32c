"""What the routes of all resources share: where they hang, what a path holds, the key of a repeated request."""

import re
from typing import Any

from flask import request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from kiosk.problems import RequestError

PREFIX = "/api/v1"
PROBLEM = {
    "description": "refused",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
STREAM = {
    "description": "a stream of events, with a comment as heartbeat each 15 s",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}
KEY = re.compile(r"[\x21-\x7e]{1,255}")
_BIGGEST = 2**63 - 1


class WindowPath(BaseModel):
    """The window's id."""

    window: str = Field(max_length=64)


def resource(name: str, about: str) -> APIBlueprint:
    """The routes of one resource; refusals are described once for all of them."""
    return APIBlueprint(
        f"api_{name}",
        __name__,
        url_prefix=PREFIX,
        abp_tags=[Tag(name=name, description=about)],
        abp_responses={"4XX": dict(PROBLEM), "422": dict(PROBLEM), "503": dict(PROBLEM)},
    )


def idempotency_key() -> str | None:
    """The request's ``Idempotency-Key``; None when it carries none.

    Raises:
        RequestError: ``bad_idempotency_key``.
    """
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        raise RequestError(422, "bad_idempotency_key")
    return key


def last_event_id(query: dict[str, Any]) -> int | None:
    """Where a stream goes on: ``Last-Event-ID``, which is newer than the address, else ``after``.

    Raises:
        RequestError: ``bad_after``.
    """
    last = request.headers.get("Last-Event-ID", "")
    if last.isascii() and last.isdigit():
        return min(int(last[:20]), _BIGGEST)
    after = query.get("after")
    if after is None:
        return None
    if not (after.isascii() and after.isdigit() and len(after) < 20):
        raise RequestError(422, "bad_after")
    return min(int(after), _BIGGEST)
