"""The claims of a worker: it releases those that another worker has taken over, even if the message was lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from actors.runtime.claim_heartbeats import ClaimHeartbeats
from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.lookups import Lookups
from engine.removals import RemovalLimit
from engine.steps.cancel import cancel
from engine.steps.look_up import look_up_appointments
from engine.store.clinics import set_credentials
from engine.store.database import Database
from engine.store.vault import Vault, new_ring
from tests.store.test_login_failures import harness
from tests.store.test_syncs import LIMITS, TODAY, TOMORROW, ask, take

pytestmark = pytest.mark.anyio

#: An appointment of the clinic $1 that the sync $2 has to look up.
MISSING = """
    with missing as (
        insert into public.schedule_appointments (clinic_id, neo_appointment_id, date, start_time, end_time, status)
        values ($1, '7', '2026-03-02', '09:00', '09:30', 'scheduled') returning id
    )
    insert into idexx_sync.appointment_lookups (sync_id, appointment_id, portal_id) select $2, id, '7' from missing
"""


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


async def test_work_without_a_claim_ends_with_its_sync_even_if_the_message_was_lost(
    database: Database, clinic: Clinic
) -> None:
    ending, other = [(await ask(database, clinic)).sync_id for _ in range(2)]
    holds, reached = ClaimHeartbeats(database), list[str]()

    class Portal:
        async def look_up(self, *_: object, **__: object) -> Lookups:
            assert len(holds) == 0, "no date is claimed"
            await holds.send()
            await cancel(database, clinic, ending, LIMITS, RemovalLimit())
            reached.append("cancelled")
            await holds.send()
            await asyncio.sleep(60)
            raise AssertionError

    vault = Vault.from_ring(new_ring())
    async with database.connection() as connection:
        await set_credentials(connection, vault, clinic.id, Credentials("desk", "secret"))
        await connection.execute(MISSING, clinic.id, ending)
    context = replace(harness(database, vault, "seen"), portal=Portal(), watch=holds.watch)  # type: ignore[arg-type]
    async with asyncio.timeout(20), holds.watch(other):
        await look_up_appointments(context, ending)
        reached.append("let go")
        await holds.send()
        reached.append("the other still")
        holds.stop(other)
        await asyncio.sleep(60)
    assert reached == ["cancelled", "let go", "the other still"]
