"""Filters a page's requests: each is paid for with a token and stays inside the portal, or is blocked."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from playwright.async_api import BrowserContext, Frame, Page, Request, Response, Route
from playwright.async_api import Error as PlaywrightError

from engine.failure import Failure, PortalFailure, Reason
from engine.portal.call_context import CallContext
from engine.portal.egress import EgressPolicy
from engine.portal.protocols import Budget
from engine.portal.regions import left_portal
from engine.portal.response import PortalResponse, check_status
from engine.portal.settings import PortalSettings
from engine.portal.sign_in_outcome import is_landing
from engine.portal.sign_in_transcript import page_exchange

T = TypeVar("T")

#: Resource types that are loaded: no images, fonts, media or sockets. Styles are needed to see what is visible.
LOADED_TYPES = frozenset({"document", "script", "stylesheet", "xhr", "fetch"})

#: Resource types that a page may fetch from other hosts while no secret is on it.
ELSEWHERE_TYPES = frozenset({"script", "stylesheet"})

#: Statuses of a form whose token, or whose session, has expired.
EXPIRED = frozenset({419, 440})

LEADS_OUT = "the sign-in page leads out of the portal"

#: How long a page may take to come to rest after use, in seconds.
SETTLE = 2.0


class RequestFilter:
    """The filter of one page. Scripts and styles may come from other hosts until `lock`; then nothing leaves the
    portal, neither by a request nor by any other connection (`egress`).

    `news` is set when something relevant happened; `failure` is why the page cannot continue; `landing`: the landing
    page to which the portal redirected the sent form; `has_stopped`: a request to another host was
    blocked; `is_cut`: the page, or a script of it, arrived incomplete.
    """

    def __init__(
        self, settings: PortalSettings, budget: Budget, call_context: CallContext, egress: EgressPolicy
    ) -> None:
        self._settings = settings
        self._budget = budget
        self._call_context = call_context
        self._egress = egress
        egress.changed = self._on_egress
        self._page: Page | None = None
        self._closed = False
        self._undecided = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_flight: set[Request] = set()
        self._sent: dict[Request, float] = {}
        self._error: Exception | None = None
        self.news = asyncio.Event()
        self.failure: Failure | None = None
        self.landing: str | None = None
        self.is_cut = False
        self._arrivals = 0
        self._left_at: int | None = None
        self.has_stopped = False

    async def guard(self, context: BrowserContext, page: Page) -> None:
        self._page = page
        await context.route("**/*", self._on_request)
        context.on("page", lambda popup: self._spawn(popup.close))
        page.on("request", self._on_start)
        page.on("requestfinished", self._on_end)
        page.on("requestfailed", self._on_failed)
        page.on("response", self._on_response)
        page.on("framenavigated", self._on_arrival)
        page.on("crash", lambda _: self._fail(Failure(Reason.BROWSER_CRASHED, "the sign-in page crashed")))

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
                if self.landing is not None and self._page is not None:
                    await self._page.wait_for_url(is_landing, wait_until="load")
                while self._undecided:
                    self.news.clear()
                    await self.news.wait()

    @property
    def is_waiting(self) -> bool:
        """Whether a response of the portal is pending."""
        return bool(self._in_flight)

    @property
    def has_come_back(self) -> bool:
        """Whether the page went to a landing page, and has arrived somewhere since."""
        return self._left_at is not None and self._arrivals > self._left_at and not self.is_waiting

    def check(self, page: Page) -> None:
        """Raises `PortalFailure` if the page failed or has left the portal; raises the budget's errors."""
        if self._error is not None:
            raise self._error
        if self.failure is not None:
            raise PortalFailure(self.failure)
        if not self._settings.contains(page.url) and page.url != "about:blank":
            raise PortalFailure(left_portal(self._settings.base_url, page.url, LEADS_OUT))

    async def unless_failed(self, page: Page, waiting: Awaitable[T]) -> T:
        """Returns the awaited result; raises `PortalFailure` as soon as the page cannot continue."""
        task = asyncio.ensure_future(waiting)
        try:
            while not task.done():
                self.news.clear()
                self.check(page)
                news = asyncio.ensure_future(self.news.wait())
                await asyncio.wait({task, news}, return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
            self.check(page)
            return task.result()
        finally:
            task.cancel()

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
                self._sent[request] = time.monotonic()
                await route.continue_()
            else:
                await route.abort("blockedbyclient")
        except PlaywrightError:
            pass  # The page is gone, and its requests with it.
        except Exception as error:
            self._error = error
        finally:
            self._undecided -= 1
            self.news.set()

    def _may_pass(self, request: Request) -> bool:
        if self._closed or request.resource_type not in LOADED_TYPES or not self._is_ours(request):
            return False
        if self._settings.contains(request.url):
            return True
        if _is_of_the_page(request):
            self._fail(left_portal(self._settings.base_url, request.url, LEADS_OUT))
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
        self._in_flight.add(request)
        if _is_of_the_page(request) and self._settings.contains(request.url) and is_landing(request.url):
            self._left_at = self._arrivals
        if request.redirected_from is None:
            return
        # Chromium follows redirects without asking here; connections to other hosts wait for this, or are refused.
        if self._settings.contains(request.url):
            self._sent[request] = time.monotonic()
        else:
            self._may_pass(request)

    def _on_egress(self) -> None:
        if self._egress.unreachable is not None:
            self._fail(Failure(Reason.PORTAL_UNAVAILABLE, f"the sign-in: {self._egress.unreachable}"))

    def _on_end(self, request: Request) -> None:
        self._in_flight.discard(request)
        self._called(request, None)
        self.news.set()

    def _on_failed(self, request: Request) -> None:
        """Requests that we blocked, or that the page itself aborted, are not cut off."""
        is_needed = request.resource_type == "script" or _is_of_the_page(request)
        why = request.failure or ""
        if is_needed and self._settings.contains(request.url) and not re.search("ABORTED|BLOCKED", why):
            self.is_cut = True
        self._on_end(request)

    def _on_arrival(self, frame: Frame) -> None:
        if frame.parent_frame is None:
            self._arrivals += 1
        self.news.set()

    def _on_response(self, response: Response) -> None:
        """A refusal of any part makes the page useless; the redirect of a sent form shows its outcome."""
        request = response.request
        if not self._settings.contains(request.url):
            return
        if (transcript := self._call_context.transcript) is not None:
            seconds = time.monotonic() - self._sent.get(request, time.monotonic())
            transcript.saw(page_exchange(response, _is_of_the_page(request), seconds, self._call_context.clock()))
        self._called(request, response.status)
        answer = PortalResponse(request.url, response.status, response.headers)
        if response.status == 429 or response.status >= 500:
            try:
                check_status(answer, self._call_context.clock())
            except PortalFailure as error:
                self._fail(error.failure)
        elif request.method != "GET" and response.status in EXPIRED:
            self._fail(Failure(Reason.SESSION_ENDED, f"the sign-in form had expired ({response.status})"))
        elif request.method != "GET" and 300 <= response.status < 400:
            location = answer.headers.get("location", "")
            target = self._settings.resolve(location, request.url)
            if target is None:
                way_out = "the sign-in is redirected out of the portal"
                self._fail(left_portal(self._settings.base_url, location, way_out))
            elif is_landing(target):
                self.landing = target
        self.news.set()

    def _called(self, request: Request, status: int | None) -> None:
        if (sent_at := self._sent.pop(request, None)) is not None:
            self._call_context.observe_portal_call(status, sent_at)

    def _fail(self, failure: Failure) -> None:
        self.failure = self.failure or failure
        self.news.set()

    def _spawn(self, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Runs `work` in a task, which calls it: a task cancelled before it runs leaves no coroutine behind."""

        async def run() -> None:
            with contextlib.suppress(PlaywrightError):
                await work()

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _is_of_the_page(request: Request) -> bool:
    """Whether the request is for the page itself, not for a frame or a part of it."""
    return request.is_navigation_request() and request.frame.parent_frame is None
