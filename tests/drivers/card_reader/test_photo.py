"""A program that decodes photos, whatever it does."""

import logging
from pathlib import Path

import pytest

from drivers.card_reader.photo import decode_photo


def program(folder: Path, script: str) -> str:
    path = folder / "decode"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_what_the_program_writes_is_the_image(tmp_path: Path) -> None:
    assert decode_photo(program(tmp_path, "cat"), b"BM of mine") == (b"BM of mine", "image/bmp")
    assert decode_photo("/bin/cat", b"\xff\xd8\xff.") == (b"\xff\xd8\xff.", "image/jpeg")


@pytest.mark.parametrize(
    "script", ["exit 1", "echo no image", "sleep 5", "printf BM; head -c 2000000 /dev/zero", "kill -9 $$"]
)
def test_a_program_that_makes_no_image_is_told_in_the_log_without_the_photo(
    tmp_path: Path, script: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert decode_photo(program(tmp_path, script), b"WLsecret", 0.3) is None
    (said,) = [record.getMessage() for record in caplog.records]
    assert "secret" not in said


def test_a_program_that_is_not_there_makes_none() -> None:
    assert decode_photo("/no/such/program", b"WL") is None
