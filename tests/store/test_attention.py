"""What needs a person: each thing appears, keeps its key and its time while it lasts, and ends."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from engine.attention import Attention, AttentionKind, command, message, remedy
from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.failure import Failure, Reason
from engine.steps.give_up import give_up_dates
from engine.store.attention import attention
from engine.store.clinics import add_clinic, get_credentials, mark_login_failure, set_credentials
from engine.store.database import Database
from engine.store.vault import Vault, new_ring
from tests.bookings.practice import BOOKING
from tests.store.test_syncs import TODAY, ask, step

pytestmark = pytest.mark.anyio

VAULT = Vault.from_ring(new_ring())
DAY = date(2099, 3, 2)


@pytest.fixture
async def known(clinic: Clinic, pool: asyncpg.Pool[Any]) -> Clinic:
    """A clinic with credentials."""
    async with pool.acquire() as connection:
        await set_credentials(connection, VAULT, clinic.id, Credentials("desk", "x", None))
    return clinic


async def items(pool: asyncpg.Pool[Any], clinic: Clinic | None = None) -> list[Attention]:
    async with pool.acquire() as connection:
        return await attention(connection, clinic.id if clinic else None)


async def only(pool: asyncpg.Pool[Any]) -> Attention:
    [found] = await items(pool)
    assert message(found).startswith("elm-street: ")
    assert remedy(found).endswith(".")
    return found


async def test_refused_credentials_last_from_the_first_refusal_until_others_are_set(
    pool: asyncpg.Pool[Any], known: Clinic
) -> None:
    async def refuse(reason: Reason | None) -> None:
        async with pool.acquire() as connection:
            stored = await get_credentials(connection, VAULT, known)
            await mark_login_failure(connection, known.id, stored, reason)

    assert await items(pool) == []
    await refuse(Reason.LOGIN_REJECTED)
    first = await only(pool)
    assert (first.kind, command(first)) == (AttentionKind.CREDENTIALS, "idexx-sync credentials set elm-street")
    await refuse(Reason.SECOND_FACTOR)
    second = await only(pool)
    assert (second.key, second.since) == (first.key, first.since)
    assert command(second) == "idexx-sync credentials test elm-street"
    async with pool.acquire() as connection:
        await set_credentials(connection, VAULT, known.id, Credentials("desk", "y", None))
    assert await items(pool) == []
    await refuse(Reason.LOGIN_REJECTED)
    assert (await only(pool)).since > first.since


async def test_a_new_clinic_comes_after_everything_that_has_stopped_working(
    pool: asyncpg.Pool[Any], known: Clinic
) -> None:
    async with pool.acquire() as connection:
        await add_clinic(connection, "a-new-one", "New", "America/Chicago")
    await pool.execute("update clinics set created_at = '2001-01-01' where slug = 'a-new-one'")
    await pool.execute("update clinics set max_age_seconds = 3600 where id = $1", known.id)
    kinds = [(item.clinic, item.kind.value) for item in await items(pool)]
    assert kinds == [("elm-street", "goal_missed"), ("a-new-one", "credentials")]
    assert [item.clinic for item in await items(pool, known)] == ["elm-street"]


async def test_failing_dates_last_from_the_first_sync_that_left_them_out(
    database: Database, pool: asyncpg.Pool[Any], known: Clinic
) -> None:
    async def fail() -> UUID:
        sync_id = (await ask(database, known, days=1)).sync_id
        await step(database, sync_id)
        await give_up_dates(database, sync_id, [TODAY], Failure(Reason.PORTAL_CHANGED, "no field has an id"))
        await step(database, sync_id)
        return sync_id

    await fail()
    first = await only(pool)
    latest = await fail()
    found = await only(pool)
    assert (found.key, found.since, found.sync_id) == (first.key, first.since, latest)
    assert (found.details["reason"], found.details["dates"]) == ("portal_changed", 1)
    assert command(found) == f"idexx-sync runs show {latest}"
    await _completed(pool, known)
    assert await items(pool) == []


async def test_a_missed_goal_counts_from_the_moment_at_which_it_was_missed(
    pool: asyncpg.Pool[Any], known: Clinic
) -> None:
    await pool.execute("update clinics set max_age_seconds = 3600 where id = $1", known.id)
    never = await only(pool)
    assert message(never) == "elm-street: the calendar has never been read whole; its goal is 1 h"
    await _completed(pool, known, age=timedelta(hours=3))
    found = await only(pool)
    assert (found.key, found.kind) == (never.key, AttentionKind.GOAL_MISSED)
    read = await pool.fetchval("select fresh_as_of from schedule_syncs")
    assert found.since == read + timedelta(hours=1)
    assert message(found) == "elm-street: the calendar is older than its goal of 1 h"
    await _completed(pool, known)
    assert await items(pool) == []


async def test_held_removals_stay_with_the_sync_that_held_them_first(
    pool: asyncpg.Pool[Any], known: Clinic
) -> None:
    first, later = await _completed(pool, known), await _completed(pool, known)
    row = await pool.fetchrow(
        "insert into schedule_appointments (clinic_id, neo_appointment_id, date, start_time, end_time, status,"
        " missing_since) values ($1, '7', $2, '09:00', '09:30', 'scheduled', now()) returning id, missing_since",
        known.id, DAY,
    )  # fmt: skip
    for sync_id in (first, later):
        await pool.execute(
            "insert into idexx_sync.schedule_held_removals (sync_id, appointment_id, missing_since, held_at)"
            " values ($1, $2, $3, clock_timestamp())",
            sync_id, *row,
        )  # fmt: skip
    found = await only(pool)
    assert (found.key, found.sync_id) == (f"held_removals:{first}", first)
    assert message(found) == "elm-street: 1 removal on 2099-03-02 waits for a decision"
    await pool.execute("update idexx_sync.schedule_held_removals set decision = 'rejected', decided_at = now()")
    assert await items(pool) == []


async def test_a_booking_is_to_be_settled_once_its_hold_has_expired(
    pool: asyncpg.Pool[Any], known: Clinic
) -> None:
    at = (DAY, await pool.fetchval("select time '10:00'"))
    person = ("Ada Private", "555-0100", "Rex", "pending")
    await pool.execute(BOOKING, known.id, *at, *person, 600.0)
    assert await items(pool) == []
    booking = await pool.fetchval(BOOKING, known.id, *at, *person, -600.0)
    found = await only(pool)
    assert (found.kind, found.details["booking_id"]) == (AttentionKind.BOOKING_TO_SETTLE, str(booking))
    assert (
        message(found) == "elm-street: the booking of 2099-03-02 10:00 was not confirmed before its hold expired"
    )
    assert not any(word in str(found) for word in ("Ada", "0100", "Rex")), "names are never on NATS"
    await pool.execute("update vapi_bookings set status = 'cancelled' where id = $1", booking)
    assert await items(pool) == []


async def test_a_clinic_without_a_time_zone_is_named(pool: asyncpg.Pool[Any], known: Clinic) -> None:
    await pool.execute("update clinics set timezone = 'Mars/Base' where id = $1", known.id)
    found = await only(pool)
    assert (found.kind, "Mars/Base" in message(found)) == (AttentionKind.TIME_ZONE, True)


async def _completed(pool: asyncpg.Pool[Any], clinic: Clinic, age: timedelta = timedelta()) -> UUID:
    """A sync that left nothing out, and read everything `age` ago."""
    sync_id: UUID = await pool.fetchval(
        "insert into schedule_syncs (clinic_id, sync_start_date, sync_end_date, status, started_at, completed_at,"
        " fresh_as_of, created_at) values ($1, $2, $2, 'completed', now() - $3::interval, now() - $3::interval,"
        " now() - $3::interval, clock_timestamp()) returning id",
        clinic.id, TODAY, age,
    )  # fmt: skip
    return sync_id
