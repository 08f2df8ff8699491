"""The context of calls to the portal: clinic, credentials, clock, time limits, evidence and metrics."""

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
from engine.portal.transcript import Transcript


@dataclass(frozen=True, slots=True)
class CallContext:
    """Context of one clinic's calls. `clock` returns the aware time by which snapshots are ordered.

    `transcript` collects the whole session, for a first contact or a recording.
    """

    clinic: Clinic
    credentials: Credentials
    clock: Callable[[], datetime]
    evidence_recorder: EvidenceRecorder
    observer: Observer | None = None
    timeout: PausableTimeout = field(default_factory=PausableTimeout)
    transcript: Transcript | None = None

    def observe_portal_call(self, status: int | None, sent_at: float) -> None:
        """Records a call that was sent at this monotonic time; `status` None: it got no response."""
        if self.observer is not None:
            self.observer.observe_portal_call(status, time.monotonic() - sent_at)
