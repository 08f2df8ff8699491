"""Decides which parts of a calendar response need a second call before they are believed; pure.

Two kinds of wrong responses look complete. An *empty* day may come from a portal that returns nothing for a while,
or nothing for a range of this length. A response that was *cut off* is complete up to some moment in calendar
order, and shows nothing after it: the last days are empty, and the last day that is not empty may lack its last
records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from engine.dates import DateRange
from engine.snapshot import Snapshot
from engine.warnings import SyncWarning, WarningCode

#: Number of stored appointments from which on an empty closed day is requested again.
SEVERAL = 2

#: Number of records at which paging usually ends.
PAGE_SIZES = frozenset({50, 100, 200, 250, 500, 1000})

EMPTY = SyncWarning(WarningCode.OPEN_DAYS_EMPTY, "open, but empty in two responses")


def every_day(_day: date) -> bool:
    """Whether the clinic is open, for a clinic without known opening hours: every day counts as open."""
    return True


@dataclass(frozen=True, slots=True)
class Doubts:
    """Decides for one scrape. `stored` is the number of stored appointments of a date.

    `of_all_days`: an empty response of this portal was wrong before, so even empty closed days are doubted.
    `is_first`: no sync of the clinic has completed yet.
    """

    stored: Mapping[date, int]
    is_open: Callable[[date], bool] = every_day
    of_all_days: bool = False
    is_first: bool = False

    def empty_days(self, seen: Mapping[date, Snapshot]) -> list[date]:
        """The empty days, if one of them is open or has several stored appointments."""
        empty = [day for day, snapshot in seen.items() if is_empty(snapshot)]
        return empty if any(self._expects_records(day) for day in empty) else []

    def marked(self, seen: Mapping[date, Snapshot]) -> dict[date, Snapshot]:
        """The same snapshots, with a warning on each open day that is empty."""
        return {
            day: replace(snapshot, warnings=(*snapshot.warnings, EMPTY))
            if is_empty(snapshot) and self.is_open(day)
            else snapshot
            for day, snapshot in seen.items()
        }

    def probe(self, seen: Mapping[date, Snapshot]) -> DateRange | None:
        """The day to request by itself if a span came back entirely empty: the portal may not support such a long
        range.

        Prefers the day with the most stored appointments, or one on which clinics are usually open.
        """
        if len(seen) == 1 or len(self.empty_days(seen)) < len(seen):
            return None
        day = max(
            filter(self._expects_records, seen),
            key=lambda day: (self.stored.get(day, 0), day.isoweekday() < 6, day.isoweekday() < 7),
        )
        return DateRange(day, day)

    def compares(self, span: DateRange) -> bool:
        """Whether to compare the response for the span with a second one, requested at the same time.

        Nothing is known of a new clinic's dates that could contradict a wrong first response.
        """
        return self.is_first and not any(self.stored.get(day) for day in span)

    def beside(self, span: DateRange) -> DateRange | None:
        """The last open day of a span, to read by a parallel call of its own if nothing is stored of it.

        None if a call for the span is enough.
        """
        last = next((day for day in reversed(list(span)) if self.is_open(day)), span.end)
        return None if len(span) == 1 or self.stored.get(last) else DateRange(last, last)

    def own_calls(self, span: DateRange, seen: Mapping[date, Snapshot]) -> list[DateRange]:
        """The days to confirm by calls of their own, because a cut-off response could look like this.

        These are the last day of the span that is not empty, and the days after it; empty if nothing suggests a
        cut.
        """
        last = last_filled(seen)
        if len(span) == 1 or last is None:
            return []
        stored = self.stored.get(last, 0)
        empty_after = any(self._expects_records(day) for day in span if day > last)
        if stored and len(seen[last].appointments) >= stored and not empty_after:
            return []
        after = [DateRange(last + timedelta(days=1), span.end)] if empty_after else []
        return [DateRange(last, last), *after]

    def _expects_records(self, day: date) -> bool:
        return self.of_all_days or self.is_open(day) or self.stored.get(day, 0) >= SEVERAL


def is_empty(snapshot: Snapshot) -> bool:
    """Whether the snapshot has no records; left-out records count."""
    return not snapshot.appointments and not snapshot.left_out


def last_filled(seen: Mapping[date, Snapshot]) -> date | None:
    return max((day for day, snapshot in seen.items() if not is_empty(snapshot)), default=None)


def asked_twice(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, proof=replace(snapshot.proof, asked_twice=True))


def merged(first: Mapping[date, Snapshot], second: Mapping[date, Snapshot]) -> dict[date, Snapshot] | None:
    """For each day the response that has all records of the other one; None if neither has."""
    days = {}
    for day, one in first.items():
        other = second[day]
        mine, others = set(_keys(one)), set(_keys(other))
        if not (mine <= others or others <= mine):
            return None
        days[day] = one if others <= mine else other
    return days


def is_cut_off(of_span: Mapping[date, Snapshot], own: Mapping[date, Snapshot]) -> bool:
    """Whether the days of `own`, read by their own call, have other records than in the response for the span.

    Differing values are an edit between the two calls, and no reason to doubt either.
    """
    return any(_keys(of_span[day]) != _keys(snapshot) for day, snapshot in own.items())


def has_page_size(length: int, span: DateRange, cut_lengths: Mapping[int, int]) -> bool:
    """Whether a response has the length of a page: two were cut off at this length, or it is a usual page size.

    `cut_lengths` counts the responses that were found to be cut off, by their number of records.
    """
    return (length > 0 and cut_lengths.get(length, 0) > 1) or (len(span) > 1 and length in PAGE_SIZES)


def spans(dates: DateRange, days: int) -> Sequence[DateRange]:
    """The range in pieces of at most `days` days."""
    starts = [dates.start + timedelta(days=n) for n in range(0, len(dates), days)]
    return [DateRange(start, min(start + timedelta(days=days - 1), dates.end)) for start in starts]


def _keys(snapshot: Snapshot) -> list[tuple[object, object]]:
    return sorted((one.neo_appointment_id, one.starts_at) for one in snapshot.appointments)
