"""The dashboard as Grafana's own model of it reads the file. Its queries are run in `test_prometheus.py`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from ops.dev.npm import NODE_MODULES
from ops.monitoring.dashboard_check.queries import DASHBOARD, RATE_INTERVAL, read_queries
from tests.npm import needs_npm

#: Columns of Grafana's grid.
COLUMNS = 24

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
    panels = BOARD["panels"]
    for panel in panels:
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= COLUMNS, panel["title"]
    for one, other in combinations(panels, 2):
        assert are_apart(one["gridPos"], other["gridPos"]), f"{one['title']} lies on {other['title']}"
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels), "the check names a panel by its title"


def are_apart(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    return beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]


def test_it_has_no_variable_that_the_check_of_its_queries_does_not_fill_in() -> None:
    assert BOARD["templating"]["list"] == []
    assert "$" not in "".join(query.expression.replace(RATE_INTERVAL, "") for query in read_queries())


#: A panel's options are typed by its kind; `Plain` lets JSON's texts stand for Grafana's enumerations.
TYPED = """
import type { Dashboard, Panel, RowPanel } from "@grafana/schema";
import type { Options as Stat } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type { Options as Table }
    from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type { Options as Lines }
    from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";
type Plain<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T
    : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
type Of<Kind, Options> = Omit<Plain<Panel>, "type" | "options"> & { type: Kind; options?: Partial<Plain<Options>> };
type Known = Of<"stat", Stat> | Of<"table", Table> | Of<"timeseries", Lines> | Plain<RowPanel>;
export const board: Omit<Plain<Dashboard>, "panels"> & { panels: Known[] } = """


@needs_npm
def test_the_newest_types_of_grafana_accept_it(tmp_path: Path) -> None:
    wrong = DASHBOARD.read_text().replace('"displayMode": "list"', '"displayMode": "row"', 1)
    assert wrong != DASHBOARD.read_text()
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    for name, board in (("right", DASHBOARD.read_text()), ("wrong", wrong)):
        (tmp_path / f"{name}.ts").write_text(f"{TYPED}{board};\n")
    done = subprocess.run(
        [
            *(str(NODE_MODULES / ".bin/tsc"), "--strict", "--noEmit", "--skipLibCheck", "--types", "node"),
            *("--module", "nodenext", "--moduleResolution", "nodenext", "right.ts", "wrong.ts"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    errors = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert [line.partition("(")[0] for line in errors] == ["wrong.ts"], done.stdout
    assert '"row"' in errors[0]
