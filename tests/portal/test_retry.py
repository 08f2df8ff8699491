from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.failure import FATAL_FOR_SYNC, Failure, Reason
from engine.retry import RULES, When, decide

chances = st.floats(0, 1, exclude_max=True)


def test_every_reason_has_its_rule():
    assert set(RULES) == set(Reason)


@pytest.mark.parametrize("reason", [*sorted(FATAL_FOR_SYNC), Reason.PORTAL_CHANGED, Reason.LEFT_PORTAL])
def test_what_would_lock_the_account_or_needs_a_person_is_never_tried_again(reason: Reason):
    assert decide(Failure(reason, ""), 1, 0.0).delay is None


@given(st.sampled_from(list(Reason)), st.integers(1, 50), chances, st.floats(0, 3600))
def test_retry_after_is_a_floor_and_makes_no_pause_shorter(
    reason: Reason, attempt: int, chance: float, floor: float
):
    delay = decide(Failure(reason, "", floor), attempt, chance).delay
    usual = decide(Failure(reason, ""), attempt, chance).delay
    assert delay is None or (usual is not None and delay >= max(floor, usual))


def test_dates_with_the_same_retry_after_do_not_come_back_together():
    failure = Failure(Reason.RATE_LIMITED, "", 60.0)
    assert len({decide(failure, 1, chance).delay for chance in (0.0, 0.3, 0.6)}) == 3


@given(st.sampled_from(list(Reason)), st.integers(1, 9), chances, st.none() | st.floats(0, 900), st.floats(0, 900))
def test_no_try_begins_after_the_time_of_its_reason(
    reason: Reason, attempt: int, chance: float, floor: float | None, elapsed: float
):
    delay = decide(Failure(reason, "", floor), attempt, chance, elapsed).delay
    assert delay is None or elapsed + delay <= RULES[reason].seconds


@given(st.sampled_from(list(Reason)), chances)
def test_attempts_end_and_pauses_stay_below_their_cap(reason: Reason, chance: float):
    rule = RULES[reason]
    delays = [decide(Failure(reason, ""), attempt, chance).delay for attempt in range(1, 40)]
    if rule.counted:
        assert [delay is None for delay in delays].index(True) == rule.attempts - 1 or rule.when is When.NEVER
    assert all(delay is None or delay <= rule.cap for delay in delays)


def test_pauses_double_with_up_to_half_taken_away():
    failure = Failure(Reason.PORTAL_UNAVAILABLE, "")
    assert [decide(failure, attempt, 0.0).delay for attempt in (1, 2, 3, 4)] == [2, 4, 8, 16]
    assert decide(failure, 3, 0.999).delay == pytest.approx(4, abs=0.01)


def test_a_lost_connection_is_tried_again_at_once_and_then_later():
    failure = Failure(Reason.CONNECTION_LOST, "")
    assert [decide(failure, attempt, 0.0).delay for attempt in (1, 2, 3)] == [0, 1, 2]


@pytest.mark.parametrize("reason", [Reason.BROWSER_CRASHED, Reason.CIRCUIT_OPEN])
def test_what_is_not_the_dates_fault_uses_up_no_attempt(reason: Reason):
    decision = decide(Failure(reason, ""), 99, 0.5)
    assert decision.delay is not None
    assert not decision.counted


def test_a_browser_that_always_crashes_ends_its_date():
    assert decide(Failure(Reason.BROWSER_CRASHED, ""), 1, 0.5, elapsed=301).delay is None


def test_a_date_does_not_wait_for_an_open_circuit_until_its_sync_is_out_of_time():
    waited = decide(Failure(Reason.CIRCUIT_OPEN, "", 30.0), 1, 0.5, elapsed=179).delay
    assert waited is None, "300 s are the time of a sync"
    assert decide(Failure(Reason.CIRCUIT_OPEN, "", 30.0), 1, 0.5, elapsed=100).delay is not None


def test_an_ended_session_is_tried_again_after_a_new_sign_in():
    assert decide(Failure(Reason.SESSION_ENDED, ""), 1, 0.0).after_sign_in
