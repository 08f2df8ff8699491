"""Adds a mark to all personal texts, to trace where they appear."""

from __future__ import annotations

from typing import Any

from ops.sandbox.field_variants import Fields

#: Free-text fields in all variants. Ids, times, rooms, statuses and flags stay as they are; phone numbers are
#: recognizable without a mark.
FREE_TEXTS = frozenset(
    {"patientName", "patient_name", "clientName", "first_name", "last_name", "providerName", "provider"}
    | {"reason", "notes", "title", "appointmentType", "type_description", "email"}
)

#: The same in the response of `getAppointment`, on any level.
TYPED = frozenset({"notes", "name", "firstName", "lastName", "email", "bookedBy", "cancelledReason", "breed"})


def tagged(fields: Fields, tag: str | None) -> Fields:
    """Returns the formatted record with the mark after every text."""
    if tag is None:
        return fields
    return {name: with_mark(value or "", tag) if name in FREE_TEXTS else value for name, value in fields.items()}


def tagged_lookup(response: Any, tag: str | None) -> Any:
    """Returns the response of `getAppointment` with the mark after every text that a person has typed."""
    if tag is None:
        return response
    if isinstance(response, dict):
        return {
            name: with_mark(part, tag) if name in TYPED and isinstance(part, str) else tagged_lookup(part, tag)
            for name, part in response.items()
        }
    return response


def with_mark(text: str, tag: str | None) -> str:
    return text if tag is None else f"{text} {tag}".strip()
