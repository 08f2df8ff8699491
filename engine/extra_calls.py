"""The limit of a sync's extra calls to the portal: all but the first call for each span of its dates."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class ExtraCalls:
    """The extra calls that a scrape may still make: `limit` for its whole sync, of which `made_before` are used.

    `used` counts those of this scrape.

    Extra calls confirm doubtful answers, divide spans that fail, read dates a second time, and look appointments up.
    """

    limit: int
    made_before: int = 0
    used: int = 0

    @property
    def left(self) -> int:
        return max(0, self.limit - self.made_before - self.used)
