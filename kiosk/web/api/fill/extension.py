"""The browser extension as this box gives it: a folder of a Manifest V3 extension, as a ZIP file."""

import io
import json
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FOLDER = Path(__file__).parents[2] / "extension"
_NEVER_CHANGES = (1980, 1, 1, 0, 0, 0)
"""The time of each file in the ZIP, so that the same extension has the same bytes."""


def manifest(box: str) -> dict[str, Any]:
    """The extension's manifest; ``box`` is the address it came from, such as ``https://hall.example``.

    It may ask ``box``, and reach into the tab where its button or key was pressed, until that leaves the page; nothing
    else. It has no storage.
    """
    return {
        "manifest_version": 3,
        "name": "取号填表 Quhao fill",
        "description": "把窗口正在办理的居民信息填入业务系统的表单 Fills forms from the resident now served",
        "version": version("quhao"),
        "minimum_chrome_version": "116",
        "homepage_url": f"{box}/fill",
        "permissions": ["activeTab", "scripting"],
        "host_permissions": [f"{box}/*"],
        "background": {"service_worker": "background.js"},
        "action": {"default_title": "填表 Fill (Alt+Q)"},
        "commands": {"_execute_action": {"suggested_key": {"default": "Alt+Q"}}},
        "incognito": "not_allowed",
    }


def packed(address: str) -> bytes:
    """The extension for the box at ``address``, as a ZIP file."""
    parts = urlsplit(address)
    files = {file.name: file.read_bytes() for file in sorted(FOLDER.glob("*.js"))}
    said = json.dumps(manifest(f"{parts.scheme}://{parts.netloc}"), ensure_ascii=False, indent=2)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in {"manifest.json": said.encode(), **files}.items():
            out.writestr(zipfile.ZipInfo(f"quhao-fill/{name}", _NEVER_CHANGES), data, zipfile.ZIP_DEFLATED)
    return content.getvalue()
