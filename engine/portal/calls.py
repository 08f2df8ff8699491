"""One data call: a token of the budget, the context's cookies, and a redirect followed only inside the portal."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlencode

from playwright.async_api import APIResponse, BrowserContext

from engine.failure import Failure, PortalFailure, Reason
from engine.portal.answer import Answer, leads_to_sign_in, retry_after
from engine.portal.egress import EgressPolicy
from engine.portal.errand import Errand
from engine.portal.protocols import Budget
from engine.portal.rim import portal_rim
from engine.portal.settings import PortalSettings

MAX_REDIRECTS = 3

HEADERS = {"X-Requested-With": "XMLHttpRequest", "Accept": "application/json, text/javascript, */*; q=0.01"}


class Caller:
    """Makes the calls of one scrape, in one context."""

    def __init__(self, settings: PortalSettings, budget: Budget, errand: Errand) -> None:
        self._settings = settings
        self._budget = budget
        self._errand = errand

    def policy(self) -> EgressPolicy:
        """Where a context's data calls may go: to the portal only."""
        policy = EgressPolicy(self._settings)
        policy.lock()
        return policy

    async def get(self, context: BrowserContext, path: str, query: Mapping[str, str]) -> tuple[Answer, datetime]:
        """The answer, whatever its status, and when the call was sent. Raises `PortalFailure` if none came."""
        url = self._settings.url(path)
        if query:
            url += "?" + urlencode(query, quote_via=quote)
        with portal_rim(f"the call of {path}"):
            for _ in range(MAX_REDIRECTS + 1):
                answer, sent_at = await self._ask(context, url)
                next_url = self._redirect(answer)
                if next_url is None:
                    return answer, sent_at
                url = next_url
        raise PortalFailure(Failure(Reason.PORTAL_CHANGED, f"more than {MAX_REDIRECTS} redirects from {path}"))

    async def _ask(self, context: BrowserContext, url: str) -> tuple[Answer, datetime]:
        with self._errand.patience.waiting():
            await self._budget.acquire(self._errand.clinic.slug)
        self._errand.witness.saw_call(url)
        sent_at = self._errand.clock()
        async with self._errand.patience.limit(self._settings.times.call):
            response = await self._send(context, url)
            answer = Answer(url, response.status, response.headers, await self._body(response))
        self._errand.witness.saw_answer(answer)
        if answer.status == 429:
            await self._budget.throttled(retry_after(answer.headers.get("retry-after"), sent_at))
        else:
            await self._budget.succeeded()
        return answer, sent_at

    async def _send(self, context: BrowserContext, url: str) -> APIResponse:
        begun, status = time.monotonic(), None
        try:
            response = await context.request.get(url, headers=HEADERS, max_redirects=0, timeout=0)
            status = response.status
            return response
        finally:
            self._errand.called(status, begun)

    async def _body(self, response: APIResponse) -> bytes:
        body = await response.body()
        if len(body) > self._settings.max_body_bytes:
            raise PortalFailure(Failure(Reason.BAD_ANSWER, f"the answer is {len(body)} bytes long"))
        return body

    def _redirect(self, answer: Answer) -> str | None:
        """Where to go on; None where the answer is to be judged as it is. A way out of the portal is not taken."""
        location = answer.headers.get("location")
        if answer.status not in {301, 302, 303, 307, 308} or location is None:
            return None
        target = self._settings.resolve(location, answer.url)
        if target is None:
            raise PortalFailure(
                Failure(Reason.LEFT_PORTAL, f"a redirect ({answer.status}) leads out of the portal")
            )
        return None if leads_to_sign_in(target) else target
