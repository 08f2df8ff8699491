"""`doctor` beside a running machine: what is wrong with clinics and their key, and what mends it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from uuid import UUID

import asyncpg
import pytest

from actors.settings import Settings
from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.portal.contact import ContactReport
from engine.portal.transcript import Transcript
from engine.schedule import Room, ScheduleConfig
from engine.store.vault import new_ring
from ops.cli.contact.contact import Contact
from ops.cli.contact.page import columns_hint
from ops.doctor import Finding, Grade
from ops.doctor.database import _columns, _fields, clinics_that_cannot_sign_in, database
from tests.ops.up_process import ARGV, Up


def check(up: Up, name: str, **environment: str) -> dict[str, str]:
    done = subprocess.run(
        [*ARGV, "doctor", "--json"],
        env={**up.environment, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    found: dict[str, str] = {one["name"]: one for one in json.loads(done.stdout)["checks"]}[name]
    return found


def test_clinics_that_cannot_sign_in_are_named_with_the_command_that_mends_it(up: Up) -> None:
    assert up.run("clinic", "add", "west", "--name", "West", "--timezone", "America/Denver").returncode == 0
    try:
        bare = check(up, "clinics")
        assert (bare["grade"], bare["remedy"]) == ("warn", "idexx-sync credentials set west")
        given = ("credentials", "set", "west", "--username", "unknown", "--company-id", "1")
        assert up.run(*given, given="wrong\n").returncode == 0
        assert up.run("credentials", "test", "west").returncode == 4
        shut = check(up, "clinics")
        assert (shut["grade"], shut["remedy"]) == ("fail", "idexx-sync credentials set west")
        assert "west (login_rejected)" in shut["message"]
        assert up.run("clinic", "add", "east", "--name", "East", "--timezone", "America/Denver").returncode == 0
        both = check(up, "clinics")
        assert (both["grade"], both["remedy"]) == ("fail", "idexx-sync credentials set CLINIC")
        assert "west (login_rejected); without credentials: east" in both["message"]
    finally:
        up.run("clinic", "remove", "west", "--yes")
        up.run("clinic", "remove", "east", "--yes")


def test_a_clinic_that_only_lacks_its_company_id_is_not_called_rejected() -> None:
    clinic = {"slug": "west", "login_failure": "no_company_id", "has_credentials": True}
    found = clinics_that_cannot_sign_in([clinic])
    assert (found.message, found.remedy) == (
        "without the company id that the portal asks for: west",
        "idexx-sync credentials set west --company-id ID",
    )


def test_a_key_that_does_not_open_what_is_stored_is_found(up: Up) -> None:
    assert check(up, "encryption key")["grade"] == "pass"
    other = check(up, "encryption key", ENCRYPTION_KEY=new_ring(), **_servers(up))
    assert other["grade"] == "fail"
    assert "cedar-creek" in other["message"]
    assert "the key that encrypted them" in other["remedy"]


@pytest.mark.anyio
async def test_a_postgresql_that_accepts_no_writes_is_found(database_url: str, pool: asyncpg.Pool) -> None:
    settings = Settings(database_url=database_url)

    async def writes() -> Finding:
        return next(one for one in await database(settings) if one.name == "writes")

    assert (await writes()).grade is Grade.PASS
    name = await pool.fetchval("select current_database()")
    await pool.execute(f"alter database {name} set default_transaction_read_only = on")
    found = await writes()
    assert found.grade is Grade.FAIL
    assert "standby" in found.message
    await pool.execute(f"alter database {name} reset default_transaction_read_only")
    assert (await writes()).grade is Grade.PASS


def _servers(up: Up) -> dict[str, str]:
    running = up.home.running()
    assert running is not None
    return {name: running.environment[name] for name in ("NATS_URL", "DATABASE_URL")}


def test_fields_that_are_not_read_are_named_by_clinic_and_are_no_fault() -> None:
    found = _fields({"elm": ["is_first", "tele"], "oak": ["tele"]})
    assert found.grade == Grade.PASS
    assert "elm: is_first, tele; oak: tele" in found.message
    assert _fields({}).message == "no unknown fields"


def test_clinics_without_chosen_columns_are_named_with_the_command() -> None:
    found = _columns(["elm"])
    assert (found.grade, found.remedy) == (Grade.WARN, "idexx-sync clinic rules elm")
    assert _columns([]).grade == Grade.PASS


def test_a_first_contact_names_the_columns_to_choose_from() -> None:
    clinic = Clinic(UUID(int=1), "elm", "Elm", "America/Chicago")
    report = ContactReport([], config=ScheduleConfig(rooms=(Room("1", "Exam 1"), Room("2", "Surgery"))))
    contact = Contact(clinic, Credentials("user", "password"), "https://us.idexxneo.com", report, Transcript())
    hint = columns_hint(contact) or ""
    assert "1 (Exam 1), 2 (Surgery): idexx-sync clinic rules set elm --columns 1 2" in hint
    assert columns_hint(replace(contact, clinic=replace(clinic, resources=("1",)))) is None
