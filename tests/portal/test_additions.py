"""New fields are not drift; a renamed field, and a flag that changes the meaning of a record, are."""

from __future__ import annotations

from typing import Any

import pytest

from engine.failure import PortalFailure, Reason
from engine.portal.additions import ENOUGH, MAX_COUNTED, MeaningGone
from engine.portal.calendar import read_calendar
from engine.snapshot import Snapshot
from tests.portal.shapes import CAMEL, DAY, DENVER, NEO_2026, NOW, answer, only


def read(records: list[Any], ignored: tuple[str, ...] = ()) -> Snapshot:
    return read_calendar(answer(records), DENVER, only(DAY), NOW, ignored)[DAY]


def several(shape: dict[str, Any], count: int = ENOUGH) -> list[dict[str, Any]]:
    return [shape | {"id": n, "appointment_id": n} for n in range(1, count + 1)]


def renamed(old: tuple[str, ...], new: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in NEO_2026.items() if name not in old} | new


def warnings(snapshot: Snapshot) -> list[tuple[str, str, int]]:
    return [(warning.code, warning.message, warning.count) for warning in snapshot.warnings]


def test_the_record_of_2026_has_no_unknown_name():
    snapshot = read(several(NEO_2026))
    assert (snapshot.warnings, snapshot.proof.unknown_fields) == ((), {})


def test_a_new_field_changes_no_appointment_and_is_named_without_its_value():
    extra = {"weightKg": 12, "tele_visit_url": "https://x.example", "tags": ["a"], "is_first_visit": True}
    snapshot = read([*several(NEO_2026), CAMEL | extra])
    assert snapshot.appointments == read([*several(NEO_2026), CAMEL]).appointments
    assert snapshot.proof.unknown_fields == dict.fromkeys(extra, 1)
    assert warnings(snapshot) == [
        ("unknown_fields", "tags, tele_visit_url, weightKg", 3),
        ("unknown_flags", "is_first_visit", 1),
    ]


def test_what_carries_no_value_or_was_looked_at_is_not_counted():
    empty: dict[str, Any] = {"a": None, "b": False, "c": "", "d": [], "e": {}, "f": 0, "g": " "}
    assert warnings(read([CAMEL | empty])) == []
    assert warnings(read([CAMEL | {"weightKg": 12}], ("weightKg",))) == []
    assert warnings(read([CAMEL | {"is_deleted": True}], ("is_deleted",))) == []


@pytest.mark.parametrize(
    "name",
    [
        "deleted",
        "is_deleted",
        "isDeleted",
        "cancelled",
        "is_canceled",
        "waitlist",
        "is_waitlist",
        "template",
        "draft",
    ],
)
@pytest.mark.parametrize("value", [True, 1, "true"])
def test_a_flag_that_makes_a_record_another_thing_is_drift(name: str, value: object):
    with pytest.raises(PortalFailure) as caught:
        read([CAMEL, CAMEL | {"id": 2, name: value}])
    assert caught.value.failure.reason is Reason.PORTAL_CHANGED
    assert name in caught.value.failure.message
    assert len(read([CAMEL | {name: False}]).appointments) == 1


@pytest.mark.parametrize(
    ("meaning", "old", "new"),
    [
        ("patient", ("patient_name",), {"pet_name": "Biscuit"}),
        ("client", ("first_name", "last_name"), {"owner": "Ada Nowak"}),
        ("provider", ("provider",), {"doctor": "Dr. Lindqvist"}),
        ("room", ("resourceId",), {"columnId": "3"}),
        ("room", ("resourceId",), {"columnId": 3}),
        ("status", ("current_status", "status_label"), {"state": "Confirmed"}),
    ],
)
def test_a_meaning_that_no_record_has_is_drift_while_an_unknown_name_may_carry_it(
    meaning: str, old: tuple[str, ...], new: dict[str, Any]
):
    with pytest.raises(MeaningGone) as caught:
        read(several(renamed(old, new)))
    assert f"has a {meaning}; unknown names: {next(iter(new))}" in caught.value.failure.message
    assert "Ada" not in caught.value.failure.message
    # Without an unknown text, on fewer records, or where one record has it, nothing was renamed.
    assert len(read(several(renamed(old, {}))).appointments) == ENOUGH
    assert len(read(several(renamed(old, {"vip": True}))).appointments) == ENOUGH
    assert len(read(several(renamed(old, new), ENOUGH - 1)).appointments) == ENOUGH - 1
    assert len(read([*several(renamed(old, new)), NEO_2026 | {"appointment_id": 99}]).appointments) == ENOUGH + 1


def test_a_clinic_that_assigns_no_doctors_is_no_drift():
    alone = NEO_2026 | {"provider": None, "resourceId": None, "colour_label": "red"}
    assert len(read(several(alone)).appointments) == ENOUGH


def test_blocks_and_rosters_do_not_count_for_a_meaning():
    blocks = [
        {"id": n, "is_block": True, "start": CAMEL["start"], "end": CAMEL["end"], "why": "x"} for n in range(9)
    ]
    rosters = [{"is_roster": True, "shift": "early"}] * 9
    snapshot = read([*blocks, *rosters])
    assert len(snapshot.appointments) == 9
    assert snapshot.proof.unknown_fields == {"why": 9}


def test_names_that_may_be_data_are_masked_and_limited():
    named = read([CAMEL | {"Nowak, Ada": "x"}])
    assert warnings(named) == [("unknown_fields", "(no name)", 1)]
    many = read([CAMEL | {f"key{n}": n + 1 for n in range(200)}])
    assert len(many.proof.unknown_fields) == MAX_COUNTED
