"""`idexx-sync migrate` on a predecessor's database, as an operator calls it."""

from __future__ import annotations

import json
from typing import Any

import asyncpg
import pytest

from tests.ops.test_command_line import run

pytestmark = pytest.mark.anyio


def migrate(url: str, *options: str, status: int = 0) -> dict[str, Any]:
    done = run("migrate", *options, "--json", DATABASE_URL=url)
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout) if done.stdout else {"error": done.stderr}


async def test_a_database_is_checked_migrated_secured_and_given_back(
    old_url: str, old: asyncpg.Connection
) -> None:
    await old.execute(
        "alter table schedule_appointments add constraint short"
        " check (status in ('scheduled', 'confirmed', 'finalized', 'no_show', 'checked_in'))"
    )
    await old.execute("update clinics set timezone = 'America/Denver' where slug = 'elm-street'")
    found = migrate(old_url, "--check", status=1)
    assert (found["ok"], found["found"], found["pending"][0]) == (False, "predecessor", "0001_tables")
    assert [problem["object"] for problem in found["problems"]] == ["schedule_appointments.short"]
    refused = migrate(old_url, status=2)["error"]
    assert (refused["code"], refused["reason"]) == (409, "cannot_migrate")
    assert "schedule_appointments.short: CHECK" in refused["message"]
    assert "nothing was changed" in refused["message"]

    assert migrate(old_url, "--check", "--accept", "short")["problems"] == []
    done = migrate(old_url, "--accept", "short")
    notes = "\n".join(done["notes"])
    assert done["applied"][-1] >= "0019"
    assert "store ours with `idexx-sync credentials set oak`" in notes
    assert "clinic 'elm-street' has no time zone to go by: clinics.timezone is America/Denver" in notes
    assert "6 syncs of the service before that hung in progress were closed as failed" in notes
    assert "row-level security stays off on clinics, idexx_credentials" in notes

    secured = migrate(old_url, "--row-level-security")
    assert (secured["applied"], any("row-level" in note for note in secured["notes"])) == ([], False)
    assert await old.fetchval("select relrowsecurity from pg_class where oid = 'clinics'::regclass")

    given_back = migrate(old_url, "--undo")
    assert "drop schema idexx_sync cascade" in given_back["statements"]
    assert not await old.fetchval("select relrowsecurity from pg_class where oid = 'clinics'::regclass")
    assert "was not the predecessor's" in migrate(old_url, "--undo", status=2)["error"]["message"]
