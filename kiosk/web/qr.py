"""QR codes as pictures for pages."""

from typing import Any
from urllib.parse import quote

QR_QUIET_ZONE = 4
"""Quiet zone around the QR code, modules (ISO/IEC 18004, 6.3.8)."""


def qr_svg(payload: str) -> str:
    """The QR code of ``payload`` (error correction M) as SVG, one square a module."""
    from qrcode.constants import ERROR_CORRECT_M
    from qrcode.main import QRCode

    code: QRCode[Any] = QRCode(error_correction=ERROR_CORRECT_M, border=QR_QUIET_ZONE)
    code.add_data(payload)
    rows = code.get_matrix()
    side = len(rows)
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{path}"/></svg>'
    )


def qr_data(payload: str) -> str:
    """The same as the address of a picture that holds it itself (RFC 2397)."""
    return f"data:image/svg+xml,{quote(qr_svg(payload))}"
