"""Every name that a field of the portal's records is known by, and how its value is read.

`SPELLINGS` is the table of the spellings of a record that have been seen; any mixture of them is read, too.
The first name that carries a value counts. What other names mean for an answer is decided in `additions`.
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

#: Known, and nothing that is stored: other ids, and how the portal's calendar widget draws an event.
NOT_STORED = frozenset(
    {"provider_id", "room_id", "type_id", "status_id", "url", "groupId", "allDay"}
    | {"color", "backgroundColor", "borderColor", "textColor", "eventTextColor", "classNames", "display"}
    | {"rendering", "overlap", "editable", "startEditable", "durationEditable", "resourceEditable"}
)

#: What a value may be that says nothing.
NOTHING: tuple[object, ...] = (None, False, "", [], {})

KNOWN_NAMES = frozenset(name for names in SPELLINGS.values() for name in names) | NOT_STORED


def text(record: Record, meaning: str) -> str | None:
    """The first value that says something; blanks at the ends are dropped, and entities replaced where people type."""
    for name in SPELLINGS[meaning]:
        if (value := _text(record.get(name), name)) is not None:
            return (unescape(value).strip() or None) if meaning in _TYPED else value
    return None


def reference(record: Record, meaning: str) -> str | None:
    """The id of something else; 0 stands for nothing."""
    value = text(record, meaning)
    return None if value == "0" else value


def text_or_none(record: Record, meaning: str) -> str | None:
    """As `text`, of a record that may be spoilt."""
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
    """`className` comes as one text or as a list of them."""
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
            WhyLeftOut.UNSTORABLE_TEXT, f"the field {name} of a record holds characters that are no text"
        )
    return value.strip() or None


def _storable(value: str) -> bool:
    """Without NUL and lone surrogates, which JSON can spell and PostgreSQL cannot keep."""
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
