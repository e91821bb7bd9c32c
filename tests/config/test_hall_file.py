"""The file of a hall's make-up: what is written is read again, and all that is wrong with one is said at once."""

import json
from pathlib import Path
from typing import Any

import pytest

from config.hall_file import check, read, text_of, values_of
from config.problems import ConfigError, ConfigProblem

TOML = """
[hours]
mon = ["09:00-12:00", "13:30-17:30"]
fri = ["9:00-12:00"]

[[holidays]]
day = 2026-10-01
name = "国庆节"
name_en = "National Day"

[[holidays]]
day = "2026-10-10"
name = "调休"
works_as = "mon"

[[services]]
id = "licence"
name = "营业执照"
prefix = "A"
chain = ["tax"]
promise_days = 3
resident_fields = ["name", "id_number"]

[[services.quotas]]
period = "09:00-12:00"
most = 40

[[services]]
id = "tax"
name = "税务"
prefix = "B"
place = "二楼"
bring = "身份证"
bring_en = "ID card"
per_person_day = 2

[services.hours]
mon = ["09:00-11:00"]

[[services.slots]]
days = ["mon"]
period = "10:00-10:30"
capacity = 4

[[windows]]
id = "1"
name = "1号"
weights = { tax = 10 }

[[windows]]
id = "2"
name = "2号"
services = []
"""


def problems(values: dict[str, Any], day_starts: int = 0) -> dict[str, ConfigProblem]:
    found, wrong = check(values, day_starts)
    assert (found is None) == bool(wrong)
    return {one.key: one for one in wrong}


def services(**more: Any) -> list[dict[str, Any]]:
    return [{"id": "tax", "name": "税务", "prefix": "A", **more}]


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "hall.toml").write_text(TOML, "utf-8")
    said = read(tmp_path / "hall.toml")
    (tmp_path / "hall.json").write_text(text_of(said), "utf-8")
    assert read(tmp_path / "hall.json") == said
    assert text_of(read(tmp_path / "hall.json")) == text_of(said)


def test_what_is_not_set_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "hall.toml").write_text(TOML, "utf-8")
    text = text_of(read(tmp_path / "hall.toml"))
    assert text.endswith("}\n")
    values = json.loads(text)
    assert values["services"][0]["quotas"] == [{"period": "09:00-12:00", "most": 40}]
    assert "hours" not in values["services"][0]
    assert values["hours"] == {"mon": ["09:00-12:00", "13:30-17:30"], "fri": ["09:00-12:00"]}
    assert values["holidays"][1] == {"day": "2026-10-10", "name": "调休", "works_as": "mon"}
    assert [one["services"] for one in values["windows"]] == [["*"], []]
    assert "营业执照" in text


def test_a_hall_of_nothing_is_one() -> None:
    found, wrong = check({})
    assert found is not None
    assert wrong == []
    assert values_of(found) == {"services": [], "windows": []}


