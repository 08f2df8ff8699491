"""Compares stored appointments with the sandbox's data, field by field. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any

FIELDS = (
    *("date", "start_time", "end_time", "starts_at", "ends_at", "patient_name", "client_name", "client_phone"),
    *("provider_name", "room_id", "appointment_type", "status", "notes"),
)

Record = Mapping[str, Any]


def differences(truth: Iterable[Record], stored: Iterable[Record]) -> list[str]:
    """Returns one line per field or record that differs. Contains no values, because they are personal data."""
    true = {record["neo_appointment_id"]: record for record in truth}
    kept = {record["neo_appointment_id"]: record for record in stored}
    lines = [f"{key}: is in the portal but not in PostgreSQL" for key in sorted(true.keys() - kept.keys())]
    lines += [f"{key}: is in PostgreSQL but not in the portal" for key in sorted(kept.keys() - true.keys())]
    for key in sorted(true.keys() & kept.keys()):
        wrong = [name for name in FIELDS if plain(name, true[key][name]) != plain(name, kept[key][name])]
        lines += [f"{key}: {', '.join(wrong)}"] if wrong else []
    return lines


def plain(name: str, value: Any) -> Any:
    """Converts a value to the form of the database, including values that arrive as text."""
    if not isinstance(value, str):
        return value
    match name:
        case "date":
            return date.fromisoformat(value)
        case "start_time" | "end_time":
            return time.fromisoformat(value)
        case "starts_at" | "ends_at":
            return datetime.fromisoformat(value)
    return value
