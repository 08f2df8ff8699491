"""A record that was left out may be an appointment that is missing; so it protects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from uuid import uuid4

import pytest

from engine.left_out import LeftOutSighting, protected_ids
from engine.removals import MissingAppointment, Protection
from engine.snapshot import LeftOutRecord
from tests.store.harness import Harness, appointment, by_key, day, snapshot

pytestmark = pytest.mark.anyio

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


def missing(
    key: str, patient: str | None = None, phone: str | None = None, on: date = MONDAY
) -> MissingAppointment:
    return MissingAppointment(
        uuid4(), key, on, time(9), time(10), None, None, patient, None, datetime(2026, 3, 1, tzinfo=UTC), phone
    )


REX, KIT = missing("1", "Rex", "+15555550123"), missing("2", "Kit", "+15555550199", TUESDAY)


@pytest.mark.parametrize(
    ("record", "is_repeated", "protects"),
    [
        (LeftOutRecord("no start", "2"), False, [KIT]),
        (LeftOutRecord("no start", "2"), True, [KIT]),
        (LeftOutRecord("no start", "3"), False, []),
        (LeftOutRecord("no id", None, " REX "), False, [REX]),
        (LeftOutRecord("no id", None, None, "(555) 555-0199"), False, [KIT]),
        (LeftOutRecord("no id", None, "Ada Lovelace", "555-000-0000"), False, [REX, KIT]),
        (LeftOutRecord("no id"), False, [REX, KIT]),
        (LeftOutRecord("no id"), True, [REX]),
        (LeftOutRecord("no id", None, "Kit"), True, [REX]),
    ],
)
def test_what_a_record_protects(
    record: LeftOutRecord, is_repeated: bool, protects: Sequence[MissingAppointment]
) -> None:
    sighting = LeftOutSighting(MONDAY, record, is_repeated)
    assert protected_ids([sighting], [REX, KIT]) == {each.id for each in protects}


def test_an_occurrence_of_a_repeating_appointment_is_protected_by_the_portals_id() -> None:
    occurrence = missing("7@2026-03-02T09:00")
    assert protected_ids([LeftOutSighting(TUESDAY, LeftOutRecord("no start", "7"))], [occurrence]) == {
        occurrence.id
    }


def test_a_record_left_out_contains_no_personal_data() -> None:
    shown = repr(LeftOutRecord("no id", None, "Rex", "+15555550123"))
    assert "Rex" not in shown
    assert "5550123" not in shown


async def test_a_new_bad_record_stops_the_removals_of_one_sync_and_later_those_of_its_date(
    harness: Harness,
) -> None:
    bad = LeftOutRecord("no id")
    first, second = appointment(1, 0), appointment(2, 1)
    await harness.sync(0, {0: [first], 1: [second]})
    protected = await _sync_that_leaves_out(harness, 10, bad)
    assert [each.protection for each in protected] == [Protection.LEFT_OUT_RECORD] * 2
    assert await harness.stored() == by_key(first, second)
    (kept,) = await _sync_that_leaves_out(harness, 20, bad)
    assert kept.date == day(0)
    assert await harness.stored() == by_key(first)
    await harness.sync(30, {0: [], 1: []})
    assert await harness.stored() == {}


async def test_a_sync_that_did_not_complete_is_no_earlier_time(harness: Harness) -> None:
    bad = LeftOutRecord("no id")
    await harness.sync(0, {0: [], 1: [appointment(2, 1)]})
    cancelled = await harness.start_sync(0, 1)
    await harness.scrape(cancelled, snapshot(0, 10, [], [bad]))
    await harness.pool.execute("update schedule_syncs set status = 'cancelled' where id = $1", cancelled)
    assert len(await _sync_that_leaves_out(harness, 20, bad)) == 1


async def _sync_that_leaves_out(
    harness: Harness, seconds: float, record: LeftOutRecord
) -> Sequence[MissingAppointment]:
    """A sync of two days that shows nothing but the record, on the first day; answers what it keeps."""
    sync = await harness.start_sync(0, 1)
    at: float | None = seconds
    for _ in range(2):
        if at is not None:
            await harness.scrape(sync, snapshot(0, at, [], [record]))
            await harness.scrape(sync, snapshot(1, at + 1, []))
        at = await harness.verify_removals(sync)
    return (await harness.end(sync)).kept
