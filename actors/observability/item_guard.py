"""A loop over syncs, clinics or schedules in which a failing item does not stop the others."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from actors.observability import error_reports
from actors.observability.redaction import words

log = structlog.get_logger(__name__)

Item = TypeVar("Item", bound=Hashable)

#: Pause of an item that failed: the first one, and the longest after several failures. Seconds.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0


@dataclass(frozen=True, slots=True)
class _Pause:
    failures: int
    until: float


class ItemGuard(Generic[Item]):
    """Runs the same work for each of some items, repeatedly.

    An item that fails is logged, reported and skipped for a while, twice as long after each failure. An expected
    error (an unreachable server) does not lengthen the pause.
    """

    def __init__(self, duty: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._duty = duty
        self._clock = clock
        self._pauses: dict[Item, _Pause] = {}

    async def each(self, items: Iterable[Item], work: Callable[[Item], Awaitable[None]]) -> None:
        """Runs `work` for each item that is not paused. Forgets items that are not given any more."""
        items = list(items)
        self._pauses = {item: pause for item, pause in self._pauses.items() if item in items}
        for item in items:
            if (pause := self._pauses.get(item)) is not None and self._clock() < pause.until:
                continue
            try:
                await work(item)
            except Exception as error:
                self._note(item, error)
            else:
                self._pauses.pop(item, None)

    def _note(self, item: Item, error: Exception) -> None:
        failures = self._pauses[item].failures if item in self._pauses else 0
        if not error_reports.is_expected(error):
            failures += 1
        pause = min(FIRST_PAUSE * 2.0 ** max(failures - 1, 0), LONGEST_PAUSE)
        self._pauses[item] = _Pause(failures, self._clock() + pause)
        log.warning(
            "item_failed",
            duty=self._duty,
            item=str(item),
            error=words(error),
            kind=type(error).__name__,
            retry_after=pause,
        )
        error_reports.report(error, duty=self._duty, item=str(item))
