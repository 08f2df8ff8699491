"""What `migrate` would do to a database, and what would stop it. Reads only, and takes no lock that others wait for.

A check constraint of another program is tried on rows as a sync writes them; what cannot be tried, such as an
exclusion, stops a migration until it is dropped or accepted by name.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.store.database import Connection
from engine.store.predecessor.objects import FUNCTIONS, TABLES
from engine.store.predecessor.shape import Column, Shape, final_shape, read_shape
from engine.store.queries import Queries

SQL = Queries(__file__)

OLDEST_POSTGRES = 15

#: Functions whose columns change: they cannot be replaced while something depends on them.
REMADE = ("get_available_slots",)

#: Tables into which a sync inserts.
_WRITTEN = ("schedule_slots", "schedule_appointments", "schedule_syncs")

#: Types that take the same values from us.
_FAMILIES = ({"smallint", "integer", "bigint"}, {"text", "character varying"}, {"json", "jsonb"})

_PROBES = Path(__file__).with_name("probe_rows.json")


@dataclass(frozen=True, slots=True)
class Problem:
    """What does not fit: a table or other object, why, and what to do about it."""

    object: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.object}: {self.problem}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Step:
    """What would be done to one table."""

    table: str
    action: str


@dataclass(frozen=True, slots=True)
class Check:
    """`start` is what was found: nothing, an installation of ours, or the predecessor's database."""

    start: str
    steps: list[Step] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


async def check_public(
    connection: Connection, start: str, *, moves_ours: bool, accepted: Collection[str] = ()
) -> Check:
    """Compares the tables in `public` with what the migrations make of them.

    `moves_ours`: our own tables lie in `public` and would move. `accepted` names constraints that stay.
    """
    present, wanted = await read_shape(connection), final_shape()
    problems = [*_version(connection), *_columns(present, wanted, moves_ours)]
    facts = await connection.fetch(SQL["facts"], TABLES, FUNCTIONS, REMADE, moves_ours)
    problems += [_problem(row) for row in facts if row["object"].rpartition(".")[2] not in accepted]
    if not any(row["fact"] == "no_owner" for row in facts):
        problems += await _duplicates(connection, present)
    if not moves_ours:
        problems += await _constraints(connection, accepted)
    steps = list(_steps(present, wanted))
    if start != "ours":
        steps.append(Step("schema idexx_sync", "create our tables there"))
    elif moves_ours:
        steps.append(Step("schema idexx_sync", "move our tables there"))
    if start == "predecessor":
        rows = await connection.fetch(SQL["planned"], FUNCTIONS)
        steps += [
            Step(row["object"], row["action"]) for row in rows if row["object"] in present or row["is_function"]
        ]
    return Check(start, steps, problems)


def _version(connection: Connection) -> Iterator[Problem]:
    major = connection.get_server_version().major
    if major < OLDEST_POSTGRES:
        yield Problem("PostgreSQL", f"is version {major}", f"update it to {OLDEST_POSTGRES} or newer")


def _columns(present: Shape, wanted: Shape, moves_ours: bool) -> Iterator[Problem]:
    for table, columns in present.items():
        if moves_ours and table in ("idexx_credentials", "clinic_schedule_config", "clinic_blocked_periods"):
            continue
        for name, column in columns.items():
            known = wanted[table].get(name)
            if known is not None and not _takes(column.type, known.type):
                yield Problem(
                    f"{table}.{name}",
                    f"is of type {column.type}, not {known.type}",
                    "change its type, or rename it",
                )
            if known is None and table in _WRITTEN and not column.may_be_left_out:
                what = "is not null and has no default, so a sync cannot insert"
                yield Problem(f"{table}.{name}", what, "give it a default")
        for name in (name for name in _KEYS.get(table, ()) if name not in columns):
            yield Problem(f"{table}.{name}", "is missing: the table is not the predecessor's", "rename the table")
    if present and "clinics" not in present:
        yield Problem("clinics", "is missing beside the predecessor's other tables", "restore it")


#: Columns without which a table is not the predecessor's.
_KEYS = {
    "clinics": ("id", "name"),
    "schedule_slots": ("id", "clinic_id", "date", "start_time", "end_time", "capacity", "booked_count"),
    "schedule_appointments": ("id", "clinic_id", "neo_appointment_id", "date", "start_time", "end_time", "status"),
    "schedule_syncs": ("id", "clinic_id", "sync_start_date", "sync_end_date", "status", "started_at"),
    "vapi_bookings": ("id", "clinic_id", "date", "start_time", "status", "hold_expires_at"),
}


async def _duplicates(connection: Connection, present: Shape) -> list[Problem]:
    if "slug" not in present.get("clinics", {}):
        return []
    return [
        Problem("clinics.slug", f"{row['slug']!r} is the slug of several clinics", "give each another")
        for row in await connection.fetch(SQL["duplicate_slugs"])
    ]


def _takes(present: str, wanted: str) -> bool:
    plain = present.partition("(")[0]
    return present == wanted or any({plain, wanted} <= family for family in _FAMILIES)


def _problem(row: Any) -> Problem:
    what, remedy = {
        "no_owner": ("belongs to another role", "connect as its owner, or as a member of that role"),
        "no_schema": ("this role may not create a schema in it", "grant create on the database to it"),
        "no_objects": ("this role may not create in this schema", "grant create on the schema to it"),
        "depends": ("{} depends on it", "drop that, migrate, and make it again"),
        "running": (
            "an idexx-sync of the version before runs here ({})",
            "stop gateways and workers, then migrate",
        ),
        "excludes": ("{} may refuse rows of a sync", "drop it, or accept it with `--accept NAME`"),
    }[row["fact"]]
    return Problem(row["object"], what.format(row["detail"]), remedy)


async def _constraints(connection: Connection, accepted: Collection[str]) -> list[Problem]:
    probes = json.loads(_PROBES.read_text(encoding="utf-8"))
    found = []
    for check in await connection.fetch(SQL["checks"]):
        table = check["table_name"]
        if check["name"] in accepted:
            continue
        if not await connection.fetchval(check["trial"], json.dumps(probes[table])):
            what = f"{check['definition']} refuses rows that a sync writes"
            found.append(Problem(f"{table}.{check['name']}", what, "drop it, or accept it with `--accept NAME`"))
    return found


def _steps(present: Shape, wanted: Shape) -> Iterator[Step]:
    for table, columns in wanted.items():
        if table not in present:
            yield Step(table, "create the table")
            continue
        if missing := [name for name in columns if name not in present[table]]:
            yield Step(table, f"add {', '.join(missing)}")


__all__ = ["Check", "Column", "Problem", "Step", "check_public"]
