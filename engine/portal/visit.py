"""A visit to the portal as a signed-in clinic: one context, and a session that is renewed once if it has ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

from playwright.async_api import BrowserContext

from engine.failure import PortalFailure, Reason
from engine.portal.answer import AccessRefused, Answer
from engine.portal.browser import Browser
from engine.portal.calls import Caller
from engine.portal.errand import Errand
from engine.portal.protocols import Session
from engine.portal.rim import portal_rim
from engine.portal.sessions import Sessions

T = TypeVar("T")


class Visit:
    """Made by `visit`. Several reads may run at once."""

    def __init__(
        self, caller: Caller, sessions: Sessions, errand: Errand, context: BrowserContext, session: Session
    ) -> None:
        self._caller = caller
        self._sessions = sessions
        self._errand = errand
        self._context = context
        self._session = session
        self._renewed = False
        self._renewing = asyncio.Lock()

    async def read(self, path: str, query: Mapping[str, str], understand: Callable[[Answer, datetime], T]) -> T:
        """What `understand` makes of the answer and of when the call was sent. Raises `PortalFailure`."""
        while True:
            session = self._session
            try:
                return understand(*await self._caller.get(self._context, path, query))
            except PortalFailure as error:
                if error.failure.reason is not Reason.SESSION_ENDED:
                    raise
                async with self._renewing:
                    if session is self._session:  # else another read has renewed it
                        await self._renew(error)

    async def _renew(self, ended: PortalFailure) -> None:
        """Once only: a portal that ends a fresh session, too, means something else."""
        if isinstance(ended, AccessRefused) and (
            self._renewed or self._sessions.is_refused(self._errand, self._session)
        ):
            self._sessions.note_refused(self._errand, self._session)
            raise PortalFailure(ended.otherwise) from ended
        if self._renewed:
            await self._sessions.forget(self._errand, self._session)
            raise ended
        self._renewed = True
        self._session = await self._sessions.renew(self._errand, self._session)
        with portal_rim("the renewed session"):
            await self._context.clear_cookies()
            cookies: list[Any] = [dict(cookie) for cookie in self._session.cookies]
            await self._context.add_cookies(cookies)


@asynccontextmanager
async def visit(browser: Browser, caller: Caller, sessions: Sessions, errand: Errand) -> AsyncIterator[Visit]:
    """Signs in where nobody has. Raises `PortalFailure`."""
    session = await sessions.get(errand)
    async with browser.context(session.cookies, policy=caller.policy()) as context:
        yield Visit(caller, sessions, errand, context, session)
