"""Builds table panels: merges instant results by shared labels, and names and orders the columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ops.monitoring.dashboard_preview.asking import Answer
from ops.monitoring.dashboard_preview.board import NotDrawn, Panel
from ops.monitoring.dashboard_preview.words import GREY, colour, written

Row = dict[str, str | float]


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    colour: str


def cells(panel: Panel, answers: Sequence[Answer]) -> tuple[list[str], list[list[Cell]]]:
    """Returns the column names and the rows. Raises `NotDrawn` for an unsupported transformation."""
    rows = _merged(answers)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    names = {column: column for column in columns}
    for step in panel.settings.get("transformations", []):
        match step["id"]:
            case "merge":
                pass
            case "organize":
                names = _organized(columns, step["options"])
            case other:
                raise NotDrawn(f"the transformation {other!r} is not supported")
    for order in reversed(panel.options.get("sortBy", [])):
        for source in (column for column, name in names.items() if name == order["displayName"]):
            rows.sort(key=partial(_sortable, source), reverse=bool(order["desc"]))
    return list(names.values()), [
        [_cell(panel, name, row.get(source)) for source, name in names.items()] for row in rows
    ]


def _merged(answers: Sequence[Answer]) -> list[Row]:
    """Merges rows with the same values of the labels common to all results, as Grafana's `merge` does."""
    filled = [answer for answer in answers if answer.series]
    labels = [set(series.labels) - {"__name__"} for answer in filled for series in answer.series]
    shared = sorted(set.intersection(*labels)) if labels else []
    rows: dict[tuple[str, ...], Row] = {}
    for answer in filled:
        value = "Value" if len(answers) == 1 else f"Value #{answer.target.ref}"
        for series in answer.series:
            key = tuple(series.labels[name] for name in shared)
            if len(filled) == 1:  # nothing to merge: each series is a row
                key = (*key, *(f"{name}={text}" for name, text in sorted(series.labels.items())))
            row = rows.setdefault(key, {})
            row |= {name: text for name, text in series.labels.items() if name != "__name__"}
            row[value] = series.points[-1][1]
    return list(rows.values())


def _organized(columns: Sequence[str], options: Mapping[str, Any]) -> dict[str, str]:
    left = [column for column in columns if not options.get("excludeByName", {}).get(column)]
    order = options.get("indexByName", {})
    left.sort(key=lambda column: order.get(column, len(order)))
    return {column: options.get("renameByName", {}).get(column, column) for column in left}


def _sortable(column: str, row: Row) -> tuple[int, float, str]:
    value = row.get(column)
    return (1, value, "") if isinstance(value, float) else (0, 0.0, value or "")


def _cell(panel: Panel, name: str, value: str | float | None) -> Cell:
    if value is None:
        return Cell("", GREY)
    field = panel.field(name)
    coloured = field.get("custom.cellOptions", {}).get("type", "auto") != "auto"
    return Cell(written(value, field), colour(value, field) if coloured else GREY)
