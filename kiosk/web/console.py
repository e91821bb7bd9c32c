"""What commands on this box ask of the running service over its socket, beside its devices: paper, a card, tokens."""

from collections.abc import Mapping
from typing import Any

from kiosk.devices.status_socket import Verb
from kiosk.resident.closing import PATIENCE
from kiosk.web.hall import Hall
from ticketing.model import Actor


def verbs(hall: Hall) -> dict[str, Verb]:
    """By name. Whoever may open the socket is the user of the service, who may read its key file, too."""

    def closing_slip(asked: Mapping[str, Any]) -> dict[str, Any]:
        job = hall.closing.print(Actor(str(asked.get("who", "")), "technician", "quhao audit show"))
        state, reason = hall.closing.outcome(job, PATIENCE)
        return {"ok": state == "printed", "state": state, "reason": reason}

    def card(asked: Mapping[str, Any]) -> dict[str, Any]:
        reader = asked.get("device")
        resident = hall.card_looks.read(None if reader is None else str(reader))
        # The number itself does not leave the service.
        return {"ok": True, "subjects": [one.hex() for one in hall.audit.subjects_of(resident.id_number or "")]}

    def forget_tokens(_asked: Mapping[str, Any]) -> dict[str, Any]:
        hall.people.forget_tokens()
        return {"ok": True}

    return {"closing-slip": closing_slip, "card": card, "forget-tokens": forget_tokens}
