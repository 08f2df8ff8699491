"""What the demo's check finds: one wrong field is enough."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from ops.local.demo.compare import FIELDS, differences

TRUE: dict[str, Any] = {
    "neo_appointment_id": "1",
    "date": "2030-03-01",
    "start_time": "09:00:00",
    "end_time": "09:30:00",
    "starts_at": "2030-03-01T16:00:00+00:00",
    "ends_at": "2030-03-01T16:30:00+00:00",
    "patient_name": "Loki",
    "client_name": "Ann Example",
    "client_phone": "+13035550100",
    "provider_name": None,
    "room_id": "room-1",
    "appointment_type": "Exam",
    "status": "scheduled",
    "notes": "",
}
STORED = TRUE | {
    "date": date(2030, 3, 1),
    "start_time": time(9),
    "end_time": time(9, 30),
    "starts_at": datetime(2030, 3, 1, 16, tzinfo=UTC),
    "ends_at": datetime(2030, 3, 1, 16, 30, tzinfo=UTC),
}


def test_equal_records_have_no_difference() -> None:
    assert differences([TRUE], [STORED]) == []


def test_each_field_is_compared_and_no_value_is_shown() -> None:
    for name in FIELDS:
        assert differences([TRUE], [STORED | {name: object()}]) == [f"1: {name}"]
    assert differences([TRUE], [STORED | {"notes": None}]) == ["1: notes"]


def test_a_record_too_many_or_too_few_is_named() -> None:
    assert differences([TRUE], []) == ["1: is in the portal but not in PostgreSQL"]
    assert differences([], [STORED]) == ["1: is in PostgreSQL but not in the portal"]
