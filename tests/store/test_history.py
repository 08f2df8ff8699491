"""What changed in which sync: read, compared, put back, rehearsed."""

from dataclasses import replace
from uuid import UUID

import pytest

from engine.removals import Fence
from engine.store.reconciling import (
    Change,
    Undone,
    changes_of,
    difference,
    history,
    net_changes_of,
    reconcile_snapshot,
    rehearse,
    undo,
)
from tests.store.desk import Desk, appointment, by_key, on, snapshot

pytestmark = pytest.mark.anyio


async def undone(desk: Desk, sync_id: UUID) -> Undone:
    async with desk.pool.acquire() as connection, connection.transaction():
        return await undo(connection, desk.clinic.id, sync_id)


async def changes(desk: Desk, key: str) -> list[Change]:
    async with desk.pool.acquire() as connection:
        return await history(connection, desk.clinic.id, key)


async def test_the_history_of_an_appointment_tells_each_change_with_its_sync(desk: Desk) -> None:
    first = await desk.sync(0, {0: [appointment(1)]})
    second = await desk.sync(10, {0: [appointment(1, notes="new")]})
    third = await desk.sync(20, {0: []})
    told = await changes(desk, "1")
    assert [(change.kind, change.sync_id) for change in told] == [
        ("added", first), ("updated", second), ("removed", third),
    ]  # fmt: skip
    assert told[1].fields == {"notes": (None, "new")}
    assert told == await changes(desk, str(await desk.row_id(1)))


async def test_the_difference_of_two_syncs_is_what_became_of_each_appointment(desk: Desk) -> None:
    a = await desk.sync(0, {0: [appointment(1), appointment(2), appointment(3)], 1: []})
    await desk.sync(
        10, {0: [appointment(1, notes="x"), appointment(3), appointment(5)], 1: [on(appointment(2), 1)]}
    )
    b = await desk.sync(20, {0: [appointment(1)], 1: [on(appointment(2), 1), appointment(4, 1)]})
    async with desk.pool.acquire() as connection:
        told = await difference(connection, desk.clinic.id, a, b)
        assert await difference(connection, desk.clinic.id, b, a) == told
        assert await difference(connection, desk.clinic.id, b, b) == []
    kinds = {one.neo_appointment_id: (one.before is not None, one.after is not None) for one in told}
    assert kinds == {"2": (True, True), "3": (True, False), "4": (False, True)}


async def test_what_waited_for_its_turn_while_a_sync_ended_was_changed_after_that_end(desk: Desk) -> None:
    first, second = await desk.start_sync(0, 0), await desk.start_sync(0, 0)
    await desk.scrape(first, snapshot(0, 0, [appointment(1)]))
    async with desk.pool.acquire() as connection, connection.transaction():
        await connection.execute("select now()")
        await desk.end(first)
        changed = snapshot(0, 1, [appointment(1, notes="new")])
        await reconcile_snapshot(connection, desk.clinic.id, second, changed)
    await desk.end(second)
    async with desk.pool.acquire() as connection:
        told = await difference(connection, desk.clinic.id, first, second)
    assert [one.neo_appointment_id for one in told] == ["1"]


async def test_what_a_sync_changed_is_told_once_for_each_appointment_and_without_its_undo(desk: Desk) -> None:
    await desk.sync(0, {0: [appointment(1), appointment(2), appointment(3)]})
    sync = await desk.start_sync(0, 0)
    await desk.scrape(
        sync, snapshot(0, 10, [appointment(1, notes="x"), appointment(2, notes="x"), appointment(4)])
    )
    shown = [appointment(1, notes="y"), appointment(2), appointment(4)]
    await desk.scrape(sync, snapshot(0, 11, shown))
    await desk.look_again(sync, {0: shown})
    await desk.end(sync)
    await undone(desk, sync)
    async with desk.pool.acquire() as connection:
        told = await net_changes_of(connection, sync)
    assert {one.neo_appointment_id: one.fields.get("notes") for one in told if one.before and one.after} == {
        "1": (None, "y")
    }
    assert {one.neo_appointment_id: (one.before is None, one.after is None) for one in told} == {
        "1": (False, False), "3": (False, True), "4": (True, False),
    }  # fmt: skip


