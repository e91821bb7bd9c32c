"""``/accounts``, ``/tokens``: who may log in, and which machines may ask; what a manager does to others' accounts."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from flask import Response
from pydantic import Field

from kiosk.web.api.people.account import AccountAnswer, account_told
from kiosk.web.api.people.login import logged_in
from kiosk.web.auth import actor, allow, gate
from kiosk.web.hall import Hall
from kiosk.web.problems import RequestError
from kiosk.web.schema.answers import Answer, Instant, answer
from kiosk.web.schema.bodies import Body, Password
from kiosk.web.schema.routes import NamedPath, Routes
from ticketing.model import Role, StateError, UnknownError
from ticketing.people.people import Duty, TokenView

_Windows = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=200)]
_Name = Annotated[str, Field(min_length=1, max_length=64)]


class AccountPath(NamedPath):
    """The account's name."""

    unknown: ClassVar[str] = "unknown_account"
    account: str = Field(max_length=64)


class TokenPath(NamedPath):
    """The token's id, which opens nothing."""

    unknown: ClassVar[str] = "unknown_token"
    token: str = Field(pattern="^[0-9a-f]{16}$")


class EndBody(Body):
    """Which log-in is to end; all of them where it names none."""

    session: Annotated[str, Field(pattern="^[0-9a-f]{16}$")] | None = None


class RoleBody(Body):
    """What an account may do. `duty` is asked of managers where the hall keeps duties apart."""

    role: Role
    windows: _Windows = Field(default_factory=list, description='ids, or `["*"]` for all; a clerk needs one')
    duty: Duty | None = None


class NewAccountBody(RoleBody):
    """A new account; its person must give it another password at the first log-in."""

    username: _Name
    password: Password


class FirstPasswordBody(Body):
    """A password for the next log-in, at which it must be changed."""

    password: Password


class NewTokenBody(Body):
    """A new token."""

    name: _Name
    role: Role
    windows: _Windows = Field(default_factory=list)
    terminal: _Name | None = Field(None, description="the terminal it is for")
    days: Annotated[int, Field(ge=1, le=3650)] | None = Field(None, description="it ends after so many; null: never")
    source: _Name | None = Field(None, description="the address or network it may be used from; null: any")


class AccountsAnswer(Answer):
    """All accounts. `duties`: whether the hall keeps duties apart."""

    accounts: list[AccountAnswer]
    duties: bool


class TokenAnswer(Answer):
    """A token, without what it opens with; `used_at` is known to the minute."""

    id: str
    name: str
    role: str
    windows: list[str]
    terminal: str | None
    created_at: Instant
    expires_at: Instant | None
    source: str | None
    used_at: Instant | None
    used_from: str | None
    over: bool


class TokensAnswer(Answer):
    """All tokens."""

    tokens: list[TokenAnswer]


class NewTokenAnswer(Answer):
    """What the machine sends, this once."""

    token: str


