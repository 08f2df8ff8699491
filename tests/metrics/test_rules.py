"""The alert rules and the dashboard, held to the registry, to their tests and to the runbook."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from actors.metrics import CATALOGUE
from tests.metrics.reading import promtool

OPS = Path(__file__).parents[2] / "ops/monitoring"
RULES, TESTS = OPS / "prometheus" / "alerts.yaml", OPS / "prometheus" / "alerts_test.yaml"
BOARD = OPS / "grafana" / "dashboards" / "idexx-sync.json"

#: What Prometheus itself adds, and the words of its language.
KNOWN = {"ALERTS", "by", "on", "ignoring", "group_left", "group_right", "and", "or", "unless", "without", "bool"}


def alerts() -> list[str]:
    return re.findall(r"- alert: (\w+)", RULES.read_text())


def expressions() -> list[str]:
    panels = json.loads(BOARD.read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    return asked + re.findall(r"^ +expr: (.+)$", RULES.read_text(), re.MULTILINE)


def names(expression: str) -> set[str]:
    """The metrics that a PromQL expression asks for."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(by|ignoring|without|on) \([^)]*\)", " ", expression)
    return set(re.findall(r"\b[A-Za-z_]\w*\b(?!\s*\()", bare)) - KNOWN


def test_rules_and_dashboard_ask_only_for_what_there_is() -> None:
    reported = {name for metric in CATALOGUE for name in metric.series}
    asked = {name for expression in expressions() for name in names(expression)}
    assert asked <= reported, f"no process reports {sorted(asked - reported)}"
    unseen = {metric.name for metric in CATALOGUE if not asked & set(metric.series)}
    assert not unseen, f"no rule or panel uses {sorted(unseen)}"


def test_every_alert_has_its_test_and_its_page() -> None:
    pages = re.findall(r"^## (\w+)$", (OPS / "runbook.md").read_text(), re.MULTILINE)
    assert sorted(pages) == sorted(alerts())
    tested = set(re.findall(r"- name: (\w+)", TESTS.read_text()))
    assert tested == set(alerts())
    for alert in alerts():
        assert f"runbook: ops/monitoring/runbook.md#{alert.lower()}" in RULES.read_text()


@pytest.mark.parametrize("what", ["rules", "config"])
def test_promtool_accepts(what: str) -> None:
    path = RULES if what == "rules" else OPS / "prometheus" / "prometheus.yaml"
    assert "SUCCESS" in promtool("check", what, str(path))


def test_every_alert_fires_and_resolves() -> None:
    assert "SUCCESS" in promtool("test", "rules", str(TESTS))
