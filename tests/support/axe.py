"""What axe-core finds wrong with a page in a browser, as it stands there now.

The library is one of the pages' tools in ``tests/kiosk/web/static/package.json``; ``make js`` installs it.
"""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Frame, Page

SOURCE = Path(__file__).parents[1] / "kiosk/web/static/node_modules/axe-core/axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

# A colour in the middle of a transition is nobody's; what moves for ever is looked at as it is.
_SETTLED = """Promise.allSettled(document.getAnimations()
    .filter((one) => one.playState === "running" && Number.isFinite(one.effect?.getComputedTiming().endTime))
    .map((one) => one.finished))"""
_RUN = """(tags) => axe.run(document, {
    runOnly: tags, resultTypes: ["violations"], rules: { "target-size": { enabled: true } },
}).then((result) => result.violations)"""


def violations(page: Page | Frame) -> list[str]:
    """What breaks a rule of WCAG 2.2 A and AA, or one of axe's best practices, in the page and in its frames.

    Returns:
        A line for each element: the rule, what it asks for, the element's selector, and what is wrong with it.
    """
    main = page.main_frame if isinstance(page, Page) else page
    for frame in _frames(main):
        # By the browser's debugger: the pages' Content-Security-Policy lets no script of a test in.
        if not frame.evaluate("'axe' in window"):
            frame.evaluate(_source())
    main.evaluate(_SETTLED)
    return [_line(rule, node) for rule in main.evaluate(_RUN, list(TAGS)) for node in rule["nodes"]]


def _frames(frame: Frame) -> list[Frame]:
    return [frame, *(one for child in frame.child_frames for one in _frames(child))]


def _line(rule: dict[str, Any], node: dict[str, Any]) -> str:
    why = " ".join(node.get("failureSummary", "").split())
    return f"{rule['id']}: {rule['help']}: {' '.join(map(str, node['target']))}: {why}"


@cache
def _source() -> str:
    # An expression whose value can be handed over: axe's own has functions in it.
    # A frame that the page has written itself (srcdoc) has no address that axe would trust.
    # The HTML of each element that it looks at is not asked for.
    trust = "axe.configure({ allowedOrigins: ['<unsafe_all_origins>'], noHtml: true })"
    return f"(() => {{ {SOURCE.read_text('utf-8')}; {trust}; return true; }})()"
