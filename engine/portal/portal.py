"""The portal as a `CalendarSource`: returns a snapshot or a failure for each requested date."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TypeVar

from engine.clinic import Clinic
from engine.config_reading import ConfigReading
from engine.credentials import Credentials
from engine.dates import DateRange
from engine.evidence import EvidenceSink
from engine.extra_calls import ExtraCalls
from engine.failure import Failure, PortalFailure, Reason
from engine.lookups import Lookups
from engine.portal.appointment_calls import AppointmentCalls
from engine.portal.browser import Browser
from engine.portal.call_context import CallContext
from engine.portal.client import PortalClient
from engine.portal.config_calls import ConfigCalls
from engine.portal.data_client import DataClient
from engine.portal.doubts import Doubts, every_day
from engine.portal.error_mapping import map_portal_errors
from engine.portal.evidence_recorder import EvidenceRecorder
from engine.portal.protocols import Breaker, Budget, Observer, SessionStore
from engine.portal.sessions import Sessions
from engine.portal.settings import PortalSettings
from engine.portal.signed_in_context import SignedInContext, signed_in_context
from engine.portal.span_scraper import SpanScraper
from engine.portal.transcript import Transcript
from engine.snapshot import Snapshot

T = TypeVar("T")
Clock = Callable[[], datetime]

#: Reasons that indicate that the portal is down, rather than that it rejects this call.
BREAKS = frozenset(
    {Reason.PORTAL_UNAVAILABLE, Reason.MAINTENANCE, Reason.CONNECTION_LOST, Reason.TIMED_OUT, Reason.BAD_ANSWER}
)

#: Reasons that say nothing about the portal.
NEUTRAL = frozenset({Reason.BROWSER_CRASHED, Reason.INTERNAL, Reason.NO_COMPANY_ID})


#: The extra calls of a scrape without a sync.
NO_LIMIT = 10_000


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class PortalParts:
    """What makes one clinic's calls: for a first contact, which takes them one by one."""

    settings: PortalSettings
    browser: Browser
    sessions: Sessions
    caller: PortalClient
    call_context: CallContext


