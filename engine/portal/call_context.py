"""One errand to the portal: for which clinic, by whose clock, with how much patience, who watches, who counts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.portal.evidence_recorder import EvidenceRecorder
from engine.portal.pausable_timeout import PausableTimeout
from engine.portal.protocols import Observer


@dataclass(frozen=True, slots=True)
class CallContext:
    """`clock` answers the aware time by which snapshots are ordered."""

    clinic: Clinic
    credentials: Credentials
    clock: Callable[[], datetime]
    evidence_recorder: EvidenceRecorder
    observer: Observer | None = None
    timeout: PausableTimeout = field(default_factory=PausableTimeout)

    def observe_portal_call(self, status: int | None, sent_at: float) -> None:
        """A call that was sent at this monotonic time has its answer, or will never have one."""
        if self.observer is not None:
            self.observer.observe_portal_call(status, time.monotonic() - sent_at)
