"""How many days a clinic's portal answers in one call: learnt from what fails, and forgotten day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from engine.failure import Failure, Reason
from engine.snapshot import Proof, Snapshot
from engine.spans import LearntSpan, learn

MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def read_in(*lengths: int) -> dict[date, Snapshot | Failure]:
    """Days that were read by calls of these lengths, one after the other."""
    found: dict[date, Snapshot | Failure] = {}
    for length in lengths:
        start = MONDAY + timedelta(days=len(found))
        end = start + timedelta(days=length - 1)
        for day in (start + timedelta(days=n) for n in range(length)):
            found[day] = Snapshot(day, NOW, (), Proof(200, "", "array", 0, start, end))
    return found


def failed(days: int, reason: Reason) -> dict[date, Snapshot | Failure]:
    return {MONDAY + timedelta(days=n): Failure(reason, "x") for n in range(days)}


@pytest.mark.parametrize(
    ("found", "days"),
    [
        pytest.param(read_in(7), None, id="one call was enough"),
        pytest.param(read_in(2, 2, 3), 3, id="the portal answers three days"),
        pytest.param(read_in(1, 1, 1, 1, 1, 1, 1), 1, id="single days only"),
        pytest.param(failed(7, Reason.TIMED_OUT), 4, id="too slow for a week"),
        pytest.param(failed(1, Reason.TIMED_OUT), None, id="too slow for a day"),
        pytest.param(failed(7, Reason.PORTAL_UNAVAILABLE), None, id="down"),
        pytest.param(read_in(2, 2, 3) | failed(1, Reason.BAD_ANSWER), None, id="one bad day"),
    ],
)
def test_what_a_scrape_shows_of_the_portal(found: dict[date, Snapshot | Failure], days: int | None) -> None:
    assert learn(found, limit=7) == days


@pytest.mark.parametrize(("passed", "usable"), [(-1, 2), (0, 2), (23, 2), (24, 4), (48, 7), (10_000, 7)])
def test_a_longer_range_is_tried_again_later(passed: int, usable: int) -> None:
    """`passed` is in hours."""
    assert LearntSpan(2, NOW).usable(7, NOW + timedelta(hours=passed)) == usable


def test_the_setting_is_never_exceeded() -> None:
    assert LearntSpan(4, NOW).usable(3, NOW) == 3
