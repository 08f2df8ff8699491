"""Evidence of what the portal showed when a date failed, for the operator who investigates it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from engine.failure import Failure


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence that may be stored: names, numbers and secrets are masked.

    `headers` are the response's, `body` is its first kilobytes, `screenshot` is a PNG.
    """

    at: datetime
    failure: Failure
    address: str
    title: str = ""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    screenshot: bytes | None = field(default=None, repr=False)


class EvidenceSink(Protocol):
    """Stores the evidence of one sync for some days."""

    async def keep(self, day: date, evidence: Evidence) -> None: ...
