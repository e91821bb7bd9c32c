"""The pages that a kiosk or screen shows of its own, while it has none of the server's.

They come out of the program and need no server: the page that waits for it, and the code of a screen that nobody has
said what to show.
"""

from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Literal

Kind = Literal["kiosk", "screen"]
_HERE = Path(__file__).parent


@cache
def guard() -> str:
    """The script that every document gets before its own."""
    return (_HERE / "guard.js").read_text("utf-8")


@dataclass(frozen=True)
class Waiting:
    """正在连接: nothing to do. ``blocked``: a policy of this machine keeps the browser from the server."""

    kind: Kind
    server: str
    blocked: bool = False

    def html(self) -> str:
        """The page."""
        main = '<h1>正在连接…</h1><p class="en" lang="en">Connecting…</p><p>连上后自动恢复，请稍候</p>'
        main += '<p class="en" lang="en">This page comes back by itself</p>'
        if self.blocked:
            main = "<h1>这台机器不允许打开此地址</h1>"
            main += '<p>请把下面的地址加入 /etc/chromium/policies/managed 里的 URLAllowlist</p><p class="en" lang="en">'
            main += "Add the address below to URLAllowlist in /etc/chromium/policies/managed</p>"
        return _page(self.kind, "正在连接", main, f"<p>{escape(self.server)}</p>")


@dataclass(frozen=True)
class CodeShown:
    """The code by which a technician says what this screen shows.

    Attributes:
        name: of the screen.
        code: to be typed at ``/devices``.
        until: the time until which it is good, such as ``10:42``.
        server: where ``/devices`` is.
    """

    name: str
    code: str
    until: str
    server: str

    def html(self) -> str:
        """The page."""
        where = escape(f"{self.server}/devices")
        main = f'<p>屏幕码 <span class="en" lang="en">Screen code</span></p><p class="code">{escape(self.code)}</p>'
        main += "<p>请技术人员打开“设备”页，输入屏幕码，选择显示内容</p>"
        main += '<p class="en" lang="en">Technician: open Devices, type this code, choose what to show</p>'
        name = f"<p>{escape(self.name)} · {where}</p>"
        valid = f'<p>{escape(self.until)} 前有效，过后自动换新码 · <span lang="en">valid until {escape(self.until)}, '
        return _page("screen", "屏幕码", main, f"{name}{valid}then a new one comes</span></p>")


LocalPage = Waiting | CodeShown


def _page(kind: Kind, title: str, main: str, footer: str) -> str:
    text = Template((_HERE / "local_page.html").read_text("utf-8"))
    return text.substitute(kind=kind, title=title, main=main, footer=footer, guard=guard())
