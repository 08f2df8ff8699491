"""`idexx-sync clinic rules`: shown with their origins, set, exported and imported on a real database."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from engine.offer.rule import Rule
from engine.offer.start import Decision
from engine.store.offer import explain_start
from engine.store.offer.rules import clinics_without_columns
from ops.cli import main
from ops.cli.rules import clinic_rules
from ops.client.exit_status import Exit
from tests.bookings.practice import DAY, Practice

pytestmark = pytest.mark.anyio

CONFIG = """
insert into idexx_sync.clinic_portal_config (clinic_id, slot_minutes, rooms, appointment_types, read_at)
values ($1, 15, $2, $3, now())
"""
ROOMS = [{"id": f"room-{n}", "name": name} for n, name in enumerate(("Exam 1", "Exam 2", "Surgery"), 1)]
TYPES = [
    {"id": id_, "name": name, "duration_slots": 1} for id_, name in (("7", "Dental"), ("9", "Tech appointment"))
]


class Terminal:
    """`clinic rules …` on the test's database, by a person whose name can be set."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, slug: str) -> None:
        self._capsys, self._monkeypatch, self.slug = capsys, monkeypatch, slug
        monkeypatch.setenv("COLUMNS", "160")  # no value is broken

    async def run(self, *arguments: str, group: str = "rules", by: str = "ana") -> tuple[int, str, str]:
        self._monkeypatch.setattr(clinic_rules, "user_name", lambda: by)
        status = await asyncio.to_thread(main, ["clinic", group, *arguments])
        printed = self._capsys.readouterr()
        return status, printed.out, printed.err

    async def json(self, *arguments: str, by: str = "ana") -> dict[str, Any]:
        status, out, err = await self.run(*arguments, "--json", by=by)
        assert status == Exit.OK, err
        found: dict[str, Any] = json.loads(out)
        return found

    async def set(self, *arguments: str, by: str = "ana") -> list[str]:
        """The rules that changed."""
        return [one["rule"] for one in (await self.json("set", self.slug, *arguments, by=by))["changes"]]


@pytest.fixture
async def practice(pool: asyncpg.Pool[Any]) -> Practice:
    practice = await Practice.open(pool)
    await pool.execute("update public.clinics set resources = null")
    await pool.execute(CONFIG, practice.clinic_id, json.dumps(ROOMS), json.dumps(TYPES))
    return practice


