"""The eye that looks over the pages sees what is wrong."""

from collections.abc import Callable

from playwright.sync_api import Page

from axe import violations

BAD = """<!doctype html><html lang="en"><title>bad</title><main><h1>A page</h1>
<img src="data:,"><p style="color: #999; background: #fff">faint</p><div aria-label="named"></div>
<style>button { width: 9px; height: 9px; padding: 0 }</style><button>a</button><button>b</button>
<iframe title="within" srcdoc="<html lang=en><title>x</title><main><input></main>"></iframe></main>"""


def test_what_is_wrong_with_a_page_and_with_its_frames_is_named(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.set_content(BAD)
    found = violations(page)
    rules = {line.partition(":")[0] for line in found}
    assert rules >= {"image-alt", "color-contrast", "aria-prohibited-attr", "target-size", "label"}, found
    page.set_content('<!doctype html><html lang="en"><title>good</title><main><h1>A page</h1></main>')
    assert violations(page) == []
