"""Photos of ID cards: 1,024 bytes in a format (WLT) that only licensed programs can decode.

None comes with this program. The settings may name one that reads these bytes from its standard input and writes an
image to its standard output: PNG, JPEG or BMP.
"""

import logging
import subprocess

log = logging.getLogger(__name__)

TIMEOUT = 3.0
MOST = 1 << 20
"""Bytes of the largest image; those of the usual decoders have 38,862."""
_TYPES = {b"\x89PNG\r\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"BM": "image/bmp"}


def decode_photo(program: str, photo: bytes, timeout: float = TIMEOUT) -> tuple[bytes, str] | None:
    """The image that ``program`` makes of a photo, and its media type; None, and a line in the log, when it makes none.

    Blocks for at most ``timeout`` seconds.
    """
    try:
        done = subprocess.run([program], input=photo, capture_output=True, timeout=timeout, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("the decoder of photos failed: %s", type(error).__name__)
        return None
    image = done.stdout
    kind = next((kind for head, kind in _TYPES.items() if image.startswith(head)), None)
    if kind is None or len(image) > MOST:
        log.warning("the decoder of photos wrote no image")
        return None
    return image, kind
