"""Removes expired rows in small steps, so that locks are short and no table grows without limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)

#: Maximum number of rows of one kind that a step removes.
STEP_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long each kind of record is kept after its use."""

    snapshots: timedelta = timedelta(days=7)
    lookups: timedelta = timedelta(days=30)
    events: timedelta = timedelta(days=30)
    changes: timedelta = timedelta(days=365)
    offers: timedelta = timedelta(days=30)
    offered_days: timedelta = timedelta(days=2)
    offer_marks: timedelta = timedelta(days=1)
    held: timedelta = timedelta(days=90)
    evidence: timedelta = timedelta(days=7)
    deliveries: timedelta = timedelta(days=30)
    #: Of requested syncs; other actions are kept for 700 days more.
    actions: timedelta = timedelta(days=30)


#: The kinds of records that are removed, each by a statement of its own.
KINDS = tuple(field.name for field in fields(Lifetimes))


async def sweep(
    connection: Connection, now: datetime, lifetimes: Lifetimes | None = None, step: int = STEP_ROWS
) -> Mapping[str, int]:
    """Removes at most `step` rows of each kind; returns how many. All zero: nothing is left.

    Keeps everything of running syncs and everything that has not been published.
    """
    return {kind: await sweep_kind(connection, kind, now, lifetimes, step) for kind in KINDS}


async def sweep_kind(
    connection: Connection, kind: str, now: datetime, lifetimes: Lifetimes | None = None, step: int = STEP_ROWS
) -> int:
    """The same for one of `KINDS`; returns the number of removed rows."""
    lifetime: timedelta = getattr(lifetimes or Lifetimes(), kind)
    status = await connection.execute(SQL[f"sweep_{kind}"], now - lifetime, step)
    return int(status.split()[-1])
