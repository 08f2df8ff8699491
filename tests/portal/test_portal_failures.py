"""Every failure of the portal, with the real browser: it has a reason, and no wrong data is accepted."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from engine.failure import Failure, Reason
from engine.snapshot import Snapshot
from engine.warnings import WarningCode
from tests.conftest import free_port
from tests.portal.conftest import TODAY, Stage
from tests.portal.doubles import let_pass
from tests.portal.shapes import only

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"mode": "status", "status": 500}, Reason.PORTAL_UNAVAILABLE),
        ({"mode": "status", "status": 503}, Reason.PORTAL_UNAVAILABLE),
        ({"mode": "status", "status": 403}, Reason.PORTAL_CHANGED),
        ({"mode": "hang", "seconds": 20}, Reason.TIMED_OUT),
        ({"mode": "slow_body", "seconds": 20}, Reason.TIMED_OUT),
        ({"mode": "cut_body"}, Reason.CONNECTION_LOST),
        ({"mode": "not_json"}, Reason.BAD_ANSWER),
        ({"mode": "deep_json"}, Reason.BAD_ANSWER),
        ({"mode": "maintenance"}, Reason.MAINTENANCE),
        ({"mode": "redirect", "location": "https://elsewhere.example/"}, Reason.LEFT_PORTAL),
        ({"mode": "redirect", "location": "//elsewhere.example/login"}, Reason.LEFT_PORTAL),
        ({"mode": "redirect", "location": "http://[no.address/"}, Reason.LEFT_PORTAL),
        ({"mode": "redirect", "location": "/appointments/getCalendarEventData"}, Reason.PORTAL_CHANGED),
        ({"mode": "login_page"}, Reason.SESSION_ENDED),
        ({"mode": "redirect", "location": "/login"}, Reason.SESSION_ENDED),
        ({"mode": "status", "status": 401}, Reason.SESSION_ENDED),
    ],
    ids=lambda value: str(value),
)
async def test_a_failing_call_is_a_failure_with_its_reason_and_evidence(
    stage: Stage, rule: dict[str, Any], reason: Reason
):
    await stage.sandbox.fault_settings(fail=[rule])
    failure = await stage.scrape_one()
    assert isinstance(failure, Failure)
    assert failure.reason is reason
    evidence = stage.evidence.kept[TODAY]
    assert evidence.failure == failure
    await stage.sandbox.fault_settings(fail=[])
    await stage.assert_true(await stage.scrape_one())


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), (None, None)])
async def test_a_429_slows_the_rate_limiter_for_the_pause_that_the_portal_asks_for(
    stage: Stage, header: str | None, seconds: float | None
):
    await stage.sandbox.fault_settings(fail=[{"mode": "status", "status": 429, "retry_after": header}])
    failure = await stage.scrape_one()
    assert failure == Failure(Reason.RATE_LIMITED, "too many calls (429)", seconds)
    assert stage.budget.pauses == [seconds]


async def test_a_429_during_the_sign_in_pauses_everybody_too(stranger: Stage):
    stage = stranger
    await stage.sandbox.fault_settings(
        fail=[{"on": ["login_page"], "mode": "status", "status": 429, "retry_after": "3", "count": 1}]
    )
    failure = await stage.scrape_one()
    assert isinstance(failure, Failure)
    assert (failure.reason, failure.retry_after) == (Reason.RATE_LIMITED, 3.0)
    assert stage.budget.pauses == [3.0]
    await stage.assert_true(await stage.scrape_one())


@pytest.mark.parametrize(
    "drift",
    [
        "duplicate_differs",
        "renamed_fields",
        "unknown_wrapper",
        "wrapper_not_a_list",
        "renamed_patient",
        "flag_deleted",
        "has_more",
    ],
)
async def test_an_answer_that_is_not_understood_is_never_believed(stage: Stage, drift: str):
    for field_variant in ("a", "b"):
        await stage.sandbox.fault_settings(drift=[drift], field_variant=field_variant)
        found = await stage.portal.scrape(stage.clinic, stage.credentials, only(TODAY))
        failure = found[TODAY]
        assert isinstance(failure, Failure)
        assert failure.reason is Reason.PORTAL_CHANGED


@pytest.mark.parametrize(
    "drift",
    [
        "not_an_object",
        "no_id",
        "no_start",
        "unreadable_start",
        "end_before_start",
        "outside_range",
        "date_moved",
        "nul",
    ],
)
async def test_a_record_that_stays_unusable_costs_itself_and_not_its_day(stage: Stage, drift: str):
    truth = await stage.sandbox.truth(stage.account.company_id, TODAY, TODAY)
    await stage.sandbox.fault_settings(drift=[drift])
    snapshot = await stage.scrape_one()
    assert isinstance(snapshot, Snapshot)
    assert len(snapshot.appointments) == len(truth) - 1
    assert len(snapshot.left_out) == 1
    assert [(warning.code, warning.count) for warning in snapshot.warnings] == [("records_left_out", 1)]
    assert len(await stage.calls("calendar")) == 2


async def test_a_record_that_was_unusable_once_is_read_by_the_second_call(stage: Stage):
    await stage.sandbox.fault_settings(fail=[{"mode": "bad_record", "count": 1}])
    snapshot = await stage.scrape_one()
    await stage.assert_true(snapshot)
    assert isinstance(snapshot, Snapshot)
    assert (snapshot.warnings, snapshot.left_out) == ((), ())
    assert len(await stage.calls("calendar")) == 2


async def test_the_unknown_names_are_reported_and_the_evidence_is_kept(stage: Stage):
    await stage.sandbox.fault_settings(drift=["renamed_fields"])
    failure = await stage.scrape_one()
    assert isinstance(failure, Failure)
    assert "startsAt" in failure.message
    evidence = stage.evidence.kept[TODAY]
    assert evidence.status == 200
    assert evidence.screenshot is not None
    assert evidence.screenshot.startswith(b"\x89PNG")
    assert "startsAt" in evidence.body


async def test_an_answer_that_says_try_again_is_bad_and_not_changed(stage: Stage):
    await stage.sandbox.fault_settings(fail=[{"mode": "drift_error"}])
    failure = await stage.scrape_one()
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.BAD_ANSWER


async def test_a_renamed_meaning_is_not_hidden_by_asking_for_single_days(stage: Stage):
    await stage.sandbox.fault_settings(drift=["renamed_patient"])
    found = await stage.having(span_days=7).scrape(TODAY, TODAY + timedelta(days=6))
    assert {each.reason for each in found if isinstance(each, Failure)} == {Reason.PORTAL_CHANGED}
    assert len([each for each in found if isinstance(each, Failure)]) == 7
    assert len(await stage.calls("calendar")) <= 2, "the span, and its last day beside it"


@pytest.mark.parametrize("drift", ["duplicate", "unknown_status", "unknown_field"])
async def test_what_can_be_understood_is_believed_and_accounted_for(stage: Stage, drift: str):
    await stage.sandbox.fault_settings(drift=[drift])
    snapshot = await stage.scrape_one()
    assert isinstance(snapshot, Snapshot)
    proof = snapshot.proof
    assert {
        "duplicate": proof.left_out.get("duplicate"),
        "unknown_status": proof.unknown_statuses.get("Awaiting Pickup"),
        "unknown_field": proof.unknown_fields.get("tele_visit_url"),
    }[drift] == 1


async def test_an_empty_answer_is_asked_for_twice_where_the_database_holds_several(stage: Stage):
    await stage.sandbox.fault_settings(fail=[{"mode": "empty", "count": 1}])
    snapshot = await stage.scrape_one(stored={TODAY: 12})
    await stage.assert_true(snapshot)
    assert isinstance(snapshot, Snapshot)
    assert snapshot.proof.asked_twice
    assert len(await stage.calls("calendar")) == 2


async def test_an_empty_answer_that_is_given_twice_is_believed(stage: Stage):
    await stage.sandbox.fault_settings(empty=True)
    snapshot = await stage.scrape_one(stored={TODAY: 12})
    assert isinstance(snapshot, Snapshot)
    assert snapshot.appointments == ()
    assert [warning.code for warning in snapshot.warnings] == [WarningCode.OPEN_DAYS_EMPTY]
    assert len(await stage.calls("calendar")) == 2


async def test_an_empty_answer_for_a_closed_day_is_believed_at_once(stage: Stage):
    await stage.sandbox.fault_settings(empty=True)
    snapshot = await stage.scrape_one(stored={TODAY: 1}, is_open=lambda _: False)
    assert isinstance(snapshot, Snapshot)
    assert snapshot.warnings == ()
    assert len(await stage.calls("calendar")) == 1


async def test_a_huge_answer_is_refused_and_the_browser_goes_on(stage: Stage):
    stage = stage.having(max_body_bytes=1_000_000)
    await stage.sandbox.fault_settings(fail=[{"mode": "huge_body", "megabytes": 3, "count": 1}])
    failure = await stage.scrape_one()
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.BAD_ANSWER
    await stage.assert_true(await stage.scrape_one())


async def test_a_portal_that_is_not_there_is_unavailable(stage: Stage):
    stage = stage.having(base_url=f"http://127.0.0.1:{free_port()}")
    failure = await stage.scrape_one()
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.PORTAL_UNAVAILABLE


async def test_an_open_circuit_makes_dates_wait_without_a_call(stage: Stage):
    stage.breaker.pause = Failure(Reason.CIRCUIT_OPEN, "calls pause", 12.0)
    assert await stage.scrape_one() == stage.breaker.pause
    assert await stage.calls() == []
    assert stage.breaker.recorded == []


async def test_the_breaker_counts_failures_of_the_portal_and_nothing_else(stage: Stage):
    await stage.scrape_one()
    await stage.sandbox.fault_settings(fail=[{"mode": "status", "status": 503, "count": 1}])
    await stage.scrape_one()
    await stage.sandbox.fault_settings(drift=["no_id"])
    await stage.scrape_one()
    day = TODAY.isoformat()
    assert stage.breaker.recorded == [{day: None}, {day: Reason.PORTAL_UNAVAILABLE}, {day: None}]


async def test_the_breaker_learns_of_each_date_of_a_span(stage: Stage):
    hopeless, good = TODAY, TODAY + timedelta(days=1)
    await stage.sandbox.fault_settings(fail=[{"mode": "status", "status": 500, "date": hopeless.isoformat()}])
    await stage.scrape(hopeless, good)
    assert stage.breaker.recorded == [{str(hopeless): Reason.PORTAL_UNAVAILABLE, str(good): None}]


async def test_a_date_that_waits_for_a_token_uses_up_none_of_its_time(stage: Stage):
    stage.budget.open.clear()
    scrape = asyncio.create_task(stage.scrape_one())
    await stage.budget.asked.wait()
    await let_pass(2 * stage.settings.times.date)
    stage.budget.open.set()
    await stage.assert_true(await scrape)
