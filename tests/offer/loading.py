"""Writes clinics of `naive` to the tables, many at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from engine.store.database import Connection
from tests.offer.naive import Clinic, Visit


async def load(connection: Connection, clinics: Sequence[Clinic]) -> None:
    """Writes the clinics and all that belongs to them."""

    async def copy(table: str, columns: str, rows: Iterable[tuple[Any, ...]], schema: str = "idexx_sync") -> None:
        await connection.copy_records_to_table(
            table, schema_name=schema, columns=columns.split(), records=list(rows)
        )

    await copy(
        "clinics",
        "id slug name timezone resources",
        ((c.id, f"c-{c.id.hex[:20]}", c.id.hex, c.zone, c.chosen) for c in clinics),
        "public",
    )
    await copy(
        "clinic_portal_config",
        "clinic_id slot_minutes rooms appointment_types providers",
        ((c.id, c.slot_minutes, _named(c.rooms), _types(c), _named(c.providers or None)) for c in clinics),
    )
    await copy(
        "clinic_rules",
        "clinic_id grid_minutes default_minutes notice_minutes horizon_days max_age_seconds",
        ((c.id, c.grid, c.length, c.notice, c.horizon, c.max_age) for c in clinics),
    )
    await copy(
        "clinic_open_hours",
        "clinic_id weekday opens_minute closes_minute",
        ((c.id, *row) for c in clinics for row in c.hours),
    )
    await copy(
        "bookable_windows",
        "clinic_id weekday from_minute to_minute",
        ((c.id, *row) for c in clinics for row in c.windows),
    )
    await copy(
        "recurring_blocks",
        "clinic_id weekday from_minute to_minute",
        ((c.id, *row) for c in clinics for row in c.blocks),
    )
    await copy("closed_days", "clinic_id date", ((c.id, day) for c in clinics for day in c.closed))
    await copy(
        "type_rules",
        "clinic_id type minutes counts columns",
        ((c.id, name, rule.minutes, rule.counts, rule.columns) for c in clinics for name, rule in c.types.items()),
    )
    await copy(
        "schedule_appointments",
        "id clinic_id neo_appointment_id date start_time end_time starts_at ends_at room_id appointment_type status"
        " provider_name deleted_at sync_hash",
        (row for c in clinics for row in _visits(c)),
        "public",
    )
    await copy(
        "vapi_bookings",
        "id clinic_id date start_time client_name client_phone patient_name status hold_expires_at",
        (
            (b.id, c.id, b.start.date(), b.start.time(), "C", "1", "P", b.status, b.hold)
            for c in clinics
            for b in c.calls
        ),
        "public",
    )
    await copy(
        "booking_matches",
        "booking_id starts ends clinic_id matched_by",
        (
            (b.id, b.start, b.start.replace(microsecond=1), c.id, "person")
            for c in clinics
            for b in c.calls
            if b.is_seen
        ),
    )
    await _load_reads(connection, clinics)
    await connection.execute("analyze")


async def _load_reads(connection: Connection, clinics: Sequence[Clinic]) -> None:
    syncs = {clinic.id: uuid4() for clinic in clinics if clinic.reads}
    await connection.copy_records_to_table(
        "schedule_syncs", schema_name="public",
        columns=["id", "clinic_id", "sync_start_date", "sync_end_date", "status"],
        records=[(syncs[c.id], c.id, min(c.reads), max(c.reads), "completed") for c in clinics if c.reads])  # fmt: skip
    await connection.copy_records_to_table(
        "schedule_sync_dates", schema_name="idexx_sync",
        columns=["sync_id", "date", "status", "position", "warnings"],
        records=[
            (syncs[c.id], day, "reconciled", 1, json.dumps([{"code": read.warning}] if read.warning else []))
            for c in clinics for day, read in c.reads.items()
        ])  # fmt: skip
    await connection.copy_records_to_table(
        "schedule_date_scrapes", schema_name="idexx_sync",
        columns=["clinic_id", "date", "scraped_at", "sync_id", "failed_at"],
        records=[(c.id, day, r.at, syncs[c.id], r.failed_at) for c in clinics for day, r in c.reads.items()],
    )  # fmt: skip


def _visits(clinic: Clinic) -> Iterator[tuple[Any, ...]]:
    for v in clinic.visits:
        yield (
            v.id, clinic.id, v.id.hex, v.start.date(), v.start.time(), v.end.time(), _instant(clinic, v.start),
            _instant(clinic, v.end), v.room, v.kind, v.status, v.provider, clinic.now if v.is_deleted else None, "x",
        )  # fmt: skip


def _instant(clinic: Clinic, local: datetime) -> datetime:
    return local.replace(tzinfo=ZoneInfo(clinic.zone)).astimezone(UTC)


def _named(names: Iterable[str] | None) -> str | None:
    return (
        None
        if names is None
        else json.dumps([{"id": name, "name": f"Room {name}" if len(name) == 1 else name} for name in names])
    )


def _types(clinic: Clinic) -> str | None:
    types = [{"id": n, "name": n, "duration_slots": s} for n, s in clinic.portal_types.items()]
    return json.dumps(types) if types else None


__all__ = ["Visit", "load"]
