"""The browser of a DateScraper: one Chromium after the other, each replaced before it wears out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import BrowserContext
from playwright.async_api import Error as PlaywrightError

from engine.failure import Failure, PortalFailure, Reason
from engine.portal.chromium import Chromium, crashed
from engine.portal.chromium_path import BrowserMissing
from engine.portal.egress import EgressPolicy
from engine.portal.settings import PortalSettings

Settle = Callable[[], Awaitable[None]]

#: Reasons that a page may report when its browser ends.
BROKEN_OFF = frozenset({Reason.CONNECTION_LOST, Reason.PORTAL_UNAVAILABLE, Reason.TIMED_OUT, Reason.INTERNAL})

log = logging.getLogger(__name__)


class Browser:
    """Lends contexts; launches, checks, replaces and closes the Chromium behind them.

    A Chromium that is too old, has opened too many contexts or takes too much memory is replaced at once for new
    work and closed when its last context is returned. Tasks of this object close the contexts, so a cancelled
    caller need not wait.
    """

    def __init__(self, settings: PortalSettings) -> None:
        self._settings = settings
        self._current: Chromium | None = None
        # All running browsers: the current one, and replaced ones that still have contexts.
        self._running: set[Chromium] = set()
        self._launching: asyncio.Task[Chromium] | None = None
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: asyncio.TimerHandle | None = None
        self.launches = 0

    @property
    def chromium(self) -> Chromium | None:
        """The Chromium that new work would get; for monitoring."""
        return self._current

    async def start(self) -> None:
        """Launches ahead of the first work. Raises `BrowserMissing` with the remedy."""
        await self._ready()

    async def close(self) -> None:
        """Ends everything, even what is in use, and waits until it is gone. It is not launched again."""
        self._closed = True
        self._stay()
        if self._launching is not None:
            await asyncio.wait({self._launching})
        self._current = None
        await asyncio.gather(*[self._end(chromium) for chromium in self._running])
        while self._tasks:
            await asyncio.wait(self._tasks)

    @asynccontextmanager
    async def context(
        self, *, policy: EgressPolicy | None = None, settle: Settle | None = None
    ) -> AsyncIterator[BrowserContext]:
        """A fresh context that connects only to what the policy allows.

        Raises `PortalFailure` if no browser is available or if it crashes. `settle` is awaited before the context
        is closed, after the caller has left it.
        """
        chromium, context = await self._open(policy)
        try:
            yield context
        except PlaywrightError as error:
            if chromium.is_alive():
                raise
            raise crashed() from error
        except PortalFailure as error:
            if error.failure.reason in BROKEN_OFF and (self._closed or not chromium.is_alive()):
                raise crashed() from error
            if error.failure.reason is Reason.TIMED_OUT and not await chromium.responds():
                await self._kill(chromium)
                raise crashed("the browser hung and was killed") from error
            raise
        finally:
            self._spawn(self._give_back(chromium, context, settle))

    async def _open(self, policy: EgressPolicy | None) -> tuple[Chromium, BrowserContext]:
        """Opens a context, which is the health check: a Chromium that does not respond is killed and replaced."""
        for last_try in (False, True):
            try:
                chromium = await self._ready()
            except BrowserMissing as error:
                raise PortalFailure(Failure(Reason.INTERNAL, str(error))) from error
            self._stay()
            chromium.in_use += 1
            opening = asyncio.ensure_future(chromium.new_context(policy))
            try:
                # Shielded: a context that opens while its caller is cancelled has to be closed as well.
                return chromium, await asyncio.shield(opening)
            except (TimeoutError, PlaywrightError) as error:
                chromium.in_use -= 1
                await self._kill(chromium)
                if last_try:
                    raise crashed("the browser does not respond") from error
            except asyncio.CancelledError:
                self._spawn(self._give_back(chromium, opening))
                raise
        raise AssertionError("unreachable")

    async def _ready(self) -> Chromium:
        """A Chromium that is fit for work."""
        if self._closed:
            raise crashed("the browser is closed")
        chromium = self._current
        if chromium is not None and (why := await self._worn(chromium)):
            self._retire(chromium, why)
        if self._current is None:
            # Shielded: a launch serves all callers, whichever started it.
            return await asyncio.shield(self._launch())
        return self._current

    def _launch(self) -> asyncio.Task[Chromium]:
        if self._launching is None:
            self._launching = asyncio.get_running_loop().create_task(self._launch_one())
            # Waiting callers get its error; if none is left, the error is dropped.
            self._launching.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._launching

    async def _launch_one(self) -> Chromium:
        try:
            chromium = self._current = await Chromium.launch(self._settings)
        finally:
            self._launching = None
        self._running.add(chromium)
        self.launches += 1
        self._close_when_idle(chromium)
        return chromium

    def _retire(self, chromium: Chromium, why: str) -> None:
        """Replaces this Chromium for new work; it is closed when its last context is returned."""
        if chromium is self._current:
            log.info("browser replaced: %s", why)
            self._current = None
            if chromium.in_use == 0:
                self._spawn(self._end(chromium))

    async def _end(self, chromium: Chromium) -> None:
        await chromium.close()
        self._running.discard(chromium)

    async def _worn(self, chromium: Chromium) -> str | None:
        limits = self._settings.browser
        if not chromium.is_alive():
            return "it has exited"
        if chromium.age >= limits.age:
            return f"it is {chromium.age:.0f} s old"
        if chromium.contexts >= limits.contexts:
            return f"it has opened {chromium.contexts} contexts"
        if (memory := await chromium.memory_mib()) >= limits.memory_mib:
            return f"it uses {memory} MiB"
        return None

    async def _give_back(
        self,
        chromium: Chromium,
        context: BrowserContext | asyncio.Future[BrowserContext],
        settle: Settle | None = None,
    ) -> None:
        try:
            async with asyncio.timeout(self._settings.times.close):
                opened = await context if isinstance(context, asyncio.Future) else context
                if settle is not None:
                    await settle()
                await opened.close()
        except TimeoutError:
            await self._kill(chromium)
        except PlaywrightError:
            pass  # The context ended with its browser.
        finally:
            chromium.in_use -= 1
        if chromium.in_use == 0:
            await self._unused(chromium)

    async def _unused(self, chromium: Chromium) -> None:
        if chromium is self._current:
            self._close_when_idle(chromium)
        else:
            await self._end(chromium)

    async def _kill(self, chromium: Chromium) -> None:
        """Kills a hung browser without waiting for it. Its other users see it crash."""
        if chromium is self._current:
            self._current = None
            log.warning("browser killed: it has crashed, or does not respond")
        await chromium.kill()
        self._running.discard(chromium)

    def _close_when_idle(self, chromium: Chromium) -> None:
        self._stay()
        if chromium.in_use == 0:
            loop = asyncio.get_running_loop()
            self._idle = loop.call_later(self._settings.browser.idle, self._spawn_idle_close, chromium)

    def _spawn_idle_close(self, chromium: Chromium) -> None:
        if chromium is self._current and chromium.in_use == 0:
            self._current = None
            self._spawn(self._end(chromium))

    def _stay(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        with contextlib.suppress(asyncio.CancelledError):
            if error := task.exception():
                log.error("closing a browser failed", exc_info=error)
