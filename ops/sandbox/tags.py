"""Adds a mark to all personal texts, to trace where they appear."""

from __future__ import annotations

from ops.sandbox.field_variants import Fields

#: Free-text fields in all variants. Ids, times, rooms, statuses and flags stay as they are; phone numbers are
#: recognizable without a mark.
FREE_TEXTS = frozenset(
    {"patientName", "patient_name", "clientName", "first_name", "last_name", "providerName", "provider"}
    | {"reason", "notes", "title", "appointmentType", "type_description", "email"}
)


def tagged(fields: Fields, tag: str | None) -> Fields:
    """Returns the formatted record with the mark after every text."""
    if tag is None:
        return fields
    return {name: with_mark(value or "", tag) if name in FREE_TEXTS else value for name, value in fields.items()}


def with_mark(text: str, tag: str | None) -> str:
    return text if tag is None else f"{text} {tag}".strip()
