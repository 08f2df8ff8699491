"""Every name that a field of the portal's records is known by, and how its value is read.

`SPELLINGS` is the table of the two spellings of a record that have been seen; any mixture of them is read too.
The first name that carries a value counts.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from engine.portal.drift import drift

Record = Mapping[str, Any]

#: Meaning → its names, in the order in which they count.
SPELLINGS: dict[str, tuple[str, ...]] = {
    "id": ("appointment_id", "id"),
    "start": ("start",),
    "end": ("end",),
    "patient": ("patientName", "patient_name"),
    "client": ("clientName",),
    "first_name": ("first_name",),
    "last_name": ("last_name",),
    "phone": ("clientPhone", "phone_number"),
    "provider": ("providerName", "provider"),
    "room": ("resourceId",),
    "type": ("appointmentType", "type_description"),
    "status": ("status", "current_status", "status_label"),
    "class": ("className",),
    "notes": ("reason", "notes"),
    "title": ("title",),
    "block": ("is_block",),
    "roster": ("is_roster",),
}

#: Known, and nothing that is stored: other ids, and how the portal's calendar widget draws an event.
NOT_STORED = frozenset(
    {"patient_id", "client_id", "provider_id", "room_id", "type_id", "status_id", "url", "groupId", "allDay"}
    | {"color", "backgroundColor", "borderColor", "textColor", "eventTextColor", "classNames", "display"}
    | {"rendering", "overlap", "editable", "startEditable", "durationEditable", "resourceEditable"}
)

#: What a value may be that says nothing.
NOTHING: tuple[object, ...] = (None, False, "", [], {})

KNOWN_NAMES = frozenset(name for names in SPELLINGS.values() for name in names) | NOT_STORED


def text(record: Record, meaning: str) -> str | None:
    """The first value that says something; blanks at the ends are dropped, all else is kept as it came."""
    for name in SPELLINGS[meaning]:
        if (value := _text(record.get(name), name)) is not None:
            return value
    return None


def flag(record: Record, meaning: str) -> bool:
    for name in SPELLINGS[meaning]:
        value = record.get(name)
        word = value.strip().lower() if isinstance(value, str) else value
        if word in (True, "true", "1"):
            return True
        if word not in (None, False, "", "false", "0"):
            raise drift(f"the field {name} of a record is neither true nor false")
    return False


def class_names(record: Record) -> str | None:
    """`className` comes as one text or as a list of them."""
    value = record.get("className")
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        value = " ".join(value)
    return _text(value, "className")


def unknown_names(record: Record, ignored: Container[str] = ()) -> list[str]:
    return [name for name in record if name not in KNOWN_NAMES and name not in ignored]


def check_understood(record: Record, ignored: Container[str]) -> None:
    """Drift where a name that nobody knows says something: it may be a known field's new name, or a flag that
    makes the record another thing. One that says nothing (null, false, empty) changes nothing."""
    if any(record[name] not in NOTHING for name in unknown_names(record, ignored)):
        raise drift("a record has fields that nobody knows", unknown_names(record, ignored))


def _text(value: object, name: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise drift(f"the field {name} of a record is neither text nor a whole number")
    if not _storable(value):
        raise drift(f"the field {name} of a record holds characters that are no text")
    return value.strip() or None


def _storable(value: str) -> bool:
    """Without NUL and lone surrogates, which JSON can spell and PostgreSQL cannot keep."""
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
