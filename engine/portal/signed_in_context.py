"""Calls to the portal as a signed-in clinic, with its session's cookies; renews an ended session once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from engine.failure import PortalFailure, Reason
from engine.portal.call_context import CallContext
from engine.portal.client import Identity, PortalClient
from engine.portal.cookies import CookieJar
from engine.portal.protocols import Session
from engine.portal.response import AccessRefused, PortalResponse
from engine.portal.sessions import Sessions

T = TypeVar("T")


class SignedInContext:
    """Made by `signed_in_context`. Several reads may run at once."""

    def __init__(
        self, base_url: str, caller: PortalClient, sessions: Sessions, call_context: CallContext, session: Session
    ) -> None:
        self._base_url = base_url
        self._caller = caller
        self._sessions = sessions
        self._call_context = call_context
        self._use(session)
        self._renewed = False
        self._renewing = asyncio.Lock()

    async def read(
        self, path: str, query: Mapping[str, str], understand: Callable[[PortalResponse, datetime], T]
    ) -> T:
        """Returns what `understand` makes of the response and of the time of the call. Raises `PortalFailure`."""
        while True:
            session = self._session
            try:
                return understand(*await self._caller.get(self._identity, path, query))
            except PortalFailure as error:
                if error.failure.reason is not Reason.SESSION_ENDED:
                    raise
                async with self._renewing:
                    if session is self._session:  # else another read has renewed it
                        await self._renew(error)

    async def keep(self) -> None:
        """Stores the cookies that the portal has changed, for later contexts."""
        if self._identity.jar.has_changed:
            changed = replace(self._session, cookies=self._identity.jar.cookies())
            await self._sessions.update(self._call_context, changed)

    async def _renew(self, ended: PortalFailure) -> None:
        """Renews the session, once: if the portal ends a new session as well, the cause is another."""
        if isinstance(ended, AccessRefused) and (
            self._renewed or self._sessions.is_refused(self._call_context, self._session)
        ):
            self._sessions.note_refused(self._call_context, self._session)
            raise PortalFailure(ended.otherwise) from ended
        if self._renewed:
            await self._sessions.forget(self._call_context, self._session)
            raise ended
        self._renewed = True
        self._use(await self._sessions.renew(self._call_context, self._session))

    def _use(self, session: Session) -> None:
        self._session = session
        self._identity = Identity(CookieJar(session.cookies, self._base_url), session.user_agent)


@asynccontextmanager
async def signed_in_context(
    base_url: str, caller: PortalClient, sessions: Sessions, call_context: CallContext
) -> AsyncIterator[SignedInContext]:
    """A signed-in context; signs in if there is no session. Raises `PortalFailure`."""
    signed_in = SignedInContext(base_url, caller, sessions, call_context, await sessions.get(call_context))
    try:
        yield signed_in
    except PortalFailure:
        await signed_in.keep()
        raise
    await signed_in.keep()
