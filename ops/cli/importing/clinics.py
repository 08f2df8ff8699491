"""The command `clinic import`: adds and changes many clinics, from CSV or TOML."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from actors.schedules.cron import Cron
from actors.settings import Settings
from actors.views.clinics import all_clinics
from engine.clinic import SLUG, check_zone
from engine.store import clinics as store
from engine.store.database import Connection
from engine.store.schedules import set_schedule
from ops.cli.check_schedules import check_clock
from ops.cli.importing.faults import Faults
from ops.cli.importing.rows import Columns, Row, read_csv, read_toml
from ops.client.connections import open_database
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.local.discovery import database_url, settings_here
from ops.terminal.durations import seconds_of
from ops.terminal.output import Json, answer, say

#: Secrets are read from standard input only.
SECRETS = dict.fromkeys(("username", "password", "company_id", "address"), "idexx-sync credentials import -")

COLUMNS = Columns(("slug", "name", "timezone"), ("country", "max_age", "schedule"), elsewhere=SECRETS)

READERS = {".csv": read_csv, ".toml": read_toml}

DryRun = Annotated[
    bool, Parameter(negative=(), show_default=False, help="Check everything, and show what would be stored.")
]


@dataclass(frozen=True, slots=True)
class Entry:
    """A clinic of the file. None: keep what is stored, or take the default. `goal` 0: none."""

    line: int
    slug: str
    name: str
    timezone: str
    country: str | None = None
    goal: int | None = None
    cron: str | None = None


def import_(
    file: Annotated[Path, Parameter(help="A file whose name ends with .csv or .toml.")],
    *,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Add or change many clinics: all that the file names, or none and every fault with its line.

    CSV: the first line names the columns slug, name and timezone, and, as wanted, country, max_age and schedule; TOML:
    a table [[clinic]] for each, with the same names. An empty value keeps what is stored. Clinics that the file does
    not name stay. Secrets do not belong there: `credentials import` reads them.

    Example: `idexx-sync clinic import clinics.csv --dry-run`
    """
    entries = read_entries(_text(file), file.name, file.suffix.lower())
    settings = settings_here()
    if any(entry.cron for entry in entries):
        asyncio.run(check_clock(settings))
    outcomes = asyncio.run(_store(settings, entries, file.name, dry_run=dry_run))
    if json:
        clinics = [{"clinic": slug, "outcome": outcome} for slug, outcome in outcomes.items()]
        answer({"ok": True, "dry_run": dry_run, "clinics": clinics})
        return
    for slug, outcome in outcomes.items():
        print(f"dry run: {slug} would be {outcome}" if dry_run else f"{slug} {outcome}")
    counts = ", ".join(
        f"{list(outcomes.values()).count(word)} {word}" for word in dict.fromkeys(outcomes.values())
    )
    say(f"dry run: nothing was changed; would be {counts}" if dry_run else f"{counts}; next: credentials import")


def read_entries(text: str, file: str, suffix: str) -> list[Entry]:
    """Returns the clinics of a file's text. Raises `CommandFailed` with every fault."""
    if (read := READERS.get(suffix)) is None:
        raise CommandFailed(f"{file}: the name must end with {' or '.join(READERS)}", status=Exit.USAGE)
    faults = Faults(file)
    rows = read(text, COLUMNS, faults)
    entries = [entry for row in rows if (entry := _entry(row, faults)) is not None]
    for name in ("slug", "name"):
        _check_once(name, rows, faults)
    faults.check()
    if not entries:
        faults.add(1, "names no clinic")
    faults.check()
    return entries


def _entry(row: Row, faults: Faults) -> Entry | None:
    """The clinic of a row; None if a value is missing."""
    from engine.portal.phones import check_country

    given = row.values
    missing = [name for name in COLUMNS.required if name not in given]
    if missing:
        faults.add(row.line, f"{', '.join(missing)}: must not be empty")
    goal = country = cron = None
    if "slug" in given and not SLUG.fullmatch(given["slug"]):
        faults.add(row.line_of("slug"), f"slug: {given['slug']!r} is not valid; use 1 to 40 of a-z, 0-9 and '-'")
    if "timezone" in given:
        with faults.noting(row.line_of("timezone")):
            check_zone(given["timezone"])
    if "country" in given:
        with faults.noting(row.line_of("country")):
            country = check_country(given["country"])
    if "max_age" in given:
        with faults.noting(row.line_of("max_age")):
            goal = seconds_of(given["max_age"], "max_age") or 0
    if "schedule" in given:
        with faults.noting(row.line_of("schedule")):
            cron = Cron.parse(given["schedule"]).text
    return (
        None if missing else Entry(row.line, given["slug"], given["name"], given["timezone"], country, goal, cron)
    )


def _check_once(name: str, rows: Sequence[Row], faults: Faults) -> None:
    first: dict[str, int] = {}
    for row in rows:
        if (value := row.values.get(name)) is None:
            continue
        if value in first:
            faults.add(row.line_of(name), f"{name}: {value!r} is on line {first[value]} already")
        first.setdefault(value, row.line_of(name))


async def _store(settings: Settings, entries: Sequence[Entry], file: str, *, dry_run: bool) -> dict[str, str]:
    """Stores all clinics in one transaction; returns for each whether it was added, changed or left unchanged."""
    faults = Faults(file)
    async with open_database(database_url(settings)) as connection:
        transaction = connection.transaction()
        await transaction.start()
        before = await _stored(connection)
        for entry in sorted(entries, key=lambda entry: entry.slug):  # one order of locks for all imports
            with faults.noting(entry.line):
                async with connection.transaction():
                    await _store_one(connection, entry)
        faults.check()
        after = await _stored(connection)
        await (transaction.rollback() if dry_run else transaction.commit())
    return {entry.slug: _outcome(before.get(entry.slug), after[entry.slug]) for entry in entries}


async def _store_one(connection: Connection, entry: Entry) -> None:
    clinic = await store.add_clinic(connection, entry.slug, entry.name, entry.timezone, entry.country)
    if entry.goal is not None:
        await store.set_goal(connection, clinic, entry.goal or None)
    if entry.cron is not None:
        await set_schedule(connection, clinic, entry.cron, None, clinic.horizon_days)


async def _stored(connection: Connection) -> dict[str, Mapping[str, Any]]:
    return {one["slug"]: one for one in await all_clinics(connection)}


def _outcome(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> str:
    if before is None:
        return "added"
    fields = ("name", "timezone", "country", "max_age_seconds")
    crons = [(one["schedule"] or {}).get("cron") for one in (before, after)]
    is_same = all(before[name] == after[name] for name in fields) and crons[0] == crons[1]
    return "unchanged" if is_same else "changed"


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandFailed(
            f"{file} is not text in UTF-8 (byte {error.start}); save it in UTF-8", status=Exit.USAGE
        ) from None
