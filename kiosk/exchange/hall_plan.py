"""The hall's plan: an SVG drawing of the hall's own, in which the window is marked that somebody looks for.

The drawing comes from a file and is made anew from what is drawing in it: shapes, text, and how they look. Scripts,
links, styles and whatever else a drawing program wrote are left out. Elements with the id ``window-3`` mark window 3.
"""

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree import ElementTree

log = logging.getLogger(__name__)

SVG = "{http://www.w3.org/2000/svg}"
LARGEST = 200 * 1024
"""Bytes; a phone in a hall's basement fetches it."""
SHAPES = frozenset(
    ("svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "title", "desc")
)
LOOKS = frozenset(
    (
        *("id", "viewBox", "width", "height", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "d"),
        *("points", "dx", "dy", "rotate", "transform", "fill", "fill-opacity", "fill-rule", "opacity"),
        *("stroke", "stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-dasharray", "stroke-opacity"),
        *("font-size", "font-weight", "font-family", "text-anchor", "dominant-baseline", "preserveAspectRatio"),
    )
)
WORDS = ("g", "text", "tspan", "title", "desc")
"""What is not filled of a group that is marked."""
MARK = {"fill": "#ffc83d", "stroke": "#14201c", "stroke-width": "3", "opacity": "1"}
"""How the window's shape looks: the colour of a call."""
_ENTITY = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


class PlanError(ValueError):
    """The file is no drawing that can be used; ``str()`` says why."""


def plan_of(content: bytes, window: str = "") -> bytes:
    """The plan with ``window`` marked, if it is on it. Pure.

    Raises:
        PlanError: it is too large, no SVG, or has entities of its own (which could be made to fill the memory).
    """
    # Imported here and below: most halls have no plan.
    from xml.etree import ElementTree

    if len(content) > LARGEST:
        raise PlanError(f"larger than {LARGEST // 1024} KB")
    if _ENTITY.search(content):
        raise PlanError("a document type or entities: save it as plain SVG")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - without entities, and of the technician's own file
    except ElementTree.ParseError as error:
        raise PlanError("no SVG") from error
    if root.tag != f"{SVG}svg":
        raise PlanError("no SVG")
    drawn = _drawn(root)
    for shape in drawn.iter():
        if window and shape.get("id") == f"window-{window}":
            # Of a group each shape is marked, but not its words.
            for part in (one for one in shape.iter() if one.tag.removeprefix(SVG) not in WORDS):
                part.attrib.update(MARK)
    ElementTree.register_namespace("", SVG[1:-1])
    made: bytes = ElementTree.tostring(drawn, encoding="utf-8")
    return made


def windows_on(content: bytes) -> set[str]:
    """The ids of the windows that are on a plan; raises as :func:`plan_of` does. Pure."""
    from xml.etree import ElementTree

    drawn = ElementTree.fromstring(plan_of(content))  # noqa: S314 - made above
    ids = (one.get("id", "") for one in drawn.iter())
    return {one.removeprefix("window-") for one in ids if one.startswith("window-")}


def _drawn(element: "ElementTree.Element") -> "ElementTree.Element":
    from xml.etree import ElementTree

    kept = ElementTree.Element(element.tag, {name: value for name, value in element.items() if _is_look(name, value)})
    kept.text, kept.tail = element.text, element.tail
    kept.extend(_drawn(one) for one in element if isinstance(one.tag, str) and one.tag.removeprefix(SVG) in SHAPES)
    return kept


def _is_look(name: str, value: str) -> bool:
    # An address in a fill (url(…)) could ask for something elsewhere.
    return name in LOOKS and "url(" not in value.lower()


class Plan:
    """The plan in a file, read again when it changes. ``path`` is None where a hall has none."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._read: tuple[tuple[int, int] | None, bytes, set[str]] | None = None

    def of(self, window: str) -> bytes | None:
        """The plan with the window marked; None where there is no plan, or the window is not on it."""
        content, windows = self._content()
        return plan_of(content, window) if window in windows else None

    def has(self, window: str | None) -> bool:
        """Whether the window is on the plan."""
        return window in self._content()[1]

    def _content(self) -> tuple[bytes, set[str]]:
        """The file and the windows on it: none where it cannot be used, which the log says once a change."""
        if self._path is None:
            return b"", set()
        try:
            stat = self._path.stat()
            key = (stat.st_size, stat.st_mtime_ns)
        except OSError:
            key = None
        if self._read is None or self._read[0] != key:
            content, windows = b"", set[str]()
            try:
                content = self._path.read_bytes()
                windows = windows_on(content)
            except (OSError, PlanError) as error:
                log.warning("the hall's plan %s cannot be used: %s", self._path, error)
            self._read = (key, content, windows)
        return self._read[1], self._read[2]