async def test_an_undo_puts_back_what_the_sync_removed_and_changed(desk: Desk) -> None:
    before = [appointment(1), appointment(2), appointment(3)]
    await desk.sync(0, {0: before, 1: []})
    bad = await desk.sync(10, {0: [appointment(1, notes="bad"), appointment(9)], 1: [on(appointment(3), 1)]})
    assert await undone(desk, bad) == Undone(restored=1, moved=1, updated=1)
    assert await desk.stored() == by_key(*before, appointment(9))
    assert await undone(desk, bad) == Undone()


async def test_an_undo_leaves_what_something_newer_touched(desk: Desk) -> None:
    await desk.sync(0, {0: [appointment(1), appointment(2)]})
    bad = await desk.sync(10, {0: [appointment(1, notes="bad")]})
    newer = appointment(1, notes="newer")
    await desk.sync(20, {0: [newer]})
    assert await undone(desk, bad) == Undone(restored=1)
    assert await desk.stored() == by_key(newer, appointment(2))


async def test_the_next_sync_brings_in_what_the_portal_shows_after_an_undo(desk: Desk) -> None:
    await desk.sync(0, {0: [appointment(1)], 1: []})
    moved = on(appointment(1), 1)
    bad = await desk.sync(10, {0: [], 1: [moved]})
    await undone(desk, bad)
    await desk.sync(20, {0: [], 1: [moved]})
    assert await desk.stored() == by_key(moved)


async def test_a_rehearsal_tells_what_the_sync_then_does_and_leaves_nothing(desk: Desk) -> None:
    await desk.sync(0, {0: [appointment(n) for n in range(5)], 1: []})
    sync = await desk.start_sync(0, 1)
    seen = [
        snapshot(0, 10, [appointment(0), appointment(1, notes="new"), appointment(7)]),
        snapshot(1, 11, [on(appointment(2), 1)]),
    ]
    for one in seen:
        await desk.store(sync, one)
    await desk.pool.execute("update schedule_sync_dates set status = 'reconciled' where sync_id = $1", sync)
    versions, stored = await desk.row_versions(), await desk.stored()
    async with desk.pool.acquire() as connection, connection.transaction():
        told = await rehearse(connection, desk.clinic, sync, desk.dates(0, 1), seen, Fence())
    assert await desk.row_versions() == versions
    assert await desk.stored() == stored
    for one in seen:
        await desk.reconcile(sync, one)
    await desk.look_again(sync, {0: seen[0].appointments, 1: seen[1].appointments})
    assert (await desk.end(sync)).removed == told.removals.removed
    async with desk.pool.acquire() as connection:
        done = await changes_of(connection, sync)
    assert [(c.kind, c.neo_appointment_id, c.fields) for c in told.changes] == [
        (c.kind, c.neo_appointment_id, c.fields) for c in done
    ]


async def test_a_rehearsal_tells_what_the_fence_would_hold_back(desk: Desk) -> None:
    many = [appointment(n) for n in range(50)]
    await desk.sync(0, {0: many})
    sync = await desk.start_sync(0, 0)
    await desk.store(sync, snapshot(0, 10, many[:3]))
    await desk.pool.execute("update schedule_sync_dates set status = 'reconciled' where sync_id = $1", sync)
    async with desk.pool.acquire() as connection, connection.transaction():
        told = await rehearse(
            connection, desk.clinic, sync, desk.dates(0, 0), [snapshot(0, 10, many[:3])], Fence()
        )
    assert len(told.held) == 47
    assert await desk.pool.fetchval("select count(*) from schedule_held_removals") == 0


async def test_a_clinic_that_is_removed_takes_its_changes_with_it(desk: Desk) -> None:
    await desk.sync(0, {0: [replace(appointment(1), client_name="Client")]})
    await desk.pool.execute("delete from clinics where id = $1", desk.clinic.id)
    assert await desk.pool.fetchval("select count(*) from schedule_appointment_changes") == 0
