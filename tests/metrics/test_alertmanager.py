"""A real Alertmanager routes the alerts as the example configuration says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import httpx
import pytest
import yaml

from tests.conftest import eventually, free_port
from tests.metrics.test_rules import RULES, alerts
from tests.webhooks.receiver import Receiver, receiving

CONFIGURATION = RULES.with_name("alertmanager.yaml")
PROGRAM = shutil.which("prometheus-alertmanager")

pytestmark = pytest.mark.skipif(
    PROGRAM is None,
    reason="prometheus-alertmanager is not installed, and ./ops/setup could not install it with apt",
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def alertmanager(receiver: Receiver, tmp_path: Path) -> Iterator[str]:
    """Yields the URL of an Alertmanager with our routes, at any hour and without their pauses; each of our receivers
    is a path of `receiver`."""
    text = re.sub(r"(group_wait|group_interval): \w+", r"\1: 1s", CONFIGURATION.read_text())
    configured = yaml.safe_load(text)
    for one in configured["receivers"]:
        url = receiver.url(f"/{one['name']}")
        one.update({kind: None for kind in one if kind != "name"}, webhook_configs=[{"url": url}])
    for route in configured["route"]["routes"]:
        route.pop("active_time_intervals", None)
    configuration = tmp_path / "alertmanager.yaml"
    configuration.write_text(json.dumps(configured))
    listen = f"127.0.0.1:{free_port()}"
    argv = [
        str(PROGRAM),
        f"--config.file={configuration}",
        f"--storage.path={tmp_path / 'data'}",
        f"--web.listen-address={listen}",
        "--cluster.listen-address=",
    ]
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(argv, stdout=output, stderr=output)
    try:
        eventually(lambda: urlopen(f"http://{listen}/-/ready", timeout=5).status == 200, what=log.read_text)
        yield f"http://{listen}"
    finally:
        process.terminate()
        process.wait()


def firing(name: str, **labels: str) -> dict[str, Any]:
    """The alert as Prometheus sends it: with the severity of its rule."""
    severity = re.search(rf"- alert: {name}\n.*?severity: (\w+)", RULES.read_text(), re.DOTALL)
    assert severity
    return {"labels": {"alertname": name, "severity": severity[1], **labels}, "annotations": {"summary": name}}


def received(receiver: Receiver) -> dict[str, set[str]]:
    """The alerts that came, with their clinics, by the receiver's path."""
    found: dict[str, set[str]] = {}
    for posted in list(receiver.posted):
        for alert in json.loads(posted.body)["alerts"]:
            labels = alert["labels"]
            found.setdefault(posted.path, set()).add(f"{labels['alertname']} {labels.get('clinic', '')}".strip())
    return found


def test_alerts_go_to_those_who_can_act_and_consequences_to_no_one(alertmanager: str, receiver: Receiver) -> None:
    first = [
        *(firing("ClinicNotFresh", clinic=clinic) for clinic in ("elm", "oak")),
        firing("RemovalsHeld", clinic="elm"),
        firing("DeadLetters", actor="reconcile_date"),
    ]
    expected = {
        "/on-call": {"ClinicNotFresh elm", "ClinicNotFresh oak"},
        "/office": {"RemovalsHeld elm"},
        "/chat": {"DeadLetters"},
    }
    httpx.post(f"{alertmanager}/api/v2/alerts", json=first).raise_for_status()
    eventually(lambda: received(receiver) == expected, what=lambda: str(received(receiver)))
    [clinics] = [posted for posted in receiver.posted if b"ClinicNotFresh" in posted.body]
    assert len(json.loads(clinics.body)["alerts"]) == 2, "one message for all clinics"
    down = [firing("DependencyDown", dependency="nats"), firing("SyncsFailing", clinic="elm")]
    httpx.post(f"{alertmanager}/api/v2/alerts", json=down).raise_for_status()
    eventually(lambda: "DependencyDown" in received(receiver)["/on-call"])
    shown = f"{alertmanager}/api/v2/alerts?filter=alertname%3DSyncsFailing&inhibited=true"
    eventually(lambda: httpx.get(shown).json()[0]["status"]["inhibitedBy"])
    assert "SyncsFailing" not in str(received(receiver))


def test_its_own_tool_accepts_the_configuration() -> None:
    done = subprocess.run(["amtool", "check-config", CONFIGURATION], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_of_the_configuration_exists() -> None:
    named = {
        name
        for names in re.findall(r'alertname=~"([\w|]+)"', CONFIGURATION.read_text())
        for name in names.split("|")
    }
    assert named <= set(alerts())
