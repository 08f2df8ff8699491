"""`migrate --check` says what would be done and what does not fit, and blocks no client; `migrate` refuses likewise."""

from __future__ import annotations

import asyncpg
import pytest

from engine.store.migrate import check, migrate
from engine.store.migration_errors import DoesNotFit, StatementFailed
from tests.predecessor.dump import digests
from tests.store.installations import install

pytestmark = pytest.mark.anyio

#: What does not fit, each with a word of the finding.
MISFITS = {
    "create view open_slots as select * from get_available_slots('00000000-0000-0000-0000-000000000001', '2027-03-01')":
        "get_available_slots: open_slots depends on it; drop that",
    "alter table schedule_appointments add constraint known check (status in ('scheduled', 'finalized', 'confirmed',"
    " 'no_show', 'checked_in'))": "schedule_appointments.known: CHECK .* refuses rows that a sync writes",
    "alter table schedule_slots add constraint apart exclude (clinic_id with =, date with =, start_time with =)":
        "schedule_slots.apart: EXCLUDE .* may refuse rows of a sync",
    "create unique index one_a_room on schedule_appointments (clinic_id, date, start_time, room_id)":
        "schedule_appointments.one_a_room: .* may refuse rows of a sync",
    "alter table schedule_slots add column color text not null default 'x'; "
    "alter table schedule_slots alter column color drop default": "schedule_slots.color: is not null and has no",
    "drop view appointment_report; alter table schedule_appointments alter column sync_hash type bytea using null":
        "schedule_appointments.sync_hash: is of type bytea, not text",
    "update clinics set slug = 'same'": "clinics.slug: 'same' is the slug of several clinics",
}  # fmt: skip


@pytest.mark.parametrize("statement", MISFITS)
async def test_what_does_not_fit_is_named_before_anything_is_touched(
    old: asyncpg.Connection, statement: str
) -> None:
    await old.execute(statement)
    before = await digests(old)
    [problem] = (await check(old)).problems
    with pytest.raises(DoesNotFit, match=MISFITS[statement]):
        await migrate(old)
    assert await digests(old) == before
    assert await old.fetchval("select to_regnamespace('idexx_sync') is null")
    if "known" in statement or "apart" in statement:
        await migrate(old, accepted=[problem.object.rpartition(".")[2]])


async def test_an_old_server_is_refused(old: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.store.predecessor.check.OLDEST_POSTGRES", 99)
    with pytest.raises(DoesNotFit, match=r"PostgreSQL: is version .*; update it to 99 or newer"):
        await migrate(old)


async def test_a_constraint_that_lets_syncs_through_stays(old: asyncpg.Connection) -> None:
    await old.execute("alter table schedule_syncs add check (progress_percentage between 0 and 100)")
    await old.execute("alter table schedule_syncs add check (status in ('in_progress', 'completed', 'failed'))")
    assert (await check(old)).problems == []
    await migrate(old)
    constraints = await old.fetch(
        "select pg_get_constraintdef(oid) from pg_constraint"
        " where conrelid = 'schedule_syncs'::regclass and contype = 'c'"
    )
    assert [row[0] for row in constraints] == [
        "CHECK (((progress_percentage >= 0) AND (progress_percentage <= 100)))"
    ]


async def test_a_missing_privilege_of_the_role_is_named(old: asyncpg.Connection) -> None:
    await old.execute("drop role if exists visitor")
    await old.execute("create role visitor")
    await old.execute("grant select on all tables in schema public to visitor")
    await old.execute("set role visitor")
    found = {str(problem) for problem in (await check(old)).problems}
    await old.execute("reset role")
    await old.execute("drop owned by visitor; drop role visitor")
    assert "clinics: belongs to another role; connect as its owner, or as a member of that role" in found
    assert any("may not create a schema in it" in problem for problem in found)


async def test_a_check_names_each_table_and_waits_for_no_lock(old: asyncpg.Connection, old_url: str) -> None:
    """Another transaction writes to every table meanwhile, and waits for no lock of the check."""
    writer = await asyncpg.connect(old_url)
    async with writer.transaction():
        await writer.execute("update schedule_slots set capacity = 3; update clinics set phone = null")
        async with old.transaction(readonly=True):
            found = await check(old)
            held = await writer.fetch(
                "select distinct mode from pg_locks where pid = $1 and relation is not null", old.get_server_pid()
            )
            await writer.execute("update schedule_syncs set duration_ms = 1")
    await writer.close()
    assert {row["mode"] for row in held} == {"AccessShareLock"}
    assert found.start == "predecessor"
    steps = {(step.table, step.action) for step in found.steps}
    assert ("clinics", "add country, login_failure, max_age_seconds, resources") in steps
    assert ("schedule_syncs", "close the syncs that are in progress, as failed") in steps
    assert ("schema idexx_sync", "create our tables there") in steps
    functions = {table.removeprefix("function ").partition("(")[0]: action for table, action in steps}
    assert functions["book_slot_with_hold"] == "put ours in its place, and keep it for --undo"
    assert functions["generate_confirmation_number"] == "keep its body, and set its rights"


async def test_a_failure_names_statement_and_remedy_and_leaves_all_as_it_was(
    old: asyncpg.Connection, old_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.migrate.LOCK_TIMEOUT", "100ms")
    before = await digests(old)
    reader = await asyncpg.connect(old_url)
    async with reader.transaction():
        await reader.execute("select from schedule_slots limit 1")
        with pytest.raises(StatementFailed) as failed:
            await migrate(old)
    await reader.close()
    assert "in “alter table public.schedule_slots" in str(failed.value) or "schedule_slots" in str(failed.value)
    assert "nothing was changed; another transaction holds a lock" in str(failed.value)
    assert await digests(old) == before
    assert await old.fetchval("select to_regnamespace('idexx_sync') is null")


async def test_ours_refuses_while_a_process_of_the_version_before_runs(old_url: str, postgres_url: str) -> None:
    connection = await asyncpg.connect(old_url)
    await connection.execute("drop schema public cascade; create schema public")
    await install(connection, "0017")
    worker = await asyncpg.connect(old_url, server_settings={"application_name": "idexx-sync"})
    with pytest.raises(DoesNotFit, match=f"version before runs here .process {worker.get_server_pid()} since"):
        await migrate(connection)
    await worker.close()
    await connection.execute("create view hours as select opens from clinic_schedule_config")
    with pytest.raises(DoesNotFit, match="clinic_schedule_config: hours depends on it"):
        await migrate(connection)
    await connection.execute("drop view hours")
    assert await migrate(connection)
    await connection.close()


async def test_a_database_that_is_up_to_date_needs_nothing(old: asyncpg.Connection, pool: asyncpg.Pool) -> None:
    await migrate(old)
    async with pool.acquire() as fresh:
        for connection in (old, fresh):
            found = await check(connection)
            assert (found.start, found.steps, found.problems) == ("ours", [], [])
