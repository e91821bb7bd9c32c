"""``/matters`` over HTTP: the list, one whole, changes by a manager, and tickets that carry them."""

import json
from typing import Any

import large_hall

OPEN = {
    "id": "open",
    "name": "营业执照新办",
    "name_en": "Apply for a licence",
    "audience": "business",
    "theme": "开办企业",
    "theme_en": "Start a business",
    "service": "licence",
    "words": ["开公司"],
    "papers": [{"name": "申请表", "name_en": "Form", "original": False, "copies": 2, "sample": "填表台"}],
    "promised_days": 3,
}
TAX = {"id": "tax-card", "name": "税务登记", "theme": "办税", "service": "tax"}


def put(here: Any, *matters: Any, **options: Any) -> Any:
    return here.ask(
        "PUT", "/api/v1/matters", {"matters": list(matters)}, token=here.token("manager", name="m"), **options
    )


def test_a_hall_without_matters_has_an_empty_list(here: Any) -> None:
    assert here.get("/matters").json["matters"] == []


def test_anybody_reads_the_list_and_a_matter_whole(here: Any) -> None:
    said = put(here, OPEN, TAX)
    assert (said.status, said.json["warnings"]) == (200, [])
    assert [(one["id"], one["how"]) for one in said.json["changes"]] == [("open", "added"), ("tax-card", "added")]
    found = here.get("/matters").json
    assert found["version"] == said.json["version"]
    first = found["matters"][0]
    assert (first["id"], first["initials"], first["words_pinyin"]) == ("open", "yyzzxb", ["kai gong si"])
    assert (first["available"], first["asked_today"], first["applies"]) == (True, 0, False)
    whole = here.get("/matters/open").json
    assert whole["papers"] == OPEN["papers"] and whole["statutory_days"] is None
    assert here.get("/matters/gone").code == "unknown_matter"


def test_the_list_is_not_sent_again_until_something_in_it_changes(here: Any) -> None:
    put(here, OPEN)
    tag = here.get("/matters").headers["etag"]
    assert here.get("/matters", headers={"If-None-Match": tag}).status == 304
    here.issue("licence", matters=["open"])
    again = here.get("/matters", headers={"If-None-Match": tag})
    assert (again.status, again.json["matters"][0]["asked_today"]) == (200, 1)


def test_every_wrong_row_is_named_and_nothing_is_changed(here: Any) -> None:
    put(here, OPEN)
    wrong = [
        OPEN | {"id": "two words"},
        TAX | {"name": "", "promised_days": "3"},
        TAX,
        TAX,
        7,
        TAX | {"id": "t2", "prise": 3, "papers": [{"name": "表", "copies": -1}], "resident_fields": ["shoe_size"]},
    ]
    refusal = put(here, *wrong)
    assert (refusal.status, refusal.code) == (422, "bad_matters")
    named = {(one["row"], one["column"]) for one in refusal.json["errors"]}
    assert named == {
        (1, "id"),
        (2, "name"),
        (2, "promised_days"),
        (4, "id"),
        (5, ""),
        (6, "prise"),
        (6, "papers[0].copies"),
        (6, "resident_fields[0]"),
    }
    assert all(one["message"] and one["message_zh"] for one in refusal.json["errors"])
    assert [one["id"] for one in here.get("/matters").json["matters"]] == ["open"]


def test_a_matter_without_its_service_is_kept_with_a_warning(here: Any) -> None:
    said = put(here, OPEN, TAX | {"service": "taxes"})
    assert [(one["row"], one["matter"], one["column"]) for one in said.json["warnings"]] == [(2, "tax-card", "service")]
    assert "tax" in said.json["warnings"][0]["message"]
    assert [one["available"] for one in here.get("/matters").json["matters"]] == [True, False]


def test_one_matter_is_changed_added_and_taken_away(here: Any) -> None:
    version = put(here, OPEN, TAX).headers["etag"]
    token = here.token("manager")
    said = here.ask("PUT", "/api/v1/matters/open", OPEN | {"fee": "20 元"}, token=token, headers={"If-Match": version})
    assert said.json["changes"] == [{"id": "open", "how": "changed", "fields": ["fee"]}]
    late = here.ask("PUT", "/api/v1/matters/open", OPEN | {"fee": "9 元"}, token=token, headers={"If-Match": version})
    assert (late.status, late.code) == (409, "matters_changed")
    assert here.ask("PUT", "/api/v1/matters/open", {"name": "x"}, token=token).code == "bad_matters"
    assert here.ask("DELETE", "/api/v1/matters/open", token=token).json["changes"][0]["how"] == "removed"
    assert here.ask("DELETE", "/api/v1/matters/open", token=token).code == "unknown_matter"


