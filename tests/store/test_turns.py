"""One clinic's writers take turns; clinics do not wait for each other."""

import asyncio
import random

import asyncpg
import pytest

from engine.store.database import Database
from engine.store.reconciling import lock_clinic, reconcile_snapshot
from engine.store.server_errors import StatementRefused
from tests.store.harness import Harness, appointment, by_key, on, snapshot

pytestmark = pytest.mark.anyio


async def test_a_clinics_writers_take_turns_and_other_clinics_do_not_wait(pool: asyncpg.Pool) -> None:
    one, other = await Harness.open(pool), await Harness.open(pool)
    syncs = {harness: await harness.start_sync(0, 0) for harness in (one, other)}
    seen = snapshot(0, 0, [appointment(1)])
    async with pool.acquire() as connection, connection.transaction():
        await lock_clinic(connection, one.clinic.id)
        waiting = asyncio.create_task(one.scrape(syncs[one], seen))
        await other.scrape(syncs[other], seen)
        assert not waiting.done()
        assert await one.stored() == {}
    await waiting
    assert await one.stored() == by_key(appointment(1))


async def test_the_lock_may_be_taken_again_within_the_transaction(harness: Harness) -> None:
    async with harness.pool.acquire() as connection, connection.transaction():
        await lock_clinic(connection, harness.clinic.id)
        await lock_clinic(connection, harness.clinic.id)


async def test_an_error_while_a_date_is_read_is_reported_like_any_other(
    harness: Harness, database: Database
) -> None:
    sync = await harness.start_sync(0, 0)

    async def reconcile_without_patience() -> None:
        async with database.transaction() as impatient:
            await impatient.execute("set local lock_timeout = '1ms'")
            await reconcile_snapshot(impatient, harness.clinic.id, sync, snapshot(0, 0, [appointment(1)]))

    async with harness.pool.acquire() as connection, connection.transaction():
        await lock_clinic(connection, harness.clinic.id)
        with pytest.raises(StatementRefused):
            await reconcile_without_patience()
    assert await harness.stored() == {}


@pytest.mark.parametrize("seed", range(3))
async def test_syncs_that_reconcile_at_the_same_moment_end_with_the_newest_scrapes(
    harness: Harness, seed: int
) -> None:
    """Three syncs of five days, all at once: appointment `k` stands on day `(k + sync) % 5` in each of them."""
    syncs = [await harness.start_sync(0, 4) for _ in range(3)]
    shown = [
        [on(appointment(key), (key + round_) % 5, notes=f"seen by {round_}") for key in range(10)]
        for round_ in range(3)
    ]
    work = [
        harness.scrape(sync, snapshot(n, 10 * round_ + n, [one for one in shown[round_] if one.date.day == n + 2]))
        for round_, sync in enumerate(syncs)
        for n in range(5)
    ]
    random.Random(seed).shuffle(work)
    await asyncio.gather(*work)
    for sync in syncs:
        await harness.end(sync)
    assert await harness.stored() == by_key(*shown[2])
