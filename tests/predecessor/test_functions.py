"""The functions on a predecessor's database: its users, its service, its bookings, its own bodies and grants."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from engine.store.migrate import migrate
from tests.predecessor.build import ELM, OAK

pytestmark = pytest.mark.anyio

DAY = "date '2027-03-02'"
AT_ELM = {"sub": "a0000000-0000-0000-0000-000000000001", "role": "authenticated"}
SERVICE = {"role": "service_role"}


@asynccontextmanager
async def request(url: str, role: str, claims: dict[str, str]) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A connection as PostgREST makes it for a request. What it writes is rolled back."""
    connection = await asyncpg.connect(url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(f"set local role {role}")
    await connection.execute("select set_config('request.jwt.claims', $1, true)", json.dumps(claims))
    try:
        yield connection
    finally:
        await transaction.rollback()
        await connection.close()


@pytest.mark.parametrize(("role", "claims"), [("authenticated", AT_ELM), ("service_role", SERVICE)])
async def test_a_user_is_served_the_own_clinic_and_the_service_all(
    migrated_url: str, role: str, claims: dict[str, str]
) -> None:
    async with request(migrated_url, role, claims) as connection:
        for clinic, is_served in ((ELM, True), (OAK, role == "service_role")):
            slots = await connection.fetch(f"select * from get_available_slots('{clinic}', {DAY})")
            assert len(slots) == (40 if is_served else 0)
            answer = json.loads(
                await connection.fetchval(
                    f"select book_slot_with_hold('{clinic}', {DAY}, '15:00', 'C', '+1', 'P')"
                )
            )
            assert answer["success"] is is_served
            if not is_served:
                assert answer["alternative_times"] == []
            counts = f"select updated_count from update_slot_counts_bulk('{clinic}', {DAY}, {DAY})"
            assert (await connection.fetchval(counts) > 0) is is_served
            assert await connection.fetchval(f"select get_active_sync_count('{clinic}')") == 0
            await connection.execute(f"select update_slot_booked_count('{clinic}', {DAY}, '10:00')")
            await connection.fetch(f"select * from auto_reschedule_conflicts('{clinic}', {DAY})")


async def test_who_is_not_signed_in_calls_nothing(migrated_url: str) -> None:
    async with request(migrated_url, "anon", {}) as connection:
        for call in (f"get_available_slots('{ELM}', {DAY})", "generate_confirmation_number()"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with connection.transaction():
                    await connection.fetch(f"select * from {call}")


async def test_old_bookings_count_and_conflicts_are_only_marked(migrated_predecessor: asyncpg.Pool[Any]) -> None:
    """One booking is held, one expired, one confirmed and one rescheduled; the cancelled one counts no more."""
    rows = await migrated_predecessor.fetch(
        "select b.status, l.state, s.booked_count >= 1 as counts from public.vapi_bookings b"
        f" left join idexx_sync.live_bookings($1, {DAY}, {DAY}) l on l.booking_id = b.id"
        f" join get_available_slots($1, {DAY}) s on s.slot_start = b.start_time"
        " where b.clinic_id = $1 order by b.start_time",
        ELM,
    )
    assert [row["state"] for row in rows] == ["held", "expired", "confirmed", None, "rescheduled"]
    assert all(row["counts"] for row in rows if row["state"])
    rules = await migrated_predecessor.fetch("select distinct conflicts from idexx_sync.clinic_rules")
    assert [row["conflicts"] for row in rules] == ["mark"]


async def test_bodies_and_grants_of_others_stay(old: asyncpg.Connection[Any]) -> None:
    await old.execute(
        "create or replace function public.generate_confirmation_number() returns text language sql as $$select 'X'$$"
    )
    await old.execute("drop role if exists telephone")
    await old.execute("create role telephone")
    try:
        await old.execute("grant execute on all functions in schema public to telephone")
        await migrate(old)
        assert await old.fetchval("select public.generate_confirmation_number()") == "X"
        grants = await old.fetch(
            "select proname, has_function_privilege('telephone', oid, 'execute') as theirs,"
            " has_function_privilege('anon', oid, 'execute') as everybodys from pg_proc"
            " where pronamespace = 'public'::regnamespace and proname in"
            " ('get_available_slots', 'book_slot_with_hold', 'generate_confirmation_number')"
        )
        assert [(row["theirs"], row["everybodys"]) for row in grants] == [(True, False)] * 3
    finally:
        await old.execute("drop owned by telephone")
        await old.execute("drop role telephone")
