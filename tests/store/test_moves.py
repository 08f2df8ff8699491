"""Moves keep their row and are one change, also while the portal shows them on both days or on neither."""

import itertools

import pytest

from tests.store.harness import Harness, appointment, by_key, day, on, snapshot

pytestmark = pytest.mark.anyio

OLD, NEW = appointment(1, 0, client_name="Client"), on(appointment(1, 0, client_name="Client"), 1, notes="moved")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_a_move_to_another_day_keeps_its_row_whichever_day_is_read_first(
    harness: Harness, order: tuple[int, int]
) -> None:
    await harness.sync(0, {0: [OLD], 1: []})
    row_id = await harness.row_id(1)
    await harness.sync(10, {n: {0: [], 1: [NEW]}[n] for n in order})
    assert await harness.stored() == by_key(NEW)
    assert await harness.row_id(1) == row_id
    assert await harness.kinds(1) == ["added", "moved"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_a_move_that_is_shown_on_both_days_is_one_move(harness: Harness, order: tuple[int, int]) -> None:
    await harness.sync(0, {0: [OLD], 1: []})
    await harness.sync(10, {n: {0: [OLD], 1: [NEW]}[n] for n in order})
    assert await harness.stored() == by_key(NEW)
    await harness.sync(20, {n: {0: [OLD], 1: [NEW]}[n] for n in reversed(order)})
    await harness.sync(30, {n: {0: [], 1: [NEW]}[n] for n in order})
    assert await harness.stored() == by_key(NEW)
    assert await harness.kinds(1) == ["added", "moved"]
    assert await harness.pool.fetchval("select count(*) from idexx_sync.schedule_second_sightings") == 0


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_a_move_that_is_taken_back_while_both_days_show_it_ends_at_the_old_place(
    harness: Harness, order: tuple[int, int]
) -> None:
    await harness.sync(0, {0: [OLD], 1: []})
    await harness.sync(10, {n: {0: [OLD], 1: [NEW]}[n] for n in order})
    await harness.sync(20, {n: {0: [OLD], 1: []}[n] for n in order})
    assert await harness.stored() == by_key(OLD)
    assert await harness.kinds(1) == ["added", "moved", "moved"]


async def test_what_a_sync_saw_only_at_the_old_place_goes_back_there(harness: Harness) -> None:
    """The new place lies outside its range, so nothing else would ever put it right."""
    await harness.sync(0, {0: [OLD], 1: []})
    await harness.sync(10, {1: [NEW], 0: [OLD]})
    assert await harness.stored() == by_key(NEW)
    await harness.sync(20, {0: [OLD]})
    assert await harness.stored() == by_key(OLD)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_a_move_that_is_shown_on_neither_day_is_found_by_a_second_look(
    harness: Harness, order: tuple[int, int]
) -> None:
    await harness.sync(0, {0: [OLD], 1: []})
    row_id = await harness.row_id(1)
    sync = await harness.start_sync(0, 1)
    await harness.look(sync, 10, {n: [] for n in order})
    assert await harness.verify_removals(sync) == 10 + order.index(0) + 2
    await harness.look_again(sync, {n: [[], [NEW]][n] for n in order})
    await harness.end(sync)
    assert await harness.stored() == by_key(NEW)
    assert await harness.row_id(1) == row_id
    assert await harness.kinds(1) == ["added", "moved"]


async def test_an_absence_that_two_looks_confirm_asks_for_no_other_one(harness: Harness) -> None:
    await harness.sync(0, {0: [OLD], 1: []})
    sync = await harness.start_sync(0, 1)
    await harness.scrape(sync, snapshot(0, 10, []))
    await harness.look(sync, 20, {0: [], 1: []})
    assert await harness.verify_removals(sync) is None


async def test_what_moved_where_no_look_of_a_sync_showed_it_is_back_in_the_same_row(harness: Harness) -> None:
    await harness.sync(0, {0: [OLD], 1: []})
    row_id = await harness.row_id(1)
    await harness.sync(10, {0: [], 1: []})
    assert await harness.stored() == {}
    await harness.sync(20, {0: [], 1: [NEW]})
    assert await harness.stored() == by_key(NEW)
    assert await harness.row_id(1) == row_id


async def test_a_failed_date_protects_what_may_have_moved_to_it(harness: Harness) -> None:
    await harness.sync(0, {0: [OLD, appointment(2)], 1: []})
    sync = await harness.start_sync(0, 1)
    await harness.scrape(sync, snapshot(0, 10, [appointment(2)]))
    await harness.fail(sync, 1)
    assert (await harness.end(sync)).removed == {}
    assert await harness.stored() == by_key(OLD, appointment(2))
    await harness.sync(20, {0: [appointment(2)], 1: [NEW]})
    assert await harness.stored() == by_key(NEW, appointment(2))
    assert await harness.kinds(1) == ["added", "moved"]


async def test_a_failed_date_keeps_what_stands_on_it(harness: Harness) -> None:
    await harness.sync(0, {0: [OLD], 1: [appointment(2, 1)]})
    sync = await harness.start_sync(0, 1)
    await harness.scrape(sync, snapshot(0, 10, [OLD]))
    await harness.fail(sync, 1)
    assert (await harness.end(sync)).removed == {}
    assert await harness.stored() == by_key(OLD, appointment(2, 1))


async def test_what_an_overlapping_sync_saw_later_is_not_removed(harness: Harness) -> None:
    await harness.sync(0, {0: [OLD], 1: []})
    early, late = await harness.start_sync(0, 1), await harness.start_sync(0, 1)
    for n in (0, 1):
        await harness.scrape(early, snapshot(n, 10, []))
    await harness.scrape(late, snapshot(1, 20, [NEW]))
    assert (await harness.end(early)).removed == {}
    assert await harness.stored() == by_key(NEW)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_the_end_is_the_same_in_whatever_order_the_scrapes_come(
    harness: Harness, order: tuple[int, ...]
) -> None:
    """Two syncs of two dates; 1 moves from day 0 to day 1 between them, 2 is new, 3 changes, 4 is removed."""
    one, two = await harness.start_sync(0, 1), await harness.start_sync(0, 1)
    changed = appointment(3, 1, notes="changed")
    scrapes = [
        (one, snapshot(0, 10, [OLD, appointment(4)])),
        (one, snapshot(1, 11, [appointment(3, 1)])),
        (two, snapshot(0, 21, [appointment(2)])),
        (two, snapshot(1, 20, [NEW, changed])),
    ]
    for index in order:
        await harness.scrape(*scrapes[index])
    await harness.end(one)
    await harness.look_again(two, {0: [appointment(2)], 1: [NEW, changed]})
    await harness.end(two)
    assert await harness.stored() == by_key(NEW, appointment(2), changed)


async def test_a_sync_does_not_remove_what_it_has_seen_itself(harness: Harness) -> None:
    early, late = await harness.start_sync(0, 0), await harness.start_sync(0, 0)
    await harness.scrape(early, snapshot(0, 10, [OLD]))
    await harness.scrape(late, snapshot(0, 20, []))
    assert (await harness.end(early)).removed == {}
    await harness.look_again(late, {0: []})
    assert (await harness.end(late)).removed == {day(0): 1}
