"""Registration of routes, validation of requests.

A route declares by its types what it takes (``path``, ``query``, ``body``) and by ``responses`` what it gives. Pydantic
checks that for each request; flask-openapi3 describes the API from it (``kiosk.web.schema.openapi``) on demand, since
it takes as long to load as Flask itself.
"""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar, get_type_hints

from flask import Blueprint, Response, current_app, g, request
from pydantic import BaseModel, Field, ValidationError

from kiosk.web.problems import RequestError
from ticketing.model import UnknownError

PREFIX = "/api/v1"
STREAM = {
    "description": "a stream of events, with a comment as heartbeat each 15 s",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}
KEY = re.compile(r"[\x21-\x7e]{1,255}")
_BIGGEST = 2**63 - 1

Shape = type[BaseModel] | dict[str, Any] | None
View = TypeVar("View", bound=Callable[..., Response])


class NamedPath(BaseModel):
    """The parameters of a path; ``unknown`` is the code when nothing has that name."""

    unknown: ClassVar[str] = "not_found"


class WindowPath(NamedPath):
    """The window's id."""

    unknown: ClassVar[str] = "unknown_window"
    window: str = Field(max_length=64)


@dataclass(frozen=True)
class Route:
    """One method of one address; ``responses`` holds by status a model, None for no body, or OpenAPI's own words."""

    method: str
    rule: str
    view: Callable[..., Response]
    summary: str
    responses: Mapping[str, Shape]


class Routes:
    """The routes of one resource: ``blueprint`` for Flask, ``calls`` for the description."""

    def __init__(self, name: str, about: str) -> None:
        self.name = name
        self.about = about
        self.blueprint = Blueprint(f"api_{name}", __name__, url_prefix=PREFIX)
        self.calls: list[Route] = []

    def get(self, rule: str, *, summary: str, responses: Mapping[str, Shape] | None = None) -> Callable[[View], View]:
        """Register a route that reads."""
        return self._register("get", rule, summary, responses)

    def post(
        self,
        rule: str,
        *,
        summary: str,
        responses: Mapping[str, Shape] | None = None,
        takes: str | None = None,
        largest: int | None = None,
    ) -> Callable[[View], View]:
        """Register a route that changes something.

        ``takes`` is the media type of its body where that is not JSON, ``largest`` the most bytes of one that is
        larger than others.
        """
        return self._register("post", rule, summary, responses, takes, largest)

    def put(
        self, rule: str, *, summary: str, responses: Mapping[str, Shape] | None = None, largest: int | None = None
    ) -> Callable[[View], View]:
        """Register a route that replaces something whole; ``largest`` as in :meth:`post`."""
        return self._register("put", rule, summary, responses, None, largest)

    def delete(
        self, rule: str, *, summary: str, responses: Mapping[str, Shape] | None = None
    ) -> Callable[[View], View]:
        """Register a route that takes something away."""
        return self._register("delete", rule, summary, responses)

    def _register(
        self,
        method: str,
        rule: str,
        summary: str,
        given: Mapping[str, Shape] | None,
        takes: str | None = None,
        largest: int | None = None,
    ) -> Callable[[View], View]:
        responses = given or {}

        def register(view: View) -> View:
            view.takes, view.largest = takes, largest  # type: ignore[attr-defined]
            self.calls.append(Route(method, rule, view, summary, responses))
            self.blueprint.add_url_rule(rule, view_func=_checked(view, responses), methods=[method.upper()])
            return view

        return register


def idempotency_key() -> str | None:
    """The request's ``Idempotency-Key``; None when it carries none. Raises ``bad_idempotency_key``."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        raise RequestError(422, "bad_idempotency_key")
    return key


def seen_version() -> str | None:
    """The version that the asker changes (``If-Match``); None for whichever there is."""
    if request.headers.get("If-Match") is None or request.if_match.star_tag:
        return None
    return next(iter(request.if_match.as_set()), "")


def last_event_id(query: Mapping[str, str]) -> int | None:
    """The event a stream goes on after: ``Last-Event-ID``, the newer one, else ``after``; raises ``bad_after``."""
    last = request.headers.get("Last-Event-ID", "")
    if last.isascii() and last.isdigit():
        return min(int(last[:20]), _BIGGEST)
    after = query.get("after")
    if after is None:
        return None
    if not (after.isascii() and after.isdigit() and len(after) < 20):
        raise RequestError(422, "bad_after")
    return min(int(after), _BIGGEST)


def _checked(view: Callable[..., Response], responses: Mapping[str, Shape]) -> Callable[..., Response]:
    """``view`` with its arguments validated."""
    types = get_type_hints(view)
    path: type[NamedPath] | None = types.get("path")
    query: type[BaseModel] | None = types.get("query")
    body: type[BaseModel] | None = types.get("body")

    @functools.wraps(view)
    def checked(**values: Any) -> Response:
        taken: dict[str, BaseModel] = {}
        if path is not None:
            try:
                taken["path"] = path.model_validate(values)
            except ValidationError:
                # A name that cannot exist is answered like one that does not.
                raise UnknownError(path.unknown) from None
        if query is not None:
            taken["query"] = query.model_validate(request.args.to_dict())
        if body is not None:
            taken["body"] = body.model_validate(g.get("body"))
        response = view(**taken)
        if current_app.config["CHECK_ANSWERS"]:
            _check_answer(response, responses)
        return response

    return checked


def _check_answer(response: Response, responses: Mapping[str, Shape]) -> None:
    """Check an answer against its description, for tests; raises ValidationError."""
    shape = responses.get(str(response.status_code))
    if isinstance(shape, type) and response.is_json:
        shape.model_validate_json(response.get_data())
