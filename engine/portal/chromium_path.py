"""Which Chromium is started: that of the settings, one on the PATH, or Playwright's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from engine.errors import ExpectedError
from engine.portal.settings import PortalSettings

#: Names searched for on the PATH, lightest first; the headless shells cannot show a window.
HEADLESS_NAMES = ("chromium-headless-shell", "chrome-headless-shell", "headless_shell")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

#: Where Playwright keeps its browsers, on Linux and macOS.
CACHES = (".cache", "Library/Caches")


class BrowserMissing(ExpectedError):
    """No Chromium can be started here; the message says what to do."""

    hint = "./ops/setup"


def chromium_of(settings: PortalSettings) -> Path | None:
    """Returns the Chromium that the settings ask for; None: Playwright uses its own."""
    return find_chromium(settings.chromium_path, headless=settings.headless, full=settings.full_browser)


def find_chromium(path: Path | None, *, headless: bool = True, full: bool = False) -> Path | None:
    """`CHROMIUM_PATH`, else one of the usual names; None: Playwright uses its own.

    A headless shell is preferred, Playwright's before a full browser of the system; `full`: none is used.
    """
    if path is not None:
        if not os.access(path, os.X_OK):
            raise BrowserMissing(f"CHROMIUM_PATH={path} is not an executable program; correct or unset it")
        return path
    if not headless or full:
        return _on_path(NAMES)
    shell = _on_path(HEADLESS_NAMES)
    return shell if shell is not None or _has_own_shell() else _on_path(NAMES)


def _on_path(names: Sequence[str]) -> Path | None:
    return next((Path(found) for name in names if (found := shutil.which(name))), None)


def _has_own_shell() -> bool:
    """Whether Playwright has its headless shell in its usual place; it writes the marker when that is complete."""
    caches = [Path.home() / name / "ms-playwright" for name in CACHES]
    return any(any(each.glob("chromium_headless_shell-*/INSTALLATION_COMPLETE")) for each in caches)
