"""One running Chromium with its Playwright driver: launched together, measured together, gone together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import psutil
from playwright.async_api import Browser as PlaywrightBrowser
from playwright.async_api import BrowserContext, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from engine.failure import Failure, PortalFailure, Reason
from engine.portal.protocols import Cookie
from engine.portal.settings import PortalSettings

log = logging.getLogger(__name__)

#: Looked for on the PATH, lightest first; the headless shell cannot show a window.
HEADLESS_NAMES = ("chromium-headless-shell", "chrome-headless-shell", "headless_shell")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

#: A switch that Chromium ignores: by it the process is known among all others.
MARK = "--idexx-sync-browser="


class BrowserMissing(Exception):
    """No Chromium can be started here; the message says what to do."""


def find_chromium(path: Path | None, *, headless: bool = True) -> Path | None:
    """`CHROMIUM_PATH`, else one of the usual names; None leaves the choice to Playwright, which has its own."""
    if path is not None:
        if not os.access(path, os.X_OK):
            raise BrowserMissing(f"CHROMIUM_PATH={path} is no program that can be run; correct or unset it")
        return path
    names = HEADLESS_NAMES + NAMES if headless else NAMES
    return next((Path(found) for name in names if (found := shutil.which(name))), None)


class Chromium:
    """Made by `launch`. `in_use` and `contexts` count the contexts that are open, and that ever were."""

    def __init__(
        self, settings: PortalSettings, playwright: Playwright, browser: PlaywrightBrowser, mark: str
    ) -> None:
        self._settings = settings
        self._playwright = playwright
        self._browser = browser
        self._root = _marked_process(mark)
        self._driver = self._root.parent() if self._root else None
        self._profile = _profile_folder(self._root)
        self._measured_at = self.launched_at = time.monotonic()
        self._memory_mib = 0.0
        self.in_use = 0
        self.contexts = 0

    @classmethod
    async def launch(cls, settings: PortalSettings) -> Self:
        """Raises `BrowserMissing` where there is none, or where it does not start within its limit."""
        mark = MARK + uuid.uuid4().hex
        path = find_chromium(settings.chromium_path, headless=settings.headless)
        playwright: Playwright | None = None
        try:
            async with asyncio.timeout(settings.times.launch):
                playwright = await async_playwright().start()
                browser = await playwright.chromium.launch(
                    executable_path=path,
                    headless=settings.headless,
                    # Chromium refuses to start as root with its sandbox; everybody else gets it.
                    chromium_sandbox=os.geteuid() != 0,
                    args=[mark, "--disable-gpu", "--disable-background-networking", "--disable-sync"],
                    # Signals are for us: the browser is closed when the work is done, not before.
                    handle_sigint=False,
                    handle_sigterm=False,
                    handle_sighup=False,
                )
        except BaseException as error:
            _kill_tree(_marked_process(mark))
            if playwright is not None:
                with contextlib.suppress(TimeoutError, PlaywrightError):
                    async with asyncio.timeout(settings.times.close):
                        await playwright.stop()
            if isinstance(error, PlaywrightError | TimeoutError):
                raise BrowserMissing(_why_not_launched(error, path)) from error
            raise
        return cls(settings, playwright, browser, mark)

    @property
    def pid(self) -> int | None:
        return self._root.pid if self._root else None

    @property
    def age(self) -> float:
        return time.monotonic() - self.launched_at

    def is_alive(self) -> bool:
        return self._browser.is_connected()

    def processes(self) -> list[psutil.Process]:
        """The driver, Chromium, and all of its children."""
        if self._driver is None:
            return []
        with contextlib.suppress(psutil.Error):
            return [self._driver, *self._driver.children(recursive=True)]
        return []

    async def memory_mib(self) -> float:
        """As measured now, or not long ago: what shared pages cost is split among who shares them."""
        now = time.monotonic()
        if not self._memory_mib or now - self._measured_at >= self._settings.browser.memory_interval:
            self._measured_at = now
            self._memory_mib = await asyncio.to_thread(self._measure)
        return self._memory_mib

    def _measure(self) -> float:
        return sum(map(_memory, self.processes())) / 2**20

    async def new_context(self, cookies: Sequence[Cookie]) -> BrowserContext:
        """A context of its own. Raises `TimeoutError` where the browser hangs."""
        async with asyncio.timeout(self._settings.times.browser_answer):
            context = await self._browser.new_context(service_workers="block", accept_downloads=False)
            # Limits are kept by `Patience`, which knows when to stand still.
            context.set_default_timeout(0)
            if cookies:
                await context.add_cookies([dict(cookie) for cookie in cookies])  # type: ignore[misc]
        self.contexts += 1
        return context

    async def answers(self) -> bool:
        """Whether the browser still does what it is told: a hung one looks like a slow portal."""
        try:
            async with asyncio.timeout(self._settings.times.browser_answer):
                session = await self._browser.new_browser_cdp_session()
                await session.send("Browser.getVersion")
                await session.detach()
        except (TimeoutError, PlaywrightError):
            return False
        return True

    async def close(self) -> None:
        """Nicely within the limit, else by force. Nothing of it is left afterwards."""
        with contextlib.suppress(TimeoutError, PlaywrightError):
            async with asyncio.timeout(self._settings.times.close):
                await self._browser.close()
        await self.kill()

    async def kill(self) -> None:
        """The browser first, so that its driver can reap it; then the driver, which may hang as well."""
        processes = self.processes()
        _kill_tree(self._root)
        with contextlib.suppress(TimeoutError, PlaywrightError):
            async with asyncio.timeout(self._settings.times.close):
                await self._playwright.stop()
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.kill()
        await _gone(processes)
        if self._profile is not None:
            await asyncio.to_thread(shutil.rmtree, self._profile, ignore_errors=True)


def crashed(message: str = "the browser crashed") -> PortalFailure:
    return PortalFailure(Failure(Reason.BROWSER_CRASHED, message))


def _marked_process(mark: str) -> psutil.Process | None:
    """The browser's first process, found among our own descendants."""
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if mark in process.cmdline():
                return process
    return None


