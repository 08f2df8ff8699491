"""The changes of syncs: read, compared, undone, and planned by dry runs."""

from dataclasses import replace
from uuid import UUID

import pytest

from engine.removals import RemovalLimit
from engine.store.reconciling import (
    Change,
    Undone,
    changes_of,
    difference,
    dry_run,
    history,
    net_changes_of,
    reconcile_snapshot,
    undo,
)
from tests.store.harness import Harness, appointment, by_key, on, snapshot

pytestmark = pytest.mark.anyio


async def undone(harness: Harness, sync_id: UUID) -> Undone:
    async with harness.pool.acquire() as connection, connection.transaction():
        return await undo(connection, harness.clinic.id, sync_id)


async def changes(harness: Harness, key: str) -> list[Change]:
    async with harness.pool.acquire() as connection:
        return await history(connection, harness.clinic.id, key)


async def test_the_history_of_an_appointment_has_each_change_with_its_sync(harness: Harness) -> None:
    first = await harness.sync(0, {0: [appointment(1)]})
    second = await harness.sync(10, {0: [appointment(1, notes="new")]})
    third = await harness.sync(20, {0: []})
    shown = await changes(harness, "1")
    assert [(change.kind, change.sync_id) for change in shown] == [
        ("added", first), ("updated", second), ("removed", third),
    ]  # fmt: skip
    assert shown[1].fields == {"notes": (None, "new")}
    assert shown == await changes(harness, str(await harness.row_id(1)))


async def test_the_difference_of_two_syncs_is_what_became_of_each_appointment(harness: Harness) -> None:
    a = await harness.sync(0, {0: [appointment(1), appointment(2), appointment(3)], 1: []})
    await harness.sync(
        10, {0: [appointment(1, notes="x"), appointment(3), appointment(5)], 1: [on(appointment(2), 1)]}
    )
    b = await harness.sync(20, {0: [appointment(1)], 1: [on(appointment(2), 1), appointment(4, 1)]})
    async with harness.pool.acquire() as connection:
        shown = await difference(connection, harness.clinic.id, a, b)
        assert await difference(connection, harness.clinic.id, b, a) == shown
        assert await difference(connection, harness.clinic.id, b, b) == []
    kinds = {one.neo_appointment_id: (one.before is not None, one.after is not None) for one in shown}
    assert kinds == {"2": (True, True), "3": (True, False), "4": (False, True)}


async def test_what_waited_for_its_turn_while_a_sync_ended_was_changed_after_that_end(harness: Harness) -> None:
    first, second = await harness.start_sync(0, 0), await harness.start_sync(0, 0)
    await harness.scrape(first, snapshot(0, 0, [appointment(1)]))
    async with harness.pool.acquire() as connection, connection.transaction():
        await connection.execute("select now()")
        await harness.end(first)
        changed = snapshot(0, 1, [appointment(1, notes="new")])
        await reconcile_snapshot(connection, harness.clinic.id, second, changed)
    await harness.end(second)
    async with harness.pool.acquire() as connection:
        shown = await difference(connection, harness.clinic.id, first, second)
    assert [one.neo_appointment_id for one in shown] == ["1"]


async def test_the_changes_of_a_sync_are_listed_once_per_appointment_and_without_its_undo(
    harness: Harness,
) -> None:
    await harness.sync(0, {0: [appointment(1), appointment(2), appointment(3)]})
    sync = await harness.start_sync(0, 0)
    await harness.scrape(
        sync, snapshot(0, 10, [appointment(1, notes="x"), appointment(2, notes="x"), appointment(4)])
    )
    shown = [appointment(1, notes="y"), appointment(2), appointment(4)]
    await harness.scrape(sync, snapshot(0, 11, shown))
    await harness.look_again(sync, {0: shown})
    await harness.end(sync)
    await undone(harness, sync)
    async with harness.pool.acquire() as connection:
        shown = await net_changes_of(connection, sync)
    assert {one.neo_appointment_id: one.fields.get("notes") for one in shown if one.before and one.after} == {
        "1": (None, "y")
    }
    assert {one.neo_appointment_id: (one.before is None, one.after is None) for one in shown} == {
        "1": (False, False), "3": (False, True), "4": (True, False),
    }  # fmt: skip


