"""A new clinic under a portal whose answers are well formed and wrong: no sync completes in silence with wrong data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.system.conftest import Asker, System
from tests.system.portal_truth import by_id, stored, truth
from tests.system.test_sync import DAYS, agrees, run

pytestmark = pytest.mark.anyio

HOLD_ID = 42


@pytest.fixture(params=["1", "7"], ids="span of {}".format)
def settings(request: pytest.FixtureRequest) -> dict[str, str]:
    return {"SCRAPE_SPAN_DAYS": request.param}


def warned_of(last: dict[str, Any]) -> list[str]:
    return [warning["code"] for warning in last["warnings"]]


@pytest.mark.parametrize(
    "fault_settings",
    [{"empty_once": True}, {"fail": [{"mode": "empty", "count": 3}]}, {"empty_span_days": 2}, {"cut_spans": 17}],
    ids=str,
)
async def test_the_first_sync_of_a_new_clinic_ends_with_the_truth(
    fault_settings: dict[str, Any],
    system: System,
    sandbox: SandboxProcess,
    clinics: list[SandboxClinic],
    asker: Asker,
    pool: asyncpg.Pool,
) -> None:
    await sandbox.fault_settings(**fault_settings)
    system.everything()
    last = (await run(asker, clinics[0]))[-1]
    assert (last["event"], last["failed_dates"]) == ("completed", [])
    await agrees(pool, sandbox, clinics[0])


async def test_open_days_that_stay_empty_are_named_at_the_end_and_in_the_status(
    system: System, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    await sandbox.fault_settings(empty=True)
    system.everything()
    for _ in range(2):
        last = (await run(asker, clinics[0]))[-1]
        assert last["event"] == "completed"
        assert warned_of(last) == ["open_days_empty"]
    days = [clinics[0].today + timedelta(days=n) for n in range(DAYS)]
    # The hours are known in the second sync: 0 is Sunday there.
    open_weekdays = {day for entry in clinics[0].config["businessHours"] for day in entry["daysOfWeek"]}
    open_days = [day for day in days if day.isoweekday() % 7 in open_weekdays]
    assert last["warnings"][0]["message"].startswith(f"{len(open_days)} dates (")
    status = await asker.ask("status", clinics[0].slug, {"sync_id": last["sync_id"]})
    assert warned_of(status["sync"]) == ["open_days_empty"]
    await sandbox.fault_settings(empty=False)
    last = (await run(asker, clinics[0]))[-1]
    assert (last["event"], last["warnings"]) == ("completed", [])
    await agrees(pool, sandbox, clinics[0])


def with_own_ids(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every occurrence of the hold under the id that the truth has for it."""
    own = {
        f"{HOLD_ID}@{one['date']}T{one['start_time'][:5]}": one["neo_appointment_id"]
        for one in theirs
        if (one["appointment_type"], one["notes"]) == ("block", "Hold for emergencies")
    }
    return [
        one | {"neo_appointment_id": own.get(one["neo_appointment_id"], one["neo_appointment_id"])} for one in ours
    ]


async def test_repeating_records_that_share_an_id_are_a_row_each_in_the_first_sync(
    system: System, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    clinic = clinics[0]
    await sandbox.fault_settings(hold_id=HOLD_ID)
    system.everything()
    end = clinic.today + timedelta(days=DAYS - 1)
    theirs = await truth(sandbox, clinic, clinic.today, end)
    for _ in range(2):
        last = (await run(asker, clinic))[-1]
        assert (last["event"], last["failed_dates"]) == ("completed", [])
        ours = await stored(pool, clinic.slug, clinic.today, end)
        assert len([one for one in ours if one["neo_appointment_id"].startswith(f"{HOLD_ID}@")]) >= DAYS / 2
        assert by_id(with_own_ids(ours, theirs)) == by_id(theirs)
    assert {last["stats"][f"appointments_{done}"] for done in ("added", "updated", "removed")} == {0}
