"""What the calendar no longer shows is looked up by its id, before anything is removed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.system.conftest import Asker, System
from tests.system.test_sync import agrees, run

pytestmark = pytest.mark.anyio

REMOVED = """
    select neo_appointment_id as id, removal_proof as proof, removal_reason as reason from schedule_appointments
    where deleted_at is not null
"""


async def removed(pool: asyncpg.Pool) -> dict[str, tuple[str, str | None]]:
    return {row["id"]: (row["proof"], row["reason"]) for row in await pool.fetch(REMOVED)}


async def visits(sandbox: SandboxProcess, clinic: SandboxClinic, count: int, day: int = 0) -> list[dict[str, Any]]:
    date = clinic.today + timedelta(days=day)
    found = await sandbox.truth(clinic.company_id, date, date)
    return [one for one in found if one["patient_name"] and one["status"] == "scheduled"][:count]


def codes(last: dict[str, Any]) -> list[str]:
    return [warning["code"] for warning in last["warnings"]]


async def test_each_missing_appointment_is_what_the_portal_says_of_it(
    system: System, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    clinic, company = clinics[0], clinics[0].company_id
    await sandbox.fault_settings(hide_cancelled=True)
    system.everything()
    await run(asker, clinic, days=4)
    deleted, cancelled, gone, moving, hidden = (
        one["neo_appointment_id"] for one in await visits(sandbox, clinic, 5)
    )
    later, tomorrow = clinic.today + timedelta(days=20), clinic.today + timedelta(days=1)
    await sandbox.change(
        company,
        delete=[int(deleted)],
        cancel=[int(cancelled)],
        move=[{"id": int(gone), "start": f"{later}T09:30:00"}],
    )
    await sandbox.fault_settings(glitch="move_none", glitch_seconds=600, hidden_ids=[int(hidden)])
    await sandbox.change(company, move=[{"id": int(moving), "start": f"{tomorrow}T09:45:00"}])
    await sandbox.clear_request_log()

    last = (await run(asker, clinic, days=4))[-1]
    assert (last["event"], last["stats"]["appointments_removed"], last["removals_held"]) == ("completed", 3, 0)
    assert codes(last) == ["calendar_contradicted"]
    reasons = await removed(pool)
    assert str(reasons.pop(cancelled)[1]).startswith("cancelled: ")
    assert reasons == {deleted: ("identity", "deleted"), gone: ("identity", f"moved to {later} 09:30")}
    [row] = await pool.fetch(
        "select date, start_time from schedule_appointments where neo_appointment_id = $1", moving
    )
    assert (row["date"], f"{row['start_time']}") == (tomorrow, "09:45:00")
    assert len(await sandbox.request_log(kind="lookup")) == 5
    assert len(await sandbox.request_log(kind="calendar")) == 1, "nothing is left for a second look"

    await sandbox.fault_settings(glitch=None, hidden_ids=[], hide_cancelled=False)
    last = (await run(asker, clinic, days=4))[-1]
    assert (last["event"], last["warnings"]) == ("completed", [])
    await agrees(pool, sandbox, clinic, days=4)
    assert set(await removed(pool)) == {deleted, gone}, "a restored appointment has no reason any more"


class TestFew:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"REMOVAL_LOOKUPS": "2"}

    async def test_what_is_not_looked_up_stays_until_it_is_or_the_portal_lacks_the_call(
        self,
        system: System,
        sandbox: SandboxProcess,
        clinics: list[SandboxClinic],
        asker: Asker,
        pool: asyncpg.Pool,
    ) -> None:
        clinic, company = clinics[0], clinics[0].company_id
        system.everything()
        await run(asker, clinic, days=4)
        await sandbox.change(
            company, delete=[int(one["neo_appointment_id"]) for one in await visits(sandbox, clinic, 3)]
        )
        last = (await run(asker, clinic, days=4))[-1]
        assert (last["stats"]["appointments_removed"], codes(last)) == (2, ["removals_not_checked"])
        assert "REMOVAL_LOOKUPS=2" in last["warnings"][0]["message"]
        last = (await run(asker, clinic, days=4))[-1]
        assert (last["stats"]["appointments_removed"], codes(last)) == (1, [])
        await agrees(pool, sandbox, clinic, days=4)

        await sandbox.fault_settings(lookup_call="absent")
        for noticed, day in ((True, 1), (False, 2)):
            await sandbox.clear_request_log()
            [gone] = await visits(sandbox, clinic, 1, day)
            await sandbox.change(company, delete=[int(gone["neo_appointment_id"])])
            last = (await run(asker, clinic, days=4))[-1]
            assert last["stats"]["appointments_removed"] == 1, "two looks are the proof"
            assert codes(last) == (["removals_not_checked"] if noticed else [])
            assert len(await sandbox.request_log(kind="lookup")) == (2 if noticed else 0)
            assert (await removed(pool))[gone["neo_appointment_id"]] == ("two_looks", None)
