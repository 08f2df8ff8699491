"""A database role for each clinic: it reads its own clinic's rows, changes nothing, and sees no secret."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date

import asyncpg
import pytest

from ops.local.embedded.scratch_postgres import PASSWORD

pytestmark = pytest.mark.anyio

#: Everything that shows data of a clinic, with a row of two clinics in each.
READABLE = (
    "clinics",
    "clinic_schedule_config",
    "schedule_syncs",
    "idexx_sync.schedule_sync_dates",
    "idexx_sync.schedule_sync_events",
    "schedule_slots",
    "schedule_appointments",
)
HIDDEN = (
    "idexx_credentials",
    "idexx_sync.sealed_credentials",
    "idexx_sync.idexx_sessions",
    "idexx_sync.schedule_snapshots",
    "idexx_sync.clinic_roles",
)

ROWS = """
with clinic as (insert into clinics (slug, name) values ($1, $1) returning id),
    sync as (
        insert into schedule_syncs (clinic_id, sync_start_date, sync_end_date, status)
        select id, $2, $2, 'completed' from clinic returning id, clinic_id
    ),
    dates as (insert into idexx_sync.schedule_sync_dates (sync_id, date, position) select id, $2, 1 from sync),
    events as (
        insert into idexx_sync.schedule_sync_events (sync_id, seq, clinic_id, event, payload, at)
        select id, 1, clinic_id, 'accepted', jsonb_build_object(
            'event', 'accepted', 'sync_id', id, 'clinic', $1::text, 'seq', 1, 'at', '2026-03-04T12:00:00Z',
            'status', 'in_progress', 'start_date', $2::date, 'end_date', $2::date, 'dates_total', 1, 'dates_done', 0,
            'progress_percentage', 0, 'failed_dates', '{}'::text[]
        ), now() from sync
    ),
    config as (
        insert into clinic_schedule_config (clinic_id, days_of_week) select id, '{1}' from clinic
    ),
    slots as (
        insert into schedule_slots (clinic_id, date, start_time, end_time, capacity)
        select id, $2, '09:00', '09:30', 2 from clinic
    ),
    secrets as (insert into idexx_sync.sealed_credentials (clinic_id, key_id, sealed) select id, 'k', 'x' from clinic),
    sessions as (
        insert into idexx_sync.idexx_sessions (clinic_id, key_id, sealed, expires_at)
        select id, 'k', 'x', now() from clinic
    ),
    snapshots as (
        insert into idexx_sync.schedule_snapshots (sync_id, date, clinic_id, scraped_at, appointments, proof)
        select id, $2, clinic_id, now(), '[]', '{}' from sync
    )
