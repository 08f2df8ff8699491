"""Alters a calendar response as a changed portal would: each kind of drift once, and never the schedule itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape
from typing import Any

from ops.sandbox.fault_settings import Drift
from ops.sandbox.field_variants import Fields
from ops.sandbox.neo2026 import NEW_FIELDS

_NEVER_ESCAPED = frozenset({"id", "appointment_id", "start", "end", "resourceId", "className"})


def drifted(records: list[Any], drift: Drift) -> list[Any]:
    """Returns the records with one of them altered (all of them for `renamed_fields`); empty stays empty."""
    if not records or drift in ("unknown_wrapper", "wrapper_not_a_list", "has_more"):
        return records
    if drift == "renamed_fields":
        return [_without(record, "start", "end") | {"startsAt": record["start"]} for record in records]
    if drift == "renamed_patient":
        return [_patient_renamed(record) for record in records]
    if drift == "entities":
        return [_escaped(record) for record in records]
    if drift == "new_fields":
        return [record | NEW_FIELDS for record in records]
    spoilt = len(records) // 2
    record: Fields = records[spoilt]
    return [*records[:spoilt], *_spoilt(record, drift), *records[spoilt + 1 :]]


def wrapped(records: list[Any], wrapper: str, drift: tuple[Drift, ...]) -> Any:
    if "unknown_wrapper" in drift:
        return {"payload": {"items": records}}
    if "wrapper_not_a_list" in drift:
        name = "events" if wrapper == "array" else wrapper
        return {name: {str(number): record for number, record in enumerate(records)}}
    if "has_more" in drift:
        return {"events" if wrapper == "array" else wrapper: records, "has_more": True}
    return records if wrapper == "array" else {wrapper: records}


def _spoilt(record: Fields, drift: Drift) -> list[Any]:
    """Returns what replaces the record."""
    match drift:
        case "no_id":
            return [_without(record, "id", "appointment_id")]
        case "no_start":
            return [_without(record, "start")]
        case "unreadable_start":
            return [record | {"start": "tomorrow at nine"}]
        case "end_before_start":
            return [record | {"end": _moved(record["start"], hours=-1)}]
        case "outside_range":
            return [
                record | {"start": _moved(record["start"], days=-400), "end": _moved(record["end"], days=-400)}
            ]
        case "date_moved":
            return [record | {"start": _moved(record["start"], days=1), "end": _moved(record["end"], days=1)}]
        case "duplicate":
            return [record, dict(record)]
        case "duplicate_differs":
            return [record, record | {"end": _moved(record["end"], minutes=5)}]
        case "unknown_field":
            return [record | {"tele_visit_url": "https://visit.example/1"}]
        case "unknown_status":
            return [
                _without(record, "current_status", "status_label", "className") | {"status": "Awaiting Pickup"}
            ]
        case "nul":
            return [record | {"notes": "reading\0", "reason": "reading\0"}]
        case "surrogate_beside":
            return [record | {"url": "\ud800", "color": "\0"}]
        case "flag_deleted":
            return [record | {"is_deleted": True}]
        case "not_an_object":
            return ["appointment"]
        case _:
            return [record]


def _patient_renamed(record: Fields) -> Fields:
    name = record.get("patientName") or record.get("patient_name")
    return _without(record, "patientName", "patient_name") | {"pet_name": name}


def _escaped(record: Fields) -> Fields:
    """Returns the record with its texts HTML-escaped."""
    return {
        name: escape(value) if isinstance(value, str) and name not in _NEVER_ESCAPED else value
        for name, value in record.items()
    }


def _without(record: Fields, *names: str) -> Fields:
    return {name: value for name, value in record.items() if name not in names}


def _moved(text: str, **by: int) -> str:
    separator = text[10]
    return (datetime.fromisoformat(text) + timedelta(**by)).isoformat(separator)
