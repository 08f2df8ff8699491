"""Compares a result with an earlier one. Compares only ratios, because machines differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ops.bench.result import Better, Ratio, Result

#: The share of a ratio that may be lost; smaller losses are noise.
ALLOWED = 0.2


@dataclass(frozen=True, slots=True)
class Loss:
    """A ratio that got worse by `share` (0.3 for 30 %)."""

    name: str
    last: float
    now: float
    share: float
    better: Better

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.now:.4g}, was {self.last:.4g} ({self.better} is better): a loss "
            f"of {self.share:.0%}"
        )


def losses(last: Result, now: Result, allowed: float = ALLOWED) -> Sequence[Loss]:
    """Returns the common ratios that lost more than `allowed`, worst first.

    Raises `ValueError` if the results have no ratio in common, because then nothing was compared.
    """
    if last.bench != now.bench:
        raise ValueError(f"the --check file is a result of benchmark {last.bench!r}; this is {now.bench!r}")
    before = {ratio.name: ratio for ratio in last.ratios}
    pairs = [(before[ratio.name], ratio) for ratio in now.ratios if ratio.name in before]
    if not pairs:
        raise ValueError(f"the two results of {now.bench!r} have no ratio in common, so nothing was compared")
    found = [
        Loss(ratio.name, then.value, ratio.value, share, ratio.better)
        for then, ratio in pairs
        if (share := lost(then, ratio)) > allowed
    ]
    return sorted(found, key=lambda loss: loss.share, reverse=True)


def lost(then: Ratio, now: Ratio) -> float:
    """Returns the lost share of `then`; negative for a gain."""
    change = now.value / then.value - 1
    return change if now.better is Better.LOWER else -change
