"""How a sync ends when it is cancelled, when it times out, and when the processes that work on it die."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import asyncpg
import pytest

from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.calendar_days import first_days
from tests.conftest import until
from tests.system.conftest import Asker, System
from tests.system.test_sync import agrees, run

pytestmark = pytest.mark.anyio

#: Calendar calls of a fortnight that has been read before: one for each week.
WARM_CALLS = 2


async def hanging_calls(sandbox: SandboxProcess) -> int:
    """Calls for data that the portal has seen, and whose caller still waits."""
    calls = await sandbox.request_log(kind="calendar")
    return sum(call.done_at is None and call.gone_at is None for call in calls)


async def none_waits(sandbox: SandboxProcess) -> bool:
    return await hanging_calls(sandbox) == 0


async def sign_in_first(asker: Asker, sandbox: SandboxProcess, clinic: SandboxClinic) -> None:
    """Has the clinic's session ready, so that a slow portal is slow at its calendar only."""
    assert (await run(asker, clinic, days=1))[-1]["event"] == "completed"
    await sandbox.clear_request_log()


async def sync_first(asker: Asker, sandbox: SandboxProcess, *clinics: SandboxClinic) -> None:
    """Has a fortnight of each clinic stored."""
    for events in await asyncio.gather(*(run(asker, clinic) for clinic in clinics)):
        assert events[-1]["event"] == "completed"
    await sandbox.clear_request_log()


async def start_hanging(
    asker: Asker, sandbox: SandboxProcess, clinic: SandboxClinic, days: int = 5
) -> dict[str, Any]:
    await sandbox.fault_settings(latency_ms=60_000)
    accepted: dict[str, Any] = await asker.ask("sync", clinic.slug, first_days(days))

    async def both_hang() -> bool:
        # One call for all days, and one for the last of them, of which nothing is stored.
        return await hanging_calls(sandbox) == 2

    await until(both_hang)
    return accepted


