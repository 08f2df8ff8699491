"""What a page sends and receives: whether a response is pending, where the page went, and why it cannot continue."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable
from typing import TypeVar

from playwright.async_api import Frame, Page, Request, Response

from engine.failure import Failure, PortalFailure, Reason
from engine.portal.call_context import CallContext
from engine.portal.regions import left_portal
from engine.portal.response import PortalResponse, check_status
from engine.portal.settings import PortalSettings
from engine.portal.sign_in_outcome import is_landing
from engine.portal.sign_in_transcript import page_exchange

T = TypeVar("T")

#: Statuses of a form whose token, or whose session, has expired.
EXPIRED = frozenset({419, 440})

LEADS_OUT = "the sign-in page leads out of the portal"


class PageTraffic:
    """The requests and responses of one page.

    `news` is set when something relevant happened; `failure` is why the page cannot continue, `error` what the filter
    of its requests raised; `landing`: the landing page to which the portal redirected the sent form; `is_cut`: the
    page, or a script of it, arrived incomplete.
    """

    def __init__(self, settings: PortalSettings, call_context: CallContext) -> None:
        self._settings = settings
        self._call_context = call_context
        self._in_flight: set[Request] = set()
        self._sent: dict[Request, float] = {}
        self._arrivals = 0
        self._left_at: int | None = None
        self.news = asyncio.Event()
        self.failure: Failure | None = None
        self.error: Exception | None = None
        self.landing: str | None = None
        self.is_cut = False

    def observe(self, page: Page) -> None:
        page.on("request", self._on_start)
        page.on("requestfinished", self._on_end)
        page.on("requestfailed", self._on_failed)
        page.on("response", self._on_response)
        page.on("framenavigated", self._on_arrival)
        page.on("crash", lambda _: self.fail(Failure(Reason.BROWSER_CRASHED, "the sign-in page crashed")))

    @property
    def is_waiting(self) -> bool:
        """Whether a response of the portal is pending."""
        return bool(self._in_flight)

    @property
    def has_come_back(self) -> bool:
        """Whether the page went to a landing page, and has arrived somewhere since."""
        return self._left_at is not None and self._arrivals > self._left_at and not self.is_waiting

    def check(self, page: Page) -> None:
        """Raises `PortalFailure` if the page failed or has left the portal; raises the filter's errors."""
        if self.error is not None:
            raise self.error
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

    def sent(self, request: Request) -> None:
        """Records that a request to the portal is on its way: it counts as a call, timed from now."""
        self._sent[request] = time.monotonic()

    def leads_out(self, url: str, message: str = LEADS_OUT) -> None:
        """Records that the page wants to go to an address outside of the portal."""
        self.fail(left_portal(self._settings.base_url, url, message))

    def fail(self, failure: Failure) -> None:
        """Records why the page cannot continue; the first reason stays."""
        self.failure = self.failure or failure
        self.news.set()

    def _on_start(self, request: Request) -> None:
        self._in_flight.add(request)
        if is_of_the_page(request) and self._settings.contains(request.url) and is_landing(request.url):
            self._left_at = self._arrivals

    def _on_end(self, request: Request) -> None:
        self._in_flight.discard(request)
        self._called(request, None)
        self.news.set()

    def _on_failed(self, request: Request) -> None:
        """Requests that we blocked, or that the page itself aborted, are not cut off."""
        is_needed = request.resource_type == "script" or is_of_the_page(request)
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
        self._write_transcript(response)
        self._called(request, response.status)
        answer = PortalResponse(request.url, response.status, response.headers)
        if response.status == 429 or response.status >= 500:
            try:
                check_status(answer, self._call_context.clock())
            except PortalFailure as error:
                self.fail(error.failure)
        elif request.method != "GET" and response.status in EXPIRED:
            self.fail(Failure(Reason.SESSION_ENDED, f"the sign-in form had expired ({response.status})"))
        elif request.method != "GET" and 300 <= response.status < 400:
            location = answer.headers.get("location", "")
            target = self._settings.resolve(location, request.url)
            if target is None:
                self.leads_out(location, "the sign-in is redirected out of the portal")
            elif is_landing(target):
                self.landing = target
        self.news.set()

    def _write_transcript(self, response: Response) -> None:
        if (transcript := self._call_context.transcript) is not None:
            seconds = time.monotonic() - self._sent.get(response.request, time.monotonic())
            is_page = is_of_the_page(response.request)
            transcript.saw(page_exchange(response, is_page, seconds, self._call_context.clock()))

    def _called(self, request: Request, status: int | None) -> None:
        if (sent_at := self._sent.pop(request, None)) is not None:
            self._call_context.observe_portal_call(status, sent_at)


def is_of_the_page(request: Request) -> bool:
    """Whether the request is for the page itself, not for a frame or a part of it."""
    return request.is_navigation_request() and request.frame.parent_frame is None
