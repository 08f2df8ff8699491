"""Dates to calls and back: spans of several days, halved where they fail, and the second look at an empty day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from engine.dates import DateRange
from engine.failure import Failure, PortalFailure, Reason
from engine.portal.answer import Answer
from engine.portal.calendar import CALENDAR_PATH, calendar_query, read_calendar
from engine.portal.errand import Errand
from engine.portal.settings import PortalSettings
from engine.portal.visit import Visit
from engine.snapshot import Snapshot

Found = Snapshot | Failure

#: Where the database holds so many appointments of a day, an empty answer is asked for once more.
SEVERAL = 2

#: Failures that may lie in one day of a span, or in its length: asking for less may help.
DIVISIBLE = frozenset(
    {Reason.PORTAL_CHANGED, Reason.BAD_ANSWER, Reason.CONNECTION_LOST, Reason.TIMED_OUT, Reason.PORTAL_UNAVAILABLE}
)

#: Failures after which no other call is worth making now.
LASTING = frozenset(Reason) - DIVISIBLE


class Scraping:
    """One scrape. `found` holds what is known so far, also when the whole is broken off."""

    def __init__(self, settings: PortalSettings, errand: Errand, stored: Mapping[date, int]) -> None:
        self._settings = settings
        self._errand = errand
        self._stored = stored
        self.found: dict[date, Found] = {}

    async def run(self, visit: Visit, dates: DateRange) -> Mapping[date, Found]:
        for span in spans(dates, self._settings.span_days):
            await self._span(visit, span)
            if isinstance(last := self.found[span.end], Failure) and last.reason in LASTING:
                return {day: self.found.get(day, last) for day in dates}
        return self.found

    async def _span(self, visit: Visit, span: DateRange) -> None:
        try:
            snapshots = await self._ask(visit, span)
        except PortalFailure as error:
            await self._divide(visit, span, error.failure)
            return
        for day, snapshot in snapshots.items():
            self.found[day] = snapshot
            if not snapshot.appointments and self._stored.get(day, 0) >= SEVERAL:
                await self._ask_again(visit, day)

    async def _divide(self, visit: Visit, span: DateRange, failure: Failure) -> None:
        """Halves what failed, down to single days, as long as that may help."""
        halves = list(spans(span, (len(span) + 1) // 2))
        if len(span) == 1 or failure.reason in LASTING:
            self.found |= dict.fromkeys(span, failure)
            return
        for half in halves:
            if failure.reason in LASTING:
                self.found |= dict.fromkeys(half, failure)
                continue
            await self._span(visit, half)
            if isinstance(last := self.found[half.end], Failure):
                failure = last

    async def _ask_again(self, visit: Visit, day: date) -> None:
        try:
            again = (await self._ask(visit, DateRange(day, day)))[day]
        except PortalFailure as error:
            self.found[day] = error.failure
        else:
            self.found[day] = replace(again, proof=replace(again.proof, asked_twice=True))

    async def _ask(self, visit: Visit, span: DateRange) -> Mapping[date, Snapshot]:
        def understand(answer: Answer, sent_at: datetime) -> Mapping[date, Snapshot]:
            return read_calendar(answer, self._errand.clinic, span, sent_at)

        return await visit.read(CALENDAR_PATH, calendar_query(span), understand)


def spans(dates: DateRange, days: int) -> Iterator[DateRange]:
    """The range in pieces of at most so many days."""
    start = dates.start
    while start <= dates.end:
        end = min(start + timedelta(days=days - 1), dates.end)
        yield DateRange(start, end)
        start = end + timedelta(days=1)
