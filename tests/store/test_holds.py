"""The claims of a worker: it releases those that another worker has taken over, even if the message was lost."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from actors.runtime.claim_heartbeats import ClaimHeartbeats
from engine.clinic import Clinic
from engine.store.database import Database
from tests.store.test_syncs import TODAY, TOMORROW, ask, take

pytestmark = pytest.mark.anyio


async def test_with_the_next_sign_of_life_a_worker_lets_go_of_what_another_took_and_of_nothing_else(
    database: Database, clinic: Clinic
) -> None:
    sync_id = (await ask(database, clinic)).sync_id
    mine, lost = await take(database, sync_id, TOMORROW), await take(database, sync_id, TODAY)
    holds = ClaimHeartbeats(database)
    reached: list[str] = []
    async with asyncio.timeout(20), holds.hold([mine]):
        async with holds.hold([lost]):
            holds.stop(uuid4())  # another sync has ended
            await holds.send()
            await take(database, sync_id, TODAY, silent_after=0.0)
            reached.append("taken by another")
            await holds.send()
            await asyncio.sleep(60)
        reached.append("let go")
        await holds.send()
        reached.append("mine still")
    assert reached == ["taken by another", "let go", "mine still"]


async def test_a_second_cancel_during_release_releases_everything(database: Database, clinic: Clinic) -> None:
    sync_id = (await ask(database, clinic)).sync_id
    claims = [await take(database, sync_id, day) for day in (TODAY, TOMORROW)]
    holds = ClaimHeartbeats(database)
    cleans_up, cleaned_up = asyncio.Event(), asyncio.Event()

    async def work(first: bool) -> None:
        async with holds.hold([claims[0] if first else claims[1]]):
            try:
                await asyncio.sleep(60)
            finally:
                if first:
                    cleans_up.set()
                    await cleaned_up.wait()

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(work(first=True))
        await asyncio.sleep(0)
        holds.stop(sync_id)
        await cleans_up.wait()
        late = group.create_task(work(first=False))
        await asyncio.sleep(0)
        holds.stop(sync_id)
        await late
        cleaned_up.set()
