"""The extra calls of a sync: all of its spans together make no more than `SYNC_EXTRA_CALLS`."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.failure import Failure, Reason
from engine.steps.scrape_record import record_scrape
from engine.steps.scrape_task import ScrapeTask, claim_task
from engine.store.clinics import set_credentials
from engine.store.database import Database
from engine.store.reconciling.lookups import extra_calls_of
from engine.store.vault import Vault, new_ring
from tests.store.test_login_failures import harness
from tests.store.test_syncs import LIMITS, TODAY, TOMORROW, ask, step

pytestmark = pytest.mark.anyio


async def test_spans_that_run_at_the_same_time_share_the_limit_of_their_sync(
    database: Database, clinic: Clinic
) -> None:
    vault = Vault.from_ring(new_ring())
    async with database.connection() as connection:
        await set_credentials(connection, vault, clinic.id, Credentials("desk", "secret"))
    sync_id = (await ask(database, clinic)).sync_id
    await step(database, sync_id)
    context = replace(harness(database, vault, "seen"), limits=replace(LIMITS, extra_calls=10))
    tasks = [await claim_task(context, sync_id, day, 1) for day in (TODAY, TOMORROW)]
    calls = [task.extra_calls for task in tasks if isinstance(task, ScrapeTask)]
    taken = await asyncio.gather(*[each.take(6) for each in calls])
    assert sorted(taken) == [False, True]
    loser = calls[taken.index(False)]
    assert (loser.left, loser.used) == (4, 0), "it knows what the other one has left"
    taken = await asyncio.gather(*[each.take(1) for each in calls * 10])
    assert (sum(taken), sum(each.used for each in calls)) == (4, 10)
    assert not await loser.take(1)

    # Recording a scrape counts nothing a second time.
    for task in tasks:
        assert isinstance(task, ScrapeTask)
        found = dict.fromkeys(task.dates, Failure(Reason.CONNECTION_LOST, "cut"))
        assert (await record_scrape(context, task, found, None)).coordinate
    async with database.connection() as connection:
        assert await extra_calls_of(connection, sync_id) == 10
