"""Formats changes of appointments for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Values = Mapping[str, Any]

#: The style of each kind of change.
LOOKS = {
    "added": "green",
    "updated": "yellow",
    "moved": "cyan",
    "removed": "red",
    "restored": "green",
}

#: Fields that are not listed, because the place of the appointment or another field already shows them.
HIDDEN_FIELDS = frozenset(
    {
        "date",
        "start_time",
        "end_time",
        "starts_at",
        "ends_at",
        "client_phone_raw",
        "sync_hash",
        "slot_id",
        "column",
    }
)


#: A change of any of these fields is a move, in plans and in the history.
PLACE = ("date", "start_time", "end_time", "room_id")


def kind_of(before: Values | None, after: Values | None) -> str:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    return "moved" if any(before[name] != after[name] for name in PLACE) else "updated"


def place(values: Values) -> str:
    """Formats the time of an appointment in the clinic's calendar: 2026-03-01 10:00–10:30."""
    return f"{values['date']} {str(values['start_time'])[:5]}–{str(values['end_time'])[:5]}"


def places(before: Values | None, after: Values | None) -> str:
    """Formats the places before and after; only once if they are the same."""
    places = [place(values) for values in (before, after) if values is not None]
    return " → ".join(dict.fromkeys(places))


def who(values: Values | None) -> str:
    """Formats the patient and the client."""
    if values is None:
        return ""
    if values.get("appointment_type") == "block":
        return "(block)"
    return " / ".join(str(values[key]) for key in ("patient_name", "client_name") if values.get(key))


def other_fields(before: Values | None, after: Values | None) -> str:
    """Formats the differences other than the place, with the old and the new value."""
    if before is None or after is None:
        return ""
    names = [name for name in after if name not in HIDDEN_FIELDS and before.get(name) != after.get(name)]
    return ", ".join(f"{name}: {_plain(before.get(name))} → {_plain(after.get(name))}" for name in names)


def colour(kind: str) -> str:
    return f"[{LOOKS[kind]}]{kind}[/]"


def _plain(value: Any) -> str:
    return "nothing" if value in (None, "") else str(value)
