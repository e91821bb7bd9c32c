"""Matters with the real pinyin of their names, made once a run: starting pypinyin takes half a second each time."""

from collections.abc import Sequence
from pathlib import Path

import config
from kiosk.exchange.matter_files import read_matters
from kiosk.web.hall import Hall
from ticketing.matters.matters import Matters
from ticketing.matters.spelling import spell
from ticketing.model import Actor

_known: dict[str, str] = {}


def spell_once(texts: Sequence[str]) -> list[str]:
    new = [text for text in texts if text not in _known]
    if new:
        _known.update(zip(new, spell(new), strict=True))
    return [_known[text] for text in texts]


def put_demo_matters(hall: Hall) -> None:
    """The demonstration's matters."""
    data = (Path(config.__file__).parent / "demo-matters.csv").read_bytes()
    found = read_matters(data, hall.office.services())
    assert found.matters and not found.problems and not found.warnings
    hall.matters = Matters(hall.office.ledger, spell_once)
    hall.matters.replace(found.matters, Actor("demo", "manager", "cli"))
