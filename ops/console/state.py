"""The console's current data, and how old it is."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime
from time import monotonic
from typing import TypeVar

import nats.errors
from rich.text import Text

from ops.client.errors import CommandFailed
from ops.client.events import Event
from ops.console.overview import ConsoleOverview
from ops.console.source import Source
from ops.terminal.progress import Board

#: The data counts as old after this many seconds without a reply.
OLD = 6.0

#: The exceptions of a request without a reply, or with a refusal.
AWAY = (CommandFailed, nats.errors.Error, OSError, TimeoutError)

T = TypeVar("T")


class ConsoleState:
    """The newest overview, the events since then, and the error if there is no newer one."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.overview: ConsoleOverview | None = None
        self.board = Board()
        self._trouble = ""

    async def look(self) -> None:
        """Requests a new overview."""
        if (overview := await self.trying(self.source.overview())) is None:
            return
        self.overview, self._trouble = overview, ""
        ended = [key for key, sync in self.board.syncs.items() if sync.is_over and overview.sync(key) is None]
        for key in ended:
            del self.board.syncs[key]

    def hear(self, event: Event) -> None:
        self.board.apply(event)

    async def trying(self, question: Awaitable[T]) -> T | None:
        """Returns the result of a request; on failure returns None and shows the reason in the headline."""
        try:
            return await question
        except AWAY as error:
            self._trouble = str(error) or type(error).__name__
            return None

    def now(self) -> datetime:
        """Returns the database's time (the local time before the first overview)."""
        return self.overview.now(monotonic()) if self.overview else datetime.now(UTC)

    @property
    def is_old(self) -> bool:
        """Whether requests fail and the last overview is older than OLD."""
        return bool(self._trouble) and (self.overview is None or monotonic() - self.overview.taken > OLD)

    def headline(self) -> Text:
        if self.overview is None:
            return Text(self._trouble or "requesting …")
        if self.is_old:
            return Text(f"data is {monotonic() - self.overview.taken:.0f} s old: {self._trouble}", "bold")
        states = [sync["status"] for sync in self.overview.reply["syncs"]]
        counts = f"{states.count('in_progress')} running, {states.count('queued')} queued"
        return Text(f"{counts}  {self.now():%H:%M:%S} UTC", "dim")
