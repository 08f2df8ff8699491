"""The names of the fields of the portal's records, and how their values are read.

`SPELLINGS` is the table of the names that have been seen; any mixture of them is read. The first name that carries
a value counts. `additions` decides what other names mean for a response.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from engine.failure import PortalFailure
from engine.portal.drift import BadRecord, WhyLeftOut, drift
from engine.portal.entities import unescape

Record = Mapping[str, Any]

#: Meaning → its names, in the order in which they count.
SPELLINGS: dict[str, tuple[str, ...]] = {
    "id": ("appointment_id", "id"),
    "consultation": ("consultation_id",),
    "start": ("start",),
    "end": ("end",),
    "patient_id": ("patient_id",),
    "patient": ("patientName", "patient_name"),
    "client_id": ("client_id",),
    "client": ("clientName",),
    "first_name": ("first_name",),
    "last_name": ("last_name",),
    "phone": ("clientPhone", "phone_number"),
    "email": ("email",),
    "provider": ("providerName", "provider"),
    "room": ("resourceId",),
    "type": ("appointmentType", "type_description"),
    "status": ("current_status", "status_label", "status"),
    "class": ("className",),
    "notes": ("reason", "notes"),
    "title": ("title",),
    "block": ("is_block",),
    "roster": ("is_roster",),
}

#: Meanings that a person typed, in which the portal may write characters as HTML entities.
_TYPED = frozenset({"patient", "client", "first_name", "last_name", "phone", "email", "provider", "type", "notes"})

#: Known names that are not stored: other ids, and how the portal's calendar widget draws an event.
NOT_STORED = frozenset(
    {"provider_id", "room_id", "type_id", "status_id", "url", "groupId", "allDay"}
    | {"color", "backgroundColor", "borderColor", "textColor", "eventTextColor", "classNames", "display"}
    | {"rendering", "overlap", "editable", "startEditable", "durationEditable", "resourceEditable"}
)

#: Values that carry no information.
NOTHING: tuple[object, ...] = (None, False, "", [], {})

KNOWN_NAMES = frozenset(name for names in SPELLINGS.values() for name in names) | NOT_STORED


def text(record: Record, meaning: str) -> str | None:
    """The first value with content, trimmed; entities are replaced in typed fields."""
    for name in SPELLINGS[meaning]:
        if (value := _text(record.get(name), name)) is not None:
            return (unescape(value).strip() or None) if meaning in _TYPED else value
    return None


def reference(record: Record, meaning: str) -> str | None:
    """The id of another object; 0 counts as None."""
    value = text(record, meaning)
    return None if value == "0" else value


def text_or_none(record: Record, meaning: str) -> str | None:
    """As `text`, for a record that may be damaged; None on error."""
    try:
        return text(record, meaning)
    except (BadRecord, PortalFailure):
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
    """The class names as one text; `className` is a text or a list of texts."""
    value = record.get("className")
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        value = " ".join(value)
    return _text(value, "className")


def unknown_names(record: Record, ignored: Container[str] = ()) -> list[str]:
    return [name for name in record if name not in KNOWN_NAMES and name not in ignored]


def _text(value: object, name: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise drift(f"the field {name} of a record is neither text nor a whole number")
    if not _storable(value):
        raise BadRecord(
            WhyLeftOut.UNSTORABLE_TEXT, f"the field {name} of a record contains characters that are not valid text"
        )
    return value.strip() or None


def _storable(value: str) -> bool:
    """Whether PostgreSQL can store the text: it has no NUL and no lone surrogates, which JSON can express."""
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
