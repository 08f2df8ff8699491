"""The requests of `watch` and the console to the gateway."""

from __future__ import annotations

import json
import sys
from io import StringIO

import asyncpg
import pytest

from actors.messages import Subjects
from engine.errors import BadRequest
from ops.cli.confirm import confirm
from ops.client.errors import CommandFailed, Refused
from ops.client.requests import ask, find_over_nats, plan_of
from ops.sandbox.client import SandboxClinic
from tests.system.conftest import Asker, System, asker, clinics, key_ring, sandbox, settings, system

__all__ = ["asker", "clinics", "key_ring", "sandbox", "settings", "system"]


@pytest.mark.anyio
async def test_a_plan_of_any_length_arrives_whole_and_in_order(
    system: System, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    system.gateway()
    slug, subjects = clinics[0].slug, Subjects(asker.prefix)
    dry = (await ask(asker.client, subjects, "sync", slug, days_ahead=1, dry_run=True))["sync_id"]
    with pytest.raises(Refused, match="no plan"):
        await plan_of(asker.client, subjects, slug, dry)
    place = {"date": "2030-01-01", "start_time": "09:00:00", "end_time": "09:30:00", "status": "scheduled"}
    plan = [
        {"kind": "added", "neo_appointment_id": str(number), "before": None, "after": place}
        for number in range(7000)
    ]
    await pool.execute(
        "update schedule_syncs set plan = $2::jsonb, status = 'completed' where id = $1::uuid",
        dry,
        json.dumps(plan),
    )
    assert len(json.dumps(plan)) > asker.client.max_payload
    assert await plan_of(asker.client, subjects, slug, dry) == plan
    found = await find_over_nats(asker.client, subjects, dry)
    assert (found["clinic"], found["changes_planned"]) == (slug, 7000)
    everything = await ask(asker.client, subjects, "overview", "_all")
    assert {clinic["slug"] for clinic in everything["clinics"]} == {clinic.slug for clinic in clinics}
    of_the_other = await ask(asker.client, subjects, "overview", clinics[1].slug)
    assert of_the_other["syncs"] == []
    assert "mailboxes" not in of_the_other
    with pytest.raises(Refused, match="sync_id"):
        await ask(asker.client, subjects, "status", "_all")


@pytest.mark.anyio
@pytest.mark.parametrize("slug", ["Elm Street", "elm.street", "*", ">", ""])
async def test_what_is_no_slug_is_never_a_part_of_a_subject(slug: str, asker: Asker) -> None:
    with pytest.raises(BadRequest, match="is not a valid slug"):
        await ask(asker.client, Subjects(asker.prefix), "status", slug)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """A terminal; what is written to it was typed."""
    terminal = StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    return terminal


@pytest.mark.parametrize("answer", ["y\n", "yes\n", " Y \n"])
def test_a_yes_is_a_yes(typed: StringIO, answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    typed.write(answer)
    typed.seek(0)
    confirm("Remove it all?")
    assert "Remove it all? [y/N]" in capsys.readouterr().err


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "yess\n"])
def test_anything_else_is_a_no(typed: StringIO, answer: str) -> None:
    typed.write(answer)
    typed.seek(0)
    with pytest.raises(CommandFailed, match="nothing was changed"):
        confirm("Remove it all?")
