"""What is written into the inputs of a form: a resident's data as text."""

from datetime import date
from typing import Any

from ticketing.model import Coded, Resident

ENDLESS = "长期"
"""Instead of the last day of a card that does not end, as such cards say."""


def form_value(field: str, resident: Resident, agent: Resident | None, number: str, pattern: str = "") -> list[str]:
    """What may stand in an input for ``field``: the value, then other ways in which a list of choices may have it.

    Args:
        field: of a :class:`Resident`, ``agent_`` and one of the agent's, or ``number``, the ticket's.
        resident: who is served.
        agent: whoever came for them.
        number: of the ticket.
        pattern: how a date is written, of ``YYYY``, ``MM`` and ``DD``; ISO 8601 where it is empty.

    Returns:
        Nothing where there is no such value.
    """
    if field == "number":
        return [number]
    of, name = (agent, field.removeprefix("agent_")) if field.startswith("agent_") else (resident, field)
    value: Any = getattr(of, name) if of else None
    if name == "valid_until" and value is None and of and of.valid_from:
        return [ENDLESS]
    if isinstance(value, Coded):
        return [value.label, value.code] if value.label else [value.code]
    if isinstance(value, date):
        return [_written(value, pattern)]
    return [value] if value else []


def _written(day: date, pattern: str) -> str:
    if not pattern:
        return day.isoformat()
    return pattern.replace("YYYY", f"{day.year:04}").replace("MM", f"{day.month:02}").replace("DD", f"{day.day:02}")