insert into schedule_appointments (clinic_id, neo_appointment_id, date, start_time, end_time, status, sync_hash)
select id, '1', $2, '09:00', '09:30', 'scheduled', 'x' from clinic
"""
DAY = date(2026, 3, 4)
TABLES = (
    "select oid::regclass::text from pg_class where relkind = 'r'"
    " and relnamespace in ('public'::regnamespace, 'idexx_sync'::regnamespace)"
)


@dataclass(frozen=True)
class Partner:
    """A connection as the role, and its name."""

    connection: asyncpg.Connection
    role: str

    async def count(self, table: str) -> int:
        return int(await self.connection.fetchval(f"select count(*) from {table}"))


@pytest.fixture
async def owner(pool: asyncpg.Pool) -> asyncpg.Pool:
    for slug in ("elm", "oak"):
        await pool.execute(ROWS, slug, DAY)
    return pool


@pytest.fixture
async def partner(owner: asyncpg.Pool, database_url: str) -> AsyncIterator[Partner]:
    """A role that was given nothing yet."""
    role = f"r{uuid.uuid4().hex[:12]}"
    await owner.execute(f"create role {role} login password '{PASSWORD}'")
    connection = await asyncpg.connect(database_url, user=role, password=PASSWORD)
    yield Partner(connection, role)
    await connection.close()
    await owner.execute(f"drop owned by {role}")
    await owner.execute(f"drop role {role}")


async def test_a_role_reads_its_clinic_and_no_other(owner: asyncpg.Pool, partner: Partner) -> None:
    await owner.execute("select idexx_sync.give_clinic_to_role('elm', $1)", partner.role)
    assert await partner.connection.fetchval("select slug from clinics") == "elm"
    assert {table: await partner.count(table) for table in READABLE} == dict.fromkeys(READABLE, 1)
    free = await partner.connection.fetch("select * from get_available_slots((select id from clinics), $1)", DAY)
    assert len(free) == 1
    other = await owner.fetchval("select id from clinics where slug = 'oak'")
    assert not await partner.connection.fetch("select * from get_available_slots($1, $2)", other, DAY)


async def test_secrets_and_other_peoples_rights_stay_hidden(owner: asyncpg.Pool, partner: Partner) -> None:
    await owner.execute("select idexx_sync.give_clinic_to_role('elm', $1)", partner.role)
    for table in HIDDEN:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await partner.count(table)


async def test_a_role_changes_nothing(owner: asyncpg.Pool, partner: Partner) -> None:
    await owner.execute("select idexx_sync.give_clinic_to_role('elm', $1)", partner.role)
    for statement in (
        "update schedule_appointments set status = 'cancelled'",
        "delete from schedule_slots",
        "insert into clinics (slug, name) values ('ash', 'Ash')",
        "select idexx_sync.give_clinic_to_role('oak', current_user)",
        "select idexx_sync.take_clinic_from_role('elm', current_user)",
        "select update_slot_counts_bulk((select id from clinics), date '2026-03-04', date '2026-03-04')",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await partner.connection.execute(statement)
    assert await partner.count("clinics") == 1


async def test_a_role_learns_nothing_of_another_role(owner: asyncpg.Pool, partner: Partner) -> None:
    await owner.execute("select idexx_sync.give_clinic_to_role('elm', current_user)")
    await owner.execute(f"grant usage on schema idexx_sync to {partner.role}")
    me = await owner.fetchval("select current_user")
    assert not await partner.connection.fetch("select idexx_sync.clinics_of_role($1)", me)


async def test_what_is_taken_back_is_gone_at_once(owner: asyncpg.Pool, partner: Partner) -> None:
    await owner.execute("select idexx_sync.give_clinic_to_role('elm', $1)", partner.role)
    await owner.execute("select idexx_sync.give_clinic_to_role('oak', $1)", partner.role)
    assert await partner.count("schedule_appointments") == 2
    await owner.execute("select idexx_sync.take_clinic_from_role('elm', $1)", partner.role)
    assert await partner.connection.fetchval("select slug from clinics") == "oak"
    await owner.execute("select idexx_sync.take_clinic_from_role('oak', $1)", partner.role)
    assert {table: await partner.count(table) for table in READABLE} == dict.fromkeys(READABLE, 0)


async def test_a_role_with_every_grant_and_no_clinic_sees_no_row(owner: asyncpg.Pool, partner: Partner) -> None:
    """As everybody is on Supabase who holds the anonymous key."""
    for schema in ("public", "idexx_sync"):
        await owner.execute(f"grant usage on schema {schema} to {partner.role}")
        await owner.execute(
            f"grant select, insert, update, delete on all tables in schema {schema} to {partner.role}"
        )
    for (table,) in await owner.fetch(TABLES):
        assert await partner.count(table) == 0, table
    assert await partner.connection.execute("delete from schedule_appointments") == "DELETE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await partner.connection.execute("insert into clinics (slug, name) values ('ash', 'Ash')")


async def test_no_table_is_without_row_level_security(pool: asyncpg.Pool) -> None:
    bare = await pool.fetch(f"{TABLES} and not relrowsecurity")
    assert not bare, "a new table needs a policy, or no grants: see 0003_row_level_security.sql"


async def test_an_unknown_clinic_is_named(owner: asyncpg.Pool, partner: Partner) -> None:
    with pytest.raises(asyncpg.RaiseError, match="clinic ash is not known"):
        await owner.execute("select idexx_sync.give_clinic_to_role('ash', $1)", partner.role)
