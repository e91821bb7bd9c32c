"""Chromium's program, its arguments, and a profile that lives as long as the browser does."""

import base64
import hashlib
import os
import shutil
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START = "data:text/html,"
"""The page of the window. A window of ``--app`` reserves no keys (Ctrl+T, Ctrl+N, Ctrl+W) for the browser: the page
gets them first, and ``guard.js`` takes them away. Measured: ``--kiosk`` alone opens tabs and windows by them."""
ARGUMENTS = (
    "--kiosk",
    f"--app={START}",
    "--no-first-run",
    "--no-default-browser-check",
    "--noerrdialogs",
    # Nothing of the last run is offered again.
    "--disable-session-crashed-bubble",
    "--hide-crash-restore-bubble",
    # Fingers scroll, and do nothing else.
    "--disable-pinch",
    "--overscroll-history-navigation=0",
    # Nothing is looked up, brought up to date or sent anywhere.
    "--disable-extensions",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-breakpad",
    "--disable-features=Translate,MediaRouter,GlobalMediaControls,AutofillServerCommunication",
    "--deny-permission-prompts",
    "--password-store=basic",
    "--autoplay-policy=no-user-gesture-required",
    # A card that wears: films are asked for in parts, and most come from the server's memory anyway.
    "--disk-cache-size=67108864",
    # Its errors are mostly of a desktop that is not there.
    "--log-level=3",
)


def program_of(browser: str | None) -> str | None:
    """The path of Chromium's program, or of ``browser``; None where it is not there."""
    return shutil.which(browser) if browser else next(filter(None, map(shutil.which, BROWSERS)), None)


def command_of(program: str, profile: Path, more: tuple[str, ...], cage: str | None = None, turn: int = 0) -> list[str]:
    """The command that opens the browser on ``profile``; it speaks DevTools on its file descriptors 3 and 4.

    Args:
        program: of Chromium.
        profile: its folder.
        more: further arguments.
        cage: the program of a compositor that shows it and nothing else, where there is no display yet; it hands its
            file descriptors on. Without its argument -s no key leads to another terminal.
        turn: degrees by which it turns the picture clockwise.
    """
    around = [cage, "-d", *["-r"] * (turn // 90), "--"] if cage else []
    is_headless = any(one.startswith("--headless") for one in more)
    # By Xwayland: in the cage of Debian 12 (wlroots 0.15) Chromium 156 crashes when it speaks Wayland itself.
    by_x = (cage or os.environ.get("DISPLAY")) and not is_headless
    platform = ("--ozone-platform=x11",) if by_x else ()
    return [*around, program, *ARGUMENTS, "--remote-debugging-pipe", f"--user-data-dir={profile}", *platform, *more]


def clean_profile(profile: Path) -> None:
    """An empty profile, for this user alone: so nothing of a crash, of a visitor or of a zoom lives on.

    Raises:
        OSError: it cannot be made.
    """
    shutil.rmtree(profile, ignore_errors=True)
    profile.mkdir(mode=0o700, parents=True, exist_ok=True)


def own_certificate(file: Path | None) -> tuple[str, ...]:
    """Chromium's argument to trust the key of this box's own certificate, which names the hall and not ``127.0.0.1``.

    No other certificate is trusted by it: it is the SHA-256 of the key (SubjectPublicKeyInfo, RFC 7469 2.4).
    """
    if file is None:
        return ()
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509 import load_pem_x509_certificates

    key = load_pem_x509_certificates(file.read_bytes())[0].public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    return (f"--ignore-certificate-errors-spki-list={base64.b64encode(digest).decode()}",)
