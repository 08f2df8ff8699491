"""The metrics of a running system against what happened in it."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from actors.metrics import CATALOGUE, table
from actors.metrics.__main__ import PAGE
from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.calendar_days import first_days
from tests.conftest import until
from tests.http.conftest import url_of
from tests.metrics.reading import OPENMETRICS, Samples, promtool, scrape, total
from tests.system.conftest import Asker, System

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parent.parent.parent


async def run(asker: Asker, clinic: SandboxClinic, days: int) -> list[dict[str, Any]]:
    accepted = await asker.ask("sync", clinic.slug, first_days(days))
    return await asker.events(clinic.slug, accepted["sync_id"])


async def test_what_is_counted_is_what_happened_however_many_processes_did_it(
    system: System,
    gateway: httpx.AsyncClient,
    clinics: list[SandboxClinic],
    sandbox: SandboxProcess,
    asker: Asker,
    pool: asyncpg.Pool,
) -> None:
    for queue, name in (
        ("coordinator", "coordinator"),
        ("reconciler", "reconciler"),
        ("date_scraper", "scraper-1"),
        ("date_scraper", "scraper-2"),
    ):
        await asyncio.to_thread(system.worker, queue, name)
    await pool.execute("update clinics set max_age_seconds = 3600 where slug = $1", clinics[0].slug)
    before = await scrape(gateway)
    assert before['sync_total{outcome="completed"}'] == 0, "a counter is there before it counts"
    assert before["browser_pool_total"] == before["browser_pool_available"] == 2

    lives = await asyncio.gather(*(run(asker, clinic, 4) for clinic in clinics))
    events = [event for life in lives for event in life]
    done = [event for event in events if event["event"] == "date_completed"]
    # An event is counted by the process that has published it, soon after: the last one may be counted first.
    for counter, value in (("sync_total", len(clinics)), ("sync_dates_total", len(done))):
        await until(partial(counted, gateway, f'{counter}{{outcome="completed"}}', value))
    samples = await until(partial(whole, gateway))
    assert samples['sync_dates_total{outcome="completed"}'] == len(done) == 4 * len(clinics)
    assert samples['sync_appointments_total{action="added"}'] == sum(event["added"] for event in done)
    assert samples["sync_duration_seconds_count"] == len(clinics)
    ended = [event["duration_ms"] / 1000 for event in events if event["event"] == "completed"]
    assert samples["sync_duration_seconds_sum"] == pytest.approx(sum(ended))
    calls = await sandbox.request_log()
    assert (
        total(samples, "portal_requests_total") == len(calls) == samples["portal_request_duration_seconds_count"]
    )
    assert samples["rate_limit_wait_seconds_count"] > 0
    for clinic in clinics:
        assert samples[f'last_successful_sync_timestamp_seconds{{clinic="{clinic.slug}"}}'] > 1e9
        assert samples[f'clinic_login_rejected{{clinic="{clinic.slug}"}}'] == 0
    goals = {name: value for name, value in samples.items() if name.startswith("clinic_freshness_goal_seconds")}
    assert goals == {f'clinic_freshness_goal_seconds{{clinic="{clinics[0].slug}"}}': 3600}, (
        "reported if there is one"
    )
    assert samples['mailbox_limit{actor="date_scraper"}'] == 1000
    portal = sandbox.url.partition("://")[2]
    assert samples[f'portal_circuit_breaker_open{{portal="{portal}"}}'] == samples["circuit_breaker_open"] == 0
    reported = {name.partition("{")[0] for name in samples}
    unreported = {name for metric in CATALOGUE for name in metric.series} - reported
    wrong = {"clinic_sync_failing", "clinic_needs_attention", "installation_needs_attention"}
    assert unreported == wrong, "every metric is reported, except failures, because nothing fails"

    text = (await gateway.get("/metrics")).text
    assert promtool("check", "metrics", given=text) == ""
    openmetrics = (await gateway.get("/metrics", headers=OPENMETRICS)).text
    assert openmetrics.endswith("# EOF\n")
    ids = {event["sync_id"] for event in events}
    assert not any(sync_id in text for sync_id in ids), "no id is a label"

    await asyncio.to_thread(system.kill, "scraper-1")
    await until(lambda: counted(gateway, "browser_pool_total", 1))
    after = await scrape(gateway)
    assert total(after, "portal_requests_total") == len(calls), "the dead leave their counts"
    await asyncio.to_thread(system.kill, "gateway")
    await asyncio.to_thread(system.gateway, "restarted")
    async with httpx.AsyncClient(base_url=url_of(system, "restarted")) as again:
        after = await scrape(again)
    assert after['sync_total{outcome="completed"}'] == len(clinics)


async def test_one_gateway_reports_the_cluster_and_after_its_death_the_next_one(
    system: System, gateway: httpx.AsyncClient, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    await asyncio.to_thread(system.gateway, "second")
    await pool.execute("update clinics set login_failure = 'login_rejected' where slug = $1", clinics[0].slug)
    await asker.ask("sync", clinics[1].slug, {"days_ahead": 1})
    async with httpx.AsyncClient(base_url=url_of(system, "second")) as second:
        first = await until(partial(whole, gateway))
        await until(partial(counted, second, "sync_queue_active", None))
        assert (first["sync_queue_active"], first["sync_queue_queued"]) == (1, 0)
        assert first[f'clinic_login_rejected{{clinic="{clinics[0].slug}"}}'] == 1
        assert first[f'last_successful_sync_timestamp_seconds{{clinic="{clinics[1].slug}"}}'] == 0
        assert first['mailbox_messages{actor="coordinator"}'] >= 1
        await asyncio.to_thread(system.kill, "gateway")
        await until(lambda: counted(second, "sync_queue_active", 1))


class TestASmallMailbox:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"MAILBOX_SIZE_DATE_SCRAPER": "1"}

    async def test_a_full_mailbox_is_counted(
        self, system: System, gateway: httpx.AsyncClient, clinics: list[SandboxClinic], asker: Asker
    ) -> None:
        await asyncio.to_thread(system.worker, "coordinator")
        await asker.ask("sync", clinics[0].slug, {"days_ahead": 21})
        await until(lambda: counted(gateway, 'mailbox_messages{actor="date_scraper"}', 1))

        async def refused() -> bool:
            return (await scrape(gateway))['mailbox_rejections_total{actor="date_scraper"}'] >= 1

        await until(refused)
        health = (await gateway.get("/health")).json()
        assert health["checks"]["mailboxes"]["status"] == "warn"
        assert "date_scraper 1/1" in health["checks"]["mailboxes"]["message"]


def test_the_page_of_metrics_is_as_the_code_says() -> None:
    written = (ROOT / "docs" / "metrics.md").read_text()
    assert written == PAGE + table(), "run `python -m actors.metrics > docs/metrics.md`"


async def whole(client: httpx.AsyncClient) -> Samples | None:
    """Every sample, when both servers have answered in time, as they may not on a busy machine."""
    samples = await scrape(client)
    answered = [samples.get(f'dependency_up{{dependency="{name}"}}') for name in ("nats", "database")]
    return samples if answered == [1, 1] else None


async def counted(client: httpx.AsyncClient, name: str, value: float | None) -> bool:
    """None: it is not reported."""
    return (await scrape(client)).get(name) == value
