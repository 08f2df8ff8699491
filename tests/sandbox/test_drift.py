"""Answers that are not what they were: one record spoilt, or all of them, or their wrapper."""

from __future__ import annotations

from typing import Any

import pytest

from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.sandbox.conftest import TODAY
from tests.sandbox.visitor import CONFIGS, VIEW, Visitor

pytestmark = pytest.mark.anyio
#: How many records are added, and how many of the old ones are no longer there as they were.
SPOILT = {
    "no_id": (0, 1),
    "no_start": (0, 1),
    "unreadable_start": (0, 1),
    "end_before_start": (0, 1),
    "outside_range": (0, 1),
    "date_moved": (0, 1),
    "duplicate": (1, 0),
    "duplicate_differs": (1, 0),
    "unknown_field": (0, 1),
    "unknown_status": (0, 1),
    "not_an_object": (0, 1),
    "nul": (0, 1),
    "surrogate_beside": (0, 1),
    "flag_deleted": (0, 1),
}


@pytest.mark.parametrize("field_variant", ["a", "mixed", "2026"])
@pytest.mark.parametrize("drift", SPOILT)
async def test_one_record_is_spoilt_and_the_truth_is_not(
    sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic, drift: str, field_variant: str
) -> None:
    await visitor.sign_in(clinic)
    await sandbox.fault_settings(field_variant=field_variant)
    before, truth = (await visitor.calendar(TODAY)).json(), await sandbox.truth(clinic.company_id, TODAY, TODAY)
    await sandbox.fault_settings(drift=[drift])
    after = (await visitor.calendar(TODAY)).json()
    more, gone = SPOILT[drift]
    assert len(after) == len(before) + more
    assert len([record for record in before if record not in after]) == gone
    assert await sandbox.truth(clinic.company_id, TODAY, TODAY) == truth


@pytest.mark.parametrize(
    ("fault_settings", "shape"),
    [
        ({"drift": ["unknown_wrapper"]}, lambda answer: list(answer) == ["payload"]),
        ({"drift": ["wrapper_not_a_list"]}, lambda answer: isinstance(answer["events"], dict)),
        ({"drift": ["renamed_fields"]}, lambda answer: all("start" not in record for record in answer)),
        ({"max_records": 5}, lambda answer: len(answer) == 5),
    ],
    ids=["unknown_wrapper", "wrapper_not_a_list", "renamed_fields", "max_records"],
)
async def test_the_whole_answer_has_another_shape(
    sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic, fault_settings: dict[str, Any], shape: Any
) -> None:
    await visitor.sign_in(clinic)
    await sandbox.fault_settings(**fault_settings)
    assert shape((await visitor.calendar(TODAY)).json())


async def test_a_configuration_may_lack_parts(
    sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic
) -> None:
    await visitor.sign_in(clinic)
    await sandbox.fault_settings(config_missing=["rooms", "appointmentRooms", "businessHours.daysOfWeek"])
    newer, older = (await visitor.config()).json(), (await visitor.config(CONFIGS)).json()
    assert not {"rooms", "appointmentRooms"} & (newer.keys() | older.keys())
    assert [list(entry) for entry in newer["businessHours"]] == [["startTime", "endTime"]] * 3
    assert list(older["businessHours"]) == ["start", "end"]
    await sandbox.fault_settings(config_missing=None)
    assert (await visitor.config()).json() == clinic.config


@pytest.mark.parametrize(("calls", "statuses"), [("both", (200, 200)), ("old", (404, 200)), ("new", (200, 404))])
async def test_a_portal_may_have_only_one_of_the_two_calls(
    sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic, calls: str, statuses: tuple[int, int]
) -> None:
    await visitor.sign_in(clinic)
    await sandbox.fault_settings(config_calls=calls)
    assert tuple([(await visitor.config(path)).status_code for path in (VIEW, CONFIGS)]) == statuses


@pytest.mark.parametrize(
    ("fault_settings", "newer", "older"),
    [
        (
            {"config_hours": "over_midnight"},
            {"daysOfWeek": [6], "startTime": "09:00", "endTime": "02:00"},
            {"start": "08:00", "end": "02:00", "daysOfWeek": [1, 2, 3, 4, 5, 6]},
        ),
        (
            {"config_hours": "24:00"},
            {"daysOfWeek": [6], "startTime": "09:00", "endTime": "24:00"},
            {"start": "08:00", "end": "24:00", "daysOfWeek": [1, 2, 3, 4, 5, 6]},
        ),
        (
            {"config_keys": "synonyms"},
            {"dow": [6], "open": "09:00", "close": "14:00"},
            {"open": "08:00", "close": "18:00", "dow": [1, 2, 3, 4, 5, 6]},
        ),
        (
            {"config_keys": "renamed"},
            {"on": [6], "a": "09:00", "b": "14:00"},
            {"a": "08:00", "b": "18:00", "on": [1, 2, 3, 4, 5, 6]},
        ),
    ],
    ids=str,
)
async def test_hours_may_be_written_in_other_ways(
    sandbox: SandboxProcess,
    visitor: Visitor,
    clinic: SandboxClinic,
    fault_settings: dict[str, str],
    newer: dict[str, Any],
    older: dict[str, Any],
) -> None:
    await visitor.sign_in(clinic)
    await sandbox.fault_settings(**fault_settings)
    names = {"synonyms": "business_hours", "renamed": "clinicTimes"}
    name = names.get(fault_settings.get("config_keys", ""), "businessHours")
    assert (await visitor.config()).json()[name][-1] == newer
    assert (await visitor.config(CONFIGS)).json()[name] == older
