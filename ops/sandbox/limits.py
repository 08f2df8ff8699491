"""The portal's rate limit: refuses calls beyond a number per time window."""

from __future__ import annotations

import math
from collections import deque
from email.utils import formatdate

from ops.sandbox.fault_settings import FaultSettings


class RateWindows:
    """Sliding windows, one per key; refused calls do not count. Times are in Unix seconds."""

    def __init__(self) -> None:
        self._answered: dict[str, deque[float]] = {}

    def wait_for_room(self, key: str, fault_settings: FaultSettings, now: float) -> float | None:
        """Counts the call if it is within the limit, else returns the seconds until it would be."""
        if fault_settings.rate_limit is None:
            return None
        answered = self._answered.setdefault(key, deque())
        while answered and answered[0] <= now - fault_settings.rate_window_s:
            answered.popleft()
        if len(answered) < fault_settings.rate_limit:
            answered.append(now)
            return None
        return answered[0] + fault_settings.rate_window_s - now if answered else fault_settings.rate_window_s

    def reset(self) -> None:
        self._answered.clear()


def retry_after(fault_settings: FaultSettings, wait: float, now: float) -> dict[str, str]:
    """Returns the Retry-After header, if any: whole seconds, rounded up, or the date when they have passed."""
    seconds = fault_settings.retry_after_s if fault_settings.retry_after_s is not None else math.ceil(wait)
    if fault_settings.retry_after == "none":
        return {}
    if fault_settings.retry_after == "date":
        return {"Retry-After": formatdate(math.ceil(now + seconds), usegmt=True)}
    return {"Retry-After": str(seconds)}
