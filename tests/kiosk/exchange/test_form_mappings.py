"""Mappings of forms as files: kept whole, damaged ones named, and nothing but a fit name is a file."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from kiosk.exchange.form_mappings import FormMapping, FormMappings, MappingError
from ticketing.model import UnknownError

SAID: dict[str, Any] = {
    "name": "企业登记",
    "pages": ["https://gsb.example.cn/register*"],
    "inputs": [
        {"field": "name", "selector": "#name"},
        {"field": "birth_date", "selector": "#born", "date": "YYYY/MM/DD"},
    ],
}


def test_a_mapping_is_kept_as_a_file_that_a_person_can_read(tmp_path: Path) -> None:
    mappings = FormMappings(tmp_path / "fill")
    assert mappings.all() == {}
    said = FormMapping.model_validate(SAID)
    mappings.put("company", said)
    assert FormMappings(tmp_path / "fill").all() == {"company": said}
    assert "企业登记" in (tmp_path / "fill/company.json").read_text("utf-8")
    mappings.remove("company")
    with pytest.raises(UnknownError):
        mappings.find("company")


@pytest.mark.parametrize("name", ["../company", "a/b", "", "A", ".hidden", "x" * 65, "con\0"])
def test_no_other_file_is_reached_by_an_id(tmp_path: Path, name: str) -> None:
    mappings = FormMappings(tmp_path)
    with pytest.raises(UnknownError):
        mappings.put(name, FormMapping.model_validate(SAID))
    with pytest.raises(UnknownError):
        mappings.remove(name)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "company.json").write_text('{"name": "企')
    with pytest.raises(MappingError) as raised:
        FormMappings(tmp_path).all()
    assert (raised.value.code, raised.value.facts) == ("bad_mapping", {"file": "company.json"})


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "fill").write_text("a file where the folder should be")
    with pytest.raises(MappingError) as raised:
        FormMappings(tmp_path / "fill").put("company", FormMapping.model_validate(SAID))
    assert raised.value.code == "mapping_unwritable"


@pytest.mark.parametrize(
    "changes",
    [
        {"pages": []},
        {"pages": ["gsb.example.cn/register"]},
        {"pages": ["https://*/register"]},
        {"pages": ["https://user@gsb.example.cn/"]},
        {"pages": ["https://gsb.example.cn/register?id=7"]},
        {"pages": ["javascript:alert(1)"]},
        {"inputs": []},
        {"inputs": [{"field": "blood_group", "selector": "#x"}]},
        {"inputs": [{"field": "name", "selector": ""}]},
        {"inputs": [{"field": "birth_date", "selector": "#x", "date": "%d of DD"}]},
        {"script": "alert(1)"},
    ],
)
def test_what_is_no_mapping_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FormMapping.model_validate(SAID | changes)
