"""The statements of the programs around the predecessor do the same before and after the migration."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from engine.store.migrate import migrate
from tests.predecessor.build import ASH, ELM, OAK, text_of
from tests.predecessor.conftest import new_database

pytestmark = pytest.mark.anyio

#: The user of each clinic, as rows.sql has them.
USER_OF = {ELM: "a0000000-0000-0000-0000-000000000001", OAK: "a0000000-0000-0000-0000-000000000002"}

TABLES = (
    "schedule_slots", "schedule_appointments", "schedule_syncs", "vapi_bookings", "clinic_schedule_config",
    "clinic_blocked_periods",
)  # fmt: skip

#: What the service role sends: each statement with what it returns.
WRITES: list[tuple[str, Any]] = [
    (
        "insert into schedule_slots (clinic_id, date, start_time, end_time, capacity, booked_count, last_synced_at)"
        f" values ('{ELM}', '2027-03-01', '08:00', '08:15', 4, 1, now()) on conflict (clinic_id, date, start_time)"
        " do update set capacity = excluded.capacity, booked_count = excluded.booked_count returning capacity",
        4,
    ),
    (
        "insert into schedule_slots (clinic_id, date, start_time, end_time)"
        f" values ('{ELM}', '2027-03-09', '08:00', '08:15') returning capacity",
        2,
    ),
    (
        "insert into schedule_appointments (clinic_id, neo_appointment_id, date, start_time, end_time, status)"
        f" values ('{ELM}', 'from-web', '2027-03-01', '08:00', '08:15', 'finalized')"
        " on conflict (clinic_id, neo_appointment_id) where deleted_at is null do update set status = excluded.status"
        " returning last_synced_at is not null",
        True,
    ),
    (
        "update schedule_appointments set deleted_at = now() where neo_appointment_id = 'from-web' returning status",
        "finalized",
    ),
    (
        "insert into schedule_syncs (clinic_id, sync_start_date, sync_end_date)"
        f" values ('{ELM}', '2027-03-01', '2027-03-15') returning status",
        "in_progress",
    ),
    (
        "update schedule_syncs set status = 'completed', completed_at = now(), duration_ms = 5"
        f" where clinic_id = '{ELM}' and completed_at is null and started_at > now() - interval '1 minute'"
        " returning slots_created",
        0,
    ),
    (
        "insert into vapi_bookings (clinic_id, date, start_time, client_name, client_phone, patient_name,"
        f" hold_expires_at) values ('{ELM}', '2027-03-01', '08:15', 'Ann', '+15550100001', 'Rex',"
        " now() + interval '5 minutes') returning status",
        "pending",
    ),
    ("update vapi_bookings set status = 'confirmed' where client_name = 'Ann' returning has_conflict", False),
    (
        f"update clinic_schedule_config set stale_threshold_minutes = 30 where clinic_id = '{ELM}'"
        " returning updated_at > created_at",
        True,
    ),
    (
        "insert into clinic_blocked_periods (clinic_id, name, start_time, end_time, days_of_week)"
        f" values ('{ELM}', 'Surgery', '15:00', '16:00', '{{3}}') returning is_active",
        True,
    ),
    (f"update clinics set phone = '+15550100009' where id = '{ELM}' returning pims_type", "idexx_neo"),
    (f"select count(*)::int from schedule_syncs where clinic_id = '{OAK}' and status <> 'in_progress'", 2),
]


@asynccontextmanager
async def acting_as(connection: asyncpg.Connection, role: str, user: str | None = None) -> AsyncIterator[None]:
    """A transaction of the role, as PostgREST makes it."""
    claims = {"role": role} | ({"sub": user} if user else {})
    async with connection.transaction():
        await connection.execute("select set_config('request.jwt.claims', $1, true)", json.dumps(claims))
        await connection.execute(f"set local role {role}")
        yield


@pytest.fixture(params=["before", "after"])
async def database(
    request: pytest.FixtureRequest, postgres_url: str, old_templates: dict[str, str]
) -> AsyncIterator[asyncpg.Connection]:
    async with new_database(postgres_url, old_templates[request.param]) as url:
        connection = await asyncpg.connect(url)
        yield connection
        await connection.close()


async def test_the_service_role_reads_and_writes(
    database: asyncpg.Connection, request: pytest.FixtureRequest
) -> None:
    is_migrated = "after" in request.node.name
    for statement, expected in WRITES:
        if is_migrated and "status <> 'in_progress'" in statement:
            expected = 4  # those that hung are closed
        async with acting_as(database, "service_role"):
            assert await database.fetchval(statement) == expected, statement


async def test_a_signed_in_user_reads_its_clinic_and_no_other(database: asyncpg.Connection) -> None:
    for clinic, user in USER_OF.items():
        async with acting_as(database, "authenticated", user):
            for table in TABLES:
                seen = await database.fetch(f"select distinct clinic_id::text from {table}")
                assert [row["clinic_id"] for row in seen] == [clinic], table
            assert await database.fetchval("select count(*) from clinics") == 3, "it has no row-level security"
            assert await database.execute("update schedule_slots set capacity = 9") == "UPDATE 0"
    async with acting_as(database, "anon"):
        for table in TABLES:
            assert await database.fetchval(f"select count(*) from {table}") == 0, table


async def test_constraints_are_as_they_were(database: asyncpg.Connection) -> None:
    for statement in (
        "update schedule_slots set capacity = 0",
        "update schedule_slots set booked_count = -1",
        "update schedule_slots set end_time = start_time",
        "update clinic_schedule_config set slot_duration_minutes = 121",
        "update clinic_blocked_periods set end_time = '00:00'",
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await database.execute(statement)
    for statement in (
        "update clinics set name = 'x'",
        "update schedule_slots set start_time = '00:00', date = now()",
    ):
        with pytest.raises(asyncpg.UniqueViolationError):
            await database.execute(statement)


async def test_a_new_database_at_supabase_shows_a_user_the_clinics_it_holds_credentials_of(
    postgres_url: str,
) -> None:
    async with new_database(postgres_url) as url:
        connection = await asyncpg.connect(url)
        await connection.execute(text_of("supabase.sql", frozenset()))
        await migrate(connection)
        user = USER_OF[ELM]
        await connection.execute(
            "insert into clinics (id, name) select id::uuid, id from unnest($1::text[]) id", [ELM, OAK, ASH]
        )
        await connection.execute(
            "insert into idexx_credentials (user_id, clinic_id, username_encrypted, password_encrypted)"
            f" values ('{user}', '{ELM}', 'x', 'x')"
        )
        await connection.execute("insert into clinic_schedule_config (clinic_id) select id from clinics")
        async with acting_as(connection, "authenticated", user):
            seen = await connection.fetch("select clinic_id::text from clinic_schedule_config")
            assert [row["clinic_id"] for row in seen] == [ELM]
            assert await connection.fetchval("select count(*) from clinics") == 1
        async with acting_as(connection, "service_role"):
            assert await connection.fetchval("select count(*) from clinic_schedule_config") == 3
        async with acting_as(connection, "anon"):
            assert await connection.fetchval("select count(*) from clinic_schedule_config") == 0
        for role in ("anon", "authenticated", "service_role"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with acting_as(connection, role):
                    await connection.execute("select from idexx_sync.sealed_credentials")
        await connection.close()
