"""A new clinic whose configuration cannot be read, through the whole system and a real browser."""

from __future__ import annotations

import asyncpg
import pytest

from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.system.conftest import Asker, System
from tests.system.test_sync import run

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings() -> dict[str, str]:
    """Has the configuration read in each sync."""
    return {"CONFIGURATION_MAX_AGE_MS": "0"}


async def offered(pool: asyncpg.Pool) -> dict[int, set[str]]:
    """The times of the open slots by weekday, Sunday as 0."""
    rows = await pool.fetch(
        "select extract(dow from date)::int as day, start_time from schedule_slots where not is_closed"
    )
    times: dict[int, set[str]] = {}
    for row in rows:
        times.setdefault(row["day"], set()).add(f"{row['start_time']:%H:%M}")
    return times


async def test_a_new_clinic_offers_nothing_until_its_configuration_is_read(
    system: System, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    system.everything()
    clinic = clinics[0]
    await sandbox.fault_settings(fail=[{"on": ["config"], "mode": "status", "status": 500}])
    last = (await run(asker, clinic, days=7))[-1]
    assert last["event"] == "completed"
    warning = {
        "code": "configuration_not_read",
        "message": "portal_unavailable: the portal returned 500"
        " (no slots are offered without opening hours, a slot interval, columns)",
    }
    assert warning in last["warnings"]
    status = await asker.ask("status", clinic.slug)
    assert warning in status["sync"]["warnings"]
    assert await offered(pool) == {}
    assert await pool.fetchval("select count(*) from schedule_appointments") > 0

    await sandbox.fault_settings(fail=[])
    last = (await run(asker, clinic, days=7))[-1]
    assert "configuration_not_read" not in {warning["code"] for warning in last["warnings"]}
    times = await offered(pool)
    assert set(times) == {1, 2, 3, 4, 5, 6}, "closed on Sundays"
    assert (min(times[1]), max(times[1])) == ("08:00", "17:45")
    assert not times[1] & {"12:00", "12:15", "12:30", "12:45"}, "lunch"
    assert (min(times[6]), max(times[6])) == ("09:00", "13:45")
    assert set(await pool.fetch("select distinct capacity from schedule_slots")) == {(6,)}

    await sandbox.fault_settings(config_missing=["businessHours"])
    last = (await run(asker, clinic, days=7))[-1]
    assert "businessHours is missing" in next(
        warning["message"] for warning in last["warnings"] if warning["code"] == "configuration_not_read"
    )
    assert await offered(pool) == times
