"""Dates to calls and back: spans of several days, halved where they fail, and the second look at what is odd."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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

#: Where paging usually ends.
PAGE_SIZES = frozenset({50, 100, 200, 250, 500, 1000})

CUT_OFF = Failure(Reason.BAD_ANSWER, "the answer looks cut off")


class Scraping:
    """One scrape. `found` holds what is known so far, also when the whole is broken off."""

    def __init__(self, settings: PortalSettings, errand: Errand, stored: Mapping[date, int]) -> None:
        self._settings = settings
        self._errand = errand
        self._stored = stored
        self._page_size: int | None = None
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
            self._check_page_size(snapshots[span.start], span)
            if (tail := odd_tail(snapshots, span, self._stored)) is not None:
                snapshots = snapshots | await self._confirm(visit, tail, snapshots)
        except PortalFailure as error:
            await self._divide(visit, span, error.failure)
            return
        for day, snapshot in snapshots.items():
            self.found[day] = snapshot
            if is_doubtful(snapshot, self._stored):
                await self._ask_again(visit, day)

    async def _divide(self, visit: Visit, span: DateRange, failure: Failure) -> None:
        """Halves what failed, down to single days, as long as that may help."""
        if len(span) == 1:
            self._fail(span, failure)
            return
        for half in spans(span, (len(span) + 1) // 2):
            if failure.reason in LASTING:
                self._fail(half, failure)
                continue
            await self._span(visit, half)
            if isinstance(last := self.found[half.end], Failure):
                failure = last

    async def _confirm(self, visit: Visit, tail: DateRange, seen: Mapping[date, Snapshot]) -> dict[date, Snapshot]:
        """The tail as it is in a call of its own; raises `PortalFailure` if it was another in the span's."""
        again = await self._ask(visit, tail)
        if any(again[day].appointments != seen[day].appointments for day in tail):
            self._page_size = seen[tail.start].proof.records_read
            raise PortalFailure(CUT_OFF)
        return {day: asked_twice(snapshot) for day, snapshot in again.items()}

    async def _ask_again(self, visit: Visit, day: date) -> None:
        try:
            self.found[day] = asked_twice((await self._ask(visit, DateRange(day, day)))[day])
        except PortalFailure as error:
            self._fail((day,), error.failure)

    def _fail(self, days: Iterable[date], failure: Failure) -> None:
        self.found |= dict.fromkeys(days, failure)
        self._errand.witness.note(days)

    def _check_page_size(self, snapshot: Snapshot, span: DateRange) -> None:
        """Raises `PortalFailure` for an answer that is as long as an answer can be.

        How long that is shows when one is found to be cut off; until then, for spans, the usual sizes count.
        """
        length = snapshot.proof.records_read
        if length == self._page_size or (len(span) > 1 and length in PAGE_SIZES):
            raise PortalFailure(CUT_OFF)

    async def _ask(self, visit: Visit, span: DateRange) -> dict[date, Snapshot]:
        def understand(answer: Answer, sent_at: datetime) -> dict[date, Snapshot]:
            clinic, ignored = self._errand.clinic, self._settings.ignored_fields
            return read_calendar(answer, clinic, span, sent_at, ignored)

        return await visit.read(CALENDAR_PATH, calendar_query(span), understand)


def spans(dates: DateRange, days: int) -> Iterator[DateRange]:
    """The range in pieces of at most so many days."""
    start = dates.start
    while start <= dates.end:
        end = min(start + timedelta(days=days - 1), dates.end)
        yield DateRange(start, end)
        start = end + timedelta(days=1)


def asked_twice(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, proof=replace(snapshot.proof, asked_twice=True))


def is_doubtful(snapshot: Snapshot, stored: Mapping[date, int]) -> bool:
    """Empty, although the database holds several: believed only when it is said twice."""
    expected = stored.get(snapshot.date, 0)
    return not snapshot.appointments and expected >= SEVERAL and not snapshot.proof.asked_twice


def odd_tail(snapshots: Mapping[date, Snapshot], span: DateRange, stored: Mapping[date, int]) -> DateRange | None:
    """The last days of a span, from the last one that is not empty, if an answer cut off would look like them.

    Odd is an empty working day, or two empty days, at the end of days that are not empty; or a last day with less
    than half of what the database holds.
    """
    filled = [day for day in span if snapshots[day].appointments]
    if not filled or len(span) == 1:
        return None
    last = filled[-1]
    empty = [day for day in span if day > last]
    is_short = 2 * len(snapshots[last].appointments) < stored.get(last, 0)
    if is_short or len(empty) > 1 or any(day.isoweekday() < 6 for day in empty):
        return DateRange(max(last, span.start + timedelta(days=1)), span.end)
    return None
