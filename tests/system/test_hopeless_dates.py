"""Two dates of fourteen that the portal never answers: the rest of the clinic, and its neighbour, notice nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from engine.store.vault import new_ring
from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.conftest import until
from tests.system.conftest import Asker, System
from tests.system.test_sync import DAYS, agrees, run

pytestmark = pytest.mark.anyio


def of_kind(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["event"] == kind]


async def test_two_dates_that_always_answer_500_fail_alone(
    system: System, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    system.everything(scrapers=2)
    failing, neighbour = clinics[:2]
    # Days on which the clinic is open.
    open_days = [day for n in range(DAYS) if (day := failing.today + timedelta(days=n)).isoweekday() < 6]
    hopeless = [str(open_days[1]), str(open_days[5])]
    rules = [{"mode": "status", "status": 500, "date": day} for day in hopeless]
    await sandbox.fault_settings(company_id=failing.company_id, fail=rules)
    sync = asyncio.create_task(run(asker, failing))

    async def has_failed_often() -> bool:
        retries = "select count(*) from idexx_sync.schedule_sync_events where event = 'date_retrying'"
        return bool(await pool.fetchval(retries) >= 8)

    await until(has_failed_often, timeout=60)
    events = await run(asker, neighbour)
    assert events[-1]["event"] == "completed"
    assert not of_kind(events, "date_retrying"), "nothing of the neighbour has waited"
    await agrees(pool, sandbox, neighbour)

    events = await sync
    last = events[-1]
    assert (last["event"], last["partial_success"], last["failed_dates"]) == ("completed", True, hopeless)
    assert [(error["date"], error["reason"]) for error in last["errors"]] == [
        (day, "portal_unavailable") for day in hopeless
    ]
    reasons = {event["reason"] for event in of_kind(events, "date_retrying")}
    assert reasons == {"portal_unavailable"}, "no try was lost to a pause"


async def test_a_worker_with_another_key_leaves_its_dates_to_the_others(
    system: System, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    system.gateway()
    for queue in ("coordinator", "reconciler"):
        system.worker(queue)
    right, wrong = system.environment["ENCRYPTION_KEY"], new_ring()
    system.environment["ENCRYPTION_KEY"] = wrong
    system.worker("date_scraper", "wrong")
    sync = asyncio.create_task(run(asker, clinics[0], days=3))

    async def is_left() -> bool:
        reason = (
            "select count(*) from idexx_sync.schedule_sync_dates"
            " where reason = 'wrong_encryption_key' and attempts = 0"
        )
        return bool(await pool.fetchval(reason))

    await until(is_left)
    system.environment["ENCRYPTION_KEY"] = right
    system.worker("date_scraper", "right")
    events = await sync
    assert (events[-1]["event"], events[-1]["failed_dates"]) == ("completed", [])
    assert {event["reason"] for event in of_kind(events, "date_retrying")} == {"wrong_encryption_key"}
    said = system.log("wrong")
    assert "worker_has_wrong_key" in said
    for ring in (right, wrong):
        assert ring.partition(":")[0] in said
