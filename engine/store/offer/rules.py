"""A clinic's rules in the database, each with who set it and when."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from engine.offer.defaults import ProgramBlock, RuleDefaults
from engine.offer.portal_names import PortalNames
from engine.offer.rules import (
    BookableWindow,
    ClinicRules,
    ClosedDay,
    ConflictRule,
    RecurringBlock,
    RuleChange,
    TypeRule,
    changes_between,
)
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.reconciling.clinic_lock import lock_clinic
from engine.store.syncs.admission import lock_clinic_row

SQL = Queries(__file__)

#: The longest name in an origin.
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Origin:
    """Who set a rule, and when."""

    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class StoredRules:
    """`origins` has the key of each rule (`ClinicRules.by_key`) that was set since origins are recorded."""

    rules: ClinicRules
    origins: dict[str, Origin] = field(default_factory=dict)


async def load_rules(connection: Connection, clinic_id: UUID) -> StoredRules:
    (row,) = await connection.fetch(SQL["load_rules"], clinic_id)
    origins = {
        rule: Origin(set_by, datetime.fromisoformat(set_at))
        for rule, (set_by, set_at) in json.loads(row["origins"] or "{}").items()
    }
    rules = ClinicRules(
        columns=None if row["columns"] is None else tuple(row["columns"]),
        grid_minutes=row["grid_minutes"],
        default_minutes=row["default_minutes"],
        notice_minutes=row["notice_minutes"],
        horizon_days=row["horizon_days"],
        max_age_seconds=row["max_age_seconds"],
        conflicts=_conflicts(row["conflicts"], "conflicts" in origins),
        bookable=tuple(BookableWindow(*one) for one in _list(row["bookable"])),
        blocks=tuple(RecurringBlock(*one) for one in _list(row["blocks"])),
        closed_days=tuple(ClosedDay(date.fromisoformat(day), reason) for day, reason in _list(row["closed_days"])),
        types=tuple(
            TypeRule(name, minutes, counts, None if columns is None else tuple(columns))
            for name, minutes, counts, columns in _list(row["types"])
        ),
    )
    return StoredRules(rules.in_order(), origins)


async def change_rules(
    connection: Connection,
    clinic_id: UUID,
    change: Callable[[ClinicRules], ClinicRules],
    by: str,
) -> list[RuleChange]:
    """Stores what `change` makes of the clinic's rules, as a whole, and recounts its slots; returns what differs.

    Only a rule that differs gets a new origin (`by`, now).
    """
    async with connection.transaction():
        await lock_clinic_row(connection, clinic_id)  # the order of every writer: its row, its turn, its slots
        await lock_clinic(connection, clinic_id)
        before = (await load_rules(connection, clinic_id)).rules
        after = change(before).in_order()
        changes = changes_between(before, after)
        if changes:
            await _store(connection, clinic_id, after)
            set_, unset = ([one.rule for one in changes if (one.after is None) is gone] for gone in (False, True))
            await connection.execute(SQL["note_origins"], clinic_id, set_, by[:LONGEST_NAME], unset)
            await connection.fetchval(SQL["recount_offer"], clinic_id)
        return changes


async def portal_names(connection: Connection, clinic_id: UUID) -> PortalNames:
    """The columns and types by which a person may name them."""
    (row,) = await connection.fetch(SQL["portal_names"], clinic_id)
    columns, types = (dict(json.loads(row[name] or "[]")) or None for name in ("columns", "types"))
    return PortalNames(columns, types)


async def rule_defaults(connection: Connection, clinic_id: UUID) -> RuleDefaults:
    """What applies where the clinic has no rule."""
    found = await connection.fetch(SQL["rule_defaults"], clinic_id)
    row = dict(found[0])
    blocks = tuple(
        ProgramBlock(tuple(days), start, end, reason) for days, start, end, reason in _list(row.pop("blocks"))
    )
    return RuleDefaults(**row, blocks=blocks)


async def weekdays_without_starts(connection: Connection, clinic_id: UUID) -> frozenset[int]:
    """The weekdays whose bookable times have no start of the grid while the clinic is open."""
    rows = await connection.fetch(SQL["weekdays_without_starts"], clinic_id)
    return frozenset(row["weekday"] for row in rows)


async def clinics_without_columns(connection: Connection) -> list[str]:
    """The slugs of the clinics whose columns the portal has named, and for which no person has chosen any."""
    return [row["slug"] for row in await connection.fetch(SQL["clinics_without_columns"])]


async def _store(connection: Connection, clinic_id: UUID, rules: ClinicRules) -> None:
    columns = None if rules.columns is None else list(rules.columns)
    singles = (rules.grid_minutes, rules.default_minutes, rules.notice_minutes, rules.horizon_days)
    await connection.execute(
        SQL["set_single_rules"], clinic_id, columns, *singles, rules.max_age_seconds, rules.conflicts
    )
    await connection.execute(SQL["clear_lists"], clinic_id)
    lists = (rules.bookable, rules.blocks, rules.closed_days, rules.types)
    await connection.execute(SQL["add_lists"], clinic_id, *map(_json, lists))


def _conflicts(stored: str | None, is_set: bool) -> ConflictRule | None:
    """`move` is the default, unless a person has set it."""
    return ConflictRule(stored) if stored is not None and (is_set or stored != ConflictRule.MOVE) else None


def _list(stored: str | None) -> list[Any]:
    found: list[Any] = json.loads(stored or "[]")
    return found


def _json(parts: Sequence[Any]) -> str:
    return json.dumps([asdict(part) for part in parts], default=str)
