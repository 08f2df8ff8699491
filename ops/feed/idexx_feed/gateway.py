"""What a feed requests of the gateway: snapshots, and the changes after a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .connection import Connection
from .errors import Refused, UnexpectedReply
from .events import SnapshotPage
from .store import Cursor

#: How often a snapshot is begun again because the numbering of the feed has changed while it was read.
SNAPSHOT_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the feed holds at a position."""

    at: Cursor
    pages: Sequence[SnapshotPage]


class Gateway:
    """Requests about one feed. All of them raise a `FeedError`."""

    def __init__(self, connection: Connection, prefix: str, clinic: str, feed: str) -> None:
        self._connection = connection
        self._prefix = prefix
        self._clinic = clinic
        self._feed = feed

    async def snapshot(self) -> Snapshot:
        """Reads every page, all of them at one position."""
        for _ in range(SNAPSHOT_ATTEMPTS):
            try:
                pages = await self._pages()
            except Refused as error:
                if error.reason != "wrong_state":
                    raise
            else:
                return Snapshot(Cursor(pages[0].feed_id, pages[0].position), pages)
        raise UnexpectedReply(
            f"the feed's numbering changed during {SNAPSHOT_ATTEMPTS} attempts to read a snapshot"
        )

    async def _pages(self) -> list[SnapshotPage]:
        body: dict[str, Any] = {"feed": self._feed}
        pages: list[SnapshotPage] = []
        while not pages or pages[-1].next is not None:
            page = await self._connection.request(self._subject("snapshot"), body, SnapshotPage)
            pages.append(page)
            body |= {"feed_id": str(page.feed_id), "position": page.position, "after": page.next}
        return pages

    async def changes(self, cursor: Cursor, kind: type[Any]) -> Any:
        """Returns the changes that follow the cursor, decoded as `kind`."""
        body = {"feed": self._feed, "feed_id": str(cursor.feed_id), "after": cursor.position}
        reply = await self._connection.request(self._subject("changes"), body, kind)
        positions = [change.position for change in reply.changes]
        if positions != list(range(cursor.position + 1, cursor.position + 1 + len(positions))):
            raise UnexpectedReply(
                f"the changes after {cursor} are not in order: {positions[0]} to {positions[-1]}"
            )
        return reply

    def _subject(self, verb: str) -> str:
        return f"{self._prefix}.cmd.{verb}.{self._clinic}"
