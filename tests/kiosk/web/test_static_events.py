"""The pages' list of event types, held against what is written into the hall's events."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import kiosk
import ticketing

EVENTS = next((Path(kiosk.__file__).parent).rglob("static/shared/events.js"))
TYPE = re.compile(r"(ticket|window|hall)\.(?!id$)[a-z]+")
OF_THE_STREAM = {"reset"}
"""Written into no table: the stream says that it cannot tell what was missed."""


def types(tree: ast.Module) -> Iterator[str]:
    """The types of event that stand in a module, whole or as the last word of ``happened(m, row, "called")``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and TYPE.fullmatch(node.value):
            yield node.value
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "happened":
            yield from (f"ticket.{one.value}" for one in node.args if isinstance(one, ast.Constant))


def test_pages_know_every_type_of_event_and_no_other() -> None:
    files = [file for file in Path(ticketing.__file__).parent.rglob("*.py") if "migrations" not in file.parts]
    written = {one for file in files for one in types(ast.parse(file.read_text("utf-8")))}
    listed = set(re.findall(r'"([a-z.]+)"', EVENTS.read_text("utf-8").split("export const on")[0]))
    assert listed - OF_THE_STREAM == written


def test_no_page_lists_types_itself() -> None:
    modules = [file for file in EVENTS.parents[1].rglob("*.js") if file != EVENTS]
    assert len(modules) > 30
    found = {file.name: TYPE.findall(file.read_text("utf-8")) for file in modules}
    assert not any(re.search(r'"(?:ticket|window|hall)\.[a-z]+"', file.read_text("utf-8")) for file in modules), found
