"""What is gone from the portal, what only seems to be, and what would be too much to believe."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.system.conftest import Asker, System
from tests.system.test_sync import agrees, run

pytestmark = pytest.mark.anyio

_KINDS = (
    "select kind, count(*) from idexx_sync.schedule_appointment_changes where sync_id = $1::uuid group by kind"
)
#: A calendar that hides most of its records, from a portal that cannot be asked for single ones.
FEW = {"max_records_per_day": 1, "lookup_call": "absent"}

_STORED = "select count(*) from schedule_appointments where deleted_at is null"


async def test_an_appointment_that_moves_while_it_is_on_neither_day_is_moved_and_never_removed(
    system: System, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    system.everything()
    clinic = clinics[0]
    await run(asker, clinic, days=4)
    await sandbox.fault_settings(glitch="move_none", glitch_seconds=1)
    end = clinic.today + timedelta(days=3)
    moved = await sandbox.change(clinic.company_id, move=3, start=clinic.today, end=end, seed=3)
    events = await run(asker, clinic, days=4)
    assert events[-1]["stats"]["appointments_removed"] == 0
    kinds = dict(await pool.fetch(_KINDS, events[-1]["sync_id"]))
    assert kinds == {"moved": len(moved)}
    await agrees(pool, sandbox, clinic, days=4)


async def test_while_appointments_move_all_the_time_no_real_one_is_removed(
    system: System, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    """Each is hidden for almost as long as an absence has to last, and a dozen are at any time."""
    system.everything()
    clinic = clinics[0]
    await run(asker, clinic, days=5)
    before = await pool.fetchval(_STORED)
    await sandbox.fault_settings(moves_every_s=0.1, moves_days=5, glitch="move_none", glitch_seconds=1.2)
    for _ in range(3):
        ending = (await run(asker, clinic, days=5))[-1]
        assert (ending["event"], ending["stats"]["appointments_removed"]) == ("completed", 0)
        # The portal is asked where they are: elsewhere, or where the calendar still hides them.
        codes = {warning["code"] for warning in ending["warnings"]}
        assert codes <= {"removals_unconfirmed", "calendar_contradicted"}
    assert await pool.fetchval(_STORED) == before
    await sandbox.fault_settings(moves_every_s=None, glitch=None)
    await run(asker, clinic, days=5)
    await agrees(pool, sandbox, clinic, days=5)


async def test_records_without_an_id_cost_no_appointment_and_no_day(
    system: System, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    """The portal shows some appointments without their ids, and one more is really gone."""
    system.everything()
    clinic = clinics[0]
    await run(asker, clinic, days=4)
    before = await pool.fetchval(_STORED)
    await sandbox.fault_settings(drift=["no_id"])
    await sandbox.change(clinic.company_id, delete=1, end=clinic.today + timedelta(days=3))
    for _ in range(2):
        ending = (await run(asker, clinic, days=4))[-1]
        assert (ending["event"], ending["partial_success"]) == ("completed", False)
        assert "records_left_out" in {warning["code"] for warning in ending["warnings"]}
        assert await pool.fetchval(_STORED) >= before - 1
    await sandbox.fault_settings(drift=[])
    await run(asker, clinic, days=4)
    await agrees(pool, sandbox, clinic, days=4)


async def test_a_portal_that_lost_most_of_its_calendar_wipes_nothing(
    system: System,
    sandbox: SandboxProcess,
    clinics: list[SandboxClinic],
    asker: Asker,
    pool: asyncpg.Pool,
) -> None:
    system.everything()
    clinic = clinics[0]
    await run(asker, clinic, days=4)
    before = await pool.fetchval(_STORED)
    await sandbox.fault_settings(**FEW)
    events = await run(asker, clinic, days=4)
    assert [event["event"] for event in events[-2:]] == ["held", "completed"]
    held = events[-1]["removals_held"]
    assert held > 20
    assert await pool.fetchval(_STORED) == before, "everything is still in place"
    await sandbox.fault_settings(max_records_per_day=None)
    assert (await run(asker, clinic, days=4))[-1]["removals_held"] == 0
    known = await asker.ask("status", clinic.slug, {"sync_id": events[-1]["sync_id"]})
    assert known["sync"]["removals_held"] == 0, "what a later sync has seen again is no longer held"
    decided = await asker.ask("approve", clinic.slug, {"sync_id": events[-1]["sync_id"]})
    assert (decided["ok"], decided["error"]["code"]) == (False, 409)
    await agrees(pool, sandbox, clinic, days=4)


async def test_an_approved_plan_is_carried_out_once(
    system: System,
    sandbox: SandboxProcess,
    clinics: list[SandboxClinic],
    asker: Asker,
    pool: asyncpg.Pool,
) -> None:
    system.everything()
    clinic = clinics[0]
    await run(asker, clinic, days=4)
    before = await pool.fetchval(_STORED)
    await sandbox.fault_settings(**FEW)
    held = (await run(asker, clinic, days=4))[-1]
    body = {"sync_id": held["sync_id"]}
    assert (await asker.ask("approve", clinic.slug, body))["removals"] == held["removals_held"]
    assert await pool.fetchval(_STORED) == before - held["removals_held"]
    again = await asker.ask("approve", clinic.slug, body)
    assert (again["ok"], again["error"]["code"]) == (False, 409)
