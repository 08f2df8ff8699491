"""A predecessor's database is migrated, and the programs around it find everything as it was."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import asyncpg
import pytest

from engine.appointment import Appointment
from engine.clinic import Clinic
from engine.dates import DateRange
from engine.errors import NoTimeZone
from engine.schedule import Room, ScheduleConfig, same_hours
from engine.snapshot import Proof, Snapshot
from engine.store.clinics import add_clinic, find_clinic
from engine.store.migrate import migrate
from engine.store.reconciling import load_schedule_config, reconcile_snapshot, refresh_slots, save_schedule_config
from engine.store.syncs.reading import list_syncs
from engine.sync import SyncStatus
from tests.predecessor.build import ASH, ELM, OAK
from tests.predecessor.dump import digests
from tests.store.harness import Harness

pytestmark = pytest.mark.anyio

#: What a hanging sync's end changes.
CLOSED = {"status", "completed_at", "error_message", "updated_at"}


async def zones(connection: asyncpg.Connection) -> dict[str, str | None]:
    rows = await connection.fetch("select id::text, timezone from idexx_sync.clinic_settings")
    return {row["id"]: row["timezone"] for row in rows}


async def test_every_row_and_value_is_kept(variant: asyncpg.Connection) -> None:
    before = await digests(variant)
    await variant.execute("create table kept as table schedule_syncs")
    await migrate(variant)
    after = await digests(variant)
    for table, columns in before.items():
        for column, digest in columns.items():
            if table != "schedule_syncs" or column not in CLOSED:
                assert after[table][column] == digest, f"{table}.{column}"
    changed = await variant.fetch(
        "select s.status, s.completed_at is not null, s.error_message from schedule_syncs s join kept k using (id)"
        " where (s.status, s.completed_at, s.error_message, s.updated_at)"
        " is distinct from (k.status, k.completed_at, k.error_message, k.updated_at)"
    )
    reason = "closed by idexx-sync migrate: it was still in progress when the service was replaced"
    assert {tuple(row) for row in changed} == {("failed", True, reason)}
    assert len(changed) == 6
    assert await zones(variant) == {
        ELM: "America/Chicago", OAK: "America/Los_Angeles", ASH: "America/New_York",
    }  # fmt: skip


async def test_instants_follow_from_the_zone_and_nothing_touches_updated_at(old: asyncpg.Connection) -> None:
    await migrate(old)
    starts = await old.fetch(
        "select distinct clinic_id::text, starts_at::text from schedule_slots"
        " where date = '2027-03-01' and start_time = '08:00'"
    )
    assert dict(map(tuple, starts)) == {
        ELM: "2027-03-01 14:00:00+00", OAK: "2027-03-01 16:00:00+00", ASH: "2027-03-01 13:00:00+00",
    }  # fmt: skip
    await old.execute("update schedule_slots set capacity = capacity + 1")
    assert await old.fetchval("select count(*) from schedule_slots where updated_at = created_at") == 0, (
        "as before"
    )


@pytest.mark.parametrize(
    ("clinic", "config", "expected"),
    [
        ("America/Los_Angeles", "America/Denver", "America/Denver"),
        ("America/Denver", "America/Los_Angeles", "America/Denver"),
        ("America/Denver", "America/Denver", "America/Denver"),
        (None, "America/Los_Angeles", "America/Los_Angeles"),
        ("America/Denver", None, "America/Denver"),
        ("America/Denver", "America/Chicago", "clinics.timezone is America/Denver and clinic_schedule_config"),
        ("Mars/Olympus", "America/Los_Angeles", "is not a time zone"),
        (None, None, "neither clinics.timezone nor clinic_schedule_config.timezone is set"),
    ],
)  # fmt: skip
async def test_a_zone_is_the_one_that_differs_from_the_default_and_is_never_guessed(
    old: asyncpg.Connection, clinic: str | None, config: str | None, expected: str
) -> None:
    await old.execute("update clinics set timezone = $1 where slug = 'oak'", clinic)
    if config is None:
        await old.execute(f"delete from clinic_schedule_config where clinic_id = '{OAK}'")
    else:
        await old.execute(f"update clinic_schedule_config set timezone = $1 where clinic_id = '{OAK}'", config)
    await migrate(old)
    found = await find_clinic(old, "oak")
    if "/" in expected and " " not in expected:
        assert found.zone.key == expected
        return
    with pytest.raises(NoTimeZone, match=expected) as refused:
        _ = found.zone
    assert refused.value.hint == "idexx-sync clinic add oak --name 'Oak Veterinary Clinic' --timezone ZONE"
    assert await old.fetchval(f"select count(starts_at) from schedule_slots where clinic_id = '{OAK}'") == 0
    mended: Clinic = await add_clinic(old, "oak", "Oak Veterinary Clinic", "America/Los_Angeles")
    assert mended.zone.key == "America/Los_Angeles"
    assert (await find_clinic(old, "oak")).zone.key == "America/Los_Angeles"


async def test_hours_and_limits_come_from_the_old_configuration(old: asyncpg.Connection) -> None:
    await migrate(old)
    settings = await old.fetch(
        "select slug, horizon_days, max_age_seconds from idexx_sync.clinic_settings order by 1"
    )
    assert [tuple(row) for row in settings] == [("ash", 60, 7200), ("elm-street", 21, 2700), ("oak", 14, 3600)]
    assert (await find_clinic(old, "elm-street")).horizon_days == 21


async def test_a_clinic_syncs_by_its_old_configuration_until_the_portals_own_is_read(
    migrated_predecessor: asyncpg.Pool,
) -> None:
    pool = migrated_predecessor
    async with pool.acquire() as connection, connection.transaction():
        clinic = await find_clinic(connection, "elm-street")
        config = await load_schedule_config(connection, clinic.id)
        assert config == ScheduleConfig(same_hours(range(1, 6), 480, 1080), 15, default_capacity=3)
        monday = DateRange(date(2027, 3, 1), date(2027, 3, 1))
        counts = await refresh_slots(connection, clinic, monday)
        assert (counts.created, counts.removed) == (0, 0), "its slots fit, also those of lunch"
        assert await connection.fetchval(
            "select count(*) from schedule_slots where clinic_id = $1 and date = $2 and capacity = 3 and not is_closed",
            clinic.id, monday.start,
        ) == 40  # fmt: skip
        read = ScheduleConfig(same_hours([1], 540, 600), 30, (Room("a", "A"),))
        await save_schedule_config(connection, clinic.id, read)
        assert (await load_schedule_config(connection, clinic.id)).hours == read.hours
        await refresh_slots(connection, clinic, monday)
        rows = await connection.fetch(
            "select start_time::text, capacity from schedule_slots where clinic_id = $1 and date = $2 and not is_closed"
            " order by 1",
            clinic.id, monday.start,
        )  # fmt: skip
        assert [tuple(row) for row in rows] == [("09:00:00", 1), ("09:30:00", 1)]
        kept = await connection.fetchrow(
            "select open_time::text, slot_duration_minutes, from_portal from clinic_schedule_config"
            " where clinic_id = $1",
            clinic.id,
        )
        assert tuple(kept) == ("08:00:00", 15, False), "it belongs to another program"


async def test_the_first_sync_takes_over_rows_that_have_no_hash(migrated_predecessor: asyncpg.Pool) -> None:
    async with migrated_predecessor.acquire() as connection:
        clinic = await find_clinic(connection, "oak")
        row = await connection.fetchrow(
            "select * from schedule_appointments where clinic_id = $1 and sync_hash is null and deleted_at is null"
            " order by date, start_time limit 1",
            clinic.id,
        )
    seen = Appointment(
        row["neo_appointment_id"], row["date"], row["start_time"], row["end_time"], row["starts_at"], row["ends_at"],
        patient_name=row["patient_name"], client_name=row["client_name"], client_phone=row["client_phone"],
        room_id=row["room_id"], status="confirmed",
    )  # fmt: skip
    harness = Harness(migrated_predecessor, clinic)
    proof = Proof(200, "application/json", "array", 1, row["date"], row["date"])
    sync_id = await migrated_predecessor.fetchval(
        "insert into schedule_syncs (clinic_id, sync_start_date, sync_end_date) values ($1, $2, $2) returning id",
        clinic.id, row["date"],
    )  # fmt: skip
    async with migrated_predecessor.acquire() as connection, connection.transaction():
        counts = await reconcile_snapshot(
            connection, clinic.id, sync_id, Snapshot(row["date"], row["starts_at"], (seen,), proof)
        )
    assert (counts.added, counts.updated) == (0, 1)
    assert await harness.kinds(row["neo_appointment_id"]) == ["updated"]


async def test_old_syncs_are_read_beside_ours(migrated_predecessor: asyncpg.Pool) -> None:
    await migrated_predecessor.execute("update schedule_syncs set status = 'partial' where status = 'completed'")
    async with migrated_predecessor.acquire() as connection:
        syncs = await list_syncs(connection, None)
    assert {sync.status for sync in syncs} == {SyncStatus.FAILED}
    assert all(sync.failed_dates == () and sync.started_at is not None for sync in syncs)


async def test_a_program_may_remove_a_clinic(migrated_predecessor: asyncpg.Pool) -> None:
    async with migrated_predecessor.acquire() as connection, connection.transaction():
        await connection.execute("set local role service_role")
        await connection.execute(f"delete from clinics where id = '{OAK}'")
        assert await connection.fetchval(f"select count(*) from schedule_slots where clinic_id = '{OAK}'") == 0


async def test_row_level_security_is_not_switched_on_where_it_was_off(old: asyncpg.Connection) -> None:
    secured = (
        "select relname::text, relrowsecurity from pg_class"
        " where relnamespace = 'public'::regnamespace and relkind = 'r'"
    )
    policies = "select tablename::text, policyname::text, qual from pg_policies where schemaname = 'public'"
    before, kept = await old.fetch(secured), await old.fetch(policies)
    await migrate(old)
    assert sorted(await old.fetch(secured)) == sorted(before)
    assert set(map(tuple, kept)) <= set(map(tuple, await old.fetch(policies)))


async def test_a_program_inserts_as_before(old: asyncpg.Connection) -> None:
    """The statements of programs that know none of our columns, on a database without slugs."""
    await old.execute("alter table clinics drop column slug")
    await migrate(old)
    clinic: Any = await old.fetchval("insert into clinics (name) values ('Fir & Yew Vets') returning id")
    slug = await old.fetchval("select slug from clinics where id = $1", clinic)
    assert re.fullmatch("fir-yew-vets-[0-9a-f]{8}", slug)
    assert (await find_clinic(old, str(clinic))).zone.key == "America/Los_Angeles", "the default of new clinics"
    await old.execute(
        "insert into schedule_syncs (clinic_id, sync_start_date, sync_end_date)"
        " values ($1, '2027-03-01', '2027-03-15')",
        clinic,
    )
    await old.execute(
        "insert into schedule_slots (clinic_id, date, start_time, end_time)"
        " values ($1, '2027-03-01', '08:00', '08:15')",
        clinic,
    )
    with pytest.raises(asyncpg.CheckViolationError):
        await old.execute("update schedule_slots set capacity = 0 where clinic_id = $1", clinic)
