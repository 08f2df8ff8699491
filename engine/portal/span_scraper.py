"""Scrapes dates in spans of several days: halves failing spans, and repeats calls for doubtful parts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date

from engine.dates import DateRange
from engine.extra_calls import ExtraCalls
from engine.failure import FATAL_FOR_SYNC, Failure, PortalFailure, Reason
from engine.portal.additions import MeaningGone
from engine.portal.calendar_calls import CalendarCalls
from engine.portal.call_context import CallContext
from engine.portal.doubts import (
    Doubts,
    asked_twice,
    has_page_size,
    is_cut_off,
    is_empty,
    last_filled,
    merged,
    spans,
)
from engine.portal.settings import PortalSettings
from engine.portal.signed_in_context import SignedInContext
from engine.snapshot import Snapshot

Found = Snapshot | Failure

#: Failures that may be caused by one day of a span, or by its length: a smaller request may work.
DIVISIBLE = frozenset(
    {Reason.PORTAL_CHANGED, Reason.BAD_ANSWER, Reason.CONNECTION_LOST, Reason.TIMED_OUT, Reason.PORTAL_UNAVAILABLE}
)

#: Failures after which no other call is worth making now. A reason in neither set fails its span only.
ENDS_SCRAPE = FATAL_FOR_SYNC | {
    Reason.SESSION_ENDED,
    Reason.RATE_LIMITED,
    Reason.MAINTENANCE,
    Reason.CIRCUIT_OPEN,
    Reason.LEFT_PORTAL,
    Reason.BROWSER_CRASHED,
}

#: A scrape ends after so many calls that timed out: more would take longer than its sync may.
MAX_TIME_OUTS = 3

CUT_OFF = Failure(Reason.BAD_ANSWER, "the response looks cut off")
DIFFERENT = Failure(Reason.BAD_ANSWER, "two responses for the same days show different records")
NOT_EMPTY = Failure(Reason.BAD_ANSWER, "the response is empty, but the portal shows records of one of its days")


class SpanScraper:
    """One scrape. `found` holds the results so far, even if the scrape is interrupted."""

    def __init__(
        self,
        settings: PortalSettings,
        call_context: CallContext,
        doubts: Doubts,
        repeating: Iterable[str],
        extra_calls: ExtraCalls,
    ) -> None:
        self._settings = settings
        self._call_context = call_context
        self._doubts = doubts
        self._calls = CalendarCalls(settings, call_context, repeating, extra_calls)
        self._cut_lengths: Counter[int] = Counter()
        self._ended_by: Failure | None = None
        self._time_outs = 0
        self.found: dict[date, Found] = {}

    @property
    def got_nothing(self) -> bool:
        """Whether a response was empty and should not have been, in this scrape or before."""
        return self._doubts.of_all_days

    async def run(self, signed_in: SignedInContext, dates: DateRange) -> Mapping[date, Found]:
        for span in spans(dates, self._settings.span_days):
            self._calls.begin_span()
            await self._span(signed_in, span)
            if self._ended_by is not None:
                return {day: self.found.get(day, self._ended_by) for day in dates}
        return self.found

    async def _span(self, signed_in: SignedInContext, span: DateRange) -> None:
        try:
            seen = await self._look(signed_in, span)
            if empty := self._doubts.empty_days(seen):
                seen = await self._ask_again(signed_in, span, seen, empty)
        except MeaningGone as error:
            self._fail(span, error.failure)
            return
        except PortalFailure as error:
            await self._divide(signed_in, span, error.failure)
            return
        self.found |= self._doubts.marked(seen)

    async def _divide(self, signed_in: SignedInContext, span: DateRange, failure: Failure) -> None:
        """Halves a failed span, down to single days."""
        if self._is_too_slow(failure) or len(span) == 1 or failure.reason not in DIVISIBLE:
            self._fail(span, failure)
            return
        for half in spans(span, (len(span) + 1) // 2):
            if self._ended_by is not None:
                self._fail(half, self._ended_by)
            else:
                await self._span(signed_in, half)

    def _is_too_slow(self, failure: Failure) -> bool:
        """Counts a call that timed out; the last one that is allowed ends the scrape."""
        if failure.reason is not Reason.TIMED_OUT:
            return False
        self._time_outs += 1
        if self._time_outs >= MAX_TIME_OUTS:
            self._ended_by = failure
        return self._ended_by is not None

    async def _look(self, signed_in: SignedInContext, span: DateRange) -> Mapping[date, Snapshot]:
        """Reads the span's days; confirms its end by a call of its own if the response may be cut off."""
        beside = self._doubts.beside(span)
        again = span if self._doubts.compares(span) else None
        seen, second, own = await self._calls.ask_at_once(signed_in, span, again, beside)
        if again is not None:
            both = merged(seen, second)
            if both is None:
                raise PortalFailure(DIFFERENT)
            seen = both
        return await self._confirmed(signed_in, span, seen, own)

    async def _confirmed(
        self,
        signed_in: SignedInContext,
        span: DateRange,
        seen: Mapping[date, Snapshot],
        own: Mapping[date, Snapshot],
    ) -> Mapping[date, Snapshot]:
        """The days as seen, if the response is not cut off. `own` are the days read by their own calls."""
        length = seen[span.start].proof.records_read
        if has_page_size(length, span, self._cut_lengths):
            raise PortalFailure(CUT_OFF)
        for dates in self._doubts.own_calls(span, seen):
            if dates.start not in own:
                own = {**own, **await self._calls.ask(signed_in, dates)}
        if is_cut_off(seen, own):
            self._cut_lengths[length] += 1
            raise PortalFailure(CUT_OFF)
        return {**seen, **{day: asked_twice(snapshot) for day, snapshot in own.items()}}

    async def _ask_again(
        self, signed_in: SignedInContext, span: DateRange, seen: Mapping[date, Snapshot], empty: Collection[date]
    ) -> Mapping[date, Snapshot]:
        """The days as seen, with the empty ones taken from a second call for the same range, after a pause.

        The same range, because a portal that returns nothing once may do so once for each range.
        """
        with self._call_context.timeout.waiting():
            await asyncio.sleep(self._settings.times.empty_day_pause)
        again = await self._calls.ask(signed_in, span)
        seen = {**seen, **{day: asked_twice(again[day]) for day in empty}}
        if not all(is_empty(again[day]) for day in empty):
            self._doubts = replace(self._doubts, of_all_days=True)
        if last_filled(seen) in empty:
            return await self._confirmed(signed_in, span, seen, {})
        if (probe := self._doubts.probe(seen)) is not None:
            alone = (await self._calls.ask(signed_in, probe))[probe.start]
            if not is_empty(alone):
                self._doubts = replace(self._doubts, of_all_days=True)
                raise PortalFailure(NOT_EMPTY)
        return seen

    def _fail(self, days: Iterable[date], failure: Failure) -> None:
        self.found |= dict.fromkeys(days, failure)
        self._call_context.evidence_recorder.note(days)
        if failure.reason in ENDS_SCRAPE:
            self._ended_by = failure
