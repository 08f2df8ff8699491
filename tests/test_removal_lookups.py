"""What look-ups decide about missing appointments: a proof beats every limit, and a live appointment stays."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.lookups import Lookup, LookupOutcome
from engine.removal_warnings import warnings_of_kept
from engine.removals import (
    MissingAppointment,
    Protection,
    RemovalDecision,
    RemovalLimit,
    RemovalPlan,
    StoredOnDate,
    decide,
    to_look_up,
    verification_at,
)

DAY = date(2026, 3, 2)
SINCE = datetime(2026, 3, 2, 9, tzinfo=UTC)
LIMIT = RemovalLimit(lookups=20)
DELETED = Lookup(LookupOutcome.GONE, "deleted")
UNKNOWN = Lookup(LookupOutcome.UNKNOWN, "404")


def live(start: str) -> Lookup:
    starts = datetime.fromisoformat(f"2026-03-02T{start}").replace(tzinfo=UTC)
    return Lookup(LookupOutcome.LIVE, None, starts, starts + timedelta(minutes=30))


def missing(number: int, lookup: Lookup | None = None, **fields: Any) -> MissingAppointment:
    row = UUID(int=number)
    return MissingAppointment(
        row, str(number), DAY, time(9), time(9, 30), "Exam", None, None, None, SINCE, lookup=lookup, **fields
    )


def decided(*all_missing: MissingAppointment) -> RemovalDecision:
    """Every absence is confirmed by two looks."""
    return decide(plan(*all_missing), LIMIT)


def plan(*all_missing: MissingAppointment) -> RemovalPlan:
    return RemovalPlan(all_missing, {DAY: StoredOnDate(40, 40)}, SINCE + LIMIT.settle, is_quiet=True)


def test_what_is_proved_counts_towards_no_limit_and_needs_no_second_look() -> None:
    gone = [missing(n, DELETED) for n in range(40)]
    found = decided(*gone)
    assert (found.hold, found.keep, len(found.proved)) == ([], [], 40)
    assert verification_at(plan(*gone), LIMIT.settle) is None


def test_what_is_not_proved_is_held_as_before() -> None:
    assert len(decided(*(missing(n, UNKNOWN) for n in range(40))).hold) == 40


def test_a_proof_beats_a_failed_date() -> None:
    found = decided(
        missing(1, DELETED, protection=Protection.FAILED_DATE),
        missing(2, UNKNOWN, protection=Protection.FAILED_DATE),
    )
    assert [each.neo_appointment_id for each in found.proved] == ["1"]
    assert [each.neo_appointment_id for each in found.keep] == ["2"]


def test_a_live_appointment_has_moved_or_the_calendar_was_wrong() -> None:
    found = decided(missing(1, live("10:00")), missing(2, live("09:00")), missing(3))
    assert [each.neo_appointment_id for each in found.moved] == ["1"]
    assert [each.neo_appointment_id for each in found.keep] == ["2"]
    assert found.remove == [UUID(int=3)]
    [warning] = warnings_of_kept(found.keep, LIMIT)
    assert warning.code == "calendar_contradicted"


def test_what_could_not_be_looked_up_stays_with_a_warning() -> None:
    found = decide(plan(missing(1), missing(2, UNKNOWN)).unchecked(), LIMIT)
    assert found.remove == [UUID(int=2)]
    [warning] = warnings_of_kept(found.keep, LIMIT)
    assert (warning.code, warning.count) == ("removals_not_checked", 1)


@pytest.mark.parametrize(("used", "asked"), [(0, 20), (190, 10), (200, 0), (300, 0)])
def test_look_ups_are_limited_by_their_own_limit_and_by_that_of_all_extra_calls(used: int, asked: int) -> None:
    assert len(to_look_up(plan(*(missing(n) for n in range(40))), LIMIT, used)) == asked


def test_held_removals_and_occurrences_are_not_looked_up() -> None:
    occurrence = MissingAppointment(
        UUID(int=3), "lunch@2026-03-02T12:00", DAY, time(12), time(13), "block", None, None, None, SINCE
    )
    assert to_look_up(plan(missing(1, is_held=True), occurrence), LIMIT, 0) == []
