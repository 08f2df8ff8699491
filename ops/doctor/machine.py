"""Checks this machine: free disk space, whether a browser starts, and whether the portal can be reached."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from actors.settings import Settings
from engine.portal_address import is_loopback
from ops.doctor.finding import Finding, fail, good, warn

#: Free disk space in bytes below which servers and browsers will soon stop, or have stopped.
LITTLE, TOO_LITTLE = 10**9, 10**8
#: Timeouts in seconds.
BROWSER_TIMEOUT, PORTAL_TIMEOUT = 15.0, 10.0


async def browser(settings: Settings) -> list[Finding]:
    from engine.portal import BrowserMissing, find_chromium

    path = Path(settings.chromium_path) if settings.chromium_path else None
    try:
        found = find_chromium(path, headless=settings.headless, full=settings.browser_kind == "full")
    except BrowserMissing as error:
        return [fail("browser", str(error), "./ops/setup")]
    where = found or await _playwrights_own()
    if where is None:
        return [fail("browser", "no Chromium was found", "./ops/setup, or set CHROMIUM_PATH")]
    version = await _version(where)
    if version is None:
        return [fail("browser", f"{where} does not start", "./ops/setup, or set CHROMIUM_PATH to another one")]
    return [good("browser", f"{version} ({where})")]


async def _playwrights_own() -> Path | None:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return await asyncio.to_thread(_installed, path)


def _installed(path: Path) -> Path | None:
    """Returns the full browser, or the headless shell that Playwright installs beside it."""
    if path.exists():
        return path
    shells = path.parent.parent.parent.glob("chromium_headless_shell-*/*/*headless?shell")
    return next(iter(sorted(shells, reverse=True)), None)


async def _version(path: Path) -> str | None:
    try:
        process = await asyncio.create_subprocess_exec(
            path,
            "--version",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return None
    try:
        output, _ = await asyncio.wait_for(process.communicate(), BROWSER_TIMEOUT)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        return None
    return output.decode(errors="replace").strip() or None if process.returncode == 0 else None


async def disk(settings: Settings) -> list[Finding]:
    """Checks the disks on which servers keep their data and browsers their temporary data."""
    places = {"disk": settings.idexx_sync_home.expanduser(), "temporary files": Path(tempfile.gettempdir())}
    return [_room(name, _existing(place)) for name, place in places.items()]


def _existing(place: Path) -> Path:
    return next(folder for folder in (place, *place.absolute().parents) if folder.exists())


def _room(name: str, place: Path) -> Finding:
    free = shutil.disk_usage(place).free
    message = f"{free / 1e9:.1f} GB free at {place}"
    remedy = f"free space on this disk: df -h {place}"
    if free < TOO_LITTLE:
        return fail(name, message, remedy)
    return warn(name, message, remedy) if free < LITTLE else good(name, message)


async def portal(settings: Settings) -> list[Finding]:
    """Checks the default portal; `ops/doctor/portals.py` checks the clinics' own."""
    found = await reachable(settings.idexx_base_url, "the network, the proxy and IDEXX_BASE_URL")
    parts = urlsplit(settings.idexx_base_url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        what = f"{settings.idexx_base_url} is not https: passwords and sessions can be read on the way"
        return [found, warn("portal", what, "set IDEXX_BASE_URL to an https address")]
    return [found]


async def reachable(url: str, checked: str) -> Finding:
    """Whether a portal responds; `checked` is what to check if not."""
    status = await asyncio.to_thread(_status, url)
    if isinstance(status, int):
        grade = good if status < 500 else None
        message = f"{url} returns status {status}"
        return (
            grade("portal", message)
            if grade
            else warn("portal", message, "wait, or check the portal's status page")
        )
    return warn("portal", f"{url} does not respond: {status}", f"check {checked}")


def _status(url: str) -> int | str:
    try:
        with urlopen(Request(url, method="HEAD"), timeout=PORTAL_TIMEOUT) as answer:  # noqa: S310 (checked: http)
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except OSError as error:
        return str(getattr(error, "reason", error))
