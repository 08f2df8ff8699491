"""How far a server's clock is from ours."""

from __future__ import annotations

from datetime import datetime

from ops.doctor.finding import Finding, good, warn

#: Seconds of difference that harm nothing: retries and time-outs are much longer.
TOLERATED = 1.0


def compare(name: str, before: datetime, server: datetime, after: datetime) -> Finding:
    """`server` was read between `before` and `after`, which are ours: it is right if it lies between them."""
    skew = max((before - server).total_seconds(), (server - after).total_seconds(), 0.0)
    if skew <= TOLERATED:
        return good(f"{name} clock", "agrees with this machine's" if skew == 0 else f"differs by {skew:.2f} s")
    return warn(
        f"{name} clock",
        f"differs from this machine's by {skew:.1f} s",
        "let both machines take their time from NTP: timedatectl set-ntp true",
    )
