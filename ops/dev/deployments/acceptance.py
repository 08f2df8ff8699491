"""What an operator does with a new installation, by its own commands: doctor, clinics, syncs.

`Inside` runs a command inside the installation, as `docker compose exec` or a shell on the server would.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, Protocol

from ops.dev.deployments.steps import Failed

#: Reads an address inside the installation, which has neither curl nor wget; prints status and body.
READ = """
import sys, urllib.error, urllib.request
try:
    response = urllib.request.urlopen(sys.argv[1], timeout=10)
except urllib.error.HTTPError as error:
    response = error
print(response.status)
print(response.read().decode())
"""

SYNC_LIMIT = 300.0


class Inside(Protocol):
    def __call__(
        self, *command: str, stdin: str = "", limit: float = ..., statuses: Collection[int] = ...
    ) -> str: ...


def read(inside: Inside, url: str) -> tuple[int, Any]:
    """Returns the status and the decoded body of a page."""
    status, _, body = inside("/opt/idexx-sync/bin/python", "-I", "-c", READ, url).partition("\n")
    return int(status), json.loads(body)


def failing_checks(inside: Inside, url: str) -> list[str]:
    """Returns the checks that fail on `/health` and `/ready` of a process."""
    found = []
    for page in ("health", "ready"):
        status, report = read(inside, f"{url}/{page}")
        checks = report.get("checks", {})
        found += [f"{page}: {name}" for name, check in checks.items() if check["status"] == "fail"]
        found += [f"{page}: status {status}"] if status != 200 else []
    return found


def doctor(inside: Inside) -> list[str]:
    """Runs `idexx-sync doctor`. Raises `Failed` if it finds a fault; returns its warnings."""
    report = json.loads(inside("idexx-sync", "doctor", "--json", limit=60, statuses=(0, 1)))
    lines = {
        grade: [f"{check['name']}: {check['message']}" for check in report["checks"] if check["grade"] == grade]
        for grade in ("warn", "fail")
    }
    if not report["ok"] or lines["fail"]:
        raise Failed(f"doctor: {lines['fail']}")
    return lines["warn"]


def add_clinics(inside: Inside, portal: str) -> list[str]:
    """Adds the sandbox portal's clinics with their credentials, as an operator does; returns their slugs."""
    _, clinics = read(inside, f"{portal}/_sandbox/clinics")
    for one in clinics:
        add = ("clinic", "add", one["slug"], "--name", one["name"], "--timezone", one["timezone"])
        inside("idexx-sync", *add, "--country", one["country"])
        account = ("--company-id", one["company_id"], "--username", one["username"])
        inside("idexx-sync", "credentials", "set", one["slug"], *account, stdin=one["password"] + "\n")
    return [one["slug"] for one in clinics]


def sync(inside: Inside, slug: str, days: int) -> dict[str, Any]:
    """Runs a sync and follows it to its end; returns its last event. Raises `Failed` unless all dates are read."""
    command = ("idexx-sync", "sync", slug, "--days", str(days), "--json")
    lines = inside(*command, limit=SYNC_LIMIT).splitlines()
    ending: dict[str, Any] = json.loads(lines[-1])
    if ending["event"] != "completed" or ending.get("partial_success"):
        raise Failed(f"sync of {slug}: {ending}")
    return ending