async def test_a_cancel_ends_the_calls_in_flight_and_the_browser_stays_usable(
    system: System, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    system.everything()
    clinic = clinics[0]
    await sign_in_first(asker, sandbox, clinic)
    accepted = await start_hanging(asker, sandbox, clinic)
    stops = await asker.client.subscribe(f"{asker.prefix}.ctl.stop.*")
    reply = await asker.ask("cancel", clinic.slug, {"sync_id": accepted["sync_id"]})
    assert (reply["ok"], reply["status"]) == (True, "cancelled")
    stop = await stops.next_msg(timeout=10)  # without it, the calls would go on until the next sign of life
    assert stop.subject.endswith(accepted["sync_id"])
    await until(lambda: none_waits(sandbox))
    events = await asker.events(clinic.slug, accepted["sync_id"])
    assert [event["event"] for event in events if event["status"] == "cancelled"] == ["cancelled"]
    again = await asker.ask("cancel", clinic.slug, {"sync_id": accepted["sync_id"]})
    assert (again["ok"], again["status"]) == (True, "cancelled")
    calls = len(await sandbox.request_log(kind="calendar"))
    await sandbox.fault_settings(latency_ms=0)
    assert (await run(asker, clinic, days=2))[-1]["event"] == "completed"
    assert len(await sandbox.request_log(kind="calendar")) == calls + 2, "nothing was asked for the cancelled sync"


async def test_what_is_queued_never_starts_once_it_is_cancelled(
    system: System, clinics: list[SandboxClinic], asker: Asker
) -> None:
    system.gateway()
    slug = clinics[0].slug
    replies = [await asker.ask("sync", slug, {"days_ahead": 1}) for _ in range(3)]
    waiting = replies[2]
    assert (waiting["status"], waiting["position"]) == ("queued", 1)
    assert (await asker.ask("cancel", slug, {"sync_id": waiting["sync_id"]}))["ok"]
    names = [event["event"] for event in await asker.events(slug, waiting["sync_id"])]
    assert names == ["accepted", "queued", "cancelled"]


async def test_a_sync_whose_time_is_up_ends_also_when_every_coordinator_is_dead(
    system: System, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    system.everything()
    clinic = clinics[0]
    await sign_in_first(asker, sandbox, clinic)
    accepted = await start_hanging(asker, sandbox, clinic)
    system.kill("coordinator")
    # Its time is up now: a short SYNC_TIMEOUT_MS would end the first sync as well, where the machine is busy.
    await pool.execute("update schedule_syncs set deadline_at = now() where id = $1", accepted["sync_id"])
    events = await asker.events(clinic.slug, accepted["sync_id"])
    assert events[-1]["event"] == "timed_out"
    assert "SYNC_TIMEOUT_MS" in events[-1]["message"]
    await until(lambda: none_waits(sandbox))


async def test_thirty_requests_through_two_gateways_are_decided_as_by_one(
    system: System, clinics: list[SandboxClinic], asker: Asker
) -> None:
    system.everything()
    system.gateway("gateway-2")
    slug = clinics[0].slug
    replies = await asyncio.gather(*(asker.ask("sync", slug, first_days(2)) for _ in range(30)))
    kinds = Counter(reply.get("status") or reply["error"]["reason"] for reply in replies)
    assert kinds == {"in_progress": 2, "queued": 10, "queue_full": 18}
    accepted = sorted((reply for reply in replies if reply["ok"]), key=lambda reply: reply["position"])
    ends = [await asker.events(slug, reply["sync_id"]) for reply in accepted]
    assert {events[-1]["event"] for events in ends} == {"completed"}
    starts = [next(e["at"] for e in events if e["event"] == "started") for events in ends]
    assert starts[2:] == sorted(starts[2:]), "those that waited started in the order they came"


async def test_processes_that_are_asked_to_stop_end_in_order_and_lose_nothing(
    system: System, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    system.everything()
    clinic = clinics[0]
    await sync_first(asker, sandbox, clinic)
    await sandbox.fault_settings(latency_ms=200)
    accepted = await asker.ask("sync", clinic.slug, first_days(14))

    async def under_way() -> bool:
        return bool(await sandbox.request_log(kind="calendar"))

    await until(under_way)
    for name in list(system.processes):
        assert system.stop(name) == 0, system.log(name)
    assert "Traceback" not in system.logs()
    system.everything()
    events = await asker.events(clinic.slug, accepted["sync_id"])
    assert events[-1]["event"] == "completed", events[-1]
    assert len(await sandbox.request_log(kind="calendar")) == WARM_CALLS, (
        "what was being done was finished, not done twice"
    )
    await agrees(pool, sandbox, clinic)


async def test_a_rolling_restart_under_load_loses_nothing_and_repeats_nothing(
    system: System, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    system.everything(scrapers=2)
    await sync_first(asker, sandbox, *clinics)
    await sandbox.fault_settings(latency_ms=300)
    accepted = {c.slug: await asker.ask("sync", c.slug, first_days(14)) for c in clinics}
    for name in ("date_scraper-0", "coordinator", "date_scraper-1", "reconciler"):
        assert system.stop(name) == 0, system.log(name)
        system.worker(name.partition("-")[0], name)
    assert system.stop("gateway") == 0
    system.gateway()
    for clinic in clinics:
        events = await asker.events(clinic.slug, accepted[clinic.slug]["sync_id"])
        assert events[-1]["event"] == "completed", events[-1]
        await agrees(pool, sandbox, clinic)
    assert len(await sandbox.request_log(kind="calendar")) == WARM_CALLS * len(clinics)


class TestShortSpans:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"SCRAPE_SPAN_DAYS": "2"}

    async def test_everything_dies_at_once_and_goes_on_after_the_restart(
        self,
        system: System,
        sandbox: SandboxProcess,
        clinics: list[SandboxClinic],
        asker: Asker,
        pool: asyncpg.Pool,
    ) -> None:
        await sandbox.fault_settings(latency_ms=300)
        system.everything()
        clinic = clinics[0]
        accepted = await asker.ask("sync", clinic.slug, first_days(14))

        async def a_third_is_done() -> bool:
            status = await asker.ask("status", clinic.slug, {"sync_id": accepted["sync_id"]})
            return bool(status["sync"]["dates_done"] >= 4)

        await until(a_third_is_done)
        for name in list(system.processes):
            system.kill(name)
        system.everything()
        events = await asker.events(clinic.slug, accepted["sync_id"])
        assert events[-1]["event"] == "completed", events[-1]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        await agrees(pool, sandbox, clinic)
