"""Who may call the functions: a role, or a signed-in user, gets nothing of another clinic."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from ops.local.embedded.scratch_postgres import PASSWORD
from tests.bookings.practice import DAY, Practice

pytestmark = pytest.mark.anyio

FUNCTIONS = {
    "get_available_slots": "uuid, date",
    "book_slot_with_hold": "uuid, date, time without time zone, text, text, text, text, text, boolean, text",
    "auto_reschedule_conflicts": "uuid, date",
    "update_slot_booked_count": "uuid, date, time without time zone",
    "update_slot_counts_bulk": "uuid, date, date",
    "get_active_sync_count": "uuid",
    "generate_confirmation_number": "",
}


async def test_no_function_is_open_to_everybody_and_none_with_rights_has_an_open_search_path(
    pool: asyncpg.Pool[Any],
) -> None:
    rows = await pool.fetch(
        "select proname as name, pg_get_function_identity_arguments(oid) as arguments, prosecdef, proconfig,"
        " has_function_privilege('public', oid, 'execute') as is_open"
        " from pg_proc where pronamespace = 'public'::regnamespace"
    )
    assert {row["name"] for row in rows} >= set(FUNCTIONS)
    for row in rows:
        assert not row["is_open"], row["name"]
        if row["prosecdef"]:
            assert row["proconfig"] == ["search_path=pg_catalog, pg_temp"], row["name"]


@dataclass
class Both:
    """Two clinics, each with a booking and a running sync."""

    own: Practice
    other: Practice
    #: The conflict of the other clinic.
    booking: UUID = field(default_factory=uuid.uuid4)


@pytest.fixture
async def both(pool: asyncpg.Pool[Any]) -> Both:
    own, other = [await Practice.open(pool, ["10:00", "10:15"], capacity=1) for _ in range(2)]
    for practice in (own, other):
        await pool.execute(
            "insert into public.schedule_syncs (clinic_id, sync_start_date, sync_end_date, status, started_at,"
            " failed_dates) values ($1, $2, $2, 'in_progress', now(), '{}')",
            practice.clinic_id, DAY,
        )  # fmt: skip
    await other.appointment("10:00", "10:15")
    booking = await other.booking("10:00")
    await pool.execute("update public.schedule_slots set booked_count = 0 where clinic_id = $1", other.clinic_id)
    return Both(own, other, booking)


async def gets(connection: asyncpg.Connection[Any], clinic_id: UUID) -> tuple[int, bool, int, int]:
    """What a caller gets of a clinic: slots, whether it may book, running syncs, recounted slots."""
    slots = await connection.fetch("select * from get_available_slots($1, $2)", clinic_id, DAY)
    booked = json.loads(
        await connection.fetchval(
            "select book_slot_with_hold($1, $2, '10:15', 'C', '+13125550000', 'P')", clinic_id, DAY
        )
    )
    running = await connection.fetchval("select get_active_sync_count($1)", clinic_id)
    await connection.execute("select update_slot_booked_count($1, $2, '10:00')", clinic_id, DAY)
    recounted = await connection.fetchval(
        "select updated_count from update_slot_counts_bulk($1, $2, $2)", clinic_id, DAY
    )
    await connection.fetch("select * from auto_reschedule_conflicts($1, $2)", clinic_id, DAY)
    return len(slots), booked["success"], running, recounted


@asynccontextmanager
async def partner(pool: asyncpg.Pool[Any], url: str) -> AsyncIterator[tuple[asyncpg.Connection[Any], str]]:
    role = f"r{uuid.uuid4().hex[:12]}"
    await pool.execute(f"create role {role} login password '{PASSWORD}'")
    connection = await asyncpg.connect(url, user=role, password=PASSWORD)
    try:
        yield connection, role
    finally:
        await connection.close()
        await pool.execute(f"drop owned by {role}")
        await pool.execute(f"drop role {role}")


async def test_a_role_of_one_clinic_gets_nothing_of_another(
    pool: asyncpg.Pool[Any], database_url: str, both: Both
) -> None:
    async with partner(pool, database_url) as (connection, role):
        slug = await pool.fetchval("select slug from public.clinics where id = $1", both.own.clinic_id)
        await pool.execute("select idexx_sync.give_clinic_to_role($1, $2)", slug, role)
        assert (
            len(await connection.fetch("select * from get_available_slots($1, $2)", both.own.clinic_id, DAY)) == 2
        )
        for name, arguments in FUNCTIONS.items():
            if name != "get_available_slots":
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetch(
                        f"select {name}({arguments and ', '.join(f'null::{a.strip()}' for a in arguments.split(','))})"
                    )
        # As if it were granted everything by mistake.
        for name, arguments in FUNCTIONS.items():
            await pool.execute(f"grant execute on function public.{name}({arguments}) to {role}")
        assert await gets(connection, both.own.clinic_id) == (2, True, 1, 0)
        assert await gets(connection, both.other.clinic_id) == (0, False, 0, 0)
    untouched = await both.other.the_booking(both.booking)
    assert not untouched["has_conflict"]
    assert await both.other.stored() == {"10:00": 0, "10:15": 0}
