"""Starts and queries a real Prometheus."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from ops.local.supervision import Command, StartFailed, Supervisor

#: Interval and timeout of scrapes: a process returns its page within 2 s, whatever hangs. Seconds.
SCRAPE_INTERVAL = 3
#: Interval between evaluations of the rules. Seconds.
EVALUATION_INTERVAL = 1


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert. `state`: pending or firing."""

    name: str
    state: str
    labels: Mapping[str, str]
    summary: str


@dataclass(frozen=True, slots=True)
class Series:
    """A series. `points`: (Unix seconds, value)."""

    labels: Mapping[str, str]
    points: list[tuple[float, float]]


class Prometheus:
    """A running Prometheus. Methods raise OSError if it does not respond, `ValueError` for an invalid query."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def is_ready(self) -> bool:
        with suppress(OSError):
            return bool(await self._get("/-/ready"))
        return False

    async def has_up(self, number: int) -> bool:
        """Whether `number` targets are scraped."""
        targets = (await self._ask("targets", state="active"))["activeTargets"]
        return len([target for target in targets if target["health"] == "up"]) >= number

    async def alerts(self) -> list[Alert]:
        """Returns the pending and firing alerts."""
        return [
            Alert(
                one["labels"]["alertname"],
                one["state"],
                {name: value for name, value in one["labels"].items() if name != "alertname"},
                one["annotations"].get("summary", ""),
            )
            for one in (await self._ask("alerts"))["alerts"]
        ]

    async def query(self, expression: str, at: float) -> list[Series]:
        """Returns the values at one moment (Unix seconds)."""
        found = (await self._ask("query", query=expression, time=at))["result"]
        return [Series(one["metric"], [(one["value"][0], float(one["value"][1]))]) for one in found]

    async def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        """Returns the values from `start` to `end` (Unix seconds), one every `step` seconds."""
        found = (await self._ask("query_range", query=expression, start=start, end=end, step=step))["result"]
        return [Series(one["metric"], [(at, float(value)) for at, value in one["values"]]) for one in found]

    async def _ask(self, what: str, **query: Any) -> dict[str, Any]:
        answer = json.loads(await self._get(f"/api/v1/{what}?{urlencode(query)}"))
        if answer["status"] != "success":
            raise ValueError(f"{query}: {answer['error']}")
        return dict(answer["data"])

    async def _get(self, path: str) -> bytes:
        return await asyncio.to_thread(self._read, path)

    def _read(self, path: str) -> bytes:
        with urlopen(self.url + path, timeout=30) as response:  # noqa: S310 (an http URL of ours)
            return bytes(response.read())


async def start_prometheus(
    supervisor: Supervisor, folder: Path, port: int, targets: Mapping[str, str], rules: str
) -> Prometheus:
    """Starts Prometheus; it runs until the supervisor stops. `targets`: host and port by name; `rules`: the text
    of a rules file.

    Raises `StartFailed`, also if Prometheus is not installed.
    """
    if (program := shutil.which("prometheus")) is None:
        raise StartFailed("prometheus is not installed: apt-get install prometheus")
    _write(folder, rules, _configuration(list(targets.values())))
    prometheus = Prometheus(f"http://127.0.0.1:{port}")
    argv = (
        program,
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    command = Command(name="prometheus", argv=argv, log=folder / "log", ready=prometheus.is_ready)
    await supervisor.start(command)
    return prometheus


def _write(folder: Path, rules: str, configuration: dict[str, Any]) -> None:
    folder.mkdir()
    (folder / "rules.yaml").write_text(rules)
    (folder / "prometheus.yaml").write_text(json.dumps(configuration))


def _configuration(targets: list[str]) -> dict[str, Any]:
    """Returns the configuration, which is written as JSON, because JSON is valid YAML."""
    interval = f"{SCRAPE_INTERVAL}s"
    return {
        "global": {
            "scrape_interval": interval,
            "scrape_timeout": interval,
            "evaluation_interval": f"{EVALUATION_INTERVAL}s",
        },
        "rule_files": ["rules.yaml"],
        "scrape_configs": [{"job_name": "idexx-sync", "static_configs": [{"targets": targets}]}],
    }
