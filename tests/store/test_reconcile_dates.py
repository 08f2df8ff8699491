"""One date against its snapshot: what is written, and what is not."""

from dataclasses import replace
from typing import Any

import pytest

from engine.removals import RemovalLimit
from engine.store.reconciling import DateCounts
from tests.store.harness import FENCE, Harness, appointment, by_key, on, snapshot

pytestmark = pytest.mark.anyio

MANY = 500


async def test_what_was_seen_is_stored_field_by_field(harness: Harness) -> None:
    seen = appointment(
        1, start="23:45", client_name="Client", client_phone="+15550100", client_phone_raw="555-0100",
        provider_name="Dr", appointment_type="block", status="no_show", notes="note",
    )  # fmt: skip
    sync = await harness.start_sync(0, 0)
    assert await harness.scrape(sync, snapshot(0, 0, [seen])) == DateCounts(added=1)
    assert await harness.stored() == by_key(seen)


async def test_the_same_snapshot_twice_changes_nothing_the_second_time(harness: Harness) -> None:
    seen = snapshot(0, 0, [appointment(1), appointment(2)])
    sync = await harness.start_sync(0, 0)
    await harness.scrape(sync, seen)
    versions = await harness.row_versions()
    assert await harness.scrape(sync, seen) == DateCounts(unchanged=2)
    assert await harness.row_versions() == versions
    assert await harness.kinds(1) == ["added"]


async def test_an_unchanged_row_costs_no_write(harness: Harness) -> None:
    many = [appointment(n) for n in range(50)]
    await harness.sync(0, {0: many})
    versions = await harness.row_versions()
    changed = [replace(many[0], notes="new"), *many[1:]]
    await harness.sync(10, {0: changed})
    after = await harness.row_versions()
    assert {key for key in after if after[key] != versions[key]} == {"0"}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"notes": "other"}, "updated"),
        ({"status": "cancelled"}, "updated"),
        ({"room_id": "room-2"}, "moved"),
    ],
)
async def test_a_change_is_recorded_with_its_kind(harness: Harness, values: dict[str, Any], kind: str) -> None:
    await harness.sync(0, {0: [appointment(1)]})
    changed = replace(appointment(1), **values)
    sync = await harness.start_sync(0, 0)
    assert await harness.scrape(sync, snapshot(0, 1, [changed])) == DateCounts(**{kind: 1})
    assert await harness.stored() == by_key(changed)
    assert await harness.kinds(1) == ["added", kind]


async def test_an_older_scrape_that_comes_late_changes_nothing(harness: Harness) -> None:
    late, other = await harness.start_sync(0, 0), await harness.start_sync(0, 0)
    await harness.scrape(other, snapshot(0, 2, [appointment(1)]))
    assert await harness.scrape(late, snapshot(0, 1, [appointment(2)])) == DateCounts(superseded=True)
    assert await harness.stored() == by_key(appointment(1))


async def test_what_is_gone_is_removed_when_the_sync_ends_and_not_before(harness: Harness) -> None:
    await harness.sync(0, {0: [appointment(1), appointment(2)]})
    sync = await harness.start_sync(0, 0)
    await harness.scrape(sync, snapshot(0, 10, [appointment(1)]))
    await harness.look_again(sync, {0: [appointment(1)]})
    assert set(await harness.stored()) == {"1", "2"}
    removals = await harness.end(sync)
    assert list(removals.removed.values()) == [1]
    assert await harness.stored() == by_key(appointment(1))


async def test_a_removed_appointment_that_is_back_keeps_its_row(harness: Harness) -> None:
    await harness.sync(0, {0: [appointment(1)]})
    row_id = await harness.row_id(1)
    await harness.sync(10, {0: []})
    sync = await harness.start_sync(0, 1)
    assert await harness.scrape(sync, snapshot(1, 20, [appointment(1, 1)])) == DateCounts(restored=1)
    assert await harness.stored() == by_key(appointment(1, 1))
    assert await harness.row_id(1) == row_id
    assert await harness.kinds(1) == ["added", "removed", "restored"]


async def test_many_rows_go_the_same_way_as_few(harness: Harness) -> None:
    """Added, changed, moved and restored ones, more than are hashed at once."""
    many = [appointment(n) for n in range(3 * MANY)]
    third = [many[:MANY], many[MANY : 2 * MANY], many[2 * MANY :]]
    await harness.sync(
        0, {0: third[0] + third[1], 1: []}, removal_limit=RemovalLimit(10**6, day_count=10**6, settle=FENCE.settle)
    )
    await harness.sync(
        10, {0: third[0], 1: []}, removal_limit=RemovalLimit(10**6, day_count=10**6, settle=FENCE.settle)
    )
    changed = [replace(one, notes="changed") for one in third[0]]
    sync = await harness.start_sync(0, 1)
    assert await harness.scrape(sync, snapshot(0, 20, changed + third[1] + third[2])) == DateCounts(
        added=MANY, updated=MANY, restored=MANY
    )
    assert await harness.stored() == by_key(*changed, *third[1], *third[2])
    moved = [on(one, 1) for one in changed]
    assert await harness.scrape(sync, snapshot(1, 21, moved)) == DateCounts(moved=MANY)
    await harness.scrape(sync, snapshot(0, 22, third[1] + third[2]))
    assert await harness.stored() == by_key(*moved, *third[1], *third[2])


async def test_an_id_that_comes_twice_counts_once(harness: Harness) -> None:
    sync = await harness.start_sync(0, 0)
    await harness.scrape(sync, snapshot(0, 0, [appointment(1, notes="first"), appointment(1, notes="last")]))
    assert await harness.stored() == by_key(appointment(1, notes="last"))
