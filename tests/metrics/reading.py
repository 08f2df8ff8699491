"""Metrics as Prometheus reads them."""

from __future__ import annotations

import shutil
import subprocess

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}

Samples = dict[str, float]


async def scrape(client: httpx.AsyncClient) -> Samples:
    """Every sample, by its name and labels as PromQL spells them."""
    text = (await client.get("/metrics", headers=OPENMETRICS)).text
    return {
        _spelled(sample.name, sample.labels): sample.value
        for family in read_openmetrics(text)
        for sample in family.samples
    }


def total(samples: Samples, name: str) -> float:
    """The sum over all labels."""
    return sum(value for key, value in samples.items() if key.partition("{")[0] == name)


def promtool(*arguments: str, given: str | None = None) -> str:
    """Runs Debian's `promtool` (package `prometheus`); answers what it says, and fails when it complains."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    done = subprocess.run(
        [program, *arguments],
        input=given,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def _spelled(name: str, labels: dict[str, str]) -> str:
    inside = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"{name}{{{inside}}}" if inside else name
