"""Chinese that people read has Chinese commas, colons and semicolons."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import display

HOME = Path(display.__file__).parents[1]
SPOKEN = {"display/speech.py"}
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:](?! )|[,;:][\u4e00-\u9fff]")
ADDRESS = re.compile(r"\S+://\S+")


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The strings of a module that are not there to explain it."""
    explaining = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant | ast.JoinedStr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in explaining:
            yield node.lineno, ADDRESS.sub("", node.value)


@pytest.mark.parametrize("package", ["config", "display", "kiosk", "ticketing"])
def test_what_is_written_in_chinese_has_no_half_width_marks(package: str) -> None:
    found = [
        f"{path.relative_to(HOME)}:{line}: {text}"
        for path in sorted((HOME / package).rglob("*.py"))
        if str(path.relative_to(HOME)) not in SPOKEN
        for line, text in texts(ast.parse(path.read_text("utf-8")))
        if HALF_WIDTH.search(text)
    ]
    assert found == []