class Portal:
    """Implements `engine.calendar_source.CalendarSource`, and owns the browser of its process.

    Everything runs on the loop on which `start` was awaited. No method raises for what the portal does; errors of
    the store, the budget and the breaker pass through. A cancelled call ends at once; its context is closed
    afterwards.
    """

    def __init__(
        self,
        settings: PortalSettings,
        *,
        sessions: SessionStore,
        budget: Budget,
        breaker: Breaker | None = None,
        observer: Observer | None = None,
        browser: Browser | None = None,
    ) -> None:
        self._settings = settings
        self._budget = budget
        self._breaker = breaker
        self._observer = observer
        self.browser = browser or Browser(settings)
        self._client = DataClient(settings)
        self._sessions = Sessions(settings, self.browser, sessions, budget)
        self._config_calls = ConfigCalls()
        #: The clinics for which a response was empty and should not have been.
        self._got_nothing: set[str] = set()

    async def start(self) -> None:
        """Launches the browser. Raises `BrowserMissing` with the remedy."""
        await self.browser.start()

    async def close(self) -> None:
        """Ends the browser with all of its processes, and every connection; pending calls fail."""
        await self._client.close()
        await self.browser.close()

    async def memory_mib(self) -> float:
        """Memory of the browser's processes and its driver in MiB; 0.0 while none is open."""
        chromium = self.browser.chromium
        return await chromium.memory_mib() if chromium else 0.0

    async def scrape(
        self,
        clinic: Clinic,
        credentials: Credentials,
        dates: DateRange,
        *,
        clock: Clock = utc_now,
        stored: Mapping[date, int] | None = None,
        is_open: Callable[[date], bool] = every_day,
        repeating: Collection[str] = (),
        is_first: bool = False,
        extra_calls: ExtraCalls | None = None,
        evidence: EvidenceSink | None = None,
    ) -> Mapping[date, Snapshot | Failure]:
        """Returns a snapshot or a failure for each of `dates`, fetched in calls of up to `span_days` days.

        `stored` is the number of stored appointments of a date, `is_open` whether the clinic is open on it: a
        response without records for an open day, or for a day with several stored ones, is requested again.
        `is_first`: no sync of the clinic has completed; each range is read twice, and the responses are compared.
        `extra_calls` limits the calls beyond the first of each span; None: no limit.
        `repeating` are the portal's ids whose records are known to repeat. `evidence` gets what was seen of each
        failed date.
        """
        call_context = self._call_context(clinic, credentials, clock, evidence)
        doubts = Doubts(stored or {}, is_open, clinic.slug in self._got_nothing, is_first)
        scraper = SpanScraper(self._settings, call_context, doubts, repeating, extra_calls or ExtraCalls(NO_LIMIT))

        async def look(signed_in: SignedInContext) -> Mapping[date, Snapshot | Failure]:
            return await scraper.run(signed_in, dates)

        if (paused := await self._admit(clinic)) is not None:
            return dict.fromkeys(dates, paused)
        found = await self._run(call_context, look, self._settings.times.date * len(dates))
        result: Mapping[date, Snapshot | Failure] = (
            {day: scraper.found.get(day, found) for day in dates} if isinstance(found, Failure) else found
        )
        await self._record(clinic, {day.isoformat(): outcome for day, outcome in result.items()})
        if scraper.got_nothing:
            self._got_nothing.add(clinic.slug)
        await self._save_evidence(call_context, result)
        return result

    async def schedule_config(
        self,
        clinic: Clinic,
        credentials: Credentials,
        *,
        clock: Clock = utc_now,
    ) -> ConfigReading | Failure:
        """Reads the clinic's configuration, from whichever of the portal's calls works."""

        async def look(signed_in: SignedInContext) -> ConfigReading:
            return await self._config_calls.ask(signed_in, clinic.id, clock)

        if (paused := await self._admit(clinic)) is not None:
            return paused
        found = await self._run(self._call_context(clinic, credentials, clock), look, self._settings.times.date)
        await self._record(clinic, {"configuration": found})
        return found

    async def look_up(
        self,
        clinic: Clinic,
        credentials: Credentials,
        ids: Sequence[str],
        *,
        known: str | None = None,
        clock: Clock = utc_now,
    ) -> Lookups:
        """Asks for single appointments by their ids; those that fail are unknown."""
        calls = AppointmentCalls(clinic.zone)

        async def look(signed_in: SignedInContext) -> Lookups:
            return await calls.ask(signed_in, ids, known)

        if not ids or await self._admit(clinic) is not None:
            return Lookups()
        found = await self._run(self._call_context(clinic, credentials, clock), look, self._settings.times.date)
        await self._record(clinic, {"appointments": found})
        return Lookups(calls.found, calls.calls) if isinstance(found, Failure) else found

    async def check_credentials(
        self, clinic: Clinic, credentials: Credentials, *, clock: Clock = utc_now
    ) -> Failure | None:
        """Signs in even after a refusal; all workers use the new session, or respect the new refusal."""
        call_context = self._call_context(clinic, credentials, clock)
        try:
            await self._sessions.test(call_context)
        except PortalFailure as error:
            return error.failure
        return None

    def parts(self, clinic: Clinic, credentials: Credentials, clock: Clock, transcript: Transcript) -> PortalParts:
        """The parts behind `scrape`, for calls of one clinic that are collected in the transcript."""
        call_context = replace(self._call_context(clinic, credentials, clock), transcript=transcript)
        caller = PortalClient(self._settings, self._client, self._budget, call_context)
        return PortalParts(self._settings, self.browser, self._sessions, caller, call_context)

    def _call_context(
        self, clinic: Clinic, credentials: Credentials, clock: Clock, evidence: EvidenceSink | None = None
    ) -> CallContext:
        witness = EvidenceRecorder(evidence, self.browser, self._settings.times.evidence)
        return CallContext(clinic, credentials, clock, witness, self._observer)

    async def _run(
        self, call_context: CallContext, look: Callable[[SignedInContext], Awaitable[T]], seconds: float
    ) -> T | Failure:
        """Runs `look` signed in; returns its result, or the failure that ended it."""
        caller = PortalClient(self._settings, self._client, self._budget, call_context)
        try:
            with map_portal_errors("the scrape"):
                async with (
                    call_context.timeout.limit(seconds),
                    signed_in_context(self._settings.base_url, caller, self._sessions, call_context) as signed_in,
                ):
                    return await look(signed_in)
        except PortalFailure as error:
            return error.failure

    async def _admit(self, clinic: Clinic) -> Failure | None:
        return None if self._breaker is None else await self._breaker.admit(clinic.slug)

    async def _record(self, clinic: Clinic, found: Mapping[str, object]) -> None:
        """Records with the breaker which of these the portal failed and which it answered."""
        if self._breaker is None:
            return
        reasons = {what: one.reason if isinstance(one, Failure) else None for what, one in found.items()}
        await self._breaker.record(
            clinic.slug,
            {
                what: reason if reason in BREAKS else None
                for what, reason in reasons.items()
                if reason not in NEUTRAL
            },
        )

    async def _save_evidence(self, call_context: CallContext, result: Mapping[date, Snapshot | Failure]) -> None:
        failures = {day: found for day, found in result.items() if isinstance(found, Failure)}
        await call_context.evidence_recorder.save(failures, call_context.clock())
