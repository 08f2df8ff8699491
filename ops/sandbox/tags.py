"""A mark in everything that may be somebody's, for those who want to see where it turns up."""

from __future__ import annotations

from ops.sandbox.field_variants import Fields

#: In all spellings; ids, times, rooms, statuses and flags keep their meaning, and phone numbers mark themselves.
FREE_TEXTS = frozenset(
    {"patientName", "patient_name", "clientName", "first_name", "last_name", "providerName", "provider"}
    | {"reason", "notes", "title", "appointmentType", "type_description", "email"}
)


def tagged(fields: Fields, tag: str | None) -> Fields:
    """The record as it is written, with the mark behind every text."""
    if tag is None:
        return fields
    return {name: with_mark(value or "", tag) if name in FREE_TEXTS else value for name, value in fields.items()}


def with_mark(text: str, tag: str | None) -> str:
    return text if tag is None else f"{text} {tag}".strip()