def test_a_ticket_carries_what_it_is_for_to_the_window(here: Any) -> None:
    put(here, OPEN, TAX)
    issued = here.post("/tickets", {"service": "licence", "matters": ["open"]})
    assert (issued.status, issued.json["matters"]) == (201, ["open"])
    assert here.get(f"/tickets/{issued.json['code']}").json["matters"] == ["open"]
    elsewhere = here.post("/tickets", {"service": "licence", "matters": ["tax-card"]})
    assert (elsewhere.status, elsewhere.code, elsewhere.json["matter"]) == (422, "matter_elsewhere", "tax-card")
    clerk = here.token("clerk")
    assert here.post("/windows/1/call-next", token=clerk).json["ticket"]["matters"] == ["open"]
    assert here.get("/windows/1", token=clerk).json["ticket"]["matters"] == ["open"]
    scanned = here.post("/windows/1/scan", {"code": issued.json["code"]}, token=clerk)
    assert scanned.json["ticket"]["matters"] == ["open"]


def test_a_matter_chosen_at_the_kiosk_is_on_its_ticket(here: Any) -> None:
    put(here, OPEN)
    here.lay_card()
    assert here.post("/kiosk/choose", {"service": "licence", "matters": ["no-such"]}).code == "unknown_matter"
    chosen = here.post("/kiosk/choose", {"service": "licence", "matters": ["open"]})
    assert (chosen.status, chosen.json["matters"]) == (201, ["open"])


def test_the_largest_hall_fits_in_one_request(here: Any) -> None:
    matters = large_hall.matters()
    said = put(here, *matters)
    assert (said.status, len(said.json["changes"]), len(said.json["warnings"])) == (200, 865, 865)
    assert len(here.get("/matters").json["matters"]) == 865
    assert len(json.dumps(matters, ensure_ascii=False).encode()) > 512 * 1024


def test_a_file_goes_out_and_in_and_says_what_it_would_change(here: Any) -> None:
    put(here, OPEN, TAX)
    token = here.token("manager")
    table = here.get("/matters/file", token=token)
    assert table.headers["content-disposition"] == "attachment; filename=matters.csv"
    assert "营业执照新办" in table.body.decode("utf-8-sig")
    as_json = here.get("/matters/file?format=json", token=token).json
    assert [one["id"] for one in as_json["matters"]] == ["open", "tax-card"]

    def send(data: bytes, query: str = "", kind: str = "application/octet-stream") -> Any:
        path = f"/api/v1/matters/file{query}"
        return here.ask("POST", path, data, token=token, headers={"Content-Type": kind})

    assert send(table.body).json["changes"] == []
    other = table.body.decode("utf-8-sig").replace("税务登记", "报税").encode("gbk")
    would = send(other, "?dry_run=true")
    assert [(one["id"], one["fields"]) for one in would.json["changes"]] == [("tax-card", ["name"])]
    assert here.get("/matters/tax-card").json["name"] == "税务登记"
    assert send(other, f"?version={table.headers['etag'].strip(chr(34))}").status == 200
    assert send(table.body, f"?version={table.headers['etag'].strip(chr(34))}").code == "matters_changed"
    assert here.get("/matters/tax-card").json["name"] == "报税"
    wrong = send(table.body + "x,,,个人\n".encode())
    assert (wrong.code, {(one["row"], one["column"]) for one in wrong.json["errors"]}) == (
        "bad_matters",
        {(4, "name"), (4, "theme"), (4, "service")},
    )
    assert send(b"{}", kind="application/json").code == "file_expected"


def test_the_days_tickets_are_counted_by_matter(here: Any) -> None:
    put(here, OPEN, TAX)
    here.issue("licence", matters=["open"])
    token = here.token("manager")
    found = here.get("/matters/figures", token=token).json["matters"]
    assert [(one["id"], one["tickets"], one["cases"]) for one in found] == [("open", 1, 0)]
    table = here.get("/matters/figures?from=2026-11-01&to=2026-11-30&format=csv", token=token).body.decode("utf-8-sig")
    assert table.splitlines()[1] == "open,营业执照新办,开办企业,licence,1,0"
    assert here.get("/matters/figures?from=2026-11-30&to=2026-11-01", token=token).code == "bad_span"
