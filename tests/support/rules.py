"""The rules of the web server's addresses, taken apart once for all applications of a test process.

Werkzeug takes some two hundred apart for each application. The program makes one; the tests make hundreds, which took
a third of what a hall costs them.
"""

from typing import Any

from werkzeug.routing import Rule


def keep() -> None:
    """Have rules that read the same share what they were taken apart into from now on."""
    known: dict[tuple[object, ...], tuple[Any, ...]] = {}
    take_apart = Rule.compile

    def compile_once(self: Any) -> None:
        # The applications have the same converters, Werkzeug's own, and these have no memory.
        what = (self.rule, self.subdomain, self.host, self.merge_slashes, self.map.host_matching)
        if what not in known:
            take_apart(self)
            known[what] = (self._parts, self._trace, self._converters)
            return
        self._parts, self._trace, self._converters = known[what]
        self.arguments |= set(self._converters)
        self._build = self._compile_builder(False).__get__(self, None)
        self._build_unknown = self._compile_builder(True).__get__(self, None)

    Rule.compile = compile_once  # type: ignore[method-assign]
