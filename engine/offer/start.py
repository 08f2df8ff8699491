"""Starts that can be booked, and the explanation of one; no personal data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from engine.errors import BadRequest
from engine.offer.rule import Rule

#: The longest appointment, in minutes.
MAX_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class StartQuery:
    """What is asked for: a type of appointment, or a length in minutes, which counts more; a column, a provider.

    Raises `BadRequest` for a length out of range.
    """

    type: str | None = None
    minutes: int | None = None
    column: str | None = None
    provider: str | None = None

    def __post_init__(self) -> None:
        if self.minutes is not None and not 1 <= self.minutes <= MAX_MINUTES:
            raise BadRequest(f"minutes: {self.minutes} is out of range; use 1 to {MAX_MINUTES}")


#: A start of the clinic's default length, in any column that counts.
ANY_START = StartQuery()


@dataclass(frozen=True, slots=True)
class BookableStart:
    """A start that can be booked; `date` and `start_time` are clinic-local.

    `columns` are the ids of the columns that can be given to callers at once, `column_count` their number. Only a
    clinic of the predecessor whose columns were never read has a number without ids.
    """

    starts_at: datetime
    ends_at: datetime
    date: date
    start_time: time
    columns: tuple[str, ...]
    column_count: int


class Taker(StrEnum):
    """What takes a column's time."""

    APPOINTMENT = "appointment"
    BLOCK = "block"
    BOOKING = "booking"
    #: A booking whose caller is on the telephone.
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Taken:
    """Something that takes time; `id` is that of its row.

    `in_column`: it is in this column, or blocks the whole clinic. False: it has no column, and takes one of those that
    are free, which may be another one.
    """

    kind: Taker
    id: UUID
    in_column: bool
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class ColumnState:
    """A column that counts, for one start. `may_use`: the requested type and column allow it."""

    id: str
    name: str | None
    free: bool
    may_use: bool
    taken_by: tuple[Taken, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """One rule's part in the answer. `source`: its `kind` (portal, setting, default, appointment or booking), and when
    it was read, who set it and when, or the ids. `change`: what would change it; None: nothing would."""

    rule: Rule
    allows: bool
    value: str
    source: Mapping[str, Any]
    change: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a start can be booked, or why not: `reasons` in the order in which they decide."""

    free: bool
    starts_at: datetime
    ends_at: datetime
    date: date
    start_time: time
    column_count: int
    columns: tuple[ColumnState, ...]
    reasons: tuple[Decision, ...]

    @property
    def against(self) -> list[Decision]:
        """The rules that forbid the start."""
        return [reason for reason in self.reasons if not reason.allows]

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Reads what `idexx_sync.explain_start` returns."""
        return cls(
            said["free"],
            datetime.fromisoformat(said["starts_at"]),
            datetime.fromisoformat(said["ends_at"]),
            date.fromisoformat(said["date"]),
            time.fromisoformat(said["start_time"]),
            said["column_count"],
            tuple(_column(column) for column in said["columns"]),
            tuple(Decision(**reason | {"rule": Rule(reason["rule"])}) for reason in said["reasons"]),
        )


def _column(said: Mapping[str, Any]) -> ColumnState:
    taken = tuple(
        Taken(
            Taker(each["kind"]),
            UUID(each["id"]),
            each["in_column"],
            datetime.fromisoformat(each["starts_at"]),
            datetime.fromisoformat(each["ends_at"]),
        )
        for each in said["taken_by"]
    )
    return ColumnState(said["id"], said["name"], said["free"], said["may_use"], taken)
