"""The dashboard as Grafana reads it, and the picture that is drawn of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from ops.monitoring.dashboard_preview.asking import Answer
from ops.monitoring.dashboard_preview.board import COLUMNS, DASHBOARD, Panel, Target, read_board
from ops.monitoring.dashboard_preview.drawing import draw
from ops.monitoring.dashboard_preview.tables import cells
from ops.monitoring.dashboard_preview.words import ORANGE, RED, colour, written
from ops.monitoring.testbed.prometheus import Series

BOARD: dict[str, Any] = json.loads(DASHBOARD.read_text())


def lost(given: Any, read: Any, path: str = "") -> Iterator[str]:
    """What of `given` Grafana's model did not take."""
    match given, read:
        case dict(), dict():
            for name, value in given.items():
                yield from lost(value, read[name], f"{path}.{name}") if name in read else (f"{path}.{name}",)
        case list(), list() if len(given) == len(read):
            for number, (one, other) in enumerate(zip(given, read, strict=True)):
                yield from lost(one, other, f"{path}[{number}]")
        case _ if given != read:
            yield path


def read_by_grafana(board: dict[str, Any]) -> dict[str, Any]:
    register_default_plugins()
    return dict(json.loads(JSONEncoder().encode(Dashboard.from_json(board))))


def test_grafana_knows_every_field_of_it() -> None:
    assert list(lost(BOARD, read_by_grafana(BOARD))) == []


def test_a_field_that_grafana_does_not_know_is_found() -> None:
    wrong = json.loads(DASHBOARD.read_text())
    wrong["panels"][1]["fieldConfig"]["defaults"]["units"] = "s"
    assert list(lost(wrong, read_by_grafana(wrong))) == [".panels[1].fieldConfig.defaults.units"]


def test_no_panel_lies_on_another_or_beyond_the_edge() -> None:
    panels = read_board()
    for panel in panels:
        x, _, width, _ = panel.place
        assert x + width <= COLUMNS, panel.title
    for one, other in combinations(panels, 2):
        (x, y, width, height), (x2, y2, width2, height2) = one.place, other.place
        apart = x + width <= x2 or x2 + width2 <= x or y + height <= y2 or y2 + height2 <= y
        assert apart, f"{one.title} lies on {other.title}"
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(set(ids)) == len(ids)
    assert len({panel.title for panel in panels}) == len(panels), "panels need different titles"


@pytest.fixture
def clinics() -> Panel:
    [found] = [panel for panel in read_board() if panel.title == "Clinics"]
    return found


def answers(panel: Panel, values: dict[str, dict[str, float]]) -> list[Answer]:
    """Values by reference and clinic; a reason is told with F."""
    return [
        Answer(
            target,
            [
                Series(
                    {"clinic": clinic} | ({"reason": "portal_changed"} if target.ref == "F" else {}),
                    [(0.0, value)],
                )
                for clinic, value in values.get(target.ref, {}).items()
            ],
        )
        for target in panel.targets
    ]


def test_one_row_per_clinic_shows_freshness_and_reasons_worst_first(clinics: Panel) -> None:
    shown = answers(
        clinics,
        {
            "A": {"elm": 60.0, "oak": 30_000.0, "yew": 1.8e9},
            "B": {"elm": 21_600.0, "oak": 21_600.0, "yew": 21_600.0},
            "C": {"elm": 0.003, "oak": 1.39, "yew": 83_000.0},
            "D": {"elm": 0.0, "oak": 1.0, "yew": 0.0},
            "E": {"elm": 21.0, "oak": 0.0, "yew": 0.0},
            "F": {"oak": 1.0},
            "G": {"elm": 0.0, "oak": 0.0, "yew": 75.0},
        },
    )
    columns, rows = cells(clinics, shown)
    shown = [dict(zip(columns, row, strict=True)) for row in rows]
    assert [row["clinic"].text for row in shown] == ["yew", "oak", "elm"]
    yew, oak, elm = shown
    assert (yew["of its goal"].text, yew["last synced ago"].text) == ("never synced", "never")
    assert (yew["a sync runs for"].text, yew["a sync runs for"].colour) == ("00:01:15", ORANGE)
    assert (oak["of its goal"].text, oak["of its goal"].colour) == ("139%", RED)
    assert (oak["login"].text, oak["last failure"].text) == ("rejected", "portal_changed")
    assert (elm["removals held"].text, elm["removals held"].colour) == ("21", ORANGE)


def test_a_picture_is_drawn_without_any_data(tmp_path: Path) -> None:
    panels = read_board()
    draw(
        panels,
        {panel.title: [Answer(target, []) for target in panel.targets] for panel in panels},
        tmp_path / "png",
    )
    assert (tmp_path / "png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("value", "field", "text"),
    [
        (0.0, {"unit": "s"}, "0 s"),
        (0.25, {"unit": "s"}, "250 ms"),
        (5400.0, {"unit": "s"}, "1.5 hours"),
        (2.0**21, {"unit": "bytes"}, "2 MiB"),
        (0.125, {"unit": "percentunit"}, "12.5%"),
        (1.0, {"mappings": [{"type": "value", "options": {"1": {"text": "up"}}}]}, "up"),
    ],
)
def test_values_are_written_as_grafana_writes_them(value: float, field: dict[str, Any], text: str) -> None:
    assert written(value, field) == text


def test_a_value_has_the_colour_of_the_last_threshold_it_passed() -> None:
    field = {"thresholds": {"steps": [{"color": "green", "value": None}, {"color": "red", "value": 60}]}}
    assert colour(60.0, field) == RED
    assert colour(59.0, field) != RED


def test_a_legend_is_filled_in() -> None:
    target = Target("A", "up", "{{actor}} on {{instance}}", is_instant=False)
    series = Series({"actor": "coordinator", "instance": "a"}, [(0.0, 1.0)])
    assert Answer(target, [series]).named()[0][0] == "coordinator on a"