@pytest.fixture
async def terminal(
    practice: Practice, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    from actors.settings import load

    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.delenv("NATS_URL", raising=False)
    load.cache_clear()
    slug = await practice.pool.fetchval("select slug from public.clinics where id = $1", practice.clinic_id)
    return Terminal(capsys, monkeypatch, slug)


async def test_rules_are_set_and_shown_with_who_set_them(practice: Practice, terminal: Terminal) -> None:
    status, out, err = await terminal.run(terminal.slug)
    assert (status, "not chosen" in out, "portal's slot interval" in out) == (Exit.OK, True, True)
    assert (
        f"room-1 (Exam 1), room-2 (Exam 2), room-3 (Surgery): idexx-sync clinic rules set {terminal.slug}" in err
    )
    async with practice.pool.acquire() as connection:
        assert await clinics_without_columns(connection) == [terminal.slug]
    assert await terminal.set("--columns", "exam 1", "room-2", "--grid", "30", "--closed", "2026-12-24 Eve") == [
        *("columns", "grid", "closed.2026-12-24"),
    ]
    bookable = ("--bookable", "mon-fri 9:00-10:30 14:00-16:30", "--blocked", "daily 12:00-14:00 Lunch")
    assert len(await terminal.set(*bookable, "--uncounted", "tech appointment", "--grid", "20min", by="ben")) == 8
    async with practice.pool.acquire() as connection:
        assert await clinics_without_columns(connection) == []
    shown = await terminal.json(terminal.slug)
    assert shown["rules"]["columns"] == ["room-1", "room-2"]
    assert {rule: origin["set_by"] for rule, origin in shown["origins"].items()} == {
        "columns": "ana",
        "grid": "ben",
        "closed.2026-12-24": "ana",
        "blocked.daily": "ben",
        **{f"bookable.{day}": "ben" for day in ("monday", "tuesday", "wednesday", "thursday", "friday")},
        "types.Tech appointment": "ben",
    }
    assert [one["counts"] for one in shown["columns"]] == [True, True, False]
    _, out, err = await terminal.run("show", terminal.slug)
    assert "Exam 1 (room-1), Exam 2 (room-2)" in out
    assert "12:00-14:00 Lunch" in out
    assert re.search("bookable.saturday +nothing is offered", out)
    assert err == ""
    _, out, _ = await terminal.run("set", terminal.slug, "--unset", "bookable", "--dry-run")
    assert "bookable.monday: 09:00-10:30, 14:00-16:30 → all opening hours" in out
    assert "bookable.saturday: nothing is offered → all opening hours" in out
    early = (f"{DAY:%A} 09:01-09:19".lower(), "mon-fri 9:00-10:30 14:00-16:30")
    assert len((await terminal.json(terminal.slug))["bookable"]) == 7
    _, _, err = await terminal.run("set", terminal.slug, "--bookable", early[0], "--dry-run")
    assert f"dry run: after these changes, {DAY:%A}: nothing is offered".lower() in err.lower()
    _, _, err = await terminal.run("set", terminal.slug, "--bookable", early[0])
    assert f"{DAY:%A}: nothing is offered, since no start of the grid".lower() in err.lower()
    assert (await terminal.run("set", terminal.slug, "--bookable", early[1]))[2] == ""
    assert await terminal.set("--unset", "grid", "closed", "--columns", "room-1", "room-2") == [
        *("grid", "closed.2026-12-24"),
    ]
    assert not {"grid", "closed.2026-12-24"} & set((await terminal.json(terminal.slug))["origins"])


async def test_an_explanation_names_who_set_a_rule_and_a_command_that_works(
    practice: Practice, terminal: Terminal
) -> None:
    await terminal.set("--columns", "room-1", "--closed", f"{DAY} Inventory", "--grid", "30")
    await terminal.set("--grid", "20", "--blocked", "daily 12:00-14:00 Lunch", by="ben")

    async def explained() -> dict[Rule, Decision]:
        async with practice.pool.acquire() as connection:
            noon = datetime.combine(DAY, time(12, 10), ZoneInfo("America/Chicago"))
            return {one.rule: one for one in (await explain_start(connection, practice.clinic_id, noon)).reasons}

    reasons = await explained()
    rules = (Rule.COLUMNS_NOT_CHOSEN, Rule.GRID, Rule.CLOSED_DAY, Rule.RECURRING_BLOCK)
    assert [(reasons[rule].allows, reasons[rule].source.get("set_by")) for rule in rules] == [
        *((True, "ana"), (False, "ben"), (False, "ana"), (False, "ben")),
    ]
    change = reasons[Rule.CLOSED_DAY].change or ""
    assert (await terminal.run(*change.removeprefix("idexx-sync clinic rules ").split()))[0] == Exit.OK
    assert Rule.CLOSED_DAY not in await explained()


async def test_a_rule_changes_the_stored_counts_at_once(practice: Practice, terminal: Terminal) -> None:
    await practice.appointment("10:00", "10:15", room="room-3")
    await practice.appointment("10:15", "10:30", room="room-1")
    await practice.recount()
    await terminal.set("--columns", "room-1", "room-2")
    assert await practice.stored() == await practice.counts()
    assert (await practice.stored())["10:00"] == 0
    assert (await practice.stored())["10:15"] == 1


async def test_a_file_is_exported_and_imported_as_a_whole(
    practice: Practice, terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "rules.toml"
    await terminal.set(
        "--columns", "room-1", "--type-length", "dental=45min", "--conflicts", "mark", "--notice", "2h"
    )
    assert (await terminal.run("export", terminal.slug, str(file)))[0] == Exit.OK
    text = file.read_text()
    assert '"room-1",  # Exam 1' in text
    assert (await terminal.json("import", terminal.slug, str(file)))["changes"] == []
    file.write_text(text.replace('notice = "2 h"', 'horizon = "60 d"').replace('"45 min"', '"1 h"'))
    status, out, err = await terminal.run("import", terminal.slug, str(file), "--dry-run")
    would = ("horizon: default → 60 d", "types.Dental: 45 min → 1 h", "notice: 2 h → default")
    assert out.splitlines() == [f"would change {change}" for change in would]
    assert (status, "dry run" in err) == (Exit.OK, True)
    assert (await terminal.run("export", terminal.slug))[1] == text
    assert len((await terminal.json("import", terminal.slug, str(file), by="ben"))["changes"]) == 3
    origins = (await terminal.json(terminal.slug))["origins"]
    assert {rule: one["set_by"] for rule, one in origins.items()} == {
        "columns": "ana",
        "conflicts": "ana",
        "horizon": "ben",
        "types.Dental": "ben",
    }
    exported = (await terminal.run("export", terminal.slug, "-"))[1]
    file.write_text(f'{exported}\n[types.Grooming]\ncounts = false\n[closed]\n"24.12.2026" = "Eve"')
    status, out, err = await terminal.run("import", terminal.slug, str(file))
    assert (status, out, "2 problems, so nothing was changed" in err) == (Exit.USAGE, "", True)
    assert "closed.24.12.2026: '24.12.2026' is not a date" in err
    assert "types.Grooming: the portal has no type 'Grooming'; it has Dental, Tech appointment" in err
    assert (await terminal.run("export", terminal.slug))[1] == exported


async def test_a_schedule_that_is_slower_than_the_age_limit_is_warned_of(
    practice: Practice, terminal: Terminal
) -> None:
    await terminal.set("--columns", "room-1")
    _, _, err = await terminal.run("set", terminal.slug, "every 30 minutes", group="schedule")
    assert "apart" not in err
    _, _, err = await terminal.run("set", terminal.slug, "0 6,12 * * *", "--timezone", "UTC", group="schedule")
    assert "syncs are up to 18 h apart, but what was read more than 1 h ago is not offered" in err
    assert f"idexx-sync clinic rules set {terminal.slug} --max-age 18h" in err
    _, _, err = await terminal.run("set", terminal.slug, "--max-age", "18h")
    assert err == ""
    status, _, err = await terminal.run("set", terminal.slug, "--max-age", "3s")
    assert (status, "max_age: '3s' is outside the limits; from 1 min to 366 d" in err) == (Exit.USAGE, True)
