"""Checks the health reports of all processes while a server hangs."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from ops.monitoring.testbed.machine import Watched

#: Seconds within which a process must respond, whatever hangs.
IN_TIME = 2.0


class WrongAnswer(Exception):
    """A process reported the wrong state or responded too late; the message names it."""


async def all_report(watched: Watched, check: str) -> None:
    """Checks that each process is live, but neither healthy nor ready because of this check. Raises
    `WrongAnswer`."""
    for name, at in watched.machine.targets.items():
        for path, status in (("/health", 503), ("/ready", 503), ("/live", 200)):
            answered, report, seconds = await asyncio.to_thread(_get, f"http://{at}{path}")
            failing = [key for key, found in report.get("checks", {}).items() if found["status"] == "fail"]
            if answered != status or (status == 503 and check not in failing) or seconds > IN_TIME:
                raise WrongAnswer(f"{name}{path}: {answered} after {seconds:.1f} s, failing: {failing}")


def _get(url: str) -> tuple[int, dict[str, Any], float]:
    """Returns the status, the decoded body, and the seconds that the request took."""
    begun = time.monotonic()
    try:
        with urlopen(url, timeout=10) as response:  # noqa: S310 (an http URL of ours)
            status, body = response.status, response.read()
    except HTTPError as error:
        with error:
            status, body = error.code, error.read()
    return status, json.loads(body), time.monotonic() - begun
