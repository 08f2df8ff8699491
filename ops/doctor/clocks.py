"""Compares a server's clock with the local one."""

from __future__ import annotations

from datetime import datetime

from ops.doctor.finding import Finding, good, warn

#: A harmless difference, in seconds: retries and timeouts are much longer.
TOLERATED = 1.0


def compare(name: str, before: datetime, server: datetime, after: datetime) -> Finding:
    """Returns a finding on a server's clock. The correct time lies between the local times `before` and
    `after`."""
    skew = max((before - server).total_seconds(), (server - after).total_seconds(), 0.0)
    if skew <= TOLERATED:
        return good(f"{name} clock", "agrees with this machine's" if skew == 0 else f"differs by {skew:.2f} s")
    return warn(
        f"{name} clock",
        f"differs from this machine's by {skew:.1f} s",
        "synchronize the clocks of both machines with NTP: timedatectl set-ntp true",
    )
