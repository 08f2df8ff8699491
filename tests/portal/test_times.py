"""Local times are the clinic's, right also on the days on which its clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from engine.portal.times import read_span, read_time, utc

DENVER = ZoneInfo("America/Denver")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-22T16:15:00", datetime(2026, 1, 22, 23, 15, tzinfo=UTC)),
        ("2026-01-22 16:15:00", datetime(2026, 1, 22, 23, 15, tzinfo=UTC)),
        ("2026-01-22 16:15", datetime(2026, 1, 22, 23, 15, tzinfo=UTC)),
        ("2026-01-22T16:15:00.000", datetime(2026, 1, 22, 23, 15, tzinfo=UTC)),
        ("2026-01-22T23:15:00Z", datetime(2026, 1, 22, 23, 15, tzinfo=UTC)),
        ("2026-01-22T16:15:00-07:00", datetime(2026, 1, 22, 23, 15, tzinfo=UTC)),
        ("2026-01-22T18:15:00-0500", datetime(2026, 1, 22, 23, 15, tzinfo=UTC)),
        ("2026-07-01 09:00:00", datetime(2026, 7, 1, 15, tzinfo=UTC)),
    ],
)
def test_a_time_is_local_unless_it_carries_an_offset(text: str, expected: datetime):
    assert utc(read_time(text, DENVER)) == expected


def test_an_offset_can_move_a_record_to_the_day_before():
    starts = read_time("2026-01-22T03:00:00Z", DENVER)
    assert (starts.date(), starts.time()) == (date(2026, 1, 21), time(20))


def test_an_appointment_over_the_missing_hour_is_an_hour_shorter_than_its_clock_says():
    starts, ends = read_span("2026-03-08 01:30:00", "2026-03-08 03:30:00", DENVER)
    assert (utc(ends) - utc(starts)).total_seconds() == 3600


def test_a_time_in_the_missing_hour_keeps_the_day_and_is_read_from_before_the_change():
    starts, ends = read_span("2026-03-08 02:15:00", "2026-03-08 02:45:00", DENVER)
    assert utc(starts) == datetime(2026, 3, 8, 9, 15, tzinfo=UTC)
    assert (utc(ends) - utc(starts)).total_seconds() == 1800


@pytest.mark.parametrize("end", ["2026-03-08 03:00:00", "2026-03-08 03:15:00"])
def test_what_starts_in_the_missing_hour_and_ends_after_it_is_no_nonsense(end: str):
    starts, ends = read_span("2026-03-08 02:30:00", end, DENVER)
    assert (starts.date(), starts.time()) == (date(2026, 3, 8), time(2, 30))
    assert utc(ends) == read_time(end, DENVER)
    assert 0 < (utc(ends) - utc(starts)).total_seconds() <= 45 * 60


def test_the_hour_that_comes_twice_is_the_first_unless_the_end_would_lie_before_the_start():
    starts, ends = read_span("2026-11-01 01:15:00", "2026-11-01 01:45:00", DENVER)
    assert utc(starts) == datetime(2026, 11, 1, 7, 15, tzinfo=UTC)
    assert (utc(ends) - utc(starts)).total_seconds() == 1800
    starts, ends = read_span("2026-11-01 01:45:00", "2026-11-01 01:15:00", DENVER)
    assert (utc(ends) - utc(starts)).total_seconds() == 1800


def test_an_offset_distinguishes_the_two_hours():
    first = read_time("2026-11-01T01:30:00-06:00", DENVER)
    second = read_time("2026-11-01T01:30:00-07:00", DENVER)
    assert (utc(second) - utc(first)).total_seconds() == 3600
    assert first.time() == second.time() == time(1, 30)
