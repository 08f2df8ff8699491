"""Runs every query of the dashboard as Grafana does."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ops.monitoring.dashboard_preview.board import Panel, Target
from ops.monitoring.testbed.prometheus import Prometheus, Series

#: Grafana's variables and their values: a rate needs at least four scrapes.
RATE_INTERVAL = "$__rate_interval"


@dataclass(frozen=True, slots=True)
class Answer:
    target: Target
    series: Sequence[Series]

    @property
    def is_empty(self) -> bool:
        """Whether there is no value to draw."""
        return not any(math.isfinite(value) for series in self.series for _, value in series.points)

    def named(self) -> list[tuple[str, Series]]:
        """Returns each series with its name in the legend."""
        return [(legend(self.target, series), series) for series in self.series]


async def ask(
    prometheus: Prometheus, panels: Sequence[Panel], start: float, end: float, step: float
) -> dict[str, list[Answer]]:
    """Returns the results by the panel's title."""
    return {
        panel.title: [Answer(target, await _one(prometheus, target, start, end, step)) for target in panel.targets]
        for panel in panels
    }


async def _one(prometheus: Prometheus, target: Target, start: float, end: float, step: float) -> list[Series]:
    expression = target.expression.replace(RATE_INTERVAL, f"{4 * max(step, 3):.0f}s")
    if target.is_instant:
        return await prometheus.query(expression, end)
    return await prometheus.query_range(expression, start, end, step)


def legend(target: Target, series: Series) -> str:
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda match: series.labels.get(match[1], ""), target.legend)
