"""Whose appointment it is beyond the names: filled in silently, and unknown to workers of the version before."""

from __future__ import annotations

import json
from dataclasses import replace

import asyncpg
import pytest

from engine.appointment import REFERENCES, Appointment
from engine.failure import Failure, Reason
from engine.snapshot import LeftOutRecord, Snapshot
from engine.store.clinics.unknown_fields import unknown_fields, warn_of_new_fields
from engine.store.reconciling import DateCounts, undo
from engine.store.syncs.lifecycle import warnings_of_sync
from engine.store.syncs.snapshots import from_row, to_columns
from engine.warnings import SyncWarning, WarningCode
from tests.store.harness import Harness, appointment, by_key, snapshot

pytestmark = pytest.mark.anyio

REFERENCE_VALUES = {
    "client_email": "a@b.example",
    "neo_client_id": "5",
    "neo_patient_id": "4",
    "neo_consultation_id": None,
}

#: What the version before reads of an appointment in a snapshot; it refuses any other name.
OLD_NAMES = {
    "neo_appointment_id", "date", "start_time", "end_time", "starts_at", "ends_at", "patient_name", "client_name",
    "client_phone", "client_phone_raw", "provider_name", "room_id", "appointment_type", "status", "notes",
}  # fmt: skip
OLD_PROOF_NAMES = {
    "http_status", "content_type", "wrapper", "records_read", "asked_from", "asked_to", "left_out", "unknown_statuses",
    "unknown_fields", "asked_twice",
}  # fmt: skip


def with_references(key: str | int, **values: str | None) -> Appointment:
    return replace(appointment(key), **{**REFERENCE_VALUES, **values})  # type: ignore[arg-type]


async def test_they_are_stored_with_a_new_appointment(harness: Harness) -> None:
    await harness.sync(0, {0: [with_references(1), appointment(2)]})
    assert await harness.stored() == by_key(with_references(1), appointment(2))


async def test_filling_them_in_is_silent(harness: Harness) -> None:
    await harness.sync(0, {0: [appointment(1), appointment(2)]})
    sync = await harness.start_sync(0, 0)
    assert await harness.scrape(sync, snapshot(0, 1, [with_references(1), with_references(2)])) == DateCounts(
        unchanged=2
    )
    assert await harness.stored() == by_key(with_references(1), with_references(2))
    begun = with_references(1, neo_consultation_id="881")
    assert await harness.scrape(sync, snapshot(0, 2, [begun, with_references(2)])) == DateCounts(unchanged=2)
    assert await harness.stored() == by_key(begun, with_references(2))
    assert await harness.kinds(1) == await harness.kinds(2) == ["added"]


async def test_what_is_filled_in_is_written_once(harness: Harness) -> None:
    await harness.sync(0, {0: [appointment(1)]})
    await harness.sync(10, {0: [with_references(1)]})
    versions = await harness.row_versions()
    await harness.sync(20, {0: [with_references(1)]})
    assert await harness.row_versions() == versions


async def test_a_reference_that_replaces_another_is_a_change(harness: Harness) -> None:
    await harness.sync(0, {0: [with_references(1)]})
    other = with_references(1, client_email="c@d.example")
    await harness.sync(10, {0: [other]})
    assert await harness.stored() == by_key(other)
    assert await harness.kinds(1) == ["added", "updated"]


async def test_a_read_without_references_leaves_them_unchanged(harness: Harness) -> None:
    """One of a DateScraper of the version before, or of a portal that writes the older spelling."""
    await harness.sync(0, {0: [with_references(1), with_references(2)]})
    await harness.sync(10, {0: [appointment(1), appointment(2, notes="new")]})
    assert await harness.stored() == by_key(with_references(1), replace(with_references(2), notes="new"))
    assert await harness.kinds(1) == ["added"]
    await harness.sync(20, {1: [appointment(1, 1), appointment(2, 1)], 0: []})
    stored = await harness.stored()
    assert [stored[key].client_email for key in ("1", "2")] == ["a@b.example"] * 2


