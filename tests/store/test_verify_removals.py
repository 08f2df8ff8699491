"""An appointment goes only where two looks, a settling time apart, confirm that it is gone."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from engine.removals import Protection, RemovalLimit, RemovalPlan, verification_at
from engine.store.reconciling import plan_removals
from tests.store.harness import Harness, appointment, by_key, day, on, snapshot
from tests.store.portal_model import PortalModel

pytestmark = pytest.mark.anyio

FENCE = RemovalLimit(settle=timedelta(seconds=10))
DAYS = 7
PER_DAY = 20


async def test_what_only_the_second_look_misses_stays_until_the_next_sync_decides(harness: Harness) -> None:
    """The look that confirms other removals has absences of its own, and nothing confirms them."""
    one, two, three = appointment(1), appointment(2), appointment(3, 1)
    await harness.sync(0, {0: [one, two], 1: [three]}, FENCE)
    sync = await harness.start_sync(0, 1)
    await harness.look(sync, 100, {0: [one], 1: [three]})
    await harness.look_again(sync, {0: [], 1: [three]}, FENCE)
    ended = await harness.end(sync, FENCE)
    assert ended.removed == {}
    assert {each.neo_appointment_id for each in ended.kept} == {"1", "2"}
    await harness.sync(200, {0: [one], 1: [three]}, FENCE)
    assert await harness.stored() == by_key(one, three)


@pytest.mark.parametrize("hidden", [0.5, 2, 3, 8])
@pytest.mark.parametrize("began", [-8, -3, -0.5, 0.5])
async def test_a_move_that_is_hidden_for_up_to_eight_seconds_is_one_move(
    harness: Harness, hidden: float, began: float
) -> None:
    """It begins so many seconds before or after the first look at its old day."""
    old = appointment(1, 0)
    new = on(old, 1)
    await harness.sync(0, {0: [old], 1: []}, FENCE)
    sync = await harness.start_sync(0, 1)

    def shown(n: int, seconds: float) -> list[object]:
        place = old if seconds < 100 + began else new if seconds >= 100 + began + hidden else None
        return [place] if place and place.date == day(n) else []

    for start in (100.0, None):
        at = start or await harness.verify_removals(sync, FENCE)
        for n in (0, 1) if at else ():
            await harness.scrape(sync, snapshot(n, at + n / 2, shown(n, at + n / 2)))  # type: ignore[arg-type, operator]
    assert (await harness.end(sync, FENCE)).removed == {}
    assert set(await harness.stored()) == {"1"}
    await harness.sync(200, {0: [], 1: [new]}, FENCE)
    assert await harness.stored() == by_key(new)
    assert "removed" not in await harness.kinds(1)


@pytest.mark.parametrize("hidden_for", [2.0, 8.0])
@pytest.mark.parametrize("failed", [None, 3])
async def test_no_real_appointment_is_removed_with_a_move_each_half_second(
    harness: Harness, hidden_for: float, failed: int | None
) -> None:
    """Five syncs, one after the other, while any appointment may move, and may move again at once."""
    rng, portal, clock = random.Random(1), PortalModel(hidden_for), 0.0
    for key in range(DAYS * PER_DAY):
        portal.put(appointment(key, key % DAYS), clock)
    await harness.sync(clock, {n: portal.shows(n) for n in range(DAYS)}, FENCE)

    async def look(sync: object, n: int) -> None:
        nonlocal clock
        clock += 0.5
        portal.move(rng.choice(list(portal.now)), rng.randrange(DAYS), "none", clock)
        portal.settle_in_time(clock)
        await harness.scrape(sync, snapshot(n, clock, portal.shows(n)))  # type: ignore[arg-type]

    for _ in range(5):
        sync = await harness.start_sync(0, DAYS - 1)
        good = [n for n in range(DAYS) if n != failed]
        if failed is not None:
            await harness.fail(sync, failed)
        for n in good:
            await look(sync, n)
        if (at := await harness.verify_removals(sync, FENCE)) is not None:
            while clock < at:
                clock += 0.5
                portal.move(rng.choice(list(portal.now)), rng.randrange(DAYS), "none", clock)
            for n in good:
                await look(sync, n)
        assert (await harness.end(sync, FENCE)).removed == {}
        assert len(await harness.stored()) == DAYS * PER_DAY
    clock += 100
    portal.settle_in_time(clock)
    await harness.sync(clock, {n: portal.shows(n) for n in range(DAYS)}, FENCE)
    assert await harness.stored() == portal.now


async def test_a_move_that_was_hidden_in_the_only_look_does_not_stay_on_a_good_date(harness: Harness) -> None:
    """Though one date failed, so that nothing may be removed."""
    old = appointment(1, 0)
    await harness.sync(0, {0: [old], 1: [], 2: []}, FENCE)
    sync = await harness.start_sync(0, 2)
    await harness.fail(sync, 2)
    await harness.look(sync, 100, {0: [], 1: []})
    assert await harness.verify_removals(sync, FENCE) == 110
    await harness.look_again(sync, {0: [], 1: [on(old, 1)]}, FENCE)
    await harness.end(sync, FENCE)
    assert await harness.stored() == by_key(on(old, 1))


async def test_what_stays_missing_beside_a_failed_date_costs_one_second_look_only(harness: Harness) -> None:
    old = appointment(1, 0)
    await harness.sync(0, {0: [old], 1: []}, FENCE)
    for seconds, asks in ((100, True), (200, False)):
        sync = await harness.start_sync(0, 1)
        await harness.fail(sync, 1)
        await harness.look(sync, seconds, {0: []})
        assert (await harness.verify_removals(sync, FENCE) is not None) is asks
        await harness.look_again(sync, {0: []}, FENCE)
        (kept,) = (await harness.end(sync, FENCE)).kept
        assert kept.protection is Protection.FAILED_DATE
    await harness.sync(300, {0: [], 1: []}, FENCE)
    assert await harness.stored() == {}


async def test_the_next_sync_confirms_an_absence_without_a_look_of_its_own(harness: Harness) -> None:
    await harness.sync(0, {0: [appointment(1), appointment(2)], 1: []}, FENCE)
    sync = await harness.start_sync(0, 1)
    await harness.look(sync, 100, {0: [appointment(2)], 1: []})
    assert (await harness.end(sync, FENCE)).removed == {}, "one look is not enough"
    later = await harness.start_sync(0, 1)
    await harness.look(later, 200, {0: [appointment(2)], 1: []})
    assert await harness.verify_removals(later, FENCE) is None
    assert (await harness.end(later, FENCE)).removed == {day(0): 1}


async def test_an_absence_counts_from_the_moment_by_which_the_portal_had_answered(harness: Harness) -> None:
    """A slow answer may show the calendar as it was when it came, not when it was asked for."""
    await harness.sync(0, {0: [appointment(1)], 1: []}, FENCE)
    sync = await harness.start_sync(0, 1)
    await harness.look(sync, 100, {0: [], 1: []})
    await harness.pool.execute(
        "update schedule_appointments set missing_since = missing_since + interval '30 seconds'"
    )
    assert await harness.verify_removals(sync, FENCE) == 140
    async with harness.pool.acquire() as connection, connection.transaction():
        plan = await plan_removals(connection, harness.clinic.id, sync, FENCE.settle)
    assert not plan.is_settled(plan.missing[0], FENCE.settle)


def test_a_plan_without_anything_missing_asks_for_nothing() -> None:
    assert verification_at(RemovalPlan(), FENCE.settle) is None
