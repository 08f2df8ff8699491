"""A clinic's rules: what a person has said about the times that may be offered.

None is a rule that was never set: its default applies. Minutes are after the clinic's local midnight; weekday 0 is
Sunday, as in the portal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from engine.offer.rule_text import range_text


class ConflictRule(StrEnum):
    """What the end of a sync does about a booking whose slot the portal has filled."""

    #: Move it to the next free slot of the day.
    MOVE = "move"
    #: Only mark it.
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class BookableWindow:
    """A weekly stretch in which starts are offered, narrower than the opening hours."""

    weekday: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RecurringBlock:
    """A stretch of one weekday, or (None) of every day, in which nothing is offered. The reason may be empty."""

    weekday: int | None
    start: int
    end: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ClosedDay:
    date: date
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TypeRule:
    """A type of appointment by its name: how long it lasts, whether it takes a column, and which it may use."""

    type: str
    minutes: int | None = None
    counts: bool = True
    columns: tuple[str, ...] | None = None


#: The rules with one value: `public.clinics.resources`, and the columns of `idexx_sync.clinic_rules`.
SINGLE_RULES = (
    "columns",
    "grid_minutes",
    "default_minutes",
    "notice_minutes",
    "horizon_days",
    "max_age_seconds",
    "conflicts",
)


@dataclass(frozen=True, slots=True)
class ClinicRules:
    """All rules of a clinic. `columns` are the ids of the columns that count. Without `bookable`, the opening hours
    alone decide; with it, a weekday without a window offers nothing."""

    columns: tuple[str, ...] | None = None
    grid_minutes: int | None = None
    default_minutes: int | None = None
    notice_minutes: int | None = None
    horizon_days: int | None = None
    max_age_seconds: int | None = None
    conflicts: ConflictRule | None = None
    bookable: tuple[BookableWindow, ...] = ()
    blocks: tuple[RecurringBlock, ...] = ()
    closed_days: tuple[ClosedDay, ...] = ()
    types: tuple[TypeRule, ...] = ()

    def in_order(self) -> ClinicRules:
        """The same rules with each list in its order, so that equal rules compare equal."""
        return replace(
            self,
            bookable=tuple(sorted(self.bookable, key=window_order)),
            blocks=tuple(sorted(self.blocks, key=block_order)),
            closed_days=tuple(sorted(self.closed_days, key=lambda one: one.date)),
            types=tuple(sorted(self.types, key=lambda one: one.type)),
        )

    def by_key(self) -> dict[str, Any]:
        """Every rule that is set, by its key in `idexx_sync.rule_origins`, as JSON has it."""
        found: dict[str, Any] = {}
        ordered = self.in_order()
        for name in SINGLE_RULES:
            value = getattr(self, name)
            if value is not None:
                found[name] = list(value) if isinstance(value, tuple) else value
        for window in ordered.bookable:
            found.setdefault(f"bookable_windows/{window.weekday}", []).append(range_text(window.start, window.end))
        for block in ordered.blocks:
            day = "*" if block.weekday is None else block.weekday
            about = {"time": range_text(block.start, block.end), "reason": block.reason}
            found.setdefault(f"recurring_blocks/{day}", []).append(about)
        for closed in ordered.closed_days:
            found[f"closed_days/{closed.date}"] = closed.reason
        for rule in ordered.types:
            columns = None if rule.columns is None else list(rule.columns)
            found[f"type_rules/{rule.type}"] = {"minutes": rule.minutes, "counts": rule.counts, "columns": columns}
        return found

    def named_columns(self) -> tuple[str, ...]:
        """Every column that a rule names, once."""
        of_types = (column for rule in self.types for column in rule.columns or ())
        return tuple(dict.fromkeys([*(self.columns or ()), *of_types]))


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One rule that differs; `before` or `after` is None where it is not set."""

    rule: str
    before: Any
    after: Any


def changes_between(before: ClinicRules, after: ClinicRules) -> list[RuleChange]:
    """The rules that differ, in the order of `by_key`."""
    old, new = before.by_key(), after.by_key()
    keys = dict.fromkeys([*new, *old])
    return [RuleChange(key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]


def window_order(window: BookableWindow) -> tuple[int, int]:
    """Monday first."""
    return ((window.weekday - 1) % 7, window.start)


def block_order(block: RecurringBlock) -> tuple[int, int, int, str]:
    """Every day, then Monday first."""
    day = -1 if block.weekday is None else (block.weekday - 1) % 7
    return (day, block.start, block.end, block.reason)