def _profile_folder(root: psutil.Process | None) -> Path | None:
    """Playwright removes the browser's profile itself, unless its driver was killed."""
    with contextlib.suppress(psutil.Error):
        for argument in root.cmdline() if root else ():
            name, _, value = argument.partition("=")
            if name == "--user-data-dir" and Path(value).name.startswith("playwright"):
                return Path(value)
    return None


def _kill_tree(root: psutil.Process | None) -> None:
    if root is None:
        return
    with contextlib.suppress(psutil.Error):
        for process in [*root.children(recursive=True), root]:
            with contextlib.suppress(psutil.Error):
                process.kill()


async def _gone(processes: Sequence[psutil.Process], within: float = 5.0) -> None:
    """Waits until they are gone. Not by `wait`, which would take the exit status from asyncio."""
    deadline = time.monotonic() + within
    while any(map(_runs, processes)):
        if time.monotonic() > deadline:
            log.error("browser processes survive SIGKILL: %s", [p.pid for p in processes if _runs(p)])
            return
        await asyncio.sleep(0.01)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _memory(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
    except psutil.Error:
        return 0
    return int(getattr(full, "pss", 0) or full.uss)


def _why_not_launched(error: Exception, path: Path | None) -> str:
    text = str(error)
    if "Executable doesn't exist" in text:
        return (
            "no Chromium was found: install one (`apt install chromium`, or `playwright install --only-shell "
            "chromium`), or set CHROMIUM_PATH"
        )
    reason = "it did not start in time" if isinstance(error, TimeoutError) else text.splitlines()[0]
    return f"Chromium ({path or 'of Playwright'}) does not start: {reason}"
