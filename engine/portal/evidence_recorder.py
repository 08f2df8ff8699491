"""Records the last thing that a scrape saw, so that a failure can be shown to an operator.

Screenshots never show the portal's rendering of personal data: for a call they show the masked body, and the
sign-in page itself with its fields painted over.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Page
from playwright.async_api import Error as PlaywrightError

from engine.evidence import Evidence, EvidenceSink
from engine.failure import Failure, PortalFailure
from engine.portal.browser import Browser
from engine.portal.redaction import KEPT_BYTES, kept_headers, mask_body, mask_html, mask_words, masked_address
from engine.portal.response import LOGIN_PATH, PortalResponse

log = logging.getLogger(__name__)

#: Elements that are painted over in a screenshot of the sign-in page.
FIELDS = "input, textarea, select"


@dataclass(frozen=True, slots=True)
class Capture:
    """What was seen, before it is known whether it becomes evidence.

    `raw` is the head of a response's body as it came. Most responses never become evidence, so it is masked only
    when it is stored.
    """

    address: str
    title: str = ""
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    screenshot: bytes | None = None
    raw: bytes = field(default=b"", repr=False)
    content_type: str = ""

    def masked(self) -> Capture:
        return replace(self, body=mask_body(self.raw, self.content_type), raw=b"") if self.raw else self

    def of(self, failure: Failure, at: datetime) -> Evidence:
        return Evidence(
            at, failure, self.address, self.title, self.status, dict(self.headers), self.body, self.screenshot
        )


class EvidenceRecorder:
    """The recorder of one scrape. Without a sink it records only addresses."""

    def __init__(self, sink: EvidenceSink | None, browser: Browser, seconds: float) -> None:
        self._sink = sink
        self._browser = browser
        self._seconds = seconds
        self._capture: Capture | None = None
        self._noted: dict[date, Capture | None] = {}

    def note(self, days: Iterable[date]) -> None:
        """Assigns the last capture to these days, as the evidence of their failure."""
        self._noted |= dict.fromkeys(days, self._capture)

    def saw_call(self, url: str) -> None:
        """Records a call's address: all there is if no response arrives."""
        self._capture = Capture(masked_address(url))

    def saw_answer(self, answer: PortalResponse) -> None:
        if self._sink is not None:
            self._capture = Capture(
                masked_address(answer.url),
                status=answer.status,
                headers=tuple(kept_headers(answer.headers).items()),
                raw=answer.body[:KEPT_BYTES],
                content_type=answer.content_type,
            )

    async def saw_page(self, page: Page) -> None:
        """Records the page of a failed sign-in while it is still open.

        Of any page but the sign-in page itself, such as a landing page, only masked text is kept: it may show the
        day's patients.
        """
        if self._sink is None:
            return
        with contextlib.suppress(PlaywrightError, TimeoutError):
            async with asyncio.timeout(self._seconds):
                body = await asyncio.to_thread(mask_html, await page.content())
                seen = Capture(masked_address(page.url), mask_words(await page.title()), body=body)
                self._capture = seen
                if LOGIN_PATH.search(urlsplit(page.url).path):
                    picture = await page.screenshot(mask=[page.locator(FIELDS)], mask_color="#888888")
                    self._capture = replace(seen, screenshot=picture)

    async def save(self, failures: Mapping[date, Failure], at: datetime) -> None:
        """Stores what was recorded for these days, if anything was."""
        if self._sink is None:
            return
        drawn: dict[int, Capture] = {}
        for day, failure in failures.items():
            capture = self._noted.get(day, self._capture)
            if capture is not None:
                if id(capture) not in drawn:
                    drawn[id(capture)] = await self._with_screenshot(await asyncio.to_thread(capture.masked))
                await self._sink.keep(day, drawn[id(capture)].of(failure, at))

    async def _with_screenshot(self, capture: Capture) -> Capture:
        if capture.screenshot is not None or not capture.body:
            return capture
        with contextlib.suppress(PlaywrightError, PortalFailure, TimeoutError):
            async with asyncio.timeout(self._seconds), self._browser.context() as context:
                return replace(capture, screenshot=await _draw(context, capture))
        return capture


async def _draw(context: BrowserContext, capture: Capture) -> bytes:
    page = await context.new_page()
    await page.set_content(
        f"<h3>{capture.status} {html.escape(capture.address)}</h3>"
        f"<pre style='white-space: pre-wrap'>{html.escape(capture.body)}</pre>"
    )
    return await page.screenshot()
