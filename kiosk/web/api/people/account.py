"""``/me/…``: what people do to their own account; others' are in ``manage.accounts``."""

from typing import ClassVar
from zoneinfo import ZoneInfo

from flask import Response
from pydantic import Field

from kiosk.web.api.people.login import STAFF, guessing, logged_in
from kiosk.web.auth import actor, allow, gate
from kiosk.web.hall import Hall
from kiosk.web.problems import RequestError
from kiosk.web.qr import qr_svg
from kiosk.web.schema.answers import Answer, Instant, answer
from kiosk.web.schema.bodies import NewPasswordBody, PasswordBody, TotpBody
from kiosk.web.schema.routes import NamedPath, Routes
from ticketing.model import UnknownError
from ticketing.people.people import Account, Principal, Session


class SessionPath(NamedPath):
    """The log-in's id."""

    unknown: ClassVar[str] = "unknown_session"
    session: str = Field(pattern="^[0-9a-f]{16}$")


class SessionAnswer(Answer):
    """A log-in; `source` is the address it came from, `own` marks the one that asks."""

    id: str
    begun_at: Instant
    seen_at: Instant
    expires_at: Instant
    source: str
    locked: bool
    own: bool


class SessionsAnswer(Answer):
    """The log-ins of an account."""

    sessions: list[SessionAnswer]


class AccountAnswer(Answer):
    """An account; `totp` says whether it has a second factor."""

    username: str
    role: str
    windows: list[str]
    created_at: Instant
    must_change: bool
    totp: bool
    duty: str | None
    sessions: list[SessionAnswer]


class TotpAnswer(Answer):
    """What an app on a phone needs, this once: `address` as a QR code (SVG) in `qr`."""

    secret: str
    address: str
    qr: str


class RecoveryAnswer(Answer):
    """Codes for log-ins without the phone, this once, each good for one."""

    codes: list[str]


def session_told(session: Session, zone: ZoneInfo) -> dict[str, object]:
    """A log-in for :class:`SessionAnswer`."""
    at = {name: getattr(session, name).astimezone(zone) for name in ("begun_at", "seen_at", "expires_at")}
    return vars(session) | at


def account_told(account: Account, zone: ZoneInfo) -> dict[str, object]:
    """An account for :class:`AccountAnswer`."""
    return {
        "username": account.name,
        "role": account.role,
        "windows": list(account.windows),
        "created_at": account.created_at.astimezone(zone),
        "must_change": account.must_change,
        "totp": account.totp,
        "duty": account.duty,
        "sessions": [session_told(one, zone) for one in account.sessions],
    }


def routes(hall: Hall) -> Routes:
    """The routes of accounts."""
    api = Routes("accounts", "Accounts")
    people, zone = hall.people, hall.settings.hall.zone

    # One's own

    @api.post("/me/password", summary="Give the account another password", responses={"204": None})
    @allow(*STAFF, login=True, resting=True)
    def change_password(body: NewPasswordBody) -> Response:
        """All other log-ins of the account end."""
        principal, secret = _unlocked()
        here = guessing(hall, principal)
        if not people.change_password(here, body.old, body.new, keep=secret, place=gate().address()):
            raise RequestError(403, "wrong_password")
        return Response(status=204)

    @api.get("/me/sessions", summary="Where the account is logged in", responses={"200": SessionsAnswer})
    @allow(*STAFF, login=True)
    def sessions() -> Response:
        principal, secret = logged_in()
        found = people.sessions(principal.name, hall.clock(), secret)
        return answer(SessionsAnswer.of({"sessions": [session_told(one, zone) for one in found]}))

    @api.post("/me/sessions/<session>/end", summary="End one of these log-ins", responses={"204": None})
    @allow(*STAFF, login=True)
    def end_session(path: SessionPath) -> Response:
        principal, _ = logged_in()
        if not people.end_sessions(principal.name, path.session, actor()):
            raise UnknownError("unknown_session")
        return Response(status=204)

    @api.get("/me/account", summary="The account itself", responses={"200": AccountAnswer})
    @allow(*STAFF, login=True, resting=True)
    def own_account() -> Response:
        principal, secret = _unlocked()
        found = people.account(principal.name, hall.clock(), secret)
        if found is None:
            raise UnknownError("unknown_account")
        return answer(AccountAnswer.of(account_told(found, zone)))

    @api.post("/me/totp", summary="Set up a second factor", responses={"201": TotpAnswer})
    @allow(*STAFF, login=True, resting=True)
    def begin_totp(body: PasswordBody) -> Response:
        """It is asked for at log-ins once `POST /me/totp/confirm` has a code made from it."""
        principal = _by_password(body)
        secret, address = people.begin_totp(principal.name)
        return answer(TotpAnswer.of({"secret": secret, "address": address, "qr": qr_svg(address)}), 201)

    @api.post("/me/totp/confirm", summary="Begin to ask for it", responses={"200": RecoveryAnswer})
    @allow(*STAFF, login=True, resting=True)
    def confirm_totp(body: TotpBody) -> Response:
        principal, _ = _unlocked()
        codes = people.confirm_totp(principal.name, body.totp, hall.clock(), actor())
        return answer(RecoveryAnswer.of({"codes": codes}))

    @api.post("/me/totp/remove", summary="Do without it again", responses={"204": None})
    @allow(*STAFF, login=True)
    def remove_totp(body: PasswordBody) -> Response:
        people.remove_totp(_by_password(body).name, actor())
        return Response(status=204)

    def _by_password(body: PasswordBody) -> Principal:
        principal, _ = _unlocked()
        if not people.is_password(guessing(hall, principal), body.password):
            raise RequestError(403, "wrong_password")
        return principal

    return api


def _unlocked() -> tuple[Principal, str]:
    """Who asks, though another password or a second factor may be due, but not while locked."""
    principal, secret = logged_in()
    if principal.locked:
        raise RequestError(423, "locked")
    return principal, secret
