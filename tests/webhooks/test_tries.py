"""What follows from an answer, and when the next try is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.webhook import TEST, DeliveryState
from engine.webhook_retry import (
    JITTER,
    LONGEST_RETRY_AFTER,
    OLDEST,
    SCHEDULE,
    AttemptReason,
    AttemptResult,
    decide,
    may_try,
    read_status,
)

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
EVENT = "sync.completed"


@pytest.mark.parametrize(
    ("status", "reason"),
    [(200, None), (204, None), (301, "redirect"), (400, "http_status"), (410, "gone"), (503, "http_status")],
)
def test_only_2xx_is_taken(status: int, reason: str | None) -> None:
    assert read_status(status, None, NOW, 3).reason == reason


def test_the_schedule_takes_about_a_day() -> None:
    assert 20 * 3600 < sum(SCHEDULE) < 28 * 3600


@given(st.sampled_from(AttemptReason), st.integers(1, len(SCHEDULE)), st.floats(0, 1), st.floats(0, 1e5))
def test_a_failure_is_tried_again_near_its_time(
    reason: AttemptReason, attempts: int, jitter: float, retry_after: float
) -> None:
    decision = decide(AttemptResult(reason, 500, retry_after), EVENT, attempts, SCHEDULE, jitter)
    if reason in (AttemptReason.GONE, AttemptReason.NOT_ALLOWED, AttemptReason.TOO_OLD):
        assert decision.state is DeliveryState.FAILED
        assert decision.pause == (reason is AttemptReason.GONE)
    else:
        assert decision.state is DeliveryState.PENDING
        usual = SCHEDULE[attempts - 1]
        assert decision.wait >= max(usual * (1 - JITTER) - 1e-9, retry_after)
        assert decision.wait <= max(usual * (1 + JITTER) + 1e-9, retry_after)


def test_after_the_last_try_it_is_given_up_and_a_test_is_tried_once() -> None:
    answer = AttemptResult(AttemptReason.TIMEOUT)
    assert decide(answer, EVENT, len(SCHEDULE) + 1, SCHEDULE, 0.5).state is DeliveryState.FAILED
    assert decide(answer, TEST, 1, SCHEDULE, 0.5).state is DeliveryState.FAILED


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("999999", LONGEST_RETRY_AFTER),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(days=90), usegmt=True), 0.0),
        ("soon", None),
        ("-5", None),
        ("9" * 400, LONGEST_RETRY_AFTER),
        ("12\x1f", 12.0),
        (f"Mon, 01 Jan {10**12} 00:00:00 GMT", None),
        (f"Mon, 01 Jan 2026 00:00:00 +{10**20}", None),
        (None, None),
    ],
)
def test_retry_after_is_honoured_within_bounds(header: str | None, seconds: float | None) -> None:
    assert read_status(503, header, NOW, 0).retry_after == seconds


@given(st.text())
def test_any_retry_after_can_be_read(header: str) -> None:
    wait = read_status(503, header, NOW, 0).retry_after
    assert wait is None or 0 <= wait <= LONGEST_RETRY_AFTER


def test_what_waited_too_long_or_died_too_often_is_not_tried() -> None:
    assert may_try(1, NOW, NOW, SCHEDULE) is None
    assert may_try(1, NOW - OLDEST - timedelta(seconds=1), NOW, SCHEDULE) is AttemptReason.TOO_OLD
    assert may_try(len(SCHEDULE) + 2, NOW, NOW, SCHEDULE) is AttemptReason.LOST
    assert (
        decide(AttemptResult(AttemptReason.LOST), EVENT, len(SCHEDULE) + 2, SCHEDULE, 0.5).state
        is DeliveryState.FAILED
    )
