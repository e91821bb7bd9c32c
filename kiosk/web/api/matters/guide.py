"""What a matter's page and its slip tell beside the matter: where it is done, and how long one waits now."""

from dataclasses import dataclass

from display.admission import Shut, shut_words
from display.matters import Leaflet
from display.prompts import Words
from display.waits import wait_words
from kiosk.web.hall import Hall
from ticketing.line.views import ServiceView
from ticketing.matters.matters import Matter
from ticketing.model import Window

MOST_NAMED = 6
"""Windows that are named; of more, their number is told."""


@dataclass(frozen=True)
class Place:
    """Where a matter is done.

    Attributes:
        service: the service it is called from, with who waits for it; None where that is gone.
        windows: those that serve it, open ones first.
        wait: the expected wait of who takes a number now; None while no window is open.
        shut: why no number can be had now, and when; None when it can.
    """

    service: ServiceView | None
    windows: tuple[Window, ...] = ()
    wait: Words | None = None
    shut: Shut | None = None

    @property
    def words(self) -> Words:
        """The place, and the windows by name."""
        names = [one.name for one in self.windows]
        ids = [one.id for one in self.windows]
        if len(names) > MOST_NAMED:
            names, ids = [*names[:MOST_NAMED], f"等 {len(self.windows)} 个窗口"], [*ids[:MOST_NAMED], "…"]
        area = self.service.service.place if self.service else ""
        zh = "，".join(filter(None, (area, "、".join(names))))
        windows = f"{'window' if len(ids) == 1 else 'windows'} {', '.join(ids)}" if ids else ""
        return Words(zh, ", ".join(filter(None, (area, windows))))


def place_of(hall: Hall, matter: Matter) -> Place:
    """Where a matter is done, as things stand now."""
    view = hall.office.hall()
    service = next((one for one in view.services if one.service.id == matter.service), None)
    if service is None or service.service.removed:
        return Place(None)
    serving = [one for one in view.windows if one.serves(matter.service) and not one.removed]
    windows = sorted(serving, key=lambda one: one.state == "closed")
    wait = wait_words(*service.expected_wait) if service.expected_wait else None
    shut = None if service.admission.open else shut_words("closed", service.admission.opens_at, hall.clock())
    return Place(service, tuple(windows), wait, shut)


def leaflet(hall: Hall, matter: Matter) -> Leaflet:
    """What stands on the slip of a matter."""
    where = place_of(hall, matter).words
    said = f"{where.zh} {where.en}".strip()
    return Leaflet(hall.settings.hall.name, matter, said, page_url(hall, matter.id), hall.clock())


def page_url(hall: Hall, matter: str) -> str:
    """The address of a matter's page on a phone; "" where the hall has no public host."""
    host = hall.settings.hall.public_host
    return f"https://{host}/guide/{matter}" if host else ""
