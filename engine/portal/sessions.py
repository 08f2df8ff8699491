"""Shares one sign-in per clinic: takes the session from the store, or signs in under the clinic's lease.

A refusal is stored like a session, because every worker that waited for the lease would otherwise send the same
password in turn, until the account is locked.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime

from engine.failure import FATAL_FOR_SYNC, Failure, PortalFailure, Reason
from engine.portal.browser import Browser
from engine.portal.call_context import CallContext
from engine.portal.protocols import Budget, Refusal, Session, SessionStore
from engine.portal.settings import PortalSettings
from engine.portal.sign_in import SignIn

log = logging.getLogger(__name__)

#: Reasons that stop all sign-ins: the account's failures until its credentials change, drift for a while.
REFUSALS = FATAL_FOR_SYNC | {Reason.PORTAL_CHANGED, Reason.LEFT_PORTAL}


class _WorthAnother(Exception):
    """The sign-in failed for a reason that may have passed; its cause is that failure."""


class Sessions:
    """The sessions of all clinics, for one browser."""

    def __init__(self, settings: PortalSettings, browser: Browser, store: SessionStore, budget: Budget) -> None:
        self._settings = settings
        self._browser = browser
        self._store = store
        self._budget = budget
        # Tasks of one process take turns here, so at most one of them waits for the lease.
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        #: For each clinic the session that was refused although it was new, and when.
        self._refused: dict[str, tuple[str, datetime]] = {}

    async def get(self, call_context: CallContext) -> Session:
        """The stored session, or a new one. Raises `PortalFailure` if the portal refuses the sign-in."""
        self._check_origin(call_context)
        if session := await self._stored(call_context):
            return session
        async with self._turn(call_context):
            return await self._stored(call_context) or await self._sign_in(call_context)

    async def renew(self, call_context: CallContext, ended: Session) -> Session:
        """A session other than the ended one; the first caller signs in for all."""
        await self.forget(call_context, ended)
        return await self.get(call_context)

    async def update(self, call_context: CallContext, changed: Session) -> None:
        """Stores the session's changed cookies; a newer session stays."""
        await self._store.update(call_context.clinic.slug, changed)

    async def forget(self, call_context: CallContext, ended: Session) -> None:
        await self._store.drop(call_context.clinic.slug, ended.generation)

    def note_refused(self, call_context: CallContext, session: Session) -> None:
        """Notes that the portal refuses this session's calls although signing in again has not helped."""
        if not self.is_refused(call_context, session):
            self._refused[call_context.clinic.slug] = (session.generation, call_context.clock())

    def is_refused(self, call_context: CallContext, session: Session) -> bool:
        """Whether that was noted recently: then another sign-in would be one of many."""
        generation, at = self._refused.get(call_context.clinic.slug, ("", call_context.clock()))
        since = (call_context.clock() - at).total_seconds()
        return generation == session.generation and since < self._settings.sign_in_pause

    async def test(self, call_context: CallContext) -> None:
        """Signs in whatever is stored; the outcome replaces it. Raises `PortalFailure`."""
        self._check_origin(call_context)
        async with self._turn(call_context):
            await self._sign_in(call_context)

    def _check_origin(self, call_context: CallContext) -> None:
        """Raises `PortalFailure` if the credentials were stored for another portal."""
        problem = call_context.credentials.mismatch(call_context.clinic.slug, self._settings.base_url)
        if problem is not None:
            raise PortalFailure(Failure(Reason.NO_CREDENTIALS, problem))

    async def _stored(self, call_context: CallContext) -> Session | None:
        entry = await self._store.get(call_context.clinic.slug)
        if isinstance(entry, Refusal):
            if self._stands(entry, call_context):
                raise PortalFailure(entry.failure)
            return None
        return entry

    def _stands(self, refusal: Refusal, call_context: CallContext) -> bool:
        if refusal.credentials != call_context.credentials.version:
            return False
        since = (call_context.clock() - refusal.at).total_seconds()
        return refusal.failure.is_fatal or since < self._settings.sign_in_pause

    @asynccontextmanager
    async def _turn(self, call_context: CallContext) -> AsyncIterator[None]:
        slug = call_context.clinic.slug
        async with AsyncExitStack() as stack:
            with call_context.timeout.waiting():
                await stack.enter_async_context(self._turns[slug])
                await stack.enter_async_context(self._store.sign_in_lease(slug))
            yield

    async def _sign_in(self, call_context: CallContext) -> Session:
        try:
            try:
                session = await self._attempt(call_context)
            except _WorthAnother as error:
                log.info("sign-in of %s failed (%s); retrying once", call_context.clinic.slug, error.__cause__)
                session = await self._attempt(call_context, is_last=True)
        except PortalFailure as error:
            await self._remember(call_context, error.failure)
            raise
        await self._store.put(call_context.clinic.slug, session)
        return session

    async def _attempt(self, call_context: CallContext, *, is_last: bool = False) -> Session:
        """Signs in and returns a new session. Raises `_WorthAnother` if another try may help and is allowed."""
        sign_in = SignIn(self._settings, self._budget, call_context)
        try:
            async with self._browser.context(policy=sign_in.egress, settle=sign_in.settle) as context:
                return Session(uuid.uuid4().hex, await sign_in.run(context), sign_in.user_agent)
        except PortalFailure as error:
            is_ended = error.failure.reason is Reason.SESSION_ENDED
            # A page without a form has not received a password, so it may be requested again.
            has_no_form = error.failure.reason is Reason.PORTAL_CHANGED and not sign_in.has_sent
            if is_last or not (is_ended or has_no_form):
                raise
            raise _WorthAnother from error

    async def _remember(self, call_context: CallContext, failure: Failure) -> None:
        if failure.reason in REFUSALS:
            refusal = Refusal(call_context.credentials.version, failure, call_context.clock())
            await self._store.put(call_context.clinic.slug, refusal)
