"""The names of the mailboxes, one for each actor. They are on the wire: an update never renames one."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

Queue: TypeAlias = Literal["coordinator", "date_scraper", "reconciler", "notifier"]

QUEUES: tuple[Queue, ...] = get_args(Queue)

COORDINATOR: Final = "coordinator"
DATE_SCRAPER: Final = "date_scraper"
RECONCILER: Final = "reconciler"
NOTIFIER: Final = "notifier"
