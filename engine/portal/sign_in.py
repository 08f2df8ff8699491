"""Signs in through the portal's own form, and determines the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Page
from playwright.async_api import Error as PlaywrightError

from engine.failure import Failure, PortalFailure, Reason
from engine.portal.call_context import CallContext
from engine.portal.drift import drift
from engine.portal.egress import EgressPolicy
from engine.portal.error_mapping import map_portal_errors
from engine.portal.login_form import LoginForm, NoForm, await_form
from engine.portal.pausable_timeout import TimeIsUp
from engine.portal.protocols import Budget, Cookie
from engine.portal.request_filter import RequestFilter
from engine.portal.response import LOGIN_PATH, AccessRefused, PortalResponse, check_status, page_reason
from engine.portal.settings import PortalSettings
from engine.portal.sign_in_outcome import PERSON_WANTED, View, is_landing, refusal, session_cookies
from engine.portal.sign_in_page import LOOK_EVERY, capture_page
from engine.portal.sign_in_transcript import CAPTCHA, saw_end, saw_form, saw_landing

LOGIN = "/login"

SESSION_LOST = "the portal accepted the sign-in, but showed its sign-in form again"

#: How much later than the form its alert may appear, in seconds.
ALERT_GRACE = 0.5


class SignIn:
    """One attempt to sign in to the portal; `run` sends the password at most once."""

    def __init__(self, settings: PortalSettings, budget: Budget, call_context: CallContext) -> None:
        self._settings = settings
        self._budget = budget
        self._call_context = call_context
        self._limit = call_context.timeout.limit
        self._transcript = call_context.transcript
        #: What the context of the sign-in may connect to.
        self.egress = EgressPolicy(settings)
        #: The browser's own user agent.
        self.user_agent = ""
        #: Whether the password may have been sent.
        self.has_sent = False
        self._cover: str | None = None
        self._request_filter = RequestFilter(settings, budget, call_context, self.egress)
        self._traffic = self._request_filter.traffic
        #: To be awaited before the context is closed.
        self.settle = self._request_filter.settle

    async def run(self, context: BrowserContext) -> Sequence[Cookie]:
        """Signs in and returns the cookies of the new session; `context` is fresh. Raises `PortalFailure`."""
        try:
            with map_portal_errors("the sign-in"):
                async with self._limit(self._settings.times.sign_in):
                    page = await context.new_page()
                    self.user_agent = str(await page.evaluate("navigator.userAgent"))
                    if self._transcript is not None:
                        self._transcript.user_agent = self.user_agent
                    await self._request_filter.guard(context, page)
                    cookies = await self._on_page(page)
        except PortalFailure as error:
            if error.failure.reason is Reason.RATE_LIMITED:
                await self._budget.throttled(error.failure.retry_after)
            raise
        finally:
            self._request_filter.close()
        await self._budget.succeeded()
        return cookies

    async def _on_page(self, page: Page) -> Sequence[Cookie]:
        try:
            await self._open(page)
            form = await self._fill(page)
            cookies = await self._send(page, form)
            saw_landing(self._transcript, self._traffic.landing or page.url, cookies)
            return cookies
        except (PortalFailure, PlaywrightError, TimeIsUp):
            await saw_end(self._transcript, page)
            await self._call_context.evidence_recorder.saw_page(page)
            raise

    async def _open(self, page: Page) -> None:
        url = self._settings.url(LOGIN)
        async with self._limit(self._settings.times.page):
            response = await self._traffic.unless_failed(page, page.goto(url, wait_until="commit"))
        if response is None:
            return
        try:
            check_status(PortalResponse(url, response.status, response.headers), self._call_context.clock())
        except AccessRefused as error:
            raise drift(f"the sign-in page returned {response.status}") from error

    async def _fill(self, page: Page) -> LoginForm:
        try:
            async with self._limit(self._settings.times.page):
                credentials = self._call_context.credentials
                has_company = credentials.company_id is not None
                drawn = await_form(page, has_company=has_company, is_cut=lambda: self._traffic.is_cut)
                form = await self._traffic.unless_failed(page, drawn)
                await saw_form(self._transcript, page)
                await self._traffic.unless_failed(page, form.uncover())
                self._request_filter.lock()
                await self._traffic.unless_failed(page, form.fill(credentials))
                return form
        except (TimeIsUp, NoForm):
            raise await self._no_form(page) from None

    async def _send(self, page: Page, form: LoginForm) -> Sequence[Cookie]:
        before, known = await capture_page(page), session_cookies(await self._cookies(page))
        try:
            async with self._limit(self._settings.times.page):
                self.has_sent = True
                self._cover = await self._traffic.unless_failed(page, form.send())
                return await self._await_verdict(page, before, known)
        except TimeIsUp:
            raise await self._no_verdict(page) from None

    async def _await_verdict(self, page: Page, before: View, known: set[tuple[str, str]]) -> Sequence[Cookie]:
        """Waits for the outcome: a session cookie and a redirect to a landing page mean success.

        The landing page itself need not load.
        """
        while True:
            self._traffic.news.clear()
            self._traffic.check(page)
            if self._traffic.landing is not None or is_landing(page.url):
                cookies = await self._cookies(page)
                found = session_cookies(cookies)
                if found - known or (found and is_landing(page.url)):
                    return cookies
                if is_landing(page.url):
                    raise drift("the sign-in led to a landing page, but set no session cookie")
            if view := await self._look_until_news(page):
                if failure := refusal(view, before):
                    raise PortalFailure(failure)
                if await self._has_come_back(page, view):
                    raise PortalFailure(Failure(Reason.SESSION_ENDED, SESSION_LOST))
                if view.is_static and not is_landing(view.url):
                    raise await self._no_verdict(page)
            await self._news_or_a_moment()

    async def _has_come_back(self, page: Page, view: View) -> bool:
        """Whether the portal accepted the sign-in and yet shows its form again; an alert would say why."""
        if not (self._traffic.has_come_back and view.has_password and LOGIN_PATH.search(view.url)):
            return False
        await asyncio.sleep(ALERT_GRACE)
        again = await capture_page(page)
        return self._traffic.has_come_back and again.has_password and not again.alerts

    async def _look_until_news(self, page: Page) -> View | None:
        """The page's view, or None if news arrives first: a page that is being left does not respond."""
        looking = asyncio.ensure_future(capture_page(page))
        news = asyncio.ensure_future(self._traffic.news.wait())
        try:
            await asyncio.wait({looking, news}, return_when=asyncio.FIRST_COMPLETED)
            return looking.result() if looking.done() else None
        finally:
            looking.cancel()
            news.cancel()

    async def _news_or_a_moment(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY):
                await self._traffic.news.wait()
        except TimeoutError:
            return

    async def _cookies(self, page: Page) -> Sequence[Cookie]:
        """The portal's cookies, whatever their path; another host's do not belong to the session."""
        host = urlsplit(self._settings.base_url).hostname or ""
        cookies = [dict(cookie) for cookie in await page.context.cookies()]
        return [cookie for cookie in cookies if f".{host}".endswith(f".{str(cookie['domain']).lstrip('.')}")]

    async def _no_form(self, page: Page) -> PortalFailure:
        if self._traffic.is_cut:
            return PortalFailure(Failure(Reason.SESSION_ENDED, "the sign-in page was cut off"))
        return await self._no_way_on(page, "the sign-in page has no known form")

    async def _no_verdict(self, page: Page) -> PortalFailure:
        where = "stayed on its page" if LOGIN in page.url else "led to an unknown page"
        why = f"{self._cover} covers its button" if self._cover else "no alert gives a reason"
        return await self._no_way_on(page, f"the sign-in {where}, and {why}")

    async def _no_way_on(self, page: Page, what: str) -> PortalFailure:
        """The failure of a page without a way on: the next page is still loading, or this one is unknown."""
        if self._traffic.is_waiting:
            return PortalFailure(Failure(Reason.TIMED_OUT, "the sign-in got no response in time"))
        if self._request_filter.has_stopped:
            what += "; it requested an address outside of the portal, which was blocked"
        if await page.locator(CAPTCHA).filter(visible=True).count():
            return PortalFailure(Failure(Reason.SECOND_FACTOR, PERSON_WANTED))
        reason, message = page_reason(await page.content())
        return PortalFailure(Failure(reason, message)) if reason is Reason.MAINTENANCE else drift(what)
