"""Runs checks together and reports their results."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import structlog
from dramatiq.errors import BrokerConnectionError

from actors.health.probe import Probe
from engine.errors import EngineError

log = structlog.get_logger(__name__)


class Status(StrEnum):
    PASS = "pass"  # noqa: S105 (no password)
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    status: Status
    message: str


class Check:
    """A check. `needed`: without it the process cannot take work."""

    def __init__(self, name: str, look: Callable[[], Awaitable[Finding]], *, needed: bool = False) -> None:
        self.name = name
        self.needed = needed
        self.probe = Probe(look)

    async def make(self) -> Finding:
        """Runs the check. Never raises: a check without a result has failed."""
        try:
            return await self.probe.answer()
        except (TimeoutError, EngineError, BrokerConnectionError) as error:
            return Finding(Status.FAIL, str(error))
        except Exception as error:
            log.exception("health_check_crashed", check=self.name)
            return Finding(Status.FAIL, f"the check itself failed ({type(error).__name__}); the log has the error")


@dataclass(frozen=True, slots=True)
class Report:
    findings: Mapping[str, Finding]

    @property
    def status(self) -> Status:
        """The worst status of all findings."""
        found = {finding.status for finding in self.findings.values()}
        return next((status for status in (Status.FAIL, Status.WARN) if status in found), Status.PASS)

    def to_json(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "checks": {
                name: {"status": finding.status, "message": finding.message}
                for name, finding in self.findings.items()
            },
        }


class Health:
    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = checks

    async def report(self) -> Report:
        return await self._make(self._checks)

    async def readiness(self) -> Report:
        """Runs only the checks that are needed to take work."""
        return await self._make([check for check in self._checks if check.needed])

    def close(self) -> None:
        for check in self._checks:
            check.probe.close()

    async def _make(self, checks: Sequence[Check]) -> Report:
        findings = await asyncio.gather(*(check.make() for check in checks))
        return Report({check.name: finding for check, finding in zip(checks, findings, strict=True)})
