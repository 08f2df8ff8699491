"""Result of reading a clinic's configuration from the portal, and the warnings that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from engine.failure import Failure, Reason
from engine.schedule import ScheduleConfig
from engine.warnings import SyncWarning, WarningCode

#: The parts without which no slot is offered, and their names in messages.
NEEDED = {"businessHours": "opening hours", "slotInterval": "a slot interval", "appointmentRooms": "columns"}


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of a portal response that was not read. `message` names the field and contains no value."""

    field: str
    message: str
    is_missing: bool


@dataclass(frozen=True, slots=True)
class ConfigReading:
    """One portal response: `config` has the parts that were understood, `problems` names the others.

    `source` is the call that returned it. `is_fallback`: a better call failed in a way that may pass; what that
    call returned before stays in use.
    """

    config: ScheduleConfig
    source: str
    problems: tuple[Problem, ...] = ()
    is_fallback: bool = False


@dataclass(frozen=True, slots=True)
class ConfigOutcome:
    """What a sync stores of its configuration reading until its end. `failure` None: a response was read.

    `is_final` False: the sync's dates failed as well, so the portal is asked again with the sync's next try.
    """

    failure: Failure | None = None
    problems: tuple[Problem, ...] = ()
    is_final: bool = True

    @property
    def is_complete(self) -> bool:
        """Whether everything was read and understood."""
        return self.failure is None and not self.problems

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> ConfigOutcome:
        failure = record["failure"]
        return cls(
            None if failure is None else Failure(Reason(failure["reason"]), failure["message"]),
            tuple(Problem(**problem) for problem in record["problems"]),
            record["is_final"],
        )


def config_warnings(
    outcome: ConfigOutcome | None, known: ScheduleConfig, columns_chosen: bool
) -> list[SyncWarning]:
    """The warnings of a sync about its clinic's configuration; empty if everything was read.

    `outcome` None: the portal was not asked. `known` is what is stored now. `columns_chosen`: an operator chose
    the columns that count, so the portal need not name them.
    """
    if outcome is None:
        why = "the configuration was not read, because reading the sync's first date failed"
        return [_not_read(why, known, columns_chosen)] if _missing(known, columns_chosen) else []
    if outcome.failure is not None:
        return [_not_read(f"{outcome.failure.reason}: {outcome.failure.message}", known, columns_chosen)]
    return [
        SyncWarning(
            WarningCode.CONFIGURATION_NOT_READ if problem.is_missing else WarningCode.CONFIGURATION_NOT_UNDERSTOOD,
            problem.message + _consequence(problem.field, known, columns_chosen),
        )
        for problem in outcome.problems
        if not (columns_chosen and problem.is_missing and problem.field == "appointmentRooms")
    ]


def _not_read(why: str, known: ScheduleConfig, columns_chosen: bool) -> SyncWarning:
    missing = _missing(known, columns_chosen)
    then = f"no slots are offered without {', '.join(missing)}" if missing else "the stored values stay in use"
    return SyncWarning(WarningCode.CONFIGURATION_NOT_READ, f"{why} ({then})")


def _consequence(field: str, known: ScheduleConfig, columns_chosen: bool) -> str:
    if field not in NEEDED:
        return ""
    name = NEEDED[field]
    if name in _missing(known, columns_chosen):
        return f" (no slots are offered without {name})"
    return " (the stored values stay in use)"


def _missing(known: ScheduleConfig, columns_chosen: bool) -> list[str]:
    """Names of the needed parts that were never read."""
    columns = known.rooms or columns_chosen
    parts = zip(NEEDED.values(), (known.hours, known.slot_minutes, columns), strict=True)
    return [name for name, part in parts if not part]
