"""Makes data calls: each takes a token, sends the session's cookies, follows redirects only inside the portal."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from engine.failure import Failure, PortalFailure, Reason
from engine.portal.call_context import CallContext
from engine.portal.cookies import CookieJar
from engine.portal.data_client import DataClient, Received
from engine.portal.error_mapping import map_portal_errors
from engine.portal.protocols import Budget
from engine.portal.regions import left_portal
from engine.portal.response import PortalResponse, leads_to_sign_in, retry_after
from engine.portal.settings import PortalSettings
from engine.portal.transcript import Exchange, Origin

MAX_REDIRECTS = 3

HEADERS = {"X-Requested-With": "XMLHttpRequest", "Accept": "application/json, text/javascript, */*; q=0.01"}


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of calls: a session's cookies, and the user agent of the browser that signed in."""

    jar: CookieJar
    user_agent: str


class PortalClient:
    """Makes the calls of one scrape."""

    def __init__(
        self, settings: PortalSettings, client: DataClient, budget: Budget, call_context: CallContext
    ) -> None:
        self._settings = settings
        self._client = client
        self._budget = budget
        self._call_context = call_context

    async def get(
        self, identity: Identity, path: str, query: Mapping[str, str]
    ) -> tuple[PortalResponse, datetime]:
        """The response, whatever its status, and when the call was sent. Raises `PortalFailure` without one."""
        url = self._settings.url(path)
        if query:
            url += "?" + urlencode(query, quote_via=quote)
        with map_portal_errors(f"the call of {path}"):
            for _ in range(MAX_REDIRECTS + 1):
                answer, sent_at = await self._ask(identity, url)
                next_url = self._redirect(answer)
                if next_url is None:
                    return answer, sent_at
                url = next_url
        raise PortalFailure(Failure(Reason.PORTAL_CHANGED, f"more than {MAX_REDIRECTS} redirects from {path}"))

    async def _ask(self, identity: Identity, url: str) -> tuple[PortalResponse, datetime]:
        with self._call_context.timeout.waiting():
            await self._budget.acquire(self._call_context.clinic.slug)
        self._call_context.evidence_recorder.saw_call(url)
        sent_at = self._call_context.clock()
        async with self._call_context.timeout.limit(self._settings.times.call):
            received = await self._send(identity, url)
        identity.jar.take(url, received.set_cookies)
        answer = PortalResponse(url, received.status, received.headers, received.body)
        self._call_context.evidence_recorder.saw_answer(answer)
        if answer.status == 429:
            await self._budget.throttled(retry_after(answer, sent_at))
        else:
            await self._budget.succeeded()
        return answer, sent_at

    async def _send(self, identity: Identity, url: str) -> Received:
        begun, sent_at, received = time.monotonic(), self._call_context.clock(), None
        headers = dict(HEADERS)
        if identity.user_agent:
            headers["User-Agent"] = identity.user_agent
        if cookies := identity.jar.header(url):
            headers["Cookie"] = cookies
        try:
            received = await self._client.get(url, headers)
            return received
        finally:
            self._call_context.observe_portal_call(received.status if received else None, begun)
            self._transcribe(url, sent_at, time.monotonic() - begun, received)

    def _transcribe(self, url: str, sent_at: datetime, seconds: float, received: Received | None) -> None:
        if (transcript := self._call_context.transcript) is None:
            return
        call = Exchange(Origin.CALL, "GET", url, sent_at, seconds, failure="no response arrived")
        if received is not None:
            parts = (received.status, received.headers, received.set_cookies, received.body)
            call = Exchange(Origin.CALL, "GET", url, sent_at, seconds, *parts)
        transcript.saw(call)

    def _redirect(self, answer: PortalResponse) -> str | None:
        """The address of a redirect to follow; None: read the response as it is. Raises if it exits the portal."""
        location = answer.headers.get("location")
        if answer.status not in {301, 302, 303, 307, 308} or location is None:
            return None
        target = self._settings.resolve(location, answer.url)
        if target is None:
            way_out = f"a redirect ({answer.status}) leads out of the portal"
            raise PortalFailure(left_portal(self._settings.base_url, location, way_out))
        return None if leads_to_sign_in(target) else target
