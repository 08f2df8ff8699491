"""The portal's patience: so many calls in any stretch of time, the others are refused."""

from __future__ import annotations

import math
from collections import deque
from email.utils import formatdate

from ops.sandbox.fault_settings import FaultSettings


class RateWindows:
    """Sliding windows, one for each key; refused calls do not count. Times are unix seconds."""

    def __init__(self) -> None:
        self._answered: dict[str, deque[float]] = {}

    def wait_for_room(self, key: str, fault_settings: FaultSettings, now: float) -> float | None:
        """Counts the call if there is room for it, else answers how many seconds until there is."""
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
    """The header of a refusal: whole seconds, rounded up, or the date at which they are over."""
    seconds = fault_settings.retry_after_s if fault_settings.retry_after_s is not None else math.ceil(wait)
    if fault_settings.retry_after == "none":
        return {}
    if fault_settings.retry_after == "date":
        return {"Retry-After": formatdate(math.ceil(now + seconds), usegmt=True)}
    return {"Retry-After": str(seconds)}
