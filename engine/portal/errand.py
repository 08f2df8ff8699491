"""One errand to the portal: for which clinic, by whose clock, with how much patience, who watches, who counts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.portal.patience import Patience
from engine.portal.protocols import Observer
from engine.portal.witness import Witness


@dataclass(frozen=True, slots=True)
class Errand:
    """`clock` answers the aware time by which snapshots are ordered."""

    clinic: Clinic
    credentials: Credentials
    clock: Callable[[], datetime]
    witness: Witness
    observer: Observer | None = None
    patience: Patience = field(default_factory=Patience)

    def called(self, status: int | None, sent_at: float) -> None:
        """A call that was sent at this monotonic time has its answer, or will never have one."""
        if self.observer is not None:
            self.observer.called(status, time.monotonic() - sent_at)
