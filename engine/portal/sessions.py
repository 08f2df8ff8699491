"""Signed in once, for all: the session of a clinic is taken from the store, or made under its lease.

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
from engine.portal.errand import Errand
from engine.portal.protocols import Budget, Refusal, Session, SessionStore
from engine.portal.settings import PortalSettings
from engine.portal.sign_in import SignIn

log = logging.getLogger(__name__)

#: What keeps everybody from signing in: the account's failures until its credentials change, drift for a while.
REFUSALS = FATAL_FOR_SYNC | {Reason.PORTAL_CHANGED, Reason.LEFT_PORTAL}


class _WorthAnother(Exception):
    """The sign-in failed by what may have been a moment's trouble; its cause says by what."""


class Sessions:
    """Of all clinics, for one browser."""

    def __init__(self, settings: PortalSettings, browser: Browser, store: SessionStore, budget: Budget) -> None:
        self._settings = settings
        self._browser = browser
        self._store = store
        self._budget = budget
        # Those of one process take turns here, so that at most one of them waits for the lease.
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        #: Of each clinic: the session that was refused although it was new, and when.
        self._refused: dict[str, tuple[str, datetime]] = {}

    async def get(self, errand: Errand) -> Session:
        """The stored session, or a new one. Raises `PortalFailure` where the portal lets nobody in."""
        if session := await self._stored(errand):
            return session
        async with self._turn(errand):
            return await self._stored(errand) or await self._sign_in(errand)

    async def renew(self, errand: Errand, ended: Session) -> Session:
        """A session that is not the one that has ended; whoever comes first signs in for all."""
        await self.forget(errand, ended)
        return await self.get(errand)

    async def update(self, errand: Errand, changed: Session) -> None:
        """Its cookies have changed on the way; whoever has another session keeps that."""
        await self._store.update(errand.clinic.slug, changed)

    async def forget(self, errand: Errand, ended: Session) -> None:
        await self._store.drop(errand.clinic.slug, ended.generation)

    def note_refused(self, errand: Errand, session: Session) -> None:
        """The portal refuses this session's calls, and signing in once more has not helped."""
        if not self.is_refused(errand, session):
            self._refused[errand.clinic.slug] = (session.generation, errand.clock())

    def is_refused(self, errand: Errand, session: Session) -> bool:
        """Whether that was noted, and not long ago: then one more sign-in would be one of many."""
        generation, at = self._refused.get(errand.clinic.slug, ("", errand.clock()))
        since = (errand.clock() - at).total_seconds()
        return generation == session.generation and since < self._settings.sign_in_pause

    async def test(self, errand: Errand) -> None:
        """Signs in whatever the store says; the outcome replaces what is there. Raises `PortalFailure`."""
        async with self._turn(errand):
            await self._sign_in(errand)

    async def _stored(self, errand: Errand) -> Session | None:
        entry = await self._store.get(errand.clinic.slug)
        if isinstance(entry, Refusal):
            if self._stands(entry, errand):
                raise PortalFailure(entry.failure)
            return None
        return entry

    def _stands(self, refusal: Refusal, errand: Errand) -> bool:
        if refusal.credentials != errand.credentials.version:
            return False
        since = (errand.clock() - refusal.at).total_seconds()
        return refusal.failure.is_fatal or since < self._settings.sign_in_pause

    @asynccontextmanager
    async def _turn(self, errand: Errand) -> AsyncIterator[None]:
        slug = errand.clinic.slug
        async with AsyncExitStack() as held:
            with errand.patience.waiting():
                await held.enter_async_context(self._turns[slug])
                await held.enter_async_context(self._store.sign_in_lease(slug))
            yield

    async def _sign_in(self, errand: Errand) -> Session:
        try:
            try:
                session = await self._attempt(errand)
            except _WorthAnother as error:
                log.info("signing in again at once: %s", error.__cause__)
                session = await self._attempt(errand, is_last=True)
        except PortalFailure as error:
            await self._remember(errand, error.failure)
            raise
        await self._store.put(errand.clinic.slug, session)
        return session

    async def _attempt(self, errand: Errand, *, is_last: bool = False) -> Session:
        """A new session. Raises `_WorthAnother` for what may be over by now, unless it is the last."""
        sign_in = SignIn(self._settings, self._budget, errand)
        try:
            async with self._browser.context(policy=sign_in.egress, settle=sign_in.settle) as context:
                return Session(uuid.uuid4().hex, await sign_in.run(context), sign_in.user_agent)
        except PortalFailure as error:
            is_ended = error.failure.reason is Reason.SESSION_ENDED
            # A page without a form has got no password, so it may be asked for again.
            has_no_form = error.failure.reason is Reason.PORTAL_CHANGED and not sign_in.has_sent
            if is_last or not (is_ended or has_no_form):
                raise
            raise _WorthAnother from error

    async def _remember(self, errand: Errand, failure: Failure) -> None:
        if failure.reason in REFUSALS:
            refusal = Refusal(errand.credentials.version, failure, errand.clock())
            await self._store.put(errand.clinic.slug, refusal)
