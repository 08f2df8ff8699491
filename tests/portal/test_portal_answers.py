"""What the portal says is what is read: every spelling, wrapper and zone; spans; the days the clocks change."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from engine.failure import Failure, Reason
from engine.snapshot import Snapshot
from tests.portal.conftest import TODAY, Stage

pytestmark = pytest.mark.anyio

WEEK_END = TODAY + timedelta(days=6)
FORTNIGHT_END = TODAY + timedelta(days=13)


@pytest.mark.parametrize(
    ("field_variant", "times"),
    [("a", "t"), ("a", "offset"), ("b", "space"), ("b", "offset"), ("mixed", "mixed"), ("2026", "space")],
)
async def test_every_spelling_is_read_as_what_is_true(stage: Stage, field_variant: str, times: str):
    await stage.sandbox.fault_settings(field_variant=field_variant, times=times)
    for snapshot in await stage.scrape(TODAY, TODAY + timedelta(days=1)):
        await stage.assert_true(snapshot)


async def test_the_records_of_2026_have_every_reference_and_new_fields_change_nothing(stage: Stage):
    await stage.sandbox.fault_settings(
        field_variant="2026", wrapper="appointments", drift=["new_fields", "surrogate_beside", "entities"]
    )
    snapshot = await stage.scrape_one()
    await stage.assert_true(snapshot)
    assert isinstance(snapshot, Snapshot)
    true = {
        one["neo_appointment_id"]: one
        for one in await stage.sandbox.references(stage.account.company_id, TODAY, TODAY)
    }
    for one in snapshot.appointments:
        assert one.references.items() <= true[one.neo_appointment_id].items()
    assert any(one.neo_consultation_id for one in snapshot.appointments)
    assert [warning.code for warning in snapshot.warnings] == ["unknown_fields", "unknown_flags"]


@pytest.mark.parametrize("wrapper", ["array", "events", "data", "appointments", "results"])
async def test_every_wrapper_is_known(stage: Stage, wrapper: str):
    await stage.sandbox.fault_settings(wrapper=wrapper)
    snapshot = await stage.scrape_one()
    await stage.assert_true(snapshot)
    assert isinstance(snapshot, Snapshot)
    assert snapshot.proof.wrapper == wrapper


@pytest.mark.parametrize("field_variant", ["a", "b", "mixed"])
async def test_both_clinics_are_right_on_the_days_their_clocks_change(strangers: list[Stage], field_variant: str):
    for stage in strangers:
        await stage.sandbox.fault_settings(field_variant=field_variant)
        for change in clock_changes(stage, 2026):
            for snapshot in await stage.scrape(change - timedelta(days=1), change):
                await stage.assert_true(snapshot)


def clock_changes(stage: Stage, year: int) -> list[date]:
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
    offsets = [datetime.combine(day, time(12), stage.clinic.zone).utcoffset() for day in days]
    return [day for day, before, after in zip(days[1:], offsets, offsets[1:], strict=False) if before != after]


async def test_the_proof_counts_what_was_left_out(stage: Stage):
    snapshot = await stage.scrape_one()
    assert isinstance(snapshot, Snapshot)
    assert snapshot.proof.http_status == 200
    assert snapshot.proof.left_out["roster"] > 0
    assert snapshot.proof.records_read == len(snapshot.appointments) + sum(snapshot.proof.left_out.values())
    assert any(appointment.is_block for appointment in snapshot.appointments)


async def test_a_fortnight_in_spans_of_a_week_is_two_calls_and_fourteen_snapshots(stage: Stage):
    stored = await stage.true_counts(TODAY, FORTNIGHT_END)
    found = await stage.having(span_days=7).scrape(
        TODAY, FORTNIGHT_END, stored=stored, is_open=stored.__contains__
    )
    for snapshot in found:
        await stage.assert_true(snapshot)
    assert len(await stage.calls("calendar")) == 2


async def test_a_span_that_is_read_for_the_first_time_costs_a_call_for_its_last_day(stage: Stage):
    is_open = (await stage.true_counts(TODAY, FORTNIGHT_END)).__contains__
    for snapshot in await stage.having(span_days=7).scrape(TODAY, FORTNIGHT_END, is_open=is_open):
        await stage.assert_true(snapshot)
    assert len(await stage.calls("calendar")) == 4


@pytest.mark.parametrize(
    "fault_settings",
    [
        {"max_span_days": 3},
        {"max_span_days": 1},
        {"max_records": 75},
        {"max_records": 100},
        {"max_records": 150},
        {"fail": [{"mode": "cut_body", "count": 1}]},
        {"fail": [{"mode": "not_json", "count": 1}]},
        {"fail": [{"mode": "hang", "seconds": 20, "count": 1}]},
    ],
    ids=str,
)
async def test_a_span_that_fails_or_is_cut_off_is_halved(stage: Stage, fault_settings: dict[str, Any]):
    await stage.sandbox.fault_settings(**fault_settings)
    for snapshot in await stage.having(span_days=7).scrape(TODAY, WEEK_END):
        await stage.assert_true(snapshot)
    assert 2 < len(await stage.calls("calendar")) <= 2 * 13


async def test_a_day_that_is_cut_off_where_others_were_is_not_believed(stage: Stage):
    await stage.sandbox.fault_settings(max_records=30)
    found = await stage.having(span_days=7).scrape(TODAY, WEEK_END)
    for item in found:
        if isinstance(item, Snapshot):
            await stage.assert_true(item)
    assert {item.reason for item in found if isinstance(item, Failure)} == {Reason.BAD_ANSWER}


async def test_one_bad_day_fails_alone(stage: Stage):
    bad = TODAY + timedelta(days=2)
    await stage.sandbox.fault_settings(fail=[{"mode": "not_json", "date": str(bad)}])
    for day, found in zip(
        [TODAY + timedelta(days=n) for n in range(7)],
        await stage.having(span_days=7).scrape(TODAY, WEEK_END),
        strict=True,
    ):
        if day == bad:
            assert isinstance(found, Failure)
            assert found.reason is Reason.BAD_ANSWER
        else:
            await stage.assert_true(found)
    assert list(stage.evidence.kept) == [bad]


async def test_a_refused_span_is_not_halved_into_more_calls(stage: Stage):
    await stage.sandbox.fault_settings(fail=[{"mode": "status", "status": 429}])
    stored = await stage.true_counts(TODAY, FORTNIGHT_END)
    found = await stage.having(span_days=7).scrape(TODAY, FORTNIGHT_END, stored=stored)
    assert {failure.reason for failure in found if isinstance(failure, Failure)} == {Reason.RATE_LIMITED}
    assert len(await stage.calls("calendar")) == 1


async def test_changes_of_the_schedule_are_seen(stage: Stage):
    await stage.scrape_one()
    await stage.sandbox.change(
        stage.account.company_id, add=2, cancel=2, delete=2, move=2, seed=3, start=TODAY, end=WEEK_END
    )
    for snapshot in await stage.scrape(TODAY, WEEK_END):
        await stage.assert_true(snapshot)


async def test_a_configuration_that_fails_has_a_reason(stage: Stage):
    await stage.sandbox.fault_settings(fail=[{"on": ["config"], "mode": "status", "status": 500}])
    failure = await stage.portal.schedule_config(stage.clinic, stage.credentials)
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.PORTAL_UNAVAILABLE
