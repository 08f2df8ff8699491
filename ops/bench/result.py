"""The common result format of all benchmarks: figures, and ratios that can be compared across machines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from pydantic import ConfigDict, TypeAdapter, with_config

#: Significant digits of a measurement.
DIGITS = 4


class Better(StrEnum):
    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Figure:
    """An absolute value, valid only for its machine and time. `group`: figures that are drawn together."""

    group: str
    name: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of two figures of one run, so it can be compared across machines. Finite and above 0."""

    name: str
    value: float
    better: Better
    goal: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and self.value > 0):
            raise ValueError(f"the ratio {self.name!r} is {self.value}: it must be a number above 0")

    @property
    def meets_goal(self) -> bool:
        """Whether the ratio meets its goal; True if it has none."""
        if self.goal is None:
            return True
        return self.value >= self.goal if self.better is Better.HIGHER else self.value <= self.goal


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Place and time of a run. Loads are one-minute averages; well above the number of cores, the figures are
    noise."""

    at: str
    cores: int
    memory_gib: float
    system: str
    load_before: float
    load_after: float
    versions: Mapping[str, str] = field(default_factory=dict)


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Result:
    """The result of a benchmark. `series`: figures after each of many steps. `faults`: errors that the run
    found."""

    bench: str
    settings: Mapping[str, Any]
    figures: Sequence[Figure]
    ratios: Sequence[Ratio]
    series: Mapping[str, Sequence[float]] = field(default_factory=dict)
    series_unit: str = ""
    faults: Sequence[str] = field(default_factory=list)
    surroundings: Surroundings | None = None

    def to_json(self) -> str:
        rounded = replace(
            self,
            figures=[replace(figure, value=_round(figure.value)) for figure in self.figures],
            ratios=[replace(ratio, value=_round(ratio.value)) for ratio in self.ratios],
            series={name: [_round(value) for value in values] for name, values in self.series.items()},
        )
        return _RESULT.dump_json(rounded, indent=1).decode() + "\n"

    @staticmethod
    def from_json(text: str) -> Result:
        """Parses a result. Raises `ValueError` for invalid input."""
        return _RESULT.validate_json(text)


_RESULT = TypeAdapter(Result)


def _round(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
