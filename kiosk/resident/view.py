"""What the kiosk's page shows: one frozen value, made anew after each change. Residents in it are masked."""

from dataclasses import dataclass

from display import masking
from display.admission import UNCERTAIN, Reason, Shut, shut_words
from display.prompts import Words
from kiosk.resident.session import Held, Stage
from kiosk.resident.spellings import Spellings
from ticketing.appointments.appointments import Appointment
from ticketing.model import NORMAL, Resident
from ticketing.office import Office, ServiceView
from ticketing.policy import PriorityClass

ENQUIRIES = "咨询"


@dataclass(frozen=True)
class MaskedResident:
    """A resident as the page may show them; ``priority`` is the class that the card earns, None for the usual one."""

    kind: str
    name: str | None
    id_number: str | None
    priority: PriorityClass | None


@dataclass(frozen=True)
class ShutService(Shut):
    """Why the resident here gets no number for a service, and what then."""

    reason: Reason


@dataclass(frozen=True)
class Choice:
    """A service as the resident here may choose it.

    Attributes:
        offer: the service, its queue, and its opening hours.
        pinyin: of its name; "" while that is not known.
        has_ticket: the number that the resident already has for it.
        appointment: the resident's, of today.
        warning: says that it may close before the resident's turn.
        shut: why the resident gets no number; None where they get one.
    """

    offer: ServiceView
    pinyin: str
    has_ticket: str | None
    appointment: Appointment | None
    warning: Words | None
    shut: ShutService | None


@dataclass(frozen=True)
class ShownTicket(Held):
    """The ticket in hand, and the address in its QR code."""

    url: str


@dataclass(frozen=True)
class KioskView:
    """What the page shows; the API describes it as ``KioskAnswer``.

    Attributes:
        enquiries: the service for whoever does not know what to choose.
        straight_in: seconds until the only service there is is chosen by itself; None when it is not.
    """

    state: Stage
    visit: str
    resident: MaskedResident | None
    agent: MaskedResident | None
    agent_wanted: bool
    services: tuple[Choice, ...]
    enquiries: str | None
    straight_in: float | None
    ticket: ShownTicket | None
    message: str
    message_en: str
    seconds_left: float | None
    card_lies: bool
    reader_ready: bool
    printer_ready: bool


def masked(office: Office, resident: Resident | None, agent: Resident | None = None) -> MaskedResident | None:
    """``resident`` masked, with the priority of whoever will wait: the agent, where there is one."""
    if resident is None:
        return None
    earned = office.class_of(agent or resident)
    name = resident.name or resident.name_en
    return MaskedResident(
        resident.kind,
        masking.mask_name(name) if name else None,
        masking.mask_id_number(resident.id_number) if resident.id_number else None,
        None if earned.id == NORMAL else earned,
    )


def choices(
    office: Office, appointments: list[Appointment], resident: Resident | None, spellings: Spellings
) -> tuple[Choice, ...]:
    """All services for the resident here, those booked today first; ``appointments`` are the resident's, of today."""
    tickets = office.tickets_of(resident) if resident else {}
    used_up = office.used_up(resident) if resident else frozenset()
    booked = {one.service: one for one in appointments if one.state == "booked"}
    offers = [view for view in office.hall().services if not view.service.removed]
    spellings.want({offer.service.name for offer in offers})
    offers.sort(key=lambda offer: offer.service.id not in booked)
    return tuple(
        Choice(
            offer,
            spellings.of(offer.service.name),
            tickets[offer.service.id].number if offer.service.id in tickets else None,
            booked.get(offer.service.id),
            UNCERTAIN if offer.admission.not_today and offer.service.id not in booked else None,
            _shut(office, offer, offer.service.id in booked, offer.service.id in used_up),
        )
        for offer in offers
    )


def enquiries(services: tuple[Choice, ...], wanted: str) -> str | None:
    """The service of the id ``wanted``; where none is, the first that is for enquiries (咨询) by its name."""
    for choice in services:
        service = choice.offer.service
        if service.id == wanted or (not wanted and ENQUIRIES in service.name):
            return service.id
    return None


def _shut(office: Office, offer: ServiceView, booked: bool, used_up: bool) -> ShutService | None:
    admission, until = offer.admission, None
    reason: Reason
    if not admission.open:
        reason, until = "closed", admission.opens_at
    elif booked:
        return None
    elif used_up:
        reason = "person"
    elif admission.places == 0:
        reason, until = "quota", admission.places_at
    elif admission.not_today and office.ledger.rules.last_ticket == "refuse":
        reason = "not_today"
    else:
        return None
    words = shut_words(reason, until, office.ledger.now())
    return ShutService(words.why, words.then, reason)
