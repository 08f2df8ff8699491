"""The portal's pages, read by an independent parser, equal the sandbox's data."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.sandbox.conftest import TODAY
from tests.sandbox.reading import read
from tests.sandbox.visitor import Visitor

pytestmark = pytest.mark.anyio
FORTNIGHT = TODAY + timedelta(days=13)


@pytest.mark.parametrize("number", range(5))
async def test_every_clinic_shows_the_truth_in_its_own_words(
    sandbox: SandboxProcess, visitor: Visitor, clinics: list[SandboxClinic], number: int
) -> None:
    clinic = clinics[number]
    await visitor.sign_in(clinic)
    first = TODAY - timedelta(days=7)
    shown = read((await visitor.calendar(first, FORTNIGHT)).json(), clinic)
    assert shown == await sandbox.truth(clinic.company_id, first, FORTNIGHT)
    assert len(shown) > 300


@pytest.mark.parametrize("times", ["t", "space", "offset", "mixed"])
@pytest.mark.parametrize("field_variant", ["a", "b", "mixed", "2026"])
async def test_every_spelling_means_the_same(
    sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic, field_variant: str, times: str
) -> None:
    await visitor.sign_in(clinic)
    await sandbox.fault_settings(field_variant=field_variant, times=times, wrapper="results")
    answer = (await visitor.calendar(TODAY, FORTNIGHT)).json()
    assert list(answer) == ["results"]
    assert read(answer, clinic) == await sandbox.truth(clinic.company_id, TODAY, FORTNIGHT)


@pytest.mark.parametrize(
    ("number", "day"),
    [(0, date(2026, 3, 8)), (0, date(2026, 11, 1)), (1, date(2026, 10, 25)), (2, date(2026, 4, 5))],
)
async def test_the_truth_holds_on_days_when_the_clocks_change(
    sandbox: SandboxProcess, visitor: Visitor, clinics: list[SandboxClinic], number: int, day: date
) -> None:
    clinic = clinics[number]
    await visitor.sign_in(clinic)
    night = [{"start": f"{day}T{hour:02}:40:00", "minutes": 15} for hour in (0, 3, 4)]
    await sandbox.change(
        clinic.company_id, add=[*night, {"start": f"{day - timedelta(days=1)}T23:30", "minutes": 60}]
    )
    before, after = day - timedelta(days=1), day + timedelta(days=1)
    shown = read((await visitor.calendar(before, after)).json(), clinic)
    assert shown == await sandbox.truth(clinic.company_id, before, after)


async def test_the_hour_that_comes_twice_is_distinguished_by_its_offset(
    sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic
) -> None:
    await visitor.sign_in(clinic)
    day = date(2026, 11, 1)  # Denver: 01:30 comes at -06:00 and again at -07:00
    both = [{"start": f"{day}T01:30:00-06:00"}, {"start": f"{day}T01:30:00-07:00"}]
    added = await sandbox.change(clinic.company_id, add=both)
    instants = [change["after"]["starts_at"] for change in added]
    assert instants == ["2026-11-01T07:30:00+00:00", "2026-11-01T08:30:00+00:00"]
    shown = read((await visitor.calendar(day)).json(), clinic)
    assert sorted(record["starts_at"] for record in shown if record["start_time"] == "01:30:00") == instants


async def test_a_record_that_ends_after_midnight_belongs_to_the_day_it_starts_on(
    sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic
) -> None:
    await visitor.sign_in(clinic)
    [change] = await sandbox.change(
        clinic.company_id, add=[{"start": f"{TODAY}T23:45:00", "minutes": 60, "id": 7}]
    )
    assert change["after"]["end_time"] == "00:45:00"
    shown = [read((await visitor.calendar(day)).json(), clinic) for day in (TODAY, TODAY + timedelta(days=1))]
    assert ["7" in {record["neo_appointment_id"] for record in day} for day in shown] == [True, False]
