"""The API described: whole, true, and readable in a browser that has no internet."""

import importlib
import pkgutil
from collections import Counter
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page
from pydantic import BaseModel

import kiosk
from axe import violations


def test_every_call_is_described_with_who_may_make_it_and_how_it_is_refused(here: Any) -> None:
    spec = here.ask("GET", "/openapi/openapi.json").json
    assert spec["openapi"].startswith("3.1")
    routes = {
        (rule.rule.replace("<int:", "<").replace("<", "{").replace(">", "}"), method)
        for rule in here.app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) & {"GET", "POST", "PUT", "DELETE"}
    }
    described = {(path, method.upper()) for path, item in spec["paths"].items() for method in item}
    assert described == routes
    for path, item in spec["paths"].items():
        for operation in item.values():
            assert operation["summary"], path
            assert "application/problem+json" in operation["responses"]["4XX"]["content"]
            assert ("security" in operation) == ("For: anyone" not in operation["description"]), path
    call = spec["paths"]["/api/v1/windows/{window}/call-next"]["post"]
    assert call["security"] == [{"token": []}, {"login": []}]
    assert [one["name"] for one in call["parameters"]] == ["window", "Idempotency-Key"]
    assert "204" in call["responses"]
    keyed = {path for path, item in spec["paths"].items() if "Idempotency-Key" in str(item)}
    assert {path.removeprefix("/api/v1") for path in keyed} == {
        "/tickets",
        "/windows/{window}/call-next",
        "/windows/{window}/call",
        "/kiosk/choose",
        "/kiosk/reprint",
        "/appointments",
        "/terminals/{terminal}/appointments",
        "/terminals/{terminal}/tickets",
        "/terminals/{terminal}/applications",
        "/terminals/{terminal}/forms/{form}/print",
        "/terminals/{terminal}/forms/{form}/hand-in",
    }
    follow = spec["paths"]["/api/v1/events"]["get"]["parameters"]
    assert [(one["name"], one["in"]) for one in follow] == [("after", "query"), ("Last-Event-ID", "header")]


def test_every_reference_of_the_description_leads_somewhere(here: Any) -> None:
    spec = here.ask("GET", "/openapi/openapi.json").json
    schemas = spec["components"]["schemas"]

    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*map(references, value.values()))
        return set().union(*map(references, value)) if isinstance(value, list) else set()

    for reference in references(spec):
        assert reference.removeprefix("#/components/schemas/") in schemas, reference


def test_what_is_sent_and_answered_is_described_by_its_own_shape(here: Any) -> None:
    """Two shapes of one name are one in the description: the other's call would be told wrongly."""
    spec = here.ask("GET", "/openapi/openapi.json").json
    schemas = spec["components"]["schemas"]
    body = spec["paths"]["/api/v1/windows/{window}/open"]["post"]["requestBody"]["content"]["application/json"]
    assert set(schemas[body["schema"]["$ref"].rpartition("/")[2]]["properties"]) == {"take_over"}
    window = schemas["WindowAnswer"]["properties"]["figures"]["$ref"].rpartition("/")[2]
    told = here.get("/windows/3", token=here.token("clerk", "3")).json["figures"]
    assert set(schemas[window]["properties"]) == set(told)
    modules = [importlib.import_module(found.name) for found in pkgutil.walk_packages(kiosk.__path__, "kiosk.")]
    shapes = [
        shape.__name__
        for module in modules
        for shape in vars(module).values()
        if isinstance(shape, type) and issubclass(shape, BaseModel) and shape.__module__ == module.__name__
    ]
    assert [name for name, times in Counter(shapes).items() if times > 1] == []


def test_the_page_of_the_description_needs_nothing_from_elsewhere(
    start: Callable[..., Any], lan_address: str, new_page: Callable[..., Page]
) -> None:
    """Asked for under an address of the network: under ``localhost`` Swagger UI leaves its validator alone."""
    here = start(host="0.0.0.0")
    address = f"http://{lan_address}:{here.server.port}"
    page = new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(f"{address}/openapi")
    # It draws every operation before the first can be pressed.
    page.get_by_text("/api/v1/windows/{window}/call-next").wait_for(timeout=120_000)
    page.get_by_text("/api/v1/windows/{window}/call-next").click()
    page.get_by_text("repeated with the same key").wait_for()
    assert violations(page) == []
    assert said == []
    assert len(asked) >= 5
    assert [url for url in asked if not url.startswith((address, "data:"))] == []


def test_a_program_that_asks_for_the_page_gets_the_document(here: Any) -> None:
    answer = here.ask("GET", "/openapi", headers={"Accept": "application/json"})
    assert answer.json["info"]["title"].startswith("取号")
    assert here.ask("GET", "/openapi/", headers={"Accept": "text/html"}).status == 200
