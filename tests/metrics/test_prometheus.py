"""A real Prometheus over real processes: alerts fire and resolve by what is done, and the dashboard has data.

The whole drill, every alert, is `python -m ops.monitoring.alert_drill`; the dashboard after a longer run is checked
with `python -m ops.monitoring.dashboard_check`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import Any

import pytest

from ops.monitoring.alert_drill.drills import DRILLS
from ops.monitoring.alert_drill.shorten_rules import hurried
from tests.metrics.test_rules import RULES, alerts

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="prometheus is not installed: apt-get install prometheus"
)

#: What a script finds in its environment, as in a fresh terminal.
KEPT = ("PATH", "HOME", "CHROMIUM_PATH")


def run(module: str, *arguments: str) -> list[dict[str, Any]]:
    """What a script of ours answers; it must exit with 0 and leave nothing behind."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        text=True,
        capture_output=True,
        env={name: os.environ[name] for name in KEPT if name in os.environ} | {"PYTHONWARNINGS": "error"},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_alerts_fire_by_their_cause_and_are_resolved_by_what_the_runbook_says() -> None:
    rejected, gone = run("ops.monitoring.alert_drill", "--json", "--only", "LoginRejected", "NoGateway")
    assert rejected["summary"] == "The portal rejects the credentials of cedar-creek; its syncs are refused"
    assert gone["summary"] == "No gateway can be scraped; requests may get no reply"
    for outcome in (rejected, gone):
        assert outcome["fired_after"], outcome
        assert outcome["resolved_after"], outcome


def test_every_query_of_the_dashboard_has_data_on_a_bad_day() -> None:
    assert run("ops.monitoring.dashboard_check", "--short") == [], "queries that answered nothing"


def test_every_alert_has_its_drill() -> None:
    assert {drill.alert for drill in DRILLS} == set(alerts())


def test_only_the_times_of_the_rules_are_shortened() -> None:
    rules = RULES.read_text()
    shorter = hurried(rules, 60)
    assert re.findall(r"for: (\w+)", shorter) == [
        f"{int(minutes) * 1000}ms" for minutes in re.findall(r"for: (\d+)m", rules)
    ]
    assert "[15000ms]" in shorter
    times = r"\d+(ms|[smhd])\b"
    assert re.sub(times, "", shorter) == re.sub(times, "", rules)