def test_everything_that_is_wrong_is_named_at_once() -> None:
    wrong = problems(
        {
            "hours": {"mon": ["09:00-12:00", "11:00-13:00"], "tue": ["12:00-09:00"], "wed": ["all day"], "dim": []},
            "holidays": [
                {"day": "2026-02-30", "name": "x"},
                {"day": "2026-10-01", "name": "a"},
                {"day": "2026-10-01", "name": "b", "works_as": "monday"},
            ],
            "services": [
                {
                    "id": "tax",
                    "name": "税务",
                    "prefix": "A",
                    "chain": ["nothing", "tax"],
                    "per_person_day": 0,
                    "quotas": [
                        {"period": "09:00-10:00", "most": 3},
                        {"period": "09:30-10:30", "most": -1},
                        {"period": "18:00-19:00", "most": 1},
                    ],
                    "slots": [
                        {"days": ["mon", "mon"], "period": "09:00-09:30", "capacity": 1},
                        {"days": ["mon"], "period": "13:30-14:00", "capacity": 1},
                        {"days": ["sun"], "period": "09:00-09:30", "capacity": 0},
                        {"days": ["mon"], "period": "09:15-09:30", "capacity": 1},
                        {"days": [], "period": "09:15-09:30", "capacity": 1},
                    ],
                },
                {"id": "tax", "name": "", "prefix": "a"},
            ],
            "windows": [
                {"id": "1", "name": "1", "services": ["tax", "taxi"]},
                {"id": "1", "name": "1", "services": ["tax"], "weights": {"tax": 2000, "seal": 1}},
                {"id": "2", "name": "2", "services": [], "weights": {"tax": 5}},
            ],
        }
    )
    assert set(wrong) == {
        "hours.mon[1]",
        "hours.tue[0]",
        "hours.wed[0]",
        "hours.dim",
        "holidays[0].day",
        "holidays[2].day",
        "holidays[2].works_as",
        "services[0].chain",
        "services[0].per_person_day",
        "services[0].quotas[1].period",
        "services[0].quotas[1].most",
        "services[0].quotas[2].period",
        "services[0].slots[0].days",
        "services[0].slots[1].period",
        "services[0].slots[2].period",
        "services[0].slots[2].capacity",
        "services[0].slots[3].period",
        "services[0].slots[4].days",
        "services[1].id",
        "services[1].name",
        "services[1].prefix",
        "windows[0].services",
        "windows[1].id",
        "windows[1].weights.seal",
        "windows[1].weights.tax",
        "windows[2].weights.tax",
    }
    assert all(part for one in wrong.values() for part in (*one.reason, *one.suggestion))
    assert "tax" in wrong["windows[0].services"].suggestion[1]
    assert "mon" in wrong["holidays[2].works_as"].suggestion[1]
    assert "09:00-12:00" in wrong["hours.wed[0]"].suggestion[1]


def test_hours_past_midnight_belong_to_the_day_before_as_far_as_it_goes() -> None:
    night = {"services": services(hours={"mon": ["20:00-26:00"]})}
    assert set(problems(night)) == {"services[0].hours.mon[0]"}
    assert problems(night, 4 * 60) == {}
    early = {"services": services(hours={"mon": ["02:00-05:00"]})}
    assert "04:00" in problems(early, 4 * 60)["services[0].hours.mon[0]"].reason[1]


def test_a_day_without_any_hours_is_closed_but_not_every_day() -> None:
    assert problems({"hours": {"mon": ["09:00-12:00"], "tue": []}}) == {}
    assert set(problems({"hours": {"mon": []}})) == {"hours"}
    assert set(problems({"services": services(hours={})})) == {"services[0].hours"}


def test_a_slot_of_a_service_that_is_always_open_may_be_at_any_time() -> None:
    slots = [{"days": ["sun"], "period": "03:00-04:00", "capacity": 1}]
    assert problems({"services": services(slots=slots)}) == {}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("hall.json", b"{"),
        ("hall.json", b"[]"),
        ("hall.json", b"null"),
        ("hall.json", b"\xff\xfe{}"),
        ("hall.json", b"[" * 100_000),
        ("hall.json", b'{"services": 3, "windows": {"id": 1}, "hours": [], "holidays": [7]}'),
        ("hall.json", b'{"services": [{"id": "a", "hours": 3, "quotas": 3, "slots": [{"days": 3}], "chain": {}}]}'),
        ("hall.toml", b"[hours"),
        ("hall.toml", b"\xff"),
        ("hall.toml", b"[hall]\nid = 'x'\n"),
        ("hall.toml", b"\xef\xbb\xbf# cut off\n"),
        ("hall.json", b"{}"),
    ],
)
def test_what_is_no_such_file_is_refused_in_words(tmp_path: Path, name: str, content: bytes) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read(file)
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        read(tmp_path / "nowhere.json")


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "hall.json").write_bytes(b'\xef\xbb\xbf{"services": []}')
    assert read(tmp_path / "hall.json").services == ()