async def test_they_go_with_an_appointment_that_moves(harness: Harness) -> None:
    await harness.sync(0, {0: [with_references(1)]})
    moved = replace(appointment(1, 1), **REFERENCE_VALUES)  # type: ignore[arg-type]
    await harness.sync(10, {0: [], 1: [moved]})
    assert await harness.stored() == by_key(moved)
    assert await harness.kinds(1) == ["added", "moved"]


async def test_an_undo_keeps_references_and_name_of_one_person_together(harness: Harness) -> None:
    await harness.sync(0, {0: [with_references(1), with_references(2)]})
    other = replace(with_references(1, client_email="other@d.example"), patient_name="Other")
    sync = await harness.sync(10, {0: [other, replace(with_references(2), notes="new")]})
    async with harness.pool.acquire() as connection, connection.transaction():
        await undo(connection, harness.clinic.id, sync)
    assert await harness.stored() == by_key(appointment(1), with_references(2))
    await harness.sync(20, {0: [with_references(1), with_references(2)]})
    assert await harness.stored() == by_key(with_references(1), with_references(2))


async def test_a_new_field_is_a_warning_of_its_own_once_for_each_clinic(
    harness: Harness, pool: asyncpg.Pool
) -> None:
    async def warned(harness: Harness, **names: int) -> list[str]:
        sync = await harness.start_sync(0, 0)
        seen = snapshot(0, 0, [])
        found = [replace(seen, proof=replace(seen.proof, unknown_fields=names)), Failure(Reason.INTERNAL, "x")]
        async with harness.pool.acquire() as connection, connection.transaction():
            await warn_of_new_fields(connection, harness.clinic.id, sync, found)
            return [warning.message for warning in await warnings_of_sync(connection, sync)]

    assert await warned(harness, tele=3, is_first=1) == ["is_first, tele"]
    assert await warned(harness, tele=3) == []
    assert await warned(harness, tele=3, weight=1) == ["weight"]
    assert await warned(await Harness.open(pool), tele=1) == ["tele"]
    async with pool.acquire() as connection:
        assert (await unknown_fields(connection))[harness.clinic.slug] == ["is_first", "tele", "weight"]


def test_a_snapshot_comes_back_as_it_was_and_the_version_before_can_read_it() -> None:
    seen = replace(
        snapshot(0, 0, [with_references(1), appointment(2)]),
        warnings=(SyncWarning(WarningCode.UNKNOWN_FIELDS, "a, b", 2),),
        left_out=(LeftOutRecord("no id", None, "Rex", "+13035550142"),),
    )
    columns = to_columns(seen)
    assert all(set(record) == OLD_NAMES for record in json.loads(columns.appointments))
    assert set(json.loads(columns.proof)) == OLD_PROOF_NAMES
    assert from_row(as_row(seen)) == seen


def test_names_of_a_newer_version_are_left_alone() -> None:
    seen = snapshot(0, 0, [with_references(1)])
    row = as_row(seen)
    newer = {
        "appointments": json.dumps([record | {"colour": "red"} for record in json.loads(row["appointments"])]),
        "proof": json.dumps(json.loads(row["proof"]) | {"asked_thrice": True}),
        "left_out": json.dumps([{"why": "no id", "species": "cat"}]),
    }
    assert from_row(row | newer) == replace(seen, left_out=(LeftOutRecord("no id"),))


def test_a_snapshot_of_the_previous_version_has_no_references() -> None:
    old = from_row(as_row(snapshot(0, 0, [with_references(1)])) | {"appointment_references": "{}"})
    assert not old.has_references
    assert old.appointments == (appointment(1),)


def test_they_stand_in_no_repr() -> None:
    assert not any(
        value in repr(with_references(1)) for value in REFERENCE_VALUES.values() if value and len(value) > 1
    )
    assert set(REFERENCES) == set(REFERENCE_VALUES)


def as_row(seen: Snapshot) -> dict[str, object]:
    columns = to_columns(seen)
    names = ("appointments", "proof", "warnings", "left_out", "appointment_references")
    return {"date": seen.date, "scraped_at": seen.scraped_at, "stored_at": None} | {
        name: getattr(columns, name) for name in names
    }
