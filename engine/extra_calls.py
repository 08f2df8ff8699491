"""The limit of a sync's extra calls to the portal: all but the first call for each span of its dates."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(slots=True)
class ExtraCalls:
    """The extra calls that a scrape may still make: `limit` for its whole sync, of which `made_before` are used.

    Extra calls confirm doubtful answers, divide spans that fail, read dates a second time, and look appointments up.
    `used` counts those of this scrape. `reserve` takes calls from what all spans of the sync may make together: it
    returns whether it did, and how many the sync has used since; None: this scrape is the only one.
    """

    limit: int
    made_before: int = 0
    used: int = 0
    reserve: Callable[[int], Awaitable[tuple[bool, int]]] | None = None

    @property
    def left(self) -> int:
        """As far as this scrape knows."""
        return max(0, self.limit - self.made_before - self.used)

    async def take(self, calls: int) -> bool:
        """Reserves `calls` of the sync's extra calls, all or none; returns False if the limit allows fewer."""
        if calls > self.left:
            return False
        is_taken = True
        if calls and self.reserve is not None:
            is_taken, made = await self.reserve(calls)
            self.made_before = made - self.used - (calls if is_taken else 0)
        self.used += calls if is_taken else 0
        return is_taken
