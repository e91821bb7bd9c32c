"""``/live``: the hall at this moment for its manager; ``/alerts``: what stands badly, for manager and guide desk."""

from typing import Any, Literal

from flask import Response
from pydantic import Field, RootModel, model_validator

from display.staff.alerts import alert_words, keeps_nothing_words
from kiosk.web.api.machines.devices import device_answer
from kiosk.web.auth import actor, allow
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import Answer, DeviceAnswer, Instant, SaidAnswer, WaitAnswer, answer, joined
from kiosk.web.schema.routes import Routes
from ticketing.live.alerts import FOR_ALL, KINDS
from ticketing.live.hall_now import ServiceNow, WindowNow
from ticketing.live.watch import Alert


class ServiceNowAnswer(Answer):
    """A service now; `oldest` is since when the one who came first waits."""

    id: str
    name: str
    name_en: str
    waiting: int
    oldest: Instant | None
    expected_wait: WaitAnswer | None = Field(description="of a number taken now; null while no window is open for it")

    @model_validator(mode="before")
    @classmethod
    def _of_service(cls, value: Any) -> Any:
        return joined(value.service, value) if isinstance(value, ServiceNow) else value


class TicketNowAnswer(Answer):
    """The ticket at a window; `since` it has been called or, later, served."""

    number: str
    service: str
    state: Literal["called", "serving"]
    since: Instant


class WindowNowAnswer(Answer):
    """A window now."""

    id: str
    name: str
    state: Literal["open", "paused", "closed"]
    services: list[str]
    clerk: str | None = Field(description="the account of who sits there")
    clerk_since: Instant | None
    ticket: TicketNowAnswer | None

    @model_validator(mode="before")
    @classmethod
    def _of_window(cls, value: Any) -> Any:
        return joined(value.window, value) if isinstance(value, WindowNow) else value


class TodayAnswer(Answer):
    """The day so far; waits in seconds, of the tickets called; grades by grade, 5 the best."""

    issued: int
    waiting: int
    served: int
    missed: int
    cancelled: int
    mean_wait: int | None
    longest_wait: int | None
    grades: dict[int, int]
    not_rated: int


class AlertAnswer(Answer):
    """Something that stands badly: what, and what to do about it; `advice` is null where nothing would help.

    `box`: the store takes nothing that is to be kept, so nothing of it can be there either; its `id` is 0.
    """

    id: int
    kind: Literal["wait", "grade", "device", "update", "box"]
    subject: str = Field(description="a service's id, `<box>/<device>`, or for `update` and `box` the name of a box")
    since: Instant
    told_at: Instant = Field(description="when it was told last: as it was raised, or by a reminder")
    what: SaidAnswer
    advice: SaidAnswer | None

    @model_validator(mode="before")
    @classmethod
    def _of_alert(cls, value: Any) -> Any:
        if not isinstance(value, Alert):
            return value
        words = alert_words(value)
        return joined(value, told_at=value.told, what=words.what, advice=words.then)


class AlertsAnswer(RootModel[list[AlertAnswer]]):
    """The alerts that stand, oldest first."""


class LiveAnswer(Answer):
    """The hall at `at`; `seq` is the event to follow from, `devices` are those of this box that do not work."""

    at: Instant
    seq: int
    services: list[ServiceNowAnswer]
    windows: list[WindowNowAnswer]
    devices: list[DeviceAnswer]
    devices_working: int
    today: TodayAnswer
    alerts: list[AlertAnswer]


def routes(hall: Hall) -> Routes:
    """The routes of the hall at this moment."""
    api = Routes("live", "The hall at this moment")

    @api.get("/live", summary="Waiting, windows, devices and alerts now", responses={"200": LiveAnswer})
    @allow("manager")
    def live() -> Response:
        windows = {device.name: device.window or None for device in hall.settings.devices}
        down = [device_answer(one.state, windows.get(one.name)) for one in hall.devices if one.state.state != "online"]
        found = joined(
            hall.watch.now(),
            devices=down,
            devices_working=len(hall.devices) - len(down),
            alerts=[*_of_this_box(hall), *hall.watch.standing()],
        )
        return answer(LiveAnswer.of(found))

    @api.get("/alerts", summary="What stands badly", responses={"200": AlertsAnswer})
    @allow("manager", "desk")
    def alerts() -> Response:
        """The guide desk is not told of grades."""
        kinds = FOR_ALL if actor().role == "desk" else KINDS
        found = [AlertAnswer.of(one) for one in hall.watch.standing(kinds)]
        return answer(AlertsAnswer([*_of_this_box(hall), *found]))

    return api


def _of_this_box(hall: Hall) -> list[AlertAnswer]:
    """What no alert can be raised of, as nothing can be written: told from the memory of the box that is asked."""
    found = hall.box_watch.keeps_nothing()
    if found is None:
        return []
    (condition, since), box = found, hall.office.ledger.box
    words = keeps_nothing_words(box, condition.reason)
    about = {"id": 0, "kind": "box", "subject": box, "since": since, "told_at": since}
    return [AlertAnswer.of(about | {"what": words.what, "advice": words.then})]
