"""When the TLS certificate of this box ends."""

from contextlib import suppress
from datetime import datetime, timedelta

from config.settings import Settings

SOON = timedelta(days=21)
"""How long before its end a certificate is worth a warning: whoever renews it by hand needs a week or two."""


def certificate_ends(settings: Settings) -> datetime | None:
    """When it ends; None where the box has none, or it cannot be read, which the start of the server tells."""
    if not settings.server.tls_cert:
        return None
    from cryptography import x509

    with suppress(OSError, ValueError):
        return x509.load_pem_x509_certificate(settings.server.tls_cert.read_bytes()).not_valid_after_utc
    return None
