"""Decides from the dates' states alone which dates of a sync to send now, and when the sync is over."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeAlias

from engine.failure import FATAL_FOR_SYNC
from engine.sync import DateState, DateStatus, SyncStatus

#: Whether the clinic is open on a day: `ScheduleConfig.is_open_on`. None: its hours are not known.
IsOpen: TypeAlias = Callable[[date], bool | None]


@dataclass(frozen=True, slots=True)
class Span:
    """Neighboring dates that share one message and one call to the portal: `days` of them, from `first_date` on.

    `number` counts how often the span was sent: a span sent again after a crash has the same number, and so is the
    same message.
    """

    first_date: date
    days: int
    number: int

    @property
    def dates(self) -> list[date]:
        return [self.first_date + timedelta(days=n) for n in range(self.days)]


def in_flight(dates: Sequence[DateState]) -> set[date]:
    """The first dates of the spans that take a place: sent to a DateScraper, or being scraped, and not yet scraped.

    A date that waits for its next try takes none, so one bad date does not hold up the others.
    """
    return {
        state.lead or state.date
        for state in dates
        if state.status is DateStatus.SCRAPING
        or (state.status is DateStatus.PENDING and state.dispatched_at is not None)
    }


def next_spans(dates: Sequence[DateState], limit: int, span_days: int, now: datetime) -> list[Span]:
    """The spans to send now: the first waiting dates that are due, as far as `limit` leaves room."""
    waiting = {state.date: state for state in sorted(dates, key=lambda s: s.position) if _is_due(state, now)}
    spans: list[Span] = []
    for first_date in list(waiting):
        if len(spans) >= limit - len(in_flight(dates)):
            break
        if first_date in waiting:
            days = _length(first_date, waiting.keys(), span_days)
            spans.append(Span(first_date, days, waiting[first_date].dispatches + 1))
            for day in spans[-1].dates:
                del waiting[day]
    return spans


def unclaimed(dates: Sequence[DateState], now: datetime, resend_after: float) -> list[Span]:
    """Spans that no DateScraper claimed within `resend_after` seconds of being sent: perhaps never delivered."""
    waiting = [
        state
        for state in dates
        if state.status is DateStatus.PENDING
        and state.dispatched_at is not None
        and (now - state.dispatched_at).total_seconds() >= resend_after
    ]
    first = [state for state in waiting if state.lead == state.date]
    return [Span(state.date, _reach(state.date, waiting), state.dispatches) for state in first]


def unreconciled(dates: Sequence[DateState], now: datetime, after: float) -> list[date]:
    """Scraped dates that no Reconciler has closed for `after` seconds: perhaps the message was never sent."""
    return [
        state.date
        for state in dates
        if state.status is DateStatus.SCRAPED
        and state.heartbeat_at is not None
        and (now - state.heartbeat_at).total_seconds() >= after
    ]


def next_try(dates: Sequence[DateState]) -> datetime | None:
    """When the earliest of the dates that wait for another try is due."""
    return min(
        (s.next_try_at for s in dates if s.status is DateStatus.PENDING and s.next_try_at is not None),
        default=None,
    )


def outcome(dates: Sequence[DateState], is_open: IsOpen) -> SyncStatus | None:
    """How a sync with these dates ends; None while one of them is not closed.

    A failure that makes all other dates pointless ends it at once. It fails if every date on which the clinic is
    open has failed: empty closed Sundays say nothing about the calendar.
    """
    if any(state.status is DateStatus.FAILED and state.reason in FATAL_FOR_SYNC for state in dates):
        return SyncStatus.FAILED
    if any(not state.status.is_closed for state in dates):
        return None
    if dates and all(state.status is DateStatus.FAILED for state in open_dates(dates, is_open)):
        return SyncStatus.FAILED
    return SyncStatus.COMPLETED


def is_partial(dates: Sequence[DateState], is_open: IsOpen) -> bool:
    """Whether an open date was read and another date of the sync was not."""
    some = any(state.status is DateStatus.RECONCILED for state in open_dates(dates, is_open))
    return some and any(state.status is not DateStatus.RECONCILED for state in dates)


def open_dates(dates: Sequence[DateState], is_open: IsOpen) -> list[DateState]:
    """The dates on which the clinic is open or may be; all dates if it is open on none."""
    return [state for state in dates if is_open(state.date) is not False] or list(dates)


def _is_due(state: DateState, now: datetime) -> bool:
    return (
        state.status is DateStatus.PENDING
        and state.dispatched_at is None
        and (state.next_try_at is None or state.next_try_at <= now)
    )


def _reach(first_date: date, waiting: Sequence[DateState]) -> int:
    """How many days the span from `first_date` on covers."""
    return (max(state.date for state in waiting if state.lead == first_date) - first_date).days + 1


def _length(first_date: date, waiting: Collection[date], span_days: int) -> int:
    """How many consecutive dates wait from `first_date` on, at most `span_days`."""
    days = 1
    while days < span_days and first_date + timedelta(days=days) in waiting:
        days += 1
    return days
