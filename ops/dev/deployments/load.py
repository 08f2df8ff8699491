"""Clients that sync all clinics again and again, while something else happens."""

from __future__ import annotations

from collections.abc import Collection
from threading import Event, Thread

from ops.dev.deployments import acceptance
from ops.dev.deployments.acceptance import Inside
from ops.dev.deployments.steps import Failed

DAYS = 14


class Load(Thread):
    """Syncs the clinics one after the other, by commands that `inside` runs, until `finish`."""

    def __init__(self, inside: Inside, slugs: Collection[str]) -> None:
        super().__init__(name="load", daemon=True)
        self._inside, self._slugs, self._end = inside, slugs, Event()
        self.completed, self.error = 0, ""

    def run(self) -> None:
        while not self._end.is_set() and not self.error:
            for slug in self._slugs:
                try:
                    acceptance.sync(self._inside, slug, DAYS)
                except Failed as error:
                    self.error = str(error)
                    return
                self.completed += 1

    def finish(self) -> int:
        """Waits for the last sync; returns how many completed. Raises `Failed` if one did not."""
        self._end.set()
        self.join()
        if self.error:
            raise Failed(self.error)
        return self.completed
