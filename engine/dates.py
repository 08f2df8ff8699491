"""The dates that a sync covers, and the order in which they are scraped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from engine.errors import BadRequest

#: The longest range of one sync, in days.
MAX_DAYS = 60


@dataclass(frozen=True, slots=True)
class DateRange:
    """Clinic-local calendar days, both ends inclusive."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise BadRequest(f"end_date: {self.end} is before start_date {self.start}; swap them")
        if len(self) > MAX_DAYS:
            raise BadRequest(f"end_date: {self.start} to {self.end} is {len(self)} days; at most {MAX_DAYS}")

    def __len__(self) -> int:
        return (self.end - self.start).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.start + timedelta(days=n) for n in range(len(self)))

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.start <= day <= self.end


def days_ahead(today: date, days: int) -> DateRange:
    """Today and the `days` - 1 days after it: 14 is a fortnight."""
    if not 1 <= days <= MAX_DAYS:
        raise BadRequest(f"days_ahead: {days} is out of range; use 1 to {MAX_DAYS}")
    return DateRange(today, today + timedelta(days=days - 1))


def work_order(dates: DateRange, today: date) -> list[date]:
    """Today first, then the days after it, then the past, latest first: the next bookings become fresh first."""
    ahead = [day for day in dates if day >= today]
    behind = [day for day in dates if day < today]
    return ahead + behind[::-1]
