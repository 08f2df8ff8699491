"""Parses the dashboard's JSON: rows, panels and their queries."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DASHBOARD = Path(__file__).parent.parent / "grafana" / "dashboards" / "idexx-sync.json"

#: Columns of Grafana's grid.
COLUMNS = 24


class NotDrawn(Exception):
    """The dashboard uses a feature that the preview does not support; the message names it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A query. `is_instant`: evaluated at one moment, not over a range."""

    ref: str
    expression: str
    legend: str
    is_instant: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel. `place`: x, y, width, height in cells of the grid."""

    kind: str
    title: str
    place: tuple[int, int, int, int]
    targets: Sequence[Target]
    settings: Mapping[str, Any]

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Display settings of a field that `overrides` does not name."""
        return dict(self.settings.get("fieldConfig", {}).get("defaults", {}))

    @property
    def options(self) -> Mapping[str, Any]:
        return dict(self.settings.get("options", {}))

    def field(self, name: str) -> Mapping[str, Any]:
        """Returns the display settings of the field of this name."""
        found = dict(self.defaults)
        for override in self.settings.get("fieldConfig", {}).get("overrides", []):
            if override["matcher"] == {"id": "byName", "options": name}:
                found |= {one["id"]: one.get("value") for one in override["properties"]}
        return found


def read_board(path: Path = DASHBOARD) -> list[Panel]:
    return list(_panels(json.loads(path.read_text())))


def _panels(board: Mapping[str, Any]) -> Iterator[Panel]:
    if board["templating"]["list"]:
        raise NotDrawn("dashboard variables are not supported")
    for panel in board["panels"]:
        place = panel["gridPos"]
        yield Panel(
            panel["type"],
            panel["title"],
            (place["x"], place["y"], place["w"], place["h"]),
            [_target(target) for target in panel.get("targets", [])],
            panel,
        )


def _target(target: Mapping[str, Any]) -> Target:
    return Target(
        target["refId"], target["expr"], target.get("legendFormat", ""), bool(target.get("instant", False))
    )
