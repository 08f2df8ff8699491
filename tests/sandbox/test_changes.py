"""A schedule that changes while it is watched."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from ops.sandbox.client import SandboxClinic, SandboxError, SandboxProcess, Truth
from tests.sandbox.conftest import TODAY
from tests.sandbox.reading import read
from tests.sandbox.visitor import Visitor

pytestmark = pytest.mark.anyio
LAST = TODAY + timedelta(days=13)


async def truth(sandbox: SandboxProcess, clinic: SandboxClinic) -> dict[str, Truth]:
    records = await sandbox.truth(clinic.company_id, TODAY, LAST)
    return {record["neo_appointment_id"]: record for record in records}


async def test_the_response_lists_exactly_what_changed(
    sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic
) -> None:
    before = await truth(sandbox, clinic)
    changes = await sandbox.change(clinic.company_id, add=4, move=5, edit=3, cancel=2, delete=3, seed=9)
    after = await truth(sandbox, clinic)
    counts = Counter(change["kind"] for change in changes)
    assert counts == {"added": 4, "moved": 5, "edited": 3, "cancelled": 2, "deleted": 3}
    for change in changes:
        number = change["neo_appointment_id"]
        assert change["before"] == before.pop(number, None)
        assert change["after"] == after.pop(number, None)
        assert change["before"] != change["after"]
    assert before == after
    await visitor.sign_in(clinic)
    shown = read((await visitor.calendar(TODAY, LAST)).json(), clinic)
    assert shown == await sandbox.truth(clinic.company_id, TODAY, LAST)


async def test_the_same_seed_changes_the_same(sandbox: SandboxProcess, clinic: SandboxClinic) -> None:
    wanted = {"add": 3, "move": 3, "edit": 3, "cancel": 3, "delete": 3}
    first = await sandbox.change(clinic.company_id, seed=4, **wanted)
    await sandbox.reset()
    assert await sandbox.change(clinic.company_id, seed=4, **wanted) == first
    await sandbox.reset()
    assert await sandbox.change(clinic.company_id, seed=5, **wanted) != first


async def test_records_can_be_named(sandbox: SandboxProcess, clinic: SandboxClinic) -> None:
    one, two, three, *_ = [
        number for number, record in (await truth(sandbox, clinic)).items() if record["patient_name"]
    ]
    start = f"{TODAY + timedelta(days=2)}T09:05:00"
    await sandbox.change(
        clinic.company_id,
        move=[{"id": int(one), "start": start}],
        edit=[
            {
                "id": int(two),
                "status": "Awaiting Pickup",
                "room": None,
                "phone": "303 555 0100",
                "phone_e164": "+13035550100",
            }
        ],
        delete=[int(three)],
        add=[
            {"start": start, "patient": "Tuxedo", "last_name": "Sample", "minutes": 25},
            {"start": start, "block": True},
        ],
    )
    after = await truth(sandbox, clinic)
    assert (after[one]["date"], after[one]["start_time"]) == (start[:10], start[11:])
    assert (after[two]["status"], after[two]["room_id"]) == ("Awaiting Pickup", None)
    assert after[two]["client_phone"] == "+13035550100"
    assert three not in after
    added = [record for record in after.values() if record["start_time"] == "09:05:00" and record != after[one]]
    assert sorted(record["patient_name"] or record["appointment_type"] for record in added) == ["Tuxedo", "block"]


async def test_more_than_there_are_is_all_there_are(sandbox: SandboxProcess, clinic: SandboxClinic) -> None:
    await sandbox.change(clinic.company_id, delete=10_000)
    assert await truth(sandbox, clinic) == {}


async def test_a_change_of_what_is_not_there_changes_nothing(
    sandbox: SandboxProcess, clinic: SandboxClinic
) -> None:
    before = await truth(sandbox, clinic)
    with pytest.raises(SandboxError, match="no record 5"):
        await sandbox.change(clinic.company_id, add=1, move=3, cancel=[5])
    assert await truth(sandbox, clinic) == before


async def test_a_calendar_that_does_not_rest_moves_appointments_and_loses_none(
    sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic
) -> None:
    await visitor.sign_in(clinic)
    before = await truth(sandbox, clinic)
    await sandbox.fault_settings(glitch="move_none", glitch_seconds=3600, moves_every_s=0.01)

    async def moved() -> set[str]:
        after = await truth(sandbox, clinic)
        assert after.keys() == before.keys()
        return {key for key, record in after.items() if record["date"] != before[key]["date"]}

    while len(await moved()) < 3:
        pass
    await sandbox.fault_settings(moves_every_s=None)
    hidden = await moved()
    shown = read((await visitor.calendar(TODAY, LAST)).json(), clinic)
    assert hidden <= before.keys() - {record["neo_appointment_id"] for record in shown}
    assert await moved() == hidden


@pytest.mark.parametrize(("glitch", "seen"), [("move_both", 2), ("move_none", 0)])
async def test_a_move_shows_on_both_days_or_on_none_for_a_moment(
    sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic, glitch: str, seen: int
) -> None:
    await visitor.sign_in(clinic)
    await sandbox.fault_settings(glitch=glitch, glitch_seconds=3600)
    [change] = await sandbox.change(clinic.company_id, move=1)
    number = change["neo_appointment_id"]

    async def days_that_show_it() -> list[str]:
        shown = read((await visitor.calendar(TODAY, LAST)).json(), clinic)
        return [record["date"] for record in shown if record["neo_appointment_id"] == number]

    assert len(set(await days_that_show_it())) == seen
    assert (await truth(sandbox, clinic))[number] == change["after"]
    await sandbox.fault_settings(glitch=None)
    assert await days_that_show_it() == [change["after"]["date"]]


async def test_a_reset_draws_the_calendars_around_the_day_that_it_is_given(sandbox: SandboxProcess) -> None:
    other = TODAY + timedelta(days=400)
    try:
        await sandbox.reset(other)
        await sandbox.reset()
        assert {clinic.today for clinic in await sandbox.clinics()} == {other}
    finally:
        await sandbox.reset(TODAY)
    assert {clinic.today for clinic in await sandbox.clinics()} == {TODAY}
