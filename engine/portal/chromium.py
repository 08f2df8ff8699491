"""One running Chromium with its Playwright driver: launched, measured and ended together."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
import uuid
from pathlib import Path
from typing import Self

import psutil
from playwright.async_api import Browser as PlaywrightBrowser
from playwright.async_api import BrowserContext, ProxySettings
from playwright.async_api import Error as PlaywrightError

from engine.failure import Failure, PortalFailure, Reason
from engine.portal import browser_folders, processes
from engine.portal.chromium_path import HEADLESS_NAMES, BrowserMissing, chromium_of
from engine.portal.driver import Driver
from engine.portal.egress import EgressPolicy, EgressProxy
from engine.portal.settings import PortalSettings

#: A switch that Chromium ignores: it identifies the process among all others.
MARK = "--idexx-sync-browser="

SWITCHES = (
    # Neither a GPU nor its emulation: pages are drawn in software, without a process for it.
    "--disable-gpu",
    "--disable-software-rasterizer",
    # Stops what Chromium would send to its maker, or fetch from there.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-pings",
    # No name is resolved here, and every packet goes through the proxy of `egress`.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-quic",
)

#: Without this Chromium uses no proxy for addresses of this machine.
BYPASS_NOTHING = "<-loopback>"

DRIVER_FAILED = (
    "Playwright's driver does not start; its own error is in the log: if it names libatomic.so.1, run `apt-get install "
    "libatomic1`, else reinstall the package playwright"
)


def crashed(message: str = "the browser crashed") -> PortalFailure:
    return PortalFailure(Failure(Reason.BROWSER_CRASHED, message))


class Chromium:
    """A running Chromium, made by `launch`. `in_use` counts its open contexts, `contexts` all it ever opened."""

    def __init__(
        self,
        settings: PortalSettings,
        driver: Driver,
        browser: PlaywrightBrowser,
        mark: str,
        folder: Path,
        egress: EgressProxy,
    ) -> None:
        self._settings = settings
        self._egress = {egress}
        self._driver = driver
        self._browser = browser
        self._path = chromium_of(settings)
        started = processes.find_browsers(mark)
        self._root = started[-1] if started else None
        self._driver_process = started[0].parent() if started else None
        self._folders = (folder, *browser_folders.folders_of(self._root))
        browser_folders.remember(folder, self._folders[1:])
        self._measured_at = self.launched_at = time.monotonic()
        self._memory_mib = 0.0
        self._end: asyncio.Task[None] | None = None
        self.in_use = 0
        self.contexts = 0

    @classmethod
    async def launch(cls, settings: PortalSettings) -> Self:
        """Launches a Chromium. Raises `BrowserMissing` if there is none, or if it does not start in time."""
        path = chromium_of(settings)
        mark = MARK + uuid.uuid4().hex
        await asyncio.to_thread(browser_folders.sweep)
        try:
            driver = await Driver.start(settings.times.launch)
        except (PlaywrightError, TimeoutError) as error:
            raise BrowserMissing(DRIVER_FAILED) from error
        folder = browser_folders.make_folder()
        # For the browser itself and for pages that show our own content: they need no network, and get none.
        egress = await EgressProxy.start(EgressPolicy(), settings.upstream)
        try:
            async with asyncio.timeout(settings.times.launch):
                browser = await driver.playwright.chromium.launch(
                    executable_path=path,
                    # Playwright's own full browser; without a channel it starts its headless shell.
                    channel="chromium" if path is None and settings.full_browser else None,
                    headless=settings.headless,
                    # Chromium refuses to start as root with its sandbox; every other user gets it.
                    chromium_sandbox=os.geteuid() != 0,
                    args=[mark, *SWITCHES],
                    proxy=_proxy(egress),
                    artifacts_dir=folder,
                    # This process handles signals: the browser is closed when the work is done, not before.
                    handle_sigint=False,
                    handle_sigterm=False,
                    handle_sighup=False,
                )
        except (PlaywrightError, TimeoutError) as error:
            for process in processes.find_browsers(mark):
                processes.kill(processes.tree(process))
            await driver.stop(settings.times.close)
            egress.close()
            browser_folders.remove(folder)
            raise BrowserMissing(_why_not_launched(error, path)) from error
        return cls(settings, driver, browser, mark, folder, egress)

    @property
    def pid(self) -> int | None:
        return self._root.pid if self._root else None

    @property
    def description(self) -> str:
        """Kind and version; a portal may treat a headless shell and a full browser differently."""
        own = self._settings.headless and not self._settings.full_browser
        is_shell = own if self._path is None else self._path.name in HEADLESS_NAMES
        kind = "headless shell" if is_shell else "full browser"
        return f"{kind}, Chromium {self._browser.version} ({self._path or 'of Playwright'})"

    @property
    def age(self) -> float:
        """In seconds."""
        return time.monotonic() - self.launched_at

    def is_alive(self) -> bool:
        return self._browser.is_connected()

    def processes(self) -> list[psutil.Process]:
        """Chromium with all of its children, and the driver last."""
        return processes.tree(self._driver_process) or processes.tree(self._root)

    async def memory_mib(self) -> float:
        """Memory in MiB, as measured at most `memory_interval` seconds ago."""
        now = time.monotonic()
        if not self._memory_mib or now - self._measured_at >= self._settings.browser.memory_interval:
            self._measured_at = now
            taken = await asyncio.to_thread(lambda: processes.memory_bytes(self.processes()))
            self._memory_mib = taken / 2**20
        return self._memory_mib

    async def new_context(self, policy: EgressPolicy | None = None) -> BrowserContext:
        """A context that connects only to what the policy allows; None: to nothing.

        Raises `TimeoutError` if the browser hangs.
        """
        egress = await EgressProxy.start(policy or EgressPolicy(), self._settings.upstream)
        self._egress.add(egress)
        try:
            async with asyncio.timeout(self._settings.times.browser_answer):
                return await self._new_context(egress)
        except BaseException:
            self._close_egress(egress)
            raise

    async def _new_context(self, egress: EgressProxy) -> BrowserContext:
        context = await self._browser.new_context(
            service_workers="block", accept_downloads=False, proxy=_proxy(egress)
        )
        context.on("close", lambda _: self._close_egress(egress))
        # `PausableTimeout` keeps the limits: it can pause them.
        context.set_default_timeout(0)
        self.contexts += 1
        return context

    def _close_egress(self, egress: EgressProxy) -> None:
        egress.close()
        self._egress.discard(egress)

    async def responds(self) -> bool:
        """Whether the browser responds to commands: a hung one looks like a slow portal."""
        try:
            async with asyncio.timeout(self._settings.times.browser_answer):
                session = await self._browser.new_browser_cdp_session()
                await session.send("Browser.getVersion")
                await session.detach()
        except (TimeoutError, PlaywrightError):
            return False
        return True

    async def close(self) -> None:
        """Closes it gracefully within the limit, else by force. Nothing of it is left afterwards."""
        with contextlib.suppress(TimeoutError, PlaywrightError):
            async with asyncio.timeout(self._settings.times.close):
                await self._browser.close()
        await self.kill()

    async def kill(self) -> None:
        """Ends it by force, once for all callers; returns when nothing is left."""
        if self._end is None:
            self._end = asyncio.get_running_loop().create_task(self._kill())
        await asyncio.shield(self._end)

    async def _kill(self) -> None:
        """Kills the browser first, so its driver can reap it; then the driver, which may hang as well."""
        all_of_it = self.processes()
        processes.kill(processes.tree(self._root))
        await self._driver.stop(self._settings.times.close)
        processes.kill(all_of_it)
        await processes.gone(all_of_it)
        for egress in list(self._egress):
            self._close_egress(egress)
        await asyncio.to_thread(browser_folders.remove, *self._folders)


def _proxy(egress: EgressProxy) -> ProxySettings:
    return {"server": egress.url, "bypass": BYPASS_NOTHING}


def _why_not_launched(error: Exception, path: Path | None) -> str:
    text = str(error)
    if "Executable doesn't exist" in text:
        return (
            "no Chromium was found: install one (`apt install chromium`, or `playwright install --only-shell "
            "chromium`), or set CHROMIUM_PATH"
        )
    reason = "it did not start in time" if isinstance(error, TimeoutError) else text.splitlines()[0]
    return f"Chromium ({path or 'of Playwright'}) does not start: {reason}"
