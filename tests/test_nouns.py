"""Decisions that need neither a server nor a clock."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.admission import ClinicLoad, check_admission
from engine.dates import DateRange, days_ahead, work_order
from engine.dispatch import Span, in_flight, is_partial, next_spans, outcome, unclaimed
from engine.errors import BadRequest, QueueFull
from engine.failure import Reason
from engine.schedule import Room, ScheduleConfig, same_hours, slots_of
from engine.sync import (
    DATE_MOVES,
    SYNC_MOVES,
    DateState,
    DateStatus,
    Limits,
    SyncStatus,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = date(2026, 3, 2)


def always_open(_day: date) -> bool:
    return True


def state(position: int, status: DateStatus, **fields: object) -> DateState:
    return DateState(TODAY + timedelta(days=position), status, position, **fields)  # type: ignore[arg-type]


def test_a_fortnight_is_today_and_the_thirteen_days_after_it() -> None:
    dates = days_ahead(TODAY, 14)
    assert (dates.start, dates.end, len(dates)) == (TODAY, date(2026, 3, 15), 14)


@pytest.mark.parametrize("days", [0, 61, -1])
def test_a_range_that_is_not_allowed_is_refused_by_name(days: int) -> None:
    with pytest.raises(BadRequest, match="days_ahead"):
        days_ahead(TODAY, days)


def test_reversed_dates_and_sixty_one_days_are_refused() -> None:
    with pytest.raises(BadRequest, match="swap"):
        DateRange(TODAY, TODAY - timedelta(days=1))
    with pytest.raises(BadRequest, match="61 days"):
        DateRange(TODAY, TODAY + timedelta(days=60))


@given(st.integers(-80, 80), st.integers(1, 60))
def test_today_comes_first_and_every_date_once(offset: int, days: int) -> None:
    dates = DateRange(TODAY + timedelta(days=offset), TODAY + timedelta(days=offset + days - 1))
    order = work_order(dates, TODAY)
    assert sorted(order) == list(dates)
    if TODAY in dates:
        assert order[0] == TODAY
    ahead = [day for day in order if day >= TODAY]
    assert order[: len(ahead)] == sorted(ahead)


def test_a_final_state_leads_nowhere_and_every_other_one_leads_to_an_end() -> None:
    assert {s for s in SyncStatus if s.is_final} == set(SyncStatus) - set(SYNC_MOVES)
    for targets in SYNC_MOVES.values():
        assert any(target.is_final for target in targets)
    for status in DateStatus:
        assert status.is_closed or any(target.is_closed for target in DATE_MOVES[status])


@given(st.integers(1, 5), st.integers(1, 7), st.lists(st.sampled_from(DateStatus), max_size=21), st.data())
def test_never_more_calls_in_flight_than_allowed(
    limit: int, span_days: int, statuses: list[DateStatus], data: st.DataObject
) -> None:
    sent = data.draw(st.lists(st.sampled_from([NOW, None]), min_size=len(statuses), max_size=len(statuses)))
    dates = [state(n, status, dispatched_at=sent[n]) for n, status in enumerate(statuses)]
    spans = next_spans(dates, limit, span_days, NOW)
    assert not spans or len(in_flight(dates)) + len(spans) <= limit
    going = [day for span in spans for day in span.dates]
    waiting = {s.date for s in dates if s.status is DateStatus.PENDING and s.dispatched_at is None}
    assert len(going) == len(set(going))
    assert set(going) <= waiting
    assert all(span.days <= span_days for span in spans)
    if waiting and len(in_flight(dates)) < limit:
        assert min(waiting) in going, "the first one that waits goes first"


def test_a_fortnight_is_two_calls_of_a_week() -> None:
    dates = [state(n, DateStatus.PENDING) for n in range(14)]
    assert next_spans(dates, 3, 7, NOW) == [Span(TODAY, 7, 1), Span(TODAY + timedelta(days=7), 7, 1)]


def test_a_span_that_no_worker_took_is_sent_again_unchanged() -> None:
    sent = {"dispatched_at": NOW, "lead": TODAY, "dispatches": 1}
    dates = [state(n, DateStatus.PENDING, **sent) for n in range(3)]
    assert unclaimed(dates, NOW + timedelta(seconds=2), 1.0) == [Span(TODAY, 3, 1)]
    assert unclaimed(dates, NOW, 1.0) == []


def test_a_date_waits_for_its_next_try_without_taking_a_place() -> None:
    later = state(0, DateStatus.PENDING, next_try_at=NOW + timedelta(seconds=5))
    other = state(1, DateStatus.PENDING)
    assert [span.first_date for span in next_spans([later, other], 1, 1, NOW)] == [other.date]
    assert [span.days for span in next_spans([later, other], 1, 7, NOW + timedelta(seconds=5))] == [2]


def test_a_sync_ends_when_its_last_date_closes() -> None:
    done, failed = state(0, DateStatus.RECONCILED), state(1, DateStatus.FAILED, reason="timed_out")
    assert outcome([done, state(1, DateStatus.SCRAPED)], always_open) is None
    assert outcome([done, failed], always_open) is SyncStatus.COMPLETED
    assert outcome([failed], always_open) is SyncStatus.FAILED


@pytest.mark.parametrize("hours", [True, None])
def test_a_sync_whose_open_dates_all_failed_has_failed_whatever_its_closed_days_said(hours: bool | None) -> None:
    closed, lost = state(0, DateStatus.RECONCILED), state(1, DateStatus.FAILED, reason="timed_out")
    is_open = {closed.date: False, lost.date: hours}.__getitem__
    assert outcome([closed, lost], is_open) is SyncStatus.FAILED
    assert not is_partial([closed, lost], is_open)
    assert outcome([closed], is_open) is SyncStatus.COMPLETED, "no date of the range is open, and all were read"


def test_a_sync_is_partial_if_it_read_an_open_date_and_left_another_date_out() -> None:
    read, lost = state(0, DateStatus.RECONCILED), state(1, DateStatus.FAILED, reason="timed_out")
    assert is_partial([read, lost], {read.date: True, lost.date: False}.__getitem__)
    assert not is_partial([read], always_open)


def test_a_rejected_login_ends_the_sync_at_once() -> None:
    rejected = state(0, DateStatus.FAILED, reason=Reason.LOGIN_REJECTED)
    assert outcome([rejected, state(1, DateStatus.SCRAPING), state(2, DateStatus.PENDING)], always_open) is (
        SyncStatus.FAILED
    )


def test_the_load_of_a_clinic_decides_what_is_refused_and_when_to_retry() -> None:
    limits = Limits(concurrent_syncs=2, queued_syncs=10)
    check_admission(ClinicLoad(1, 10), limits)
    check_admission(ClinicLoad(2, 9), limits)
    with pytest.raises(QueueFull) as refused:
        check_admission(ClinicLoad(2, 10, typical=40.0, oldest=30.0), limits)
    assert refused.value.retry_after_ms == 10_000


def test_slots_fill_the_opening_hours_and_no_closed_day() -> None:
    config = ScheduleConfig(same_hours([1], 8 * 60, 9 * 60 + 40), 30, (Room("a", "A"), Room("b", "B")))
    slots = list(slots_of(TODAY, config, ["b", "x"]))
    assert [(slot.start_time, slot.end_time) for slot in slots] == [
        (time(8), time(8, 30)),
        (time(8, 30), time(9)),
        (time(9), time(9, 30)),
    ]
    assert {slot.capacity for slot in slots} == {1}
    assert list(slots_of(TODAY + timedelta(days=1), config)) == []
