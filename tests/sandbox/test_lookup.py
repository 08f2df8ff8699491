"""One appointment by its id: the call that shows whether an appointment is gone, has moved, or was hidden."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.sandbox.conftest import TODAY
from tests.sandbox.visitor import Visitor

pytestmark = pytest.mark.anyio


@pytest.fixture
async def signed_in(visitor: Visitor, clinic: SandboxClinic) -> Visitor:
    await visitor.sign_in(clinic)
    return visitor


async def look_up(visitor: Visitor, appointment_id: str) -> Any:
    response = await visitor.json_call("/appointments/getAppointment", {"id": appointment_id})
    return response.json()["appointment"] if response.status_code == 200 else response.status_code


async def a_visit(sandbox: SandboxProcess, clinic: SandboxClinic) -> dict[str, Any]:
    records = await sandbox.truth(clinic.company_id, TODAY, TODAY)
    return next(one for one in records if one["patient_name"] and one["status"] == "scheduled")


async def test_an_appointment_is_shown_at_its_place(
    sandbox: SandboxProcess, signed_in: Visitor, clinic: SandboxClinic
) -> None:
    visit = await a_visit(sandbox, clinic)
    found = await look_up(signed_in, visit["neo_appointment_id"])
    assert found["id"] == visit["neo_appointment_id"]
    assert found["startAtLocal"] == f"{visit['date']} {visit['start_time']}"
    assert found["patient"]["name"] == visit["patient_name"]
    assert (found["deleted"], found["block"], found["cancelledReason"]) == (False, False, None)


async def test_what_was_deleted_cancelled_or_moved_says_so(
    sandbox: SandboxProcess, signed_in: Visitor, clinic: SandboxClinic
) -> None:
    end = TODAY + timedelta(days=3)
    [cancelled] = await sandbox.change(clinic.company_id, cancel=1, end=end, seed=1)
    [deleted] = await sandbox.change(clinic.company_id, delete=1, end=end, seed=2)
    [moved] = await sandbox.change(clinic.company_id, move=1, end=end, seed=3)
    found = await look_up(signed_in, cancelled["neo_appointment_id"])
    assert (found["status"], found["deleted"]) == ("cancelled", False)
    assert found["cancelledReason"]
    assert (await look_up(signed_in, deleted["neo_appointment_id"]))["deleted"] is True
    found = await look_up(signed_in, moved["neo_appointment_id"])
    assert found["startAtLocal"] == f"{moved['after']['date']} {moved['after']['start_time']}"
    await sandbox.fault_settings(lookup_of_deleted="404")
    assert await look_up(signed_in, deleted["neo_appointment_id"]) == 404
    assert await look_up(signed_in, "7") == 404


async def test_a_portal_may_lack_the_call_and_its_calendar_may_hide_what_is_there(
    sandbox: SandboxProcess, signed_in: Visitor, clinic: SandboxClinic
) -> None:
    visit = await a_visit(sandbox, clinic)
    number = visit["neo_appointment_id"]
    await sandbox.fault_settings(lookup_call="absent", hidden_ids=[int(number)])
    assert await look_up(signed_in, number) == 404
    shown = {str(record["appointment_id"]) for record in (await signed_in.calendar(TODAY)).json()}
    assert shown
    assert number not in shown


async def test_one_day_records_have_new_fields_and_ids_may_be_texts(
    sandbox: SandboxProcess, signed_in: Visitor, clinic: SandboxClinic
) -> None:
    await sandbox.clear_request_log()
    await sandbox.fault_settings(new_fields_after=1, text_ids=True)
    first, second = [(await signed_in.calendar(TODAY)).json()[0] for _ in range(2)]
    assert second.keys() - first.keys() == {"is_first_visit", "species_label", "checkin_channel"}
    assert isinstance(first["appointment_id"], str)


async def test_a_week_has_a_block_of_the_whole_clinic_and_one_without_a_length(
    sandbox: SandboxProcess, clinic: SandboxClinic
) -> None:
    week = await sandbox.truth(clinic.company_id, TODAY, TODAY + timedelta(days=6))
    blocks = [one for one in week if one["appointment_type"] == "block"]
    assert [one["notes"] for one in blocks if one["room_id"] is None] == ["Team meeting"]
    assert any(one["starts_at"] == one["ends_at"] for one in blocks)
