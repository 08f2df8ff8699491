"""Which parts of a calendar answer need a second call before they are believed: pure decisions.

Two kinds of wrong answer look like a complete one. An *empty* day may be a portal that answers nothing for a while, or
nothing for a range of this length. An answer that was *cut off* is complete up to some moment in calendar order, and
shows nothing after it: the last days are empty, and the last day that is not empty may have lost its last records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from engine.dates import DateRange
from engine.snapshot import Snapshot
from engine.warnings import SyncWarning, WarningCode

#: Number of stored appointments from which an empty answer is asked for once more on a day that is not open.
SEVERAL = 2

#: Number of records at which paging usually ends.
PAGE_SIZES = frozenset({50, 100, 200, 250, 500, 1000})

EMPTY = SyncWarning(WarningCode.OPEN_DAYS_EMPTY, "open, but empty in two answers")


def every_day(_day: date) -> bool:
    """For a clinic whose opening hours are not known: every day counts as open."""
    return True


@dataclass(frozen=True, slots=True)
class Doubts:
    """Decides for one scrape. `stored` is the number of appointments that the database has for a date.

    `of_all_days`: an empty answer of this portal was wrong before, so empty days are doubted on which the clinic is
    closed, too.
    """

    stored: Mapping[date, int]
    is_open: Callable[[date], bool] = every_day
    of_all_days: bool = False

    def empty_days(self, seen: Mapping[date, Snapshot]) -> list[date]:
        """The days that came empty, if one of them is open or the database has several appointments of it."""
        empty = [day for day, snapshot in seen.items() if is_empty(snapshot)]
        return empty if any(self._expects_records(day) for day in empty) else []

    def marked(self, seen: Mapping[date, Snapshot]) -> dict[date, Snapshot]:
        """The same with a warning on each open day that is empty."""
        return {
            day: replace(snapshot, warnings=(*snapshot.warnings, EMPTY))
            if is_empty(snapshot) and self.is_open(day)
            else snapshot
            for day, snapshot in seen.items()
        }

    def probe(self, seen: Mapping[date, Snapshot]) -> DateRange | None:
        """The day to ask for by itself when a span came entirely empty: the portal may not answer so long a range.

        The one of which most is stored, or one of the days on which clinics are open as a rule.
        """
        if len(seen) == 1 or len(self.empty_days(seen)) < len(seen):
            return None
        day = max(
            filter(self._expects_records, seen),
            key=lambda day: (self.stored.get(day, 0), day.isoweekday() < 6, day.isoweekday() < 7),
        )
        return DateRange(day, day)

    def beside(self, span: DateRange) -> DateRange | None:
        """The last open day of a span, to read by a call of its own in parallel, where nothing is stored of it. None
        where a call for the span is enough."""
        last = next((day for day in reversed(list(span)) if self.is_open(day)), span.end)
        return None if len(span) == 1 or self.stored.get(last) else DateRange(last, last)

    def own_calls(self, span: DateRange, seen: Mapping[date, Snapshot]) -> list[DateRange]:
        """The last day of a span that is not empty, and the days after it, where a cut-off answer could look like
        them: each to be confirmed by a call of its own. Nothing where nothing points to a cut."""
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
    """A record that was left out is a record all the same."""
    return not snapshot.appointments and not snapshot.left_out


def last_filled(seen: Mapping[date, Snapshot]) -> date | None:
    return max((day for day, snapshot in seen.items() if not is_empty(snapshot)), default=None)


def asked_twice(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, proof=replace(snapshot.proof, asked_twice=True))


def is_cut_off(of_span: Mapping[date, Snapshot], own: Mapping[date, Snapshot]) -> bool:
    """Whether the days of `own`, read by a call of their own, have other records than in the answer for the span.

    Values that differ are an edit between the two calls, and no reason to doubt either.
    """
    return any(_keys(of_span[day]) != _keys(snapshot) for day, snapshot in own.items())


def has_page_size(length: int, span: DateRange, cut_lengths: Mapping[int, int]) -> bool:
    """Whether an answer is as long as an answer can be: two were cut off at this length, or it is a usual size.

    `cut_lengths` counts the answers that were found to be cut off, by their number of records.
    """
    return (length > 0 and cut_lengths.get(length, 0) > 1) or (len(span) > 1 and length in PAGE_SIZES)


def spans(dates: DateRange, days: int) -> Sequence[DateRange]:
    """The range in pieces of at most so many days."""
    starts = [dates.start + timedelta(days=n) for n in range(0, len(dates), days)]
    return [DateRange(start, min(start + timedelta(days=days - 1), dates.end)) for start in starts]


def _keys(snapshot: Snapshot) -> list[tuple[object, object]]:
    return sorted((one.neo_appointment_id, one.starts_at) for one in snapshot.appointments)
