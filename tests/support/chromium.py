"""A Chromium for tests of pages: the one named, on PATH, Playwright's own, or Debian's.

FORECOURT_TEST_CHROMIUM names the program.
"""

import os
from pathlib import Path

from tests.support.missing import MissingError, first_program, install

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"

# Nothing but the page under test is asked for: the browser's own look-ups would fail in a closed network.
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def arguments() -> list[str]:
    """The switches to launch it with; root has no sandbox."""
    return [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def find_or_install() -> Path:
    """The program's path; raises `MissingError`."""
    found = _named() or first_program([*_NAMES, _MAC]) or _playwrights_own()
    if found is None:
        install("chromium")
        found = first_program(_NAMES)
    if found is None:
        raise MissingError("Chromium was installed but is not on PATH")
    return found


def _named() -> Path | None:
    named = os.environ.get("FORECOURT_TEST_CHROMIUM")
    if named and not Path(named).is_file():
        raise MissingError(f"FORECOURT_TEST_CHROMIUM={named} is not a file")
    return Path(named) if named else None


def _playwrights_own() -> Path | None:
    root = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright"))
    builds = sorted(root.glob("chromium-*/chrome-linux*/chrome"))
    return builds[-1] if builds else None
