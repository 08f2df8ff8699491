"""What came of asking the portal for a clinic's configuration, and the warnings that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from engine.failure import Failure, Reason
from engine.schedule import ScheduleConfig
from engine.warnings import SyncWarning, WarningCode

#: The parts without which no slot is offered, and what each is called.
NEEDED = {"businessHours": "opening hours", "slotInterval": "a slot interval", "appointmentRooms": "columns"}


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of an answer that was not read. `message` names the field and contains no value."""

    field: str
    message: str
    is_missing: bool


@dataclass(frozen=True, slots=True)
class ConfigReading:
    """One answer of the portal: `config` has the parts that were understood, `problems` names the others.

    `source` is the call that gave it. `is_fallback`: a better call failed in a way that may pass; what that one gave
    before stays in use.
    """

    config: ScheduleConfig
    source: str
    problems: tuple[Problem, ...] = ()
    is_fallback: bool = False


@dataclass(frozen=True, slots=True)
class ConfigOutcome:
    """What a sync remembers of its reading until its end. `failure` None: an answer was read.

    `is_final` False: everything failed at that time, so the portal is asked again with the sync's next try.
    """

    failure: Failure | None = None
    problems: tuple[Problem, ...] = ()
    is_final: bool = True

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
    """The warnings of a sync about its clinic's configuration; none where everything was read.

    `outcome` None: the portal was not asked. `known` is what is stored now. `columns_chosen`: a person said which
    columns count, so the portal need not name them.
    """
    if outcome is None:
        why = "the configuration was not asked for, since the sync's first date was not read"
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
    then = f"no slots are offered without {', '.join(missing)}" if missing else "what is known of it stays in use"
    return SyncWarning(WarningCode.CONFIGURATION_NOT_READ, f"{why} ({then})")


def _consequence(field: str, known: ScheduleConfig, columns_chosen: bool) -> str:
    if field not in NEEDED:
        return ""
    name = NEEDED[field]
    if name in _missing(known, columns_chosen):
        return f" (no slots are offered without {name})"
    return " (what is known of it stays in use)"


def _missing(known: ScheduleConfig, columns_chosen: bool) -> list[str]:
    """What is needed and was never read."""
    columns = known.rooms or columns_chosen
    parts = zip(NEEDED.values(), (known.hours, known.slot_minutes, columns), strict=True)
    return [name for name, part in parts if not part]
