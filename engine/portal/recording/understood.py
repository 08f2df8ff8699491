"""What the parser makes of each answer of a recording: kept beside it, and compared again by the tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from engine.clinic import Clinic
from engine.dates import DateRange
from engine.failure import PortalFailure
from engine.portal.calendar import CALENDAR_PATH, read_calendar
from engine.portal.config_calls import PATHS
from engine.portal.drift import SharedIds
from engine.portal.response import PortalResponse
from engine.portal.schedule_config import ConfigSource, read_config

Values = Mapping[str, Any]

#: Answers do not depend on it, except for how long to wait.
_NOW = datetime(2026, 1, 1, tzinfo=UTC)

#: Fields whose values say how an appointment was understood, and are equal for the original and its stand-in.
_SAME = frozenset({"date", "start_time", "end_time", "starts_at", "ends_at", "status"})


def understood(recording: Values) -> dict[str, Values]:
    """By the exchange's number, what is understood of it: appointments, a configuration, or a failure."""
    about = recording["about"]
    clinic = Clinic(UUID(int=0), "recorded", "recorded", about["timezone"], about["country"])
    found = {}
    for exchange in recording["exchanges"]:
        if "response" in exchange and (read := understand(_response(exchange), clinic, exchange["request"])):
            found[str(exchange["number"])] = read
    return found


def understand(answer: PortalResponse, clinic: Clinic, request: Values) -> Values | None:
    """What is understood of one answer; None for a call without a parser, such as a page."""
    try:
        if request["path"] == CALENDAR_PATH and {"start", "end"} <= request.get("query", {}).keys():
            return _calendar(answer, clinic, request["query"])
        for source, path in PATHS.items():
            if request["path"] == path:
                return _config(answer, source)
    except PortalFailure as error:
        return {"failure": error.failure.reason, "message": error.failure.message}
    return None


def shape(read: Values | None) -> object:
    """The parts of it that masking must not change: times, states, counts, and which texts there are."""
    if read is None or "failure" in read:
        return read and read["failure"]
    if "appointments" not in read:
        sizes = {name: len(read[name]) for name in ("columns", "types", "providers", "problems")}
        return sizes | {"hours": read["hours"], "slot_minutes": read["slot_minutes"]}
    return [
        {name: value if name in _SAME else value is not None for name, value in appointment.items()}
        for appointment in sorted(read["appointments"], key=_key)
    ]


def _response(exchange: Values) -> PortalResponse:
    response, path = exchange["response"], exchange["request"]["path"]
    body = json.dumps(response["json"]) if "json" in response else response.get("text", "")
    return PortalResponse(f"https://portal.example{path}", response["status"], response["headers"], body.encode())


def _key(appointment: Values) -> tuple[str, ...]:
    """An order that does not depend on what masking changes."""
    texts = (str(value if name in _SAME else value is not None) for name, value in appointment.items())
    return (appointment["starts_at"], *texts)


def _calendar(answer: PortalResponse, clinic: Clinic, query: Values) -> Values:
    start, end = date.fromisoformat(query["start"][:10]), date.fromisoformat(query["end"][:10])
    dates = DateRange(start, end - timedelta(days=1))
    try:
        days = read_calendar(answer, clinic, dates, _NOW)
    except SharedIds as shared:  # a sync looks twice before it takes them for repeating records
        days = read_calendar(answer, clinic, dates, _NOW, (), {identity for identity, _ in shared.starts})
    proof = next(iter(days.values())).proof
    return {
        "wrapper": proof.wrapper,
        "records": proof.records_read,
        "unknown_fields": dict(proof.unknown_fields),
        "unusable": [record.why for snapshot in days.values() for record in snapshot.left_out],
        "appointments": [each.to_json() for snapshot in days.values() for each in snapshot.appointments],
    }


def _config(answer: PortalResponse, source: ConfigSource) -> Values:
    reading = read_config(answer, _NOW, source)
    config = reading.config
    return {
        "hours": [[each.weekday, each.opens, each.closes] for each in config.hours or ()],
        "slot_minutes": config.slot_minutes,
        "columns": [[room.id, room.name] for room in config.rooms or ()],
        "types": [[each.name, each.duration_slots] for each in config.types or ()],
        "providers": [each.name for each in config.providers or ()],
        "problems": [problem.message for problem in reading.problems],
    }
