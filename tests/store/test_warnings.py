"""Warnings: stored with what they are about, joined at the sync's end, and part of its last event and its status."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from actors.views import sync_view
from engine.clinic import Clinic
from engine.dates import DateRange
from engine.schedule import Room, ScheduleConfig, same_hours
from engine.snapshot import LeftOutRecord, Proof, Snapshot
from engine.steps.reconcile import reconcile_date
from engine.store.database import Database
from engine.store.reconciling import save_schedule_config
from engine.store.syncs import claims
from engine.store.syncs import dates as sync_dates
from engine.store.syncs.admission import admit
from engine.store.syncs.events import events_after
from engine.store.syncs.lifecycle import add_warning
from engine.store.syncs.reading import get_sync
from engine.sync import Limits, SyncRequest
from engine.warnings import SyncWarning, WarningCode, join_warnings
from tests.store.test_syncs import FENCE, TODAY, coordinate, take

pytestmark = pytest.mark.anyio

CONFIG = ScheduleConfig(same_hours(range(7), 480, 1080), 15, (Room("room-1", "One"),))
TOMORROW = TODAY + timedelta(days=1)
NO_ID = SyncWarning(WarningCode.RECORDS_LEFT_OUT, "no id", 2)
BACKWARDS = SyncWarning(WarningCode.RECORDS_LEFT_OUT, "its end lies before its start")
NO_HOURS = SyncWarning(WarningCode.CONFIGURATION_NOT_READ, "opening hours: HTTP 500")


def test_warnings_of_one_code_become_one_that_counts_and_names_the_dates() -> None:
    assert join_warnings([NO_HOURS, NO_HOURS], {TOMORROW: [NO_ID, BACKWARDS], TODAY: [NO_ID]}) == (
        SyncWarning(
            WarningCode.RECORDS_LEFT_OUT,
            f"5 records on 2 dates ({TODAY}, {TOMORROW}): no id; its end lies before its start",
            5,
        ),
        SyncWarning(WarningCode.CONFIGURATION_NOT_READ, "opening hours: HTTP 500", 2),
    )


def test_a_warning_of_one_date_names_that_date() -> None:
    empty = SyncWarning(WarningCode.OPEN_DAYS_EMPTY, "no records on a day on which the clinic is open")
    (one,) = join_warnings([], {TODAY: [empty]})
    assert one.message == f"{TODAY}: no records on a day on which the clinic is open"
    assert not join_warnings([], {TODAY: []})


def test_a_joined_message_stays_short() -> None:
    days = {TODAY + timedelta(days=n): [SyncWarning(WarningCode.RECORDS_LEFT_OUT, f"why_{n}")] for n in range(20)}
    (one,) = join_warnings([], days)
    assert one.message.startswith(f"20 records on 20 dates ({TODAY}, ")
    assert one.message.endswith("; and 17 more")


def test_the_same_names_on_several_dates_are_named_and_counted_once() -> None:
    days = {
        TODAY: [SyncWarning(WarningCode.UNKNOWN_FIELDS, "b, c", 2)],
        TOMORROW: [SyncWarning(WarningCode.UNKNOWN_FIELDS, "a, b", 2)],
    }
    assert join_warnings([], days) == (SyncWarning(WarningCode.UNKNOWN_FIELDS, "3 fields: a, b, c", 3),)
    many = SyncWarning(WarningCode.UNKNOWN_FLAGS, ", ".join(f"is_{n:02}" for n in range(14)), 14)
    (one,) = join_warnings([], {TODAY: [many]})
    assert one.message.startswith("14 flags: is_00, is_01")
    assert one.message.endswith("is_09 and 4 more")


async def test_they_are_stored_with_the_snapshot_and_listed_at_the_end(database: Database, clinic: Clinic) -> None:
    sync_id = await _sync(database, clinic, {TODAY: (NO_ID,), TOMORROW: ()})
    async with database.transaction() as connection:
        first, second = await sync_dates.snapshots_of(connection, sync_id)
        await add_warning(connection, sync_id, NO_HOURS)
        await add_warning(connection, sync_id, NO_HOURS)
    assert (first.warnings, second.warnings) == ((NO_ID,), ())
    assert first.left_out == (LeftOutRecord("no id", None, "Rex", "+15555550123"),)
    await coordinate(database, sync_id, Limits(), FENCE)
    async with database.connection() as connection:
        last = (await events_after(connection, sync_id, 0))[-1]
        sync = await get_sync(connection, sync_id)
    expected = [
        {"code": "records_left_out", "message": f"2 records on {TODAY}: no id"},
        {"code": "configuration_not_read", "message": "opening hours: HTTP 500"},
    ]
    assert (last["event"], last["warnings"]) == ("completed", expected)
    assert sync_view(sync)["warnings"] == expected
    assert "Rex" not in repr(first)
    assert "5550123" not in repr(first)


async def test_a_closed_day_that_was_read_before_the_hours_is_not_reported_as_open(
    database: Database, clinic: Clinic
) -> None:
    empty = SyncWarning(WarningCode.OPEN_DAYS_EMPTY, "open, but empty in two responses")
    closed_tomorrow = {n for n in range(7) if n != TOMORROW.isoweekday() % 7}
    config = replace(CONFIG, hours=same_hours(closed_tomorrow, 480, 1080))
    sync_id = await _sync(database, clinic, {TODAY: (empty,), TOMORROW: (empty,)}, config)
    await coordinate(database, sync_id, Limits(), FENCE)
    async with database.connection() as connection:
        expected = (await events_after(connection, sync_id, 0))[-1]["warnings"]
    assert expected == [{"code": "open_days_empty", "message": f"{TODAY}: open, but empty in two responses"}]


async def test_a_sync_with_nothing_to_say_has_an_empty_list(database: Database, clinic: Clinic) -> None:
    sync_id = await _sync(database, clinic, {TODAY: ()})
    await coordinate(database, sync_id, Limits(), FENCE)
    async with database.connection() as connection:
        assert (await events_after(connection, sync_id, 0))[-1]["warnings"] == []


async def _sync(
    database: Database,
    clinic: Clinic,
    warnings: dict[date, tuple[SyncWarning, ...]],
    config: ScheduleConfig = CONFIG,
) -> UUID:
    """A sync whose dates are reconciled, without appointments, and that has not ended; the configuration is known."""
    dates = DateRange(min(warnings), max(warnings))
    async with database.transaction() as connection:
        await save_schedule_config(connection, clinic.id, config)
        sync_id = (await admit(connection, SyncRequest(clinic.id, dates), list(dates), Limits())).sync_id
    for day, said in warnings.items():
        claim = await take(database, sync_id, day)
        proof = Proof(200, "application/json", "array", 0, day, day)
        left_out = tuple(LeftOutRecord("no id", None, "Rex", "+15555550123") for _ in said)
        seen = Snapshot(day, claim.claimed_at, (), proof, said, left_out)
        async with database.transaction() as connection:
            assert await claims.save_snapshots(connection, clinic.id, [claim], {day: seen})
        await reconcile_date(database, sync_id, day)
    return sync_id
