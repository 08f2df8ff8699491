"""An empty database, one of ours from before 0017, and the predecessor's end in one schema."""

from __future__ import annotations

import asyncpg
import pytest

from engine.store.migrate import migrate
from engine.store.predecessor import secure
from tests.predecessor.build import VARIANTS, build
from tests.predecessor.conftest import new_database
from tests.predecessor.dump import schema_of
from tests.store.installations import LAST_IN_PUBLIC, install

pytestmark = pytest.mark.anyio

#: Rows of an installation of ours at 0016: a closed slot, one that lasts to midnight, a queued sync, sealed secrets.
OURS = """
insert into clinics (id, slug, name, timezone, max_age_seconds) values
    ('00000000-0000-0000-0000-000000000001', 'elm', 'Elm', 'America/New_York', 3600),
    ('00000000-0000-0000-0000-000000000002', 'oak', 'Oak', 'UTC', null);
insert into idexx_credentials (clinic_id, key_id, sealed, updated_at)
select id, 'k1', 'sealed', '2026-03-01' from clinics;
insert into idexx_sessions (clinic_id, generation, key_id, sealed, expires_at)
select id, 'g', 'k1', 'session', '2027-01-01' from clinics;
insert into clinic_blocked_periods (clinic_id, starts_at, ends_at, reason)
select id, '2026-03-02 12:00Z', '2026-03-02 13:00Z', 'meeting' from clinics;
insert into clinic_schedule_config (clinic_id, opens, closes, days_of_week, slot_minutes, rooms)
select id, '08:00', '23:59', '{1,2}', 180, '[]' from clinics;
insert into clinic_portal_config (clinic_id, slot_minutes, rooms) select id, 180, '[]' from clinics;
insert into clinic_open_hours select id, 1, 480, 1440 from clinics;
insert into schedule_slots (clinic_id, date, start_time, end_time, capacity, booked_count, starts_at, ends_at)
select c.id, s.* from clinics c cross join (values
    (date '2026-03-02', time '23:30', time '00:00', 2, 0, timestamptz '2026-03-02 23:30Z',
        timestamptz '2026-03-03 00:00Z'),
    (date '2026-03-02', time '09:00', time '09:30', 0, 2, timestamptz '2026-03-02 09:00Z',
        timestamptz '2026-03-02 09:30Z')
) s;
insert into schedule_syncs (clinic_id, sync_start_date, sync_end_date, status, last_seq, created_at)
select id, '2026-03-02', '2026-03-03', 'queued', 1, '2026-03-01' from clinics;
insert into schedule_appointments (clinic_id, neo_appointment_id, date, start_time, end_time, status, sync_hash, notes)
select id, '7', '2026-03-02', '09:00', '09:30', 'scheduled', 'h', 'shy' from clinics;
insert into schedule_appointment_changes (clinic_id, sync_id, appointment_id, neo_appointment_id, kind, after)
select a.clinic_id, s.id, a.id, '7', 'added', appointment_values(a)
from schedule_appointments a join schedule_syncs s using (clinic_id);
"""


async def test_three_starting_points_end_in_one_schema(postgres_url: str) -> None:
    schemas = []
    for start in ("empty", "ours", "predecessor"):
        async with new_database(postgres_url) as url:
            connection = await asyncpg.connect(url)
            if start == "ours":
                await install(connection, "0017")
                await connection.execute(OURS)
            elif start == "predecessor":
                await build(connection, VARIANTS["later"] - {"extras"})
            await migrate(connection)
            await secure(connection)
            await connection.close()
            schemas.append(schema_of(url))
    (own, shared), *others = schemas
    for other_own, other_shared in others:
        assert other_own == own
        for table, parts in other_shared.items():
            assert set(parts) ^ set(shared[table]) == set(), table


async def test_what_ours_had_is_kept_in_tables_of_ours(postgres_url: str) -> None:
    assert LAST_IN_PUBLIC < "0017"
    async with new_database(postgres_url) as url:
        connection = await asyncpg.connect(url)
        await install(connection, "0017")
        await connection.execute(OURS)
        await migrate(connection)
        kept = await connection.fetch(
            """
            select c.slug, c.timezone, c.max_age_seconds, k.key_id, k.sealed, k.updated_at::date::text, i.sealed,
                b.reason, o.closes_minute, f.open_time::text, f.slot_duration_minutes, f.from_portal,
                h.kind, (h.after).notes
            from idexx_sync.clinic_settings c
            join idexx_sync.sealed_credentials k on k.clinic_id = c.id
            join idexx_sync.idexx_sessions i on i.clinic_id = c.id
            join idexx_sync.blocked_periods b on b.clinic_id = c.id
            join idexx_sync.clinic_open_hours o on o.clinic_id = c.id
            join clinic_schedule_config f on f.clinic_id = c.id
            join idexx_sync.schedule_appointment_changes h on h.clinic_id = c.id
            order by 1
            """
        )
        rest = (b"sealed", "2026-03-01", b"session", "meeting", 1440, "08:00:00", 120, True, "added", "shy")
        assert [tuple(row) for row in kept] == [
            ("elm", "America/New_York", 3600, "k1", *rest), ("oak", "UTC", None, "k1", *rest),
        ]  # fmt: skip
        slots = await connection.fetch(
            "select distinct start_time::text, end_time::text, capacity, booked_count, is_closed, ends_at::text"
            " from schedule_slots order by 1"
        )
        assert [tuple(row) for row in slots] == [
            ("09:00:00", "09:30:00", 2, 2, True, "2026-03-02 09:30:00+00"),
            ("23:30:00", "23:59:59", 2, 0, False, "2026-03-03 00:00:00+00"),
        ]
        assert (
            await connection.fetchval("select count(started_at) from idexx_sync.syncs where status = 'queued'")
            == 0
        )
        await connection.close()
