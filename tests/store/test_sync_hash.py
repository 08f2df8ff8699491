"""The hash that decides whether a row is written."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime, time

import pytest

from engine.appointment import REFERENCES, Appointment
from tests.store.harness import appointment

OTHER = {
    "date": date(2030, 1, 1),
    "start_time": time(23),
    "end_time": time(23),
    "starts_at": datetime(2030, 1, 1, tzinfo=UTC),
    "ends_at": datetime(2030, 1, 1, tzinfo=UTC),
}


@pytest.mark.parametrize("field", [field.name for field in fields(Appointment)])
def test_every_field_counts_in_one_of_the_two_hashes(field: str) -> None:
    one = appointment(1)
    other = replace(one, **{field: OTHER.get(field, "other")})  # type: ignore[arg-type]
    assert (other.sync_hash == one.sync_hash) is (field in REFERENCES)
    assert (other.references_hash == one.references_hash) is (field not in REFERENCES)


def test_nothing_is_not_the_same_as_an_empty_text() -> None:
    assert appointment(1, notes=None).sync_hash != appointment(1, notes="").sync_hash


def test_a_stored_snapshot_has_the_hashes_of_the_one_that_was_seen() -> None:
    one = appointment(1, notes="note")
    assert Appointment.from_json(one.to_json()).sync_hash == one.sync_hash
