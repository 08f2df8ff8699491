"""What applies to a clinic where no rule is set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.offer.rules import ClinicRules


@dataclass(frozen=True, slots=True)
class ProgramBlock:
    """A recurring block that another program stored (`clinic_blocked_periods`). Minutes as in a rule."""

    weekdays: tuple[int, ...]
    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class RuleDefaults:
    """The grid is `grid_source`'s; `max_age_seconds` is the freshness goal if the clinic has one (`has_goal`).

    `default_capacity`: how many places the predecessor counted, until the columns are chosen; None: it was not here.
    """

    grid_minutes: int
    grid_source: str
    max_age_seconds: int
    has_goal: bool
    default_capacity: int | None = None
    blocks: Sequence[ProgramBlock] = ()

    def age_limit(self, rules: ClinicRules) -> int:
        """How old what was read may be, in seconds, to be offered."""
        return self.max_age_seconds if rules.max_age_seconds is None else rules.max_age_seconds