async def test_an_undo_puts_back_what_the_sync_removed_and_changed(harness: Harness) -> None:
    before = [appointment(1), appointment(2), appointment(3)]
    await harness.sync(0, {0: before, 1: []})
    bad = await harness.sync(10, {0: [appointment(1, notes="bad"), appointment(9)], 1: [on(appointment(3), 1)]})
    assert await undone(harness, bad) == Undone(restored=1, moved=1, updated=1)
    assert await harness.stored() == by_key(*before, appointment(9))
    assert await undone(harness, bad) == Undone()


async def test_an_undo_leaves_what_something_newer_touched(harness: Harness) -> None:
    await harness.sync(0, {0: [appointment(1), appointment(2)]})
    bad = await harness.sync(10, {0: [appointment(1, notes="bad")]})
    newer = appointment(1, notes="newer")
    await harness.sync(20, {0: [newer]})
    assert await undone(harness, bad) == Undone(restored=1)
    assert await harness.stored() == by_key(newer, appointment(2))


async def test_the_next_sync_brings_in_what_the_portal_shows_after_an_undo(harness: Harness) -> None:
    await harness.sync(0, {0: [appointment(1)], 1: []})
    moved = on(appointment(1), 1)
    bad = await harness.sync(10, {0: [], 1: [moved]})
    await undone(harness, bad)
    await harness.sync(20, {0: [], 1: [moved]})
    assert await harness.stored() == by_key(moved)


async def test_a_dry_run_plans_what_the_sync_then_does_and_leaves_nothing(harness: Harness) -> None:
    await harness.sync(0, {0: [appointment(n) for n in range(5)], 1: []})
    sync = await harness.start_sync(0, 1)
    seen = [
        snapshot(0, 10, [appointment(0), appointment(1, notes="new"), appointment(7)]),
        snapshot(1, 11, [on(appointment(2), 1)]),
    ]
    for one in seen:
        await harness.store(sync, one)
    await harness.pool.execute(
        "update idexx_sync.schedule_sync_dates set status = 'reconciled' where sync_id = $1", sync
    )
    versions, stored = await harness.row_versions(), await harness.stored()
    async with harness.pool.acquire() as connection, connection.transaction():
        shown = await dry_run(connection, harness.clinic, sync, harness.dates(0, 1), seen, RemovalLimit())
    assert await harness.row_versions() == versions
    assert await harness.stored() == stored
    for one in seen:
        await harness.reconcile(sync, one)
    await harness.look_again(sync, {0: seen[0].appointments, 1: seen[1].appointments})
    assert (await harness.end(sync)).removed == shown.removals.removed
    async with harness.pool.acquire() as connection:
        done = await changes_of(connection, sync)
    assert [(c.kind, c.neo_appointment_id, c.fields) for c in shown.changes] == [
        (c.kind, c.neo_appointment_id, c.fields) for c in done
    ]


async def test_a_dry_run_lists_the_removals_that_would_be_held(harness: Harness) -> None:
    many = [appointment(n) for n in range(50)]
    await harness.sync(0, {0: many})
    sync = await harness.start_sync(0, 0)
    await harness.store(sync, snapshot(0, 10, many[:3]))
    await harness.pool.execute(
        "update idexx_sync.schedule_sync_dates set status = 'reconciled' where sync_id = $1", sync
    )
    async with harness.pool.acquire() as connection, connection.transaction():
        shown = await dry_run(
            connection, harness.clinic, sync, harness.dates(0, 0), [snapshot(0, 10, many[:3])], RemovalLimit()
        )
    assert len(shown.held) == 47
    assert await harness.pool.fetchval("select count(*) from idexx_sync.schedule_held_removals") == 0


async def test_a_clinic_that_is_removed_takes_its_changes_with_it(harness: Harness) -> None:
    await harness.sync(0, {0: [replace(appointment(1), client_name="Client")]})
    await harness.pool.execute("delete from clinics where id = $1", harness.clinic.id)
    assert await harness.pool.fetchval("select count(*) from idexx_sync.schedule_appointment_changes") == 0
