"""Filters a page's requests: each is paid for with a token and stays inside the portal, or is blocked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from playwright.async_api import BrowserContext, Page, Request, Route
from playwright.async_api import Error as PlaywrightError

from engine.failure import Failure, Reason
from engine.portal.call_context import CallContext
from engine.portal.egress import EgressPolicy
from engine.portal.page_traffic import PageTraffic, is_of_the_page
from engine.portal.protocols import Budget
from engine.portal.settings import PortalSettings
from engine.portal.sign_in_outcome import is_landing

#: Resource types that are loaded: no images, fonts, media or sockets. Styles are needed to see what is visible.
LOADED_TYPES = frozenset({"document", "script", "stylesheet", "xhr", "fetch"})

#: Resource types that a page may fetch from other hosts while no secret is on it.
ELSEWHERE_TYPES = frozenset({"script", "stylesheet"})

#: How long a page may take to come to rest after use, in seconds.
SETTLE = 2.0


class RequestFilter:
    """The filter of one page. Scripts and styles may come from other hosts until `lock`; then nothing leaves the
    portal, neither by a request nor by any other connection (`egress`).

    `traffic` is what the page sent and received; `has_stopped`: a request to another host was blocked.
    """

    def __init__(
        self, settings: PortalSettings, budget: Budget, call_context: CallContext, egress: EgressPolicy
    ) -> None:
        self._settings = settings
        self._budget = budget
        self._call_context = call_context
        self._egress = egress
        self._page: Page | None = None
        self._closed = False
        self._undecided = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.traffic = PageTraffic(settings, call_context)
        self.has_stopped = False
        egress.changed = self._on_egress

    async def guard(self, context: BrowserContext, page: Page) -> None:
        self._page = page
        await context.route("**/*", self._on_request)
        context.on("page", lambda popup: self._spawn(popup.close))
        self.traffic.observe(page)
        page.on("request", self._on_start)

    def lock(self) -> None:
        """Must be called before anything secret is on the page."""
        self._egress.lock()

    def close(self) -> None:
        """Blocks everything from now on; requests that wait for a token give up."""
        self._closed = True
        for task in self._tasks:
            task.cancel()

    async def settle(self) -> None:
        """Waits up to `SETTLE` until no request is undecided: closing the context would let such requests pass."""
        with contextlib.suppress(PlaywrightError, TimeoutError):
            async with asyncio.timeout(SETTLE):
                if self.traffic.landing is not None and self._page is not None:
                    await self._page.wait_for_url(is_landing, wait_until="load")
                while self._undecided:
                    self.traffic.news.clear()
                    await self.traffic.news.wait()

    async def _on_request(self, route: Route) -> None:
        """Decides on one request. Errors are kept: Playwright would raise them from whichever call comes next."""
        request = route.request
        self._undecided += 1
        try:
            if not self._may_pass(request):
                await route.abort("blockedbyclient")
            elif not self._settings.contains(request.url):
                await route.continue_()
            elif await self._pay(request):
                self.traffic.sent(request)
                await route.continue_()
            else:
                await route.abort("blockedbyclient")
        except PlaywrightError:
            pass  # The page is gone, and its requests with it.
        except Exception as error:
            self.traffic.error = error
        finally:
            self._undecided -= 1
            self.traffic.news.set()

    def _may_pass(self, request: Request) -> bool:
        if self._closed or request.resource_type not in LOADED_TYPES or not self._is_ours(request):
            return False
        if self._settings.contains(request.url):
            return True
        if is_of_the_page(request):
            self.traffic.leads_out(request.url)
            return False
        # Many pages send analytics, or frame another site; the sign-in works without that.
        if self._egress.is_locked or request.method != "GET" or request.resource_type not in ELSEWHERE_TYPES:
            self.has_stopped = True
            return False
        self._egress.allow(request.url)
        return True

    def _is_ours(self, request: Request) -> bool:
        try:
            return request.frame.page == self._page
        except PlaywrightError:  # a popup that has no frame yet
            return False

    async def _pay(self, request: Request) -> bool:
        """Takes one token, or two for a form: Chromium follows its redirect without another request here."""
        for _ in range(1 if request.method == "GET" else 2):
            token = self._spawn(self._acquire)
            await asyncio.wait({token})
            if token.cancelled():
                return False
            token.result()
        return True

    async def _acquire(self) -> None:
        with self._call_context.timeout.waiting():
            await self._budget.acquire(self._call_context.clinic.slug)

    def _on_start(self, request: Request) -> None:
        """Chromium follows redirects without asking here; connections to other hosts wait for this, or are refused."""
        if request.redirected_from is None:
            return
        if self._settings.contains(request.url):
            self.traffic.sent(request)
        else:
            self._may_pass(request)

    def _on_egress(self) -> None:
        if self._egress.unreachable is not None:
            self.traffic.fail(Failure(Reason.PORTAL_UNAVAILABLE, f"the sign-in: {self._egress.unreachable}"))

    def _spawn(self, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Runs `work` in a task, which calls it: a task cancelled before it runs leaves no coroutine behind."""

        async def run() -> None:
            with contextlib.suppress(PlaywrightError):
                await work()

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
