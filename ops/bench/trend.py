"""Tests whether a series grows, by the Theil–Sen slope with its confidence interval, which is robust to
outliers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median

#: 95 % of a normal distribution lie within this many standard deviations.
Z_95 = 1.96

#: Growth below this share of the level per step is ignored: a thousand steps would add one half.
NEGLIGIBLE = 0.0005


@dataclass(frozen=True, slots=True)
class Trend:
    """A slope per step, in the series' unit. `low` and `high` are its 95 % confidence interval; `level` is the
    median."""

    slope: float
    low: float
    high: float
    level: float

    @property
    def is_flat(self) -> bool:
        """Whether growth is not certain or negligible. A shrinking series is also flat."""
        return self.low <= 0 or self.share < NEGLIGIBLE

    @property
    def share(self) -> float:
        """Returns the slope as a share of the level."""
        return self.slope / self.level if self.level else float(self.slope > 0)


def trend(values: Sequence[float]) -> Trend:
    """Returns the trend of equally spaced values. Raises `ValueError` for fewer than three."""
    count = len(values)
    if count < 3:
        raise ValueError(f"{count} values have no trend; at least three are required")
    slopes = sorted(
        (values[later] - values[earlier]) / (later - earlier)
        for earlier in range(count)
        for later in range(earlier + 1, count)
    )
    # Kendall's variance of the number of rising pairs minus falling pairs (Sen 1968).
    deviation = sqrt(count * (count - 1) * (2 * count + 5) / 18)
    beyond = (len(slopes) - Z_95 * deviation) / 2
    low = slopes[max(0, round(beyond) - 1)]
    high = slopes[min(len(slopes) - 1, len(slopes) - round(beyond))]
    return Trend(median(slopes), low, high, median(values))
