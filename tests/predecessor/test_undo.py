"""`migrate --undo` gives the service before its database back, with what happened since."""

from __future__ import annotations

import asyncpg
import pytest

from engine.store.migrate import migrate
from engine.store.migration_errors import CannotUndo
from engine.store.predecessor import secure, undo
from tests.predecessor.build import ELM
from tests.predecessor.dump import digests, whole

pytestmark = pytest.mark.anyio

CLOSED = {"status", "completed_at", "error_message", "updated_at"}


async def test_the_database_is_as_it_was_with_todays_data(
    variant: asyncpg.Connection, url_of_variant: str
) -> None:
    before, rows = whole(url_of_variant), await digests(variant)
    await migrate(variant)
    await secure(variant)
    await undo(variant)
    assert whole(url_of_variant) == before
    after = await digests(variant)
    for table, columns in rows.items():
        for column, digest in columns.items():
            if table != "schedule_syncs" or column not in CLOSED:
                assert after[table][column] == digest, f"{table}.{column}"
    await migrate(variant)


async def test_what_happened_since_stays_in_states_that_the_service_before_knows(old: asyncpg.Connection) -> None:
    await migrate(old)
    await old.execute(
        "insert into schedule_syncs (clinic_id, sync_start_date, sync_end_date, status, last_seq)"
        f" select '{ELM}', '2027-03-01', '2027-03-02', s, 1"
        " from unnest(array['queued', 'in_progress', 'cancelled', 'timed_out', 'completed']) s"
    )
    await old.execute(
        "insert into schedule_appointments (clinic_id, neo_appointment_id, date, start_time, end_time, status, notes)"
        f" values ('{ELM}', 'new', '2027-03-01', '09:00', '09:30', 'scheduled', 'shy')"
    )
    await undo(old)
    states = await old.fetch(
        "select status, error_message from schedule_syncs where sync_end_date = '2027-03-02' order by 1, 2"
    )
    closed = "closed by idexx-sync migrate --undo: the service before is back"
    assert [tuple(row) for row in states] == [
        ("completed", None), ("failed", "cancelled"), ("failed", closed), ("failed", closed), ("failed", "timed out"),
    ]  # fmt: skip
    assert (
        await old.fetchval("select status from schedule_appointments where neo_appointment_id = 'new'")
        == "scheduled"
    )


async def test_nothing_is_undone_while_we_run_or_without_a_predecessor(
    old: asyncpg.Connection, old_url: str, pool: asyncpg.Pool
) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(CannotUndo, match="was not the predecessor's"):
            await undo(connection)
    await migrate(old)
    worker = await asyncpg.connect(old_url, server_settings={"application_name": "idexx-sync"})
    with pytest.raises(CannotUndo, match=f"idexx-sync runs here .process {worker.get_server_pid()} on"):
        await undo(old)
    await worker.close()
    await old.execute("create view fresh as select * from idexx_sync.clinic_settings")
    with pytest.raises(CannotUndo, match="fresh depends on"):
        await undo(old)
