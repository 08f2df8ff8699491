"""The removal limit: removals above it are held for a person."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

import pytest

from engine.errors import WrongState
from engine.removals import MissingAppointment, RemovalLimit
from engine.steps import decide_removals
from engine.store.database import Database
from engine.store.reconciling import approve_removals, held_removals, reject_removals
from engine.store.syncs.lifecycle import recount_held
from tests.store.harness import FENCE, Harness, appointment, by_key, day

pytestmark = pytest.mark.anyio

WHOLE = [appointment(n, client_name=f"Client {n}") for n in range(103)]
REST = WHOLE[100:]


async def wiped(harness: Harness) -> UUID:
    """A clinic of 103 appointments, after a sync that saw 3 of them."""
    await harness.sync(0, {0: WHOLE})
    return await harness.sync(10, {0: REST})


async def held(harness: Harness, sync_id: UUID) -> list[MissingAppointment]:
    async with harness.pool.acquire() as connection:
        return await held_removals(connection, sync_id)


async def held_counts(harness: Harness) -> Mapping[UUID, int]:
    """What the syncs that held anything back say of themselves."""
    rows = await harness.pool.fetch(
        "select id, removals_held from schedule_syncs"
        " where id in (select sync_id from idexx_sync.schedule_held_removals)"
    )
    return {row["id"]: row["removals_held"] for row in rows}


async def approve(harness: Harness, sync_id: UUID) -> Mapping[date, int]:
    async with harness.pool.acquire() as connection, connection.transaction():
        return await approve_removals(connection, harness.clinic.id, sync_id)


async def reject(harness: Harness, sync_id: UUID) -> int:
    async with harness.pool.acquire() as connection, connection.transaction():
        return await reject_removals(connection, harness.clinic.id, sync_id)


@pytest.mark.parametrize(
    ("removals", "stored", "holds"),
    [(20, 20, False), (21, 70, False), (21, 69, True), (100, 103, True), (30, 100, False), (31, 100, True)],
)
def test_the_fence_holds_back_what_passes_both_limits(removals: int, stored: int, holds: bool) -> None:
    assert RemovalLimit().holds_back(removals, stored) is holds


@pytest.mark.parametrize(
    ("removals", "stored", "holds"),
    [(9, 9, False), (8, 10, True), (7, 10, False), (10, 10, True), (39, 50, False)],
)
def test_a_date_of_ten_or_more_is_held_where_it_would_lose_four_fifths(
    removals: int, stored: int, holds: bool
) -> None:
    assert RemovalLimit().holds_back_date(removals, stored) is holds


async def test_a_whole_working_day_waits_for_a_person_however_little_of_the_fortnight_it_is(
    harness: Harness,
) -> None:
    """And what is gone from other days goes."""
    whole = {n: [appointment(100 * n + key, n) for key in range(60)] for n in range(10)}
    await harness.sync(0, whole)
    sync = await harness.sync(100, whole | {3: [], 4: whole[4][1:], 5: whole[5][50:]})
    stored = await harness.stored()
    assert [sum(one.date == day(n) for one in stored.values()) for n in (3, 4, 5)] == [60, 59, 60]
    assert {one.date for one in await held(harness, sync)} == {day(3), day(5)}


async def test_a_day_that_keeps_its_blocks_only_waits_for_a_person(harness: Harness) -> None:
    blocks = [appointment(f"b{key}", appointment_type="block") for key in range(6)]
    await harness.sync(0, {0: [appointment(key) for key in range(12)] + blocks, 1: []})
    sync = await harness.sync(100, {0: blocks, 1: []})
    assert len(await held(harness, sync)) == 12


async def test_both_numbers_of_a_day_are_settings(harness: Harness) -> None:
    whole = [appointment(key) for key in range(12)]
    lenient = RemovalLimit(day_count=13, settle=FENCE.settle)
    await harness.sync(0, {0: whole}, lenient)
    await harness.sync(10, {0: []}, lenient)
    assert await harness.stored() == {}


async def test_an_answer_that_lost_100_of_103_leaves_all_103_and_a_plan_that_a_person_can_read(
    harness: Harness,
) -> None:
    await harness.sync(0, {0: WHOLE})
    sync = await harness.start_sync(0, 0)
    await harness.look(sync, 10, {0: [*REST, appointment("new")]})
    await harness.look_again(sync, {0: [*REST, appointment("new")]})
    removals = await harness.end(sync)
    assert (removals.removed, removals.held) == ({}, 100)
    assert await harness.stored() == by_key(*WHOLE, appointment("new"))
    plan = await held(harness, sync)
    assert len(plan) == 100
    first = plan[0]
    assert (first.date, first.start_time.isoformat(), first.patient_name, first.client_name) == (
        day(0), "09:00:00", "Patient 0", "Client 0",
    )  # fmt: skip
    assert "Client" not in repr(first)


async def test_an_approved_plan_is_carried_out_once(harness: Harness) -> None:
    sync = await wiped(harness)
    assert await approve(harness, sync) == {day(0): 100}
    assert await harness.stored() == by_key(*REST)
    assert await approve(harness, sync) == {}
    assert await held(harness, sync) == []


async def test_a_rejected_plan_removes_nothing_and_a_later_sync_asks_again(harness: Harness) -> None:
    sync = await wiped(harness)
    assert await reject(harness, sync) == 100
    assert await approve(harness, sync) == {}
    assert await harness.stored() == by_key(*WHOLE)
    again = await harness.sync(20, {0: REST})
    assert len(await held(harness, again)) == 100


async def test_what_was_rejected_is_not_removed_unasked_though_few_are_left(harness: Harness) -> None:
    await reject(harness, await wiped(harness))
    later = await harness.sync(20, {0: WHOLE[1:]})
    assert await harness.stored() == by_key(*WHOLE)
    assert [one.neo_appointment_id for one in await held(harness, later)] == ["0"]
    assert await approve(harness, later) == {day(0): 1}
    assert await harness.stored() == by_key(*WHOLE[1:])


async def test_what_was_rejected_and_is_seen_again_may_be_removed_another_time(harness: Harness) -> None:
    await reject(harness, await wiped(harness))
    await harness.sync(20, {0: WHOLE})
    await harness.sync(30, {0: WHOLE[1:]})
    assert await harness.stored() == by_key(*WHOLE[1:])


async def test_what_a_later_sync_sees_is_dropped_from_the_plan_and_what_it_misses_stays(harness: Harness) -> None:
    sync = await wiped(harness)
    later = await harness.sync(20, {0: WHOLE[90:]})
    assert await harness.stored() == by_key(*WHOLE)
    assert {one.neo_appointment_id for one in await held(harness, sync)} == {str(n) for n in range(90)}
    assert len(await held(harness, later)) == 90
    assert await approve(harness, later) == {day(0): 90}
    assert await held(harness, sync) == []


async def test_what_was_decided_with_another_sync_or_seen_again_is_no_longer_counted(
    harness: Harness, database: Database
) -> None:
    first = await wiped(harness)
    second = await harness.sync(20, {0: WHOLE[90:]})
    await harness.pool.execute("update schedule_syncs set removals_held = 100, status = 'completed'")
    async with database.transaction() as connection:
        await recount_held(connection, harness.clinic.id)
    assert await held_counts(harness) == {first: 90, second: 90}
    assert await decide_removals.approve(database, harness.clinic, second) == 90
    assert await held_counts(harness) == {first: 0, second: 0}
    with pytest.raises(WrongState):
        await decide_removals.approve(database, harness.clinic, first)


async def test_what_is_held_stays_held_though_few_are_left(harness: Harness) -> None:
    sync = await wiped(harness)
    await harness.sync(20, {0: WHOLE[1:]})
    assert await harness.stored() == by_key(*WHOLE)
    assert [one.neo_appointment_id for one in await held(harness, sync)] == ["0"]


async def test_an_absence_that_ended_and_began_again_is_another_absence(harness: Harness) -> None:
    sync = await wiped(harness)
    await harness.sync(20, {0: WHOLE})
    await harness.sync(30, {0: WHOLE[1:]})
    assert await held(harness, sync) == []
    assert await harness.stored() == by_key(*WHOLE[1:])
