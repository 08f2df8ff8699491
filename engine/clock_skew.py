"""How far two clocks are apart, given when a server was asked and when it replied."""

from __future__ import annotations

from datetime import datetime, timedelta

#: A harmless difference, in seconds: retries and timeouts are much longer.
TOLERATED = 1.0


def skew(before: datetime, server: datetime, after: datetime, resolution: float = 0.0) -> float:
    """Returns the least difference in seconds that explains the server's time, which was read between two local ones.

    `resolution`: the seconds that the server's time leaves out, such as 1 for a header with whole seconds.
    """
    latest = server + timedelta(seconds=resolution)
    return max((before - latest).total_seconds(), (server - after).total_seconds(), 0.0)
