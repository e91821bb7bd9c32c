"""The table of accessibility rules: whole, and each yes is shown by a test that is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import kiosk

TABLE = Path(kiosk.__file__).parent / "web" / "conformance.md"
ROOT = Path(__file__).parents[1]
CRITERIA = (
    "1.1.1 1.2.1 1.2.2 1.2.3 1.2.4 1.2.5 1.3.1 1.3.2 1.3.3 1.3.4 1.3.5 1.4.1 1.4.2 1.4.3 1.4.4 1.4.5 "
    "1.4.10 1.4.11 1.4.12 1.4.13 2.1.1 2.1.2 2.1.4 2.2.1 2.2.2 2.3.1 2.4.1 2.4.2 2.4.3 2.4.4 2.4.5 2.4.6 "
    "2.4.7 2.4.11 2.5.1 2.5.2 2.5.3 2.5.4 2.5.7 2.5.8 3.1.1 3.1.2 3.2.1 3.2.2 3.2.3 3.2.4 3.2.6 3.3.1 "
    "3.3.2 3.3.3 3.3.4 3.3.7 3.3.8 4.1.2 4.1.3"
)
"""All success criteria of levels A and AA."""
ROW = re.compile(r"\| ([0-9.]+) \| ([^|]+) \| ([^|]+) \|([^|]*)\|(?: `([^`|]+)`)? \|")


def sections() -> dict[str, list[tuple[str, ...]]]:
    """The rows of each table, by its heading."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for part in TABLE.read_text("utf-8").split("\n## ")[1:]:
        lines = [line for line in part.splitlines() if line.startswith("| ") and not line.startswith("| number")]
        rows = [ROW.fullmatch(line) for line in lines]
        assert all(rows), [line for line, row in zip(lines, rows, strict=True) if not row]
        found[part.splitlines()[0]] = [row.groups(default="") for row in rows if row]
    return found


@cache
def names_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("heading", sections())
def test_each_yes_names_a_test_that_is_there_and_each_no_says_why(heading: str) -> None:
    rows = sections()[heading]
    assert rows
    for number, _, holds, how, test in rows:
        assert holds in ("yes", "no", "n/a"), number
        if holds != "yes":
            assert how.strip() and not test, number
            continue
        file, _, name = test.partition("::")
        assert name in names_in(ROOT / file), (number, test)


def test_no_criterion_of_wcag_is_left_out_or_said_twice() -> None:
    (rows,) = (rows for heading, rows in sections().items() if heading.startswith("WCAG"))
    assert [row[0] for row in rows] == CRITERIA.split()
