"""Compares a server's clock with the local one."""

from __future__ import annotations

from datetime import datetime

from engine.clock_skew import TOLERATED, skew
from ops.doctor.finding import Finding, good, warn


def compare(name: str, before: datetime, server: datetime, after: datetime, resolution: float = 0.0) -> Finding:
    """Returns a finding on a server's clock. The correct time lies between the local times `before` and
    `after`; `resolution` as in `skew`."""
    differs = skew(before, server, after, resolution)
    if differs <= TOLERATED:
        return good(
            f"{name} clock", "agrees with this machine's" if differs == 0 else f"differs by {differs:.2f} s"
        )
    return warn(
        f"{name} clock",
        f"differs from this machine's by {differs:.1f} s",
        "synchronize the clocks of both machines with NTP: timedatectl set-ntp true",
    )
