"""The first contact with a clinic's portal: one step after the other, each with its outcome and its time.

It stores nothing but the session, or the refusal, of its sign-in. Later steps need the earlier ones; the first that
fails ends the contact.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.dates import DateRange, days_ahead
from engine.failure import Failure, PortalFailure, Reason
from engine.portal.chromium_path import BrowserMissing
from engine.portal.client import Identity
from engine.portal.contact.calls import ContactCalls
from engine.portal.contact.report import ContactReport, Step
from engine.portal.cookies import CookieJar
from engine.portal.error_mapping import map_portal_errors
from engine.portal.portal import Clock, Portal, PortalParts, utc_now
from engine.portal.response import check_status, page_reason
from engine.portal.sign_in import LOGIN
from engine.portal.sign_in_outcome import session_cookies
from engine.portal.signed_in_context import signed_in_context
from engine.portal.transcript import Exchange, Landing, SignInForm, Transcript

#: Longer ranges, in days, that are tried after the week to find the longest one that is answered in full.
LONGER = (14, 28)


class _Ended(Exception):
    """A step has failed; the report has it."""


async def first_contact(
    portal: Portal,
    clinic: Clinic,
    credentials: Credentials,
    transcript: Transcript,
    report: Callable[[Step], None],
    *,
    days: int = 7,
    longer: Sequence[int] = LONGER,
    clock: Clock = utc_now,
) -> ContactReport:
    """Goes through all steps; `report` is called with each as it ends. `transcript` collects the session.

    `longer` are the ranges to try after that of `days`, until one is not answered in full.

    Raises nothing for what the portal does; errors of the store and the budget pass through.
    """
    parts = portal.parts(clinic, credentials, clock, transcript)
    return await _FirstContact(parts, transcript, report, days, longer).run()


@dataclass(slots=True)
class _FirstContact:
    parts: PortalParts
    transcript: Transcript
    report: Callable[[Step], None]
    days: int
    longer: Sequence[int]
    _result: ContactReport = field(default_factory=ContactReport)
    _begun: float = 0.0

    async def run(self) -> ContactReport:
        try:
            await self._step("address", self._reach)
            await self._step("browser", self._launch)
            await self._sign_in()
            await self._read()
        except _Ended:
            pass
        return self._result

    async def _step(self, name: str, work: Callable[[], Awaitable[str]]) -> None:
        self._begun = time.monotonic()
        try:
            with map_portal_errors(f"the step {name}"):
                facts = await work()
        except PortalFailure as error:
            self._fail(name, error.failure)
        self._done(name, facts)

    def _done(self, name: str, facts: str, is_there: bool = True) -> None:
        self._report(Step(name, True, self._seconds(), facts, is_there=is_there))

    def _fail(self, name: str, failure: Failure) -> None:
        self._report(Step(name, False, self._seconds(), failure.message, failure))
        raise _Ended

    def _report(self, step: Step) -> None:
        self._result.steps.append(step)
        self.report(step)

    def _seconds(self) -> float:
        begun, self._begun = self._begun, time.monotonic()
        return self._begun - begun

    async def _reach(self) -> str:
        """Asks for the sign-in page without a browser: name, connection, certificate, proxy, status."""
        identity = Identity(CookieJar((), self.parts.settings.base_url), "")
        async with self.parts.call_context.timeout.limit(self.parts.settings.times.page):
            answer, _ = await self.parts.caller.get(identity, LOGIN, {})
        check_status(answer, self.parts.call_context.clock())
        reason, message = page_reason(answer.body.decode("utf-8", "replace"))
        if reason is Reason.MAINTENANCE:
            raise PortalFailure(Failure(reason, message))
        return f"{self.parts.settings.base_url} answers with {answer.status}"

    async def _launch(self) -> str:
        try:
            await self.parts.browser.start()
        except BrowserMissing as error:
            raise PortalFailure(Failure(Reason.INTERNAL, str(error))) from error
        chromium = self.parts.browser.chromium
        return chromium.description if chromium else "started"

    async def _sign_in(self) -> None:
        """Signs in; form, sign-in and cookie are separate steps, reported as the portal shows them."""
        self.transcript.listener = self._on_part
        try:
            await self.parts.sessions.test(self.parts.call_context)
        except PortalFailure as error:
            self._fail("sign-in" if self._has("form") else "form", error.failure)
        finally:
            self.transcript.listener = None

    def _on_part(self, part: Exchange | SignInForm | Landing, _: float) -> None:
        match part:
            case SignInForm() if part.has_user and part.has_password and not self._has("form"):
                self._done("form", part.describe())
            case Landing():
                self._done("sign-in", f"led to {part.path}")
                names = sorted({name for name, _ in session_cookies(part.cookies)})
                self._done("session cookie", ", ".join(names))

    def _has(self, name: str) -> bool:
        return any(step.name == name for step in self._result.steps)

    async def _read(self) -> None:
        """Makes the data calls in the session that was just opened."""
        parts = self.parts
        place = signed_in_context(parts.settings.base_url, parts.caller, parts.sessions, parts.call_context)
        try:
            async with place as signed_in:
                await self._calls(ContactCalls(signed_in, parts.settings, parts.call_context, self._result))
        except PortalFailure as error:  # the session could not be used, or not be kept
            self._fail("session", error.failure)

    async def _calls(self, calls: ContactCalls) -> None:
        for name, read in calls.configuration():
            await self._optional(name, read)
        today = self.parts.call_context.clinic.today(self.parts.call_context.clock())
        await self._step("calendar of today", lambda: calls.calendar(DateRange(today, today)))
        await self._step(f"calendar of {self.days} days", lambda: calls.calendar(days_ahead(today, self.days)))
        await self._longer(calls, today)
        await self._optional("one appointment by id", calls.one_appointment)

    async def _optional(self, name: str, read: Callable[[], Awaitable[tuple[bool, str]]]) -> None:
        """A step that may find nothing: a portal need not have this call."""
        self._begun = time.monotonic()
        try:
            with map_portal_errors(f"the step {name}"):
                is_there, facts = await read()
        except PortalFailure as error:
            if error.failure.is_fatal or error.failure.reason is Reason.SESSION_ENDED:
                self._fail(name, error.failure)
            is_there, facts = False, error.failure.message
        self._done(name, facts, is_there)

    async def _longer(self, calls: ContactCalls, today: date) -> None:
        for days in self.longer:
            if days <= self.days:
                continue
            self._begun = time.monotonic()
            try:
                with map_portal_errors(f"the calendar of {days} days"):
                    is_whole, facts = await calls.longer(days_ahead(today, days))
            except PortalFailure as error:
                is_whole, facts = False, error.failure.message
            self._done(f"calendar of {days} days", facts, is_whole)
            if not is_whole:
                return
