"""Reads the queries of the dashboard, and runs them as Grafana does."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ops.monitoring.testbed.prometheus import Prometheus

DASHBOARD = Path(__file__).parent.parent / "grafana" / "dashboards" / "idexx-sync.json"

#: Grafana's variable, and the least number of scrapes that a rate needs.
RATE_INTERVAL, RATE_SCRAPES = "$__rate_interval", 4


@dataclass(frozen=True, slots=True)
class Query:
    """A query of a panel. `is_instant`: evaluated at one moment, not over a range."""

    panel: str
    expression: str
    is_instant: bool

    async def has_data(self, prometheus: Prometheus, start: float, end: float, step: float) -> bool:
        """Whether the query has a value between two times. Raises `ValueError` if Prometheus does not accept it."""
        expression = self.expression.replace(RATE_INTERVAL, f"{RATE_SCRAPES * max(step, 3):.0f}s")
        if self.is_instant:
            found = await prometheus.query(expression, end)
        else:
            found = await prometheus.query_range(expression, start, end, step)
        return any(math.isfinite(value) for series in found for _, value in series.points)


def read_queries(path: Path = DASHBOARD) -> Iterator[Query]:
    """Yields the queries of the dashboard, panel by panel."""
    for panel in json.loads(path.read_text())["panels"]:
        for target in panel.get("targets", []):
            yield Query(panel["title"], target["expr"], bool(target.get("instant", False)))
