"""What the console has been told so far, and how old that is."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime
from time import monotonic
from typing import TypeVar

import nats.errors
from rich.text import Text

from ops.client.errors import CommandFailed
from ops.client.events import Event
from ops.console.overview import Glance
from ops.console.source import Source
from ops.terminal.progress import Board

#: What is shown is called old after so many seconds without an answer.
OLD = 6.0

#: What a question raises when nobody answers, or refuses.
AWAY = (CommandFailed, nats.errors.Error, OSError, TimeoutError)

T = TypeVar("T")


class Known:
    """The last glance, the events since, and why there is no newer glance."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.glance: Glance | None = None
        self.board = Board()
        self._trouble = ""

    async def look(self) -> None:
        """Asks for everything anew."""
        if (glance := await self.trying(self.source.glance())) is None:
            return
        self.glance, self._trouble = glance, ""
        ended = [key for key, sync in self.board.syncs.items() if sync.is_over and glance.sync(key) is None]
        for key in ended:
            del self.board.syncs[key]

    def hear(self, event: Event) -> None:
        self.board.apply(event)

    async def trying(self, question: Awaitable[T]) -> T | None:
        """The answer; None, with the reason in the headline, where nobody answers."""
        try:
            return await question
        except AWAY as error:
            self._trouble = str(error) or type(error).__name__
            return None

    def now(self) -> datetime:
        """The database's clock."""
        return self.glance.now(monotonic()) if self.glance else datetime.now(UTC)

    @property
    def is_old(self) -> bool:
        """Nobody answers any more."""
        return bool(self._trouble) and (self.glance is None or monotonic() - self.glance.taken > OLD)

    def headline(self) -> Text:
        if self.glance is None:
            return Text(self._trouble or "asking …")
        if self.is_old:
            return Text(f"this is {monotonic() - self.glance.taken:.0f} s old: {self._trouble}", "bold")
        states = [sync["status"] for sync in self.glance.overview["syncs"]]
        counts = f"{states.count('in_progress')} running, {states.count('queued')} waiting"
        return Text(f"{counts}  {self.now():%H:%M:%S} UTC", "dim")
