"""How a sync ends: each date that was not read has its last reason, and closed days make nothing fresh."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import asyncpg
import pytest

from actors.views.clinics import one_clinic
from engine.clinic import Clinic
from engine.failure import Failure, Reason
from engine.schedule import ScheduleConfig, same_hours
from engine.steps.cancel import cancel
from engine.steps.give_up import give_up_dates
from engine.steps.reconcile import reconcile_date
from engine.store.clinics import set_goal
from engine.store.database import Database
from engine.store.reconciling import save_schedule_config
from engine.store.syncs import claims
from engine.store.syncs import dates as sync_dates
from engine.store.syncs.events import events_after
from engine.sync import Limits, SyncStatus
from tests.store.test_syncs import FENCE, LIMITS, TODAY, ask, see, step, stored, take

pytestmark = pytest.mark.anyio

LOST = Failure(Reason.PORTAL_UNAVAILABLE, "the portal answered 500")
SUNDAY = TODAY + timedelta(days=6)


@pytest.fixture
async def weekdays(database: Database, clinic: Clinic) -> None:
    """The clinic is known to be closed on Sundays."""
    async with database.transaction() as connection:
        await save_schedule_config(connection, clinic.id, ScheduleConfig(same_hours(range(1, 7), 480, 1080)))


async def read(database: Database, clinic: Clinic, sync_id: UUID, day: date) -> None:
    await see(database, clinic, await take(database, sync_id, day), f"on {day}")
    await reconcile_date(database, sync_id, day)


async def start_with_a_failing_date(database: Database, clinic: Clinic, limits: Limits) -> UUID:
    """A sync of three dates: the first waits for its next try, the second was scraped, the third has not begun."""
    sync_id = (await ask(database, clinic, limits=limits)).sync_id
    claim = await take(database, sync_id, TODAY)
    async with database.transaction() as connection:
        await claims.retry(connection, claim, LOST, 30.0)
    await see(database, clinic, await take(database, sync_id, TODAY + timedelta(days=1)), "a")
    return sync_id


async def test_a_date_that_is_not_asked_for_any_more_keeps_what_its_last_call_found(
    database: Database, clinic: Clinic
) -> None:
    pause = Failure(Reason.CIRCUIT_OPEN, "not asked: calls pause", 1.0, was_asked=False)
    sync_id = (await ask(database, clinic)).sync_id
    for day in (TODAY, TODAY + timedelta(days=1)):
        for failure in (LOST, pause) if day == TODAY else (pause,):
            claim = await take(database, sync_id, day)
            async with database.transaction() as connection:
                await claims.retry(connection, claim, failure, 0.0)
        claim = await take(database, sync_id, day)
        async with database.transaction() as connection:
            await sync_dates.fail(connection, sync_id, day, pause, claim.token)
    async with database.connection() as connection:
        dates = await sync_dates.dates_of(connection, sync_id)
        failures = [
            event for event in await events_after(connection, sync_id, 0) if event["event"] == "date_failed"
        ]
    found = [(LOST.reason, LOST.message), (pause.reason, pause.message)]
    assert [(state.reason, state.message) for state in dates[:2]] == found
    assert [(event["reason"], event["message"]) for event in failures] == found


@pytest.mark.parametrize("ending", ["timed_out", "stale", "cancelled"])
async def test_whatever_ends_a_sync_names_each_open_date_with_its_last_reason(
    database: Database, clinic: Clinic, pool: asyncpg.Pool, ending: str
) -> None:
    limits = Limits(sync_timeout=0.0 if ending == "timed_out" else 300.0)
    sync_id = await start_with_a_failing_date(database, clinic, limits)
    if ending == "cancelled":
        await cancel(database, clinic, sync_id, limits, FENCE)
    elif ending == "stale":
        await pool.execute(
            "update schedule_syncs set heartbeat_at = now() - interval '1 day' where id = $1", sync_id
        )
    await step(database, sync_id, limits)
    sync = await stored(database, sync_id)
    days = [str(TODAY + timedelta(days=n)) for n in range(3)]
    assert sync.error_details == [
        {"date": days[0], "reason": "portal_unavailable", "message": "the portal answered 500"},
        {
            "date": days[1],
            "reason": "sync_ended",
            "message": "the sync ended before what was read of this date was stored",
        },
        {"date": days[2], "reason": "sync_ended", "message": "the sync ended before this date was read"},
    ]
    assert list(sync.failed_dates) == days


@pytest.mark.usefixtures("weekdays")
async def test_a_closed_day_that_was_read_saves_no_sync_whose_open_dates_all_failed(
    database: Database, clinic: Clinic
) -> None:
    sync_id = (await ask(database, clinic, days=7)).sync_id
    await read(database, clinic, sync_id, SUNDAY)
    await give_up_dates(database, sync_id, [TODAY + timedelta(days=n) for n in range(6)], LOST)
    await step(database, sync_id)
    sync = await stored(database, sync_id)
    assert (sync.status, sync.partial_success) == (SyncStatus.FAILED, False)
    assert sync.error_message == LOST.message


@pytest.mark.usefixtures("weekdays")
async def test_a_clinic_is_as_fresh_as_the_oldest_open_date_of_its_last_completed_sync(
    database: Database, clinic: Clinic, pool: asyncpg.Pool
) -> None:
    async with database.transaction() as connection:
        await set_goal(connection, clinic, 3600)

    async def sync(*failing: date) -> tuple[str | None, bool | None]:
        sync_id = (await ask(database, clinic, days=7, limits=LIMITS)).sync_id
        for n in range(7):
            day = TODAY + timedelta(days=n)
            if day in failing:
                await give_up_dates(database, sync_id, [day], LOST)
            else:
                await read(database, clinic, sync_id, day)
        await step(database, sync_id)
        async with database.connection() as connection:
            about = await one_clinic(connection, clinic)
        return about["fresh_as_of"], about["is_fresh"]

    never_read = await sync(TODAY)
    assert never_read == (None, False), "one date was never read"
    assert (await sync(SUNDAY))[1], "on that day the clinic is closed"
    await pool.execute(
        "update idexx_sync.schedule_sync_dates set finished_at = finished_at - interval '50 minutes'"
    )
    assert (await sync(TODAY))[1], "fifty minutes ago it was read"
    await pool.execute(
        "update idexx_sync.schedule_sync_dates set finished_at = finished_at - interval '50 minutes'"
    )
    assert (await sync(TODAY))[1] is False
    assert (await sync())[1]
