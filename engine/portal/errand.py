"""One errand to the portal: for which clinic, by whose clock, with how much patience, and who watches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.portal.patience import Patience
from engine.portal.witness import Witness


@dataclass(frozen=True, slots=True)
class Errand:
    """`clock` answers the aware time by which snapshots are ordered."""

    clinic: Clinic
    credentials: Credentials
    clock: Callable[[], datetime]
    witness: Witness
    patience: Patience = field(default_factory=Patience)
