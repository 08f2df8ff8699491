"""Answers that are well formed and wrong: what is believed is true, or it is marked, or the date fails."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.failure import Failure, Reason
from engine.portal.doubts import merged
from engine.snapshot import Snapshot
from engine.warnings import WarningCode
from tests.portal.conftest import TODAY, Stage
from tests.store import harness

pytestmark = pytest.mark.anyio

WEEK_END = TODAY + timedelta(days=6)


@pytest.mark.parametrize("span_days", [1, 3, 7])
@pytest.mark.parametrize(
    "fault_settings",
    [
        pytest.param({"empty_once": True}, id="empty once for each range"),
        pytest.param({"fail": [{"mode": "empty", "count": 1}]}, id="empty once"),
        pytest.param({"empty_span_days": 2}, id="empty for each range of several days"),
        pytest.param({"cut_spans": 1}, id="spans lose their last record"),
        pytest.param({"cut_spans": 17}, id="spans lose much of their last day"),
        pytest.param({"empty_once": True, "cut_spans": 3}, id="both"),
    ],
)
async def test_a_new_clinic_gets_the_truth_from_a_portal_that_lies_for_a_while_or_about_spans(
    stage: Stage, fault_settings: dict[str, Any], span_days: int
):
    await stage.sandbox.fault_settings(**fault_settings)
    for snapshot in await stage.having(span_days=span_days).scrape(TODAY, WEEK_END):
        await stage.assert_true(snapshot)


@pytest.mark.parametrize("span_days", [1, 3, 7])
@pytest.mark.parametrize(
    "fault_settings", [{"cut_once": 5}, {"cut_once": 10, "cut_spans": 1}, {"empty_once": True}]
)
async def test_the_first_answers_for_a_new_clinic_are_compared(
    stage: Stage, fault_settings: dict[str, Any], span_days: int
):
    await stage.sandbox.fault_settings(**fault_settings)
    for found in await stage.having(span_days=span_days).scrape(TODAY, WEEK_END, is_first=True):
        await stage.assert_true(found)


def test_two_answers_of_which_neither_has_all_records_fail_the_day():
    one, two, none = (
        harness.snapshot(0, 0, seen) for seen in ([harness.appointment(1)], [harness.appointment(2)], [])
    )
    assert merged({one.date: one}, {two.date: two}) is None
    assert merged({one.date: none}, {one.date: one}) == {one.date: one}


@pytest.mark.parametrize("span_days", [1, 7])
async def test_what_stays_empty_is_marked(stage: Stage, span_days: int):
    await stage.sandbox.fault_settings(empty=True)
    is_open = (await stage.true_counts(TODAY, WEEK_END)).__contains__
    found = await stage.having(span_days=span_days).scrape(TODAY, WEEK_END, is_open=is_open)
    for snapshot in found:
        assert isinstance(snapshot, Snapshot)
        codes = [warning.code for warning in snapshot.warnings]
        assert codes == ([WarningCode.OPEN_DAYS_EMPTY] if is_open(snapshot.date) else [])


async def test_a_warm_span_that_loses_a_record_of_its_last_day_is_not_believed(stage: Stage):
    await stage.sandbox.fault_settings(cut_spans=1)
    stored = await stage.true_counts(TODAY, WEEK_END)
    for snapshot in await stage.having(span_days=7).scrape(TODAY, WEEK_END, stored=stored):
        await stage.assert_true(snapshot)


async def test_a_second_question_that_fails_fails_the_day(stage: Stage):
    await stage.sandbox.fault_settings(fail=[{"mode": "empty", "count": 1}, {"mode": "status", "status": 503}])
    failure = await stage.scrape_one()
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.PORTAL_UNAVAILABLE


async def test_a_session_that_ends_while_two_calls_are_in_flight_is_renewed_once(stage: Stage):
    await stage.sandbox.end_sessions()
    for snapshot in await stage.having(span_days=7).scrape(TODAY, WEEK_END):
        await stage.assert_true(snapshot)
    assert len(await stage.calls("login")) == 1
