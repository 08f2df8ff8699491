"""The figures of all clinics for monitoring."""

from __future__ import annotations

import asyncpg
import pytest

from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.failure import Failure, Reason
from engine.steps.give_up import give_up_dates
from engine.store.clinics import set_credentials
from engine.store.database import Database
from engine.store.monitoring import ClinicFigures, clinic_figures, sync_figures
from engine.store.vault import Vault, new_ring
from tests.store.test_syncs import TODAY, ask, step, take

pytestmark = pytest.mark.anyio

MINUTES_AGO = "clock_timestamp() - interval '5 minutes'"


@pytest.fixture
async def known(clinic: Clinic, pool: asyncpg.Pool) -> Clinic:
    """A clinic with credentials."""
    async with pool.acquire() as connection:
        await set_credentials(connection, Vault.from_ring(new_ring()), clinic.id, Credentials("desk", "x", None))
    return clinic


async def figures(database: Database) -> ClinicFigures:
    async with database.connection() as connection:
        [found] = await clinic_figures(connection)
    return found


async def silence(database: Database) -> float:
    async with database.connection() as connection:
        return (await sync_figures(connection)).silence


async def test_a_sync_is_as_silent_as_its_liveliest_date(
    database: Database, known: Clinic, pool: asyncpg.Pool
) -> None:
    sync_id = (await ask(database, known)).sync_id
    await step(database, sync_id)
    await take(database, sync_id, TODAY)
    await pool.execute(f"update schedule_syncs set heartbeat_at = {MINUTES_AGO}")
    assert await silence(database) < 60, "its date was taken just now"
    await pool.execute(
        f"update idexx_sync.schedule_sync_dates set heartbeat_at = {MINUTES_AGO} where status = 'scraping'"
    )
    assert await silence(database) >= 300


async def test_what_keeps_a_clinic_from_being_fresh_has_a_name(
    database: Database, known: Clinic, pool: asyncpg.Pool
) -> None:
    assert (await figures(database)).failing is None
    sync_id = (await ask(database, known, days=2)).sync_id
    await step(database, sync_id)
    await pool.execute(f"update schedule_syncs set started_at = {MINUTES_AGO}")
    assert (await figures(database)).running_seconds >= 300

    days = [TODAY, TODAY.replace(day=TODAY.day + 1)]
    await give_up_dates(database, sync_id, days, Failure(Reason.PORTAL_CHANGED, "no field has an id"))
    await step(database, sync_id)
    found = await figures(database)
    assert (found.failing, found.running_seconds) == ("portal_changed", 0)

    await ask(database, known)
    assert (await figures(database)).failing == "portal_changed", "the one that runs now has not ended"


async def test_a_sync_that_timed_out_says_so(database: Database, known: Clinic, pool: asyncpg.Pool) -> None:
    sync_id = (await ask(database, known)).sync_id
    await pool.execute(f"update schedule_syncs set deadline_at = {MINUTES_AGO}")
    await step(database, sync_id)
    assert (await figures(database)).failing == "timed_out"
