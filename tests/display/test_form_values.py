"""What a resident's data are in a form's inputs."""

from datetime import date

import pytest

from display.form_values import form_value
from ticketing.model import Coded, Resident

RESIDENT = Resident(
    "resident",
    name="王小明",
    sex=Coded("1", "男"),
    ethnicity=Coded("99", ""),
    birth_date=date(1988, 3, 7),
    valid_from=date(2018, 5, 21),
)
AGENT = Resident("resident", name="李大山", id_number="110000194903070027")


@pytest.mark.parametrize(
    ("field", "pattern", "values"),
    [
        ("name", "", ["王小明"]),
        ("sex", "", ["男", "1"]),
        ("ethnicity", "", ["99"]),
        ("birth_date", "", ["1988-03-07"]),
        ("birth_date", "YYYY年MM月DD日", ["1988年03月07日"]),
        ("valid_until", "YYYYMMDD", ["长期"]),
        ("address", "", []),
        ("agent_name", "", ["李大山"]),
        ("number", "", ["A012"]),
    ],
)
def test_a_field_is_written_as_the_form_wants_it(field: str, pattern: str, values: list[str]) -> None:
    assert form_value(field, RESIDENT, AGENT, "A012", pattern) == values


def test_nobody_came_for_somebody_else() -> None:
    assert form_value("agent_name", RESIDENT, None, "A012") == []
    assert form_value("valid_until", Resident("typed"), None, "A012") == []
