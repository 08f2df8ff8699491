"""What the pages show of removals, bookings, changes and evidence: names only for callers that may see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from actors.http.caller import Caller
from engine.action import Action
from engine.api_key import Right
from engine.booking import Booking
from engine.clinic import Clinic
from engine.removals import MissingAppointment
from engine.store.reconciling import Change

View = dict[str, Any]

#: Fields that the place before and after shows, or that another field shows.
_PLACE = frozenset(
    ("date", "start_time", "end_time", "starts_at", "ends_at", "room_id", "client_phone_raw", "slot_id", "column")
)


def caller(caller: Caller) -> View:
    rights = [right for right in Right if caller.may(right)]
    return {"name": caller.name, "rights": rights, "clinic": caller.clinic}


def clinic(clinic: Clinic) -> View:
    return {"slug": clinic.slug, "name": clinic.name, "timezone": clinic.timezone}


def held_removal(one: MissingAppointment, caller: Caller) -> View:
    place = ("id", "neo_appointment_id", "date", "start_time", "end_time", "missing_since")
    personal = {
        "type": one.appointment_type,
        "provider": one.provider_name,
        "patient": one.patient_name,
        "client": one.client_name,
    }
    return {name: getattr(one, name) for name in place} | _for(caller, personal)


def booking(one: Booking, caller: Caller) -> View:
    place = ("id", "confirmation_number", "date", "start_time", "state", "has_conflict", "hold_expires_at")
    personal = {"patient": one.patient_name, "client": one.client_name, "telephone": one.client_phone}
    return {name: getattr(one, name) for name in place} | _for(caller, personal)


def change(one: Change, columns: Mapping[str, str | None], caller: Caller) -> View:
    """A change of an appointment. `columns` are the names of the portal's columns by id."""
    shown = ("id", "sync_id", "appointment_id", "neo_appointment_id", "kind", "is_undo", "at")
    sides = {"before": one.before, "after": one.after}
    views = {name: None if side is None else _side(side, columns, caller) for name, side in sides.items()}
    return {name: getattr(one, name) for name in shown} | views | {"fields": _fields(one, caller)}


def _fields(one: Change, caller: Caller) -> list[View]:
    """The fields that differ, other than time and column; their values only for callers that may see names."""
    if one.before is None or one.after is None:
        return []
    may = caller.may(Right.NAMES)
    return [
        {"name": name, "before": _text(before, may), "after": _text(after, may)}
        for name, (before, after) in one.fields.items()
        if name not in _PLACE
    ]


def _text(value: Any, may: bool) -> str | None:
    return str(value) if may and value is not None else None


def _side(side: Mapping[str, Any], columns: Mapping[str, str | None], caller: Caller) -> View:
    column = side["room_id"]
    personal = {
        "column_name": columns.get(column),
        "type": side["appointment_type"],
        "provider": side["provider_name"],
        "patient": side["patient_name"],
        "client": side["client_name"],
    }
    place = {name: side[name] for name in ("date", "start_time", "end_time", "status")}
    return place | {"column": column} | _for(caller, personal)


def evidence(found: Sequence[View], caller: Caller) -> Sequence[View] | None:
    """None: the caller may not see it."""
    return found if caller.may(Right.NAMES) else None


def action(one: Action) -> View:
    return asdict(one)


def _for(caller: Caller, personal: View) -> View:
    return personal if caller.may(Right.NAMES) else dict.fromkeys(personal)
