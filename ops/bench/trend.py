"""Whether a series grows: Theil–Sen's slope with its interval, which a few outliers do not move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median

#: Of the normal distribution: 95 % lie within so many deviations.
Z_95 = 1.96

#: Growth below this share of the level, for each step, is no growth: a thousand steps would add a half.
NEGLIGIBLE = 0.0005


@dataclass(frozen=True, slots=True)
class Trend:
    """For each step, in the series' unit; `low` and `high` hold the true slope in 95 % of cases. `level`: median."""

    slope: float
    low: float
    high: float
    level: float

    @property
    def is_flat(self) -> bool:
        """Not surely growing, or so little that it does not matter. Shrinking is flat, too."""
        return self.low <= 0 or self.share < NEGLIGIBLE

    @property
    def share(self) -> float:
        """The slope as a share of the level."""
        return self.slope / self.level if self.level else float(self.slope > 0)


def trend(values: Sequence[float]) -> Trend:
    """Of values at equal distances. Raises `ValueError` for fewer than three."""
    count = len(values)
    if count < 3:
        raise ValueError(f"{count} values have no trend; three are the least")
    slopes = sorted(
        (values[later] - values[earlier]) / (later - earlier)
        for earlier in range(count)
        for later in range(earlier + 1, count)
    )
    # Kendall's variance of the number of pairs that rise, less those that fall (Sen 1968).
    deviation = sqrt(count * (count - 1) * (2 * count + 5) / 18)
    beyond = (len(slopes) - Z_95 * deviation) / 2
    low = slopes[max(0, round(beyond) - 1)]
    high = slopes[min(len(slopes) - 1, len(slopes) - round(beyond))]
    return Trend(median(slopes), low, high, median(values))
