"""Records that share the portal's id: each occurrence is a row of its own, and a move stays one row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from engine.appointment import Appointment
from engine.repeating import SETTLE, as_occurrence, is_occurrence, occurrences, portal_id
from engine.store.reconciling import undecided
from tests.store.harness import Harness, appointment, by_key, on, seconds_of, snapshot
from tests.store.portal_model import HIDDEN

pytestmark = pytest.mark.anyio

DAYS = range(5)
#: Longer than a move may be shown at both places.
SETTLED = 11


def lunch(n: int, start: str = "12:00", **values: object) -> Appointment:
    return appointment("lunch", n, start, 60, appointment_type="block", **({"notes": "Lunch"} | values))


def visit(n: int) -> Appointment:
    return appointment(100 + n, n)


def week() -> Mapping[int, Iterable[Appointment]]:
    return {n: [visit(n), lunch(n)] for n in DAYS}


def expected() -> dict[str, Appointment]:
    return by_key(*(visit(n) for n in DAYS), *(as_occurrence(lunch(n)) for n in DAYS))


async def portal_ids(harness: Harness) -> dict[str, str]:
    rows = await harness.pool.fetch(
        "select neo_appointment_id, portal_appointment_id from schedule_appointments where clinic_id = $1",
        harness.clinic.id,
    )
    return {row["neo_appointment_id"]: row["portal_appointment_id"] for row in rows}


def test_an_occurrence_has_its_local_start_behind_the_portals_id():
    one = as_occurrence(lunch(0))
    assert one.neo_appointment_id == "lunch@2026-03-02T12:00"
    assert replace(one, neo_appointment_id="lunch") == lunch(0)
    assert as_occurrence(one) == one
    assert is_occurrence(one.neo_appointment_id)
    assert not is_occurrence("someone@example.org")
    assert (portal_id(one.neo_appointment_id), portal_id("a@b")) == ("lunch", "a@b")
    assert occurrences([lunch(0), visit(0)], {"lunch"}) == (one, visit(0))


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3]])
async def test_records_that_share_an_id_become_a_row_each_in_the_second_look(
    harness: Harness, order: list[int]
) -> None:
    await harness.sync(0, {n: week()[n] for n in order})
    first = await harness.row_id("lunch")
    sync = await harness.sync(SETTLED + len(DAYS), {n: week()[n] for n in reversed(order)})
    assert await harness.stored() == expected()
    assert set((await portal_ids(harness)).values()) == {"lunch", *(str(100 + n) for n in DAYS)}
    assert first in [await harness.row_id(as_occurrence(lunch(n)).neo_appointment_id) for n in DAYS]
    kinds = await harness.pool.fetch(
        "select kind from idexx_sync.schedule_appointment_changes where sync_id = $1", sync
    )
    assert [row["kind"] for row in kinds] == ["added"] * (len(DAYS) - 1), "the row that was there is only renamed"


async def test_once_it_is_known_a_look_writes_nothing(harness: Harness) -> None:
    for turn in range(2):
        await harness.sync(turn * 100, week())
    before = await harness.row_versions()
    sync = await harness.sync(200, week())
    assert await harness.row_versions() == before
    assert (
        await harness.pool.fetchval(
            "select count(*) from idexx_sync.schedule_appointment_changes where sync_id = $1", sync
        )
        == 0
    )
    assert await harness.pool.fetchval("select count(*) from idexx_sync.schedule_second_sightings") == 0


async def test_an_occurrence_that_changes_goes_or_comes_is_that_row_only(harness: Harness) -> None:
    for turn in range(2):
        await harness.sync(turn * 100, week())
    days = {n: [visit(n), lunch(n)] for n in DAYS} | {
        1: [visit(1), lunch(1, notes="Lunch with a guest")],
        2: [visit(2)],
        5: [lunch(5)],
    }
    await harness.sync(200, days)
    await harness.sync(300, days)
    wanted = [as_occurrence(lunch(n)) for n in (0, 3, 4, 5)] + [
        as_occurrence(lunch(1, notes="Lunch with a guest"))
    ]
    assert await harness.stored() == by_key(*(visit(n) for n in DAYS), *wanted)


async def test_several_on_one_day_that_the_portal_distinguished_rename_the_existing_row(
    harness: Harness,
) -> None:
    await harness.sync(0, {0: [lunch(0)]})
    row_id = await harness.row_id("lunch")
    both = [as_occurrence(lunch(0)), as_occurrence(lunch(0, "17:00"))]
    await harness.sync(10, {0: both})
    assert await harness.stored() == by_key(*both)
    assert await harness.row_id(both[0].neo_appointment_id) == row_id
    await harness.sync(20, {0: both, 1: [lunch(1)]})
    assert await harness.stored() == by_key(*both, as_occurrence(lunch(1)))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_a_move_that_both_days_show_for_a_moment_stays_one_row(
    harness: Harness, order: tuple[int, int]
) -> None:
    old, new = appointment(1, 0), on(appointment(1, 0), 1)
    await harness.sync(0, {0: [old], 1: []})
    for seconds in (100, 108):
        await harness.sync(seconds, {n: {0: [old], 1: [new]}[n] for n in order})
    await harness.sync(120, {n: {0: [], 1: [new]}[n] for n in order})
    assert await harness.stored() == by_key(new)
    assert await harness.kinds(1) == ["added", "moved"]


async def test_the_newest_looks_of_both_days_must_be_late_enough(harness: Harness) -> None:
    """One of the two days is read again much later, the other one is not."""
    old, new = appointment(1, 0), on(appointment(1, 0), 1)
    sync = await harness.start_sync(0, 1)
    await harness.scrape(sync, snapshot(0, 0, [old]))
    await harness.scrape(sync, snapshot(1, 1, [new]))
    await harness.scrape(sync, snapshot(1, 100, [new]))
    assert await harness.stored() == by_key(new)


@pytest.mark.parametrize("seed", range(12))
async def test_each_sync_ends_with_every_occurrence_and_one_row_for_what_moves(
    harness: Harness, seed: int
) -> None:
    """A repeating record gains days while another appointment moves, often shown on both days for as long as may be."""
    rng = Random(seed)
    clock, repeats, place = 0.0, set(rng.sample(DAYS, 2)), rng.choice(DAYS)
    left, left_at = place, -HIDDEN

    def shown(n: int) -> list[Appointment]:
        also_left = clock < left_at + HIDDEN and n == left
        return [lunch(n)] * (n in repeats) + [on(appointment(1, 0), n)] * (n == place or also_left)

    async def look() -> None:
        nonlocal clock, place, left, left_at
        for n in rng.sample(DAYS, len(DAYS)):
            if clock > left_at + HIDDEN and rng.random() < 0.2:
                left, left_at, place = place, clock, rng.choice([n for n in DAYS if n != place])
            await harness.scrape(sync, snapshot(n, clock, shown(n)))
            clock += rng.choice([0.1, 1.0])

    for _ in range(4):
        sync = await harness.start_sync(DAYS[0], DAYS[-1])
        await look()
        async with harness.pool.acquire() as connection:
            open_question = await undecided(connection, harness.clinic.id, sync)
        clock = max(clock, left_at + HIDDEN + 0.1)
        if open_question is not None:
            clock = max(clock, seconds_of(open_question.shown_since + SETTLE + timedelta(seconds=0.5)))
        left_at = clock  # nothing moves while it looks again
        left = place
        for n in DAYS:
            await harness.scrape(sync, snapshot(n, clock, shown(n)))
            clock += 0.1
        await harness.end(sync)
        assert await harness.stored() == by_key(
            on(appointment(1, 0), place), *(as_occurrence(lunch(n)) for n in repeats)
        )
        assert set(await harness.kinds(1)) <= {"added", "moved"}
        repeats |= set(rng.sample(DAYS, rng.randrange(2)))
        clock += rng.choice([1.0, 60.0])
