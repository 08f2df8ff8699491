"""What `dramatiq actors.app` declares, and what it imports before a worker is booted for a queue."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent

#: Imported only by the worker, or the process, that uses it.
HEAVY = (
    "playwright",
    "rich",
    "sentry_sdk",
    "actors.date_scraper.portal",
    "actors.notifier.http_client",
    "engine.portal.chromium",
)

LOOK = f"""
import inspect, json, sys
{{imports}}
heavy = [name for name in {HEAVY} if name in sys.modules]
actors = {{{{}}}}
if "actors.app" in sys.modules:
    for name, actor in sys.modules["actors.app"].broker.actors.items():
        parameters = list(inspect.signature(actor.fn).parameters)
        actors[name] = [actor.queue_name, parameters, actor.options.get("time_limit")]
print(json.dumps([heavy, actors]))
"""


def imported(module: str) -> Any:
    environment = {
        "NATS_URL": "nats://127.0.0.1:1",
        "DATABASE_URL": "postgresql://127.0.0.1:1/x",
        "SYNC_TIMEOUT_MS": "200000",
        "WEBHOOK_TIMEOUT_MS": "5000",
        "PATH": "",
    }
    code = LOOK.format(imports=f"import {module}")
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_actors_queues_and_arguments_are_those_of_the_processes_that_an_update_replaces() -> None:
    heavy, actors = imported("actors.app")
    assert actors == {
        "coordinate": ["coordinator", ["sync_id", "traceparent"], None],
        "scrape_date": ["date_scraper", ["sync_id", "day", "days", "traceparent"], 260_000],
        "look_up": ["date_scraper", ["sync_id", "traceparent"], 260_000],
        "reconcile_date": ["reconciler", ["sync_id", "day", "traceparent"], None],
        "notify": ["notifier", ["delivery_id", "traceparent"], 65_000],
    }
    assert heavy == [], "a worker imports what is heavy when it is booted for the queue that needs it"


def test_a_gateway_imports_neither_a_browser_nor_a_client_of_webhooks() -> None:
    heavy, _ = imported("actors.gateway.main")
    assert heavy == []
