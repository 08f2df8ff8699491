"""Checks this machine: free disk space, and whether a browser starts."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from actors.settings import Settings
from ops.doctor.finding import Finding, fail, good, warn

#: Free disk space in bytes below which servers and browsers will soon stop, or have stopped.
LITTLE, TOO_LITTLE = 10**9, 10**8
#: In seconds.
BROWSER_TIMEOUT = 15.0


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
    home = settings.idexx_sync_home.expanduser()
    places = {"disk": home, "temporary files": Path(tempfile.gettempdir())}
    if (home / "postgres").is_symlink():  # started by root: see ops/local/embedded/postgres_place.py
        places["disk of up's postgresql"] = (home / "postgres").resolve()
    return [room_at(name, _existing(place)) for name, place in places.items()]


def _existing(place: Path) -> Path:
    return next(folder for folder in (place, *place.absolute().parents) if folder.exists())


def room_at(name: str, place: Path) -> Finding:
    """Whether the disk of a folder has room."""
    free = shutil.disk_usage(place).free
    message = f"{free / 1e9:.1f} GB free at {place}"
    remedy = f"free space on this disk: df -h {place}"
    if free < TOO_LITTLE:
        return fail(name, message, remedy)
    return warn(name, message, remedy) if free < LITTLE else good(name, message)