def routes(hall: Hall) -> Routes:
    """The routes of others' accounts and of tokens."""
    api = Routes("people", "Accounts and tokens of others")
    people, zone = hall.people, hall.settings.hall.zone

    @api.get("/accounts", summary="All accounts and their log-ins", responses={"200": AccountsAnswer})
    @allow("manager", login=True)
    def accounts() -> Response:
        administers()
        found = [account_told(one, zone) for one in people.accounts(hall.clock())]
        return answer(AccountsAnswer.of({"accounts": found, "duties": people.rules.separate_duties}))

    @api.post("/accounts", summary="Add an account", responses={"201": AccountAnswer})
    @allow("manager", login=True)
    def add(body: NewAccountBody) -> Response:
        administers()
        people.add_account(
            body.username,
            body.role,
            body.windows,
            body.password,
            must_change=True,
            duty=body.duty,
            new=True,
            by=actor(),
        )
        return _account(body.username, 201)

    @api.post("/accounts/<account>", summary="Change role and windows", responses={"200": AccountAnswer})
    @allow("manager", login=True)
    def change(path: AccountPath, body: RoleBody) -> Response:
        """Its log-ins end: where it sat, somebody else may sit now."""
        others(path.account)
        people.change_account(path.account, body.role, body.windows, duty=body.duty, by=actor())
        return _account(path.account)

    @api.post("/accounts/<account>/password", summary="Give it a first password again", responses={"204": None})
    @allow("manager", login=True)
    def reset_password(path: AccountPath, body: FirstPasswordBody) -> Response:
        """Its log-ins end, and at the next one its person must change the password."""
        others(path.account)
        people.reset_password(path.account, body.password, actor())
        return Response(status=204)

    @api.post("/accounts/<account>/remove", summary="Remove an account", responses={"204": None})
    @allow("manager", login=True)
    def remove(path: AccountPath) -> Response:
        others(path.account)
        if not people.remove_account(path.account, actor()):
            raise UnknownError("unknown_account")
        return Response(status=204)

    @api.post("/accounts/<account>/sessions/end", summary="End somebody's log-ins", responses={"204": None})
    @allow("manager", login=True)
    def end_sessions(path: AccountPath, body: EndBody) -> Response:
        administers()
        if not people.end_sessions(path.account, body.session, actor()):
            raise UnknownError("unknown_session")
        return Response(status=204)

    @api.post("/accounts/<account>/totp/remove", summary="Take a lost second factor away", responses={"204": None})
    @allow("manager", login=True)
    def reset_totp(path: AccountPath) -> Response:
        administers()
        if not people.remove_totp(path.account, actor()):
            raise UnknownError("unknown_account")
        return Response(status=204)

    @api.get("/tokens", summary="All tokens", responses={"200": TokensAnswer})
    @allow("manager", login=True)
    def tokens() -> Response:
        administers()
        now = hall.clock()
        return answer(TokensAnswer.of({"tokens": [token_told(one, now) for one in people.tokens()]}))

    @api.post("/tokens", summary="Make a token", responses={"201": NewTokenAnswer})
    @allow("manager", login=True)
    def add_token(body: NewTokenBody) -> Response:
        """The answer is the only place where it ever stands."""
        administers()
        made = people.add_token(
            body.name, body.role, body.windows, body.terminal, days=body.days, source=body.source, by=actor()
        )
        return answer(NewTokenAnswer.of({"token": made}), 201)

    @api.post("/tokens/<token>/remove", summary="Remove a token", responses={"204": None})
    @allow("manager", login=True)
    def remove_token(path: TokenPath) -> Response:
        administers()
        if not people.remove_token(path.token, actor()):
            raise UnknownError("unknown_token")
        return Response(status=204)

    def _account(name: str, status: Literal[200, 201] = 200) -> Response:
        found = people.account(name, hall.clock())
        if found is None:
            raise UnknownError("unknown_account")
        return answer(AccountAnswer.of(account_told(found, zone)), status)

    def token_told(one: TokenView, now: datetime) -> dict[str, object]:
        at = {name: getattr(one, name) for name in ("created_at", "expires_at", "used_at")}
        told = {name: None if value is None else value.astimezone(zone) for name, value in at.items()}
        over = one.expires_at is not None and one.expires_at <= now
        return vars(one) | told | {"windows": list(one.windows), "over": over}

    return api


def may_administer() -> bool:
    """Whether it is a person who administers accounts: not one with another duty, where duties are kept apart."""
    asker = gate().asker()
    return asker.by == "login" and asker.principal is not None and asker.principal.duty in (None, "security")


def administers() -> None:
    """Refuse a manager with another duty where duties are kept apart; raises ``forbidden``."""
    if not may_administer():
        raise RequestError(403, "forbidden")


def others(account: str) -> None:
    """Refuse what nobody does to their own account; raises ``own_account``, ``forbidden``."""
    administers()
    if logged_in()[0].name == account:
        raise StateError("own_account")
