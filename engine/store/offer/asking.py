"""Reads what a request about the offer needs besides the starts: the known names, and each date's age and reasons."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from engine.dates import DateRange
from engine.errors import UnknownClinic
from engine.offer.known_names import KnownNames
from engine.offer.offered_day import OfferedDay
from engine.offer.rule import Rule
from engine.offer.start import BookableStart, StartQuery
from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """What a clinic's offer starts from. `columns`: ids of those that count, in the portal's order."""

    now: datetime
    minutes: int
    columns: Sequence[str]
    known: KnownNames


@dataclass(frozen=True, slots=True)
class PersonalNames:
    """Names of columns and providers by their ids, and who set each rule, by its key."""

    columns: Mapping[str, str] = field(default_factory=dict, repr=False)
    providers: Mapping[str, str] = field(default_factory=dict, repr=False)
    set_by: Mapping[str, str] = field(default_factory=dict, repr=False)


async def personal_names(connection: Connection, clinic_id: UUID) -> PersonalNames:
    """The names that replies on NATS leave out."""
    row = await connection.fetchrow(SQL["asking_names"], clinic_id)
    return PersonalNames(*(json.loads(part) if part else {} for part in row or ()))


async def offer_terms(connection: Connection, clinic_id: UUID, query: StartQuery) -> OfferTerms:
    """The terms for a request; `minutes` is how long its appointment lasts. Raises `UnknownClinic`."""
    row = await connection.fetchrow(SQL["asking_terms"], clinic_id, query.type, query.minutes)
    if row is None:
        raise UnknownClinic(f"clinic {clinic_id} is not known")
    return OfferTerms(
        row["now"],
        row["minutes"],
        row["counting"],
        KnownNames(row["types"], row["columns"], row["providers"]),
    )


async def offered_days(
    connection: Connection,
    clinic_id: UUID,
    dates: DateRange,
    query: StartQuery,
    starts: Sequence[BookableStart],
    now: datetime,
) -> list[OfferedDay]:
    """Each date of the range, with its age; for a date without starts, why it offers nothing."""
    offered = Counter(start.date for start in starts)
    empty = [day for day in dates if not offered[day]]
    rows = await connection.fetch(
        SQL["asking_days"], clinic_id, dates.start, dates.end, empty, query.type, query.minutes, query.column,
        query.provider, now,
    )  # fmt: skip
    return [
        OfferedDay(
            row["date"],
            offered[row["date"]],
            row["read_at"],
            row["doubt"],
            row["nearest_at"],
            tuple(Rule(rule) for rule in row["denied"] or ()),
        )
        for row in rows
    ]
