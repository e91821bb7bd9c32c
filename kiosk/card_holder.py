"""A card's holder, as the queue knows residents."""

from dataclasses import fields

from drivers.card_reader.id_card import IdCard
from drivers.card_reader.social_security import SocialSecurityCard
from ticketing.model import Coded, Resident


def resident_of(card: IdCard | SocialSecurityCard) -> Resident:
    """The card's holder; what the card does not tell is None."""
    if isinstance(card, SocialSecurityCard):
        return Resident(card.kind, name=card.name, id_number=card.id_number)
    values = {field.name: getattr(card, field.name, None) or None for field in fields(Resident)}
    values["sex"] = Coded(card.sex_code, card.sex_label or "") if card.sex_code else None
    values["ethnicity"] = Coded(card.ethnicity_code, card.ethnicity_label or "") if card.ethnicity_code else None
    return Resident(**values)  # type: ignore[arg-type]
