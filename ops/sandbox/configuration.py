"""A clinic's schedule configuration, as the portal's two calls return it: the newer one in full, the older in
short."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from typing import Any

from ops.sandbox.clinics import Clinic
from ops.sandbox.fake_people import VISITS
from ops.sandbox.fault_settings import FaultSettings

COLORS = ("#7bb274", "#6a9fd8", "#d8a96a", "#c97b9b")

#: Opening hours that end later than this end the day; an earlier end is the lunch break.
LATE = "13:00"

#: Field names of the opening hours for each value of the fault setting `config_keys`.
KEYS = {
    "synonyms": {
        "businessHours": "business_hours",
        "daysOfWeek": "dow",
        "startTime": "open",
        "start": "open",
        "endTime": "close",
        "end": "close",
    },
    "renamed": {
        "businessHours": "clinicTimes",
        "daysOfWeek": "on",
        "startTime": "a",
        "start": "a",
        "endTime": "b",
        "end": "b",
    },
}


def view(clinic: Clinic) -> dict[str, Any]:
    """Returns the response of `getAppointmentView`."""
    return {
        "slotInterval": clinic.slot_minutes,
        "businessHours": [
            {"daysOfWeek": list(each.days), "startTime": _clock(each.opens), "endTime": _clock(each.closes)}
            for each in clinic.hours
        ],
        "appointmentTypes": [
            {
                "id": number,
                "name": name,
                "duration": -(-minutes // clinic.slot_minutes),
                "color": COLORS[number % 4],
            }
            for number, (name, minutes, _) in enumerate(VISITS, start=1)
        ],
        "appointmentRooms": [
            {"id": room.id, "name": room.name, "position": position} for position, room in enumerate(clinic.rooms)
        ],
        "providers": [
            {"id": provider.id, "name": provider.name, "provider": provider.name} for provider in clinic.providers
        ],
        "deputyEnabled": False,
    }


def schedule_configs(clinic: Clinic) -> dict[str, Any]:
    """Returns the response of `getScheduleConfigs`: one pair of times for all days."""
    return {
        "businessHours": {
            "start": _clock(clinic.opens),
            "end": _clock(clinic.closes),
            "daysOfWeek": list(clinic.days_of_week),
        },
        "slotDuration": clinic.slot_minutes,
        "minTime": "06:00",
        "maxTime": "22:00",
        "providers": [{"id": provider.id, "name": provider.name} for provider in clinic.providers],
        "rooms": [{"id": room.id, "name": room.name} for room in clinic.rooms],
    }


def _view_answer(clinic: Clinic, fault_settings: FaultSettings) -> dict[str, Any] | None:
    return None if fault_settings.config_calls == "old" else _shaped(view(clinic), fault_settings)


def _configs_answer(clinic: Clinic, fault_settings: FaultSettings) -> dict[str, Any] | None:
    return None if fault_settings.config_calls == "new" else _shaped(schedule_configs(clinic), fault_settings)


#: The response of each path; None if the portal does not support the call.
ANSWERS: dict[str, Callable[[Clinic, FaultSettings], dict[str, Any] | None]] = {
    "/appointments/getAppointmentView": _view_answer,
    "/schedule/getScheduleConfigs": _configs_answer,
}


def _shaped(config: dict[str, Any], fault_settings: FaultSettings) -> dict[str, Any]:
    hours = config["businessHours"]
    for entry in hours if isinstance(hours, list) else [hours]:
        end = "endTime" if "endTime" in entry else "end"
        if fault_settings.config_hours != "usual" and entry[end] > LATE:
            entry[end] = {"over_midnight": "02:00", "24:00": "24:00"}[fault_settings.config_hours]
    for path in fault_settings.config_missing:
        _remove(config, path.split("."))
    return config if fault_settings.config_keys == "usual" else _renamed(config, KEYS[fault_settings.config_keys])


def _remove(part: Any, path: list[str]) -> None:
    """Removes a field; if the path leads into an array, from each entry."""
    for each in part if isinstance(part, list) else [part]:
        if len(path) == 1:
            each.pop(path[0], None)
        elif path[0] in each:
            _remove(each[path[0]], path[1:])


def _renamed(config: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    hours = config.pop("businessHours", None)
    if hours is None:
        return config
    entries = [
        {names.get(key, key): value for key, value in entry.items()}
        for entry in (hours if isinstance(hours, list) else [hours])
    ]
    return config | {names["businessHours"]: entries if isinstance(hours, list) else entries[0]}


def _clock(at: time) -> str:
    return at.strftime("%H:%M")
