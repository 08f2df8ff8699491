"""What a portal showed when a date failed, for the person who looks into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from engine.failure import Failure


@dataclass(frozen=True, slots=True)
class Evidence:
    """Fit to be kept: names, numbers and secrets are masked.

    `headers` are the answer's. `body` is the first kilobytes of it. `screenshot` is a PNG.
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
    """Keeps evidence of one sync for some days; bound to the sync by who makes it."""

    async def keep(self, day: date, evidence: Evidence) -> None: ...
