"""`GET /calendar/{token}.ics`: a part of a clinic's calendar for calendar programs.

The token is in the address, because these programs send no headers of their own. So nothing here may write an address:
no log line, span, error report or metric has one.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.http.key_cache import KeyCache
from actors.http.keys import fingerprint
from actors.http.responses import TooManyRequests
from engine.calendar_feed.feed import CalendarFeed
from engine.errors import UnknownCalendarFeed
from engine.steps.publish_feed import publish_feed
from engine.store.calendar_feeds import record_uses, valid_feeds
from engine.store.database import Database

if TYPE_CHECKING:
    from engine.calendar_feed.document import Texts

#: The folder of feeds' addresses.
FOLDER = "/calendar"

#: How long a feed is answered from memory, in seconds.
FRESH_FOR = 60.0
#: How many feeds a gateway keeps in memory: those that were read last.
MAX_CACHED = 64
#: How many requests for one feed a gateway answers within `REQUESTS_WITHIN` seconds.
MAX_REQUESTS = 60
REQUESTS_WITHIN = 60.0


class FeedTokens(KeyCache[CalendarFeed]):
    """The valid feeds by the hashes of their tokens."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(database, valid_feeds, record_uses, clock=clock)


@dataclass(slots=True)
class _Cached:
    """A feed's document. `version` is that of its publication."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    read_at: float | None = None
    version: object = None
    etag: str = ""
    body: bytes = b""
    packed: bytes = b""
    texts: Texts | None = None
    requests: int = 0
    requests_since: float = 0.0


class CalendarFeeds:
    """The endpoint. `now`: the moment that is published; None: that of the database."""

    def __init__(
        self,
        database: Database,
        tokens: FeedTokens,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._clock = clock
        self._now = now
        self._cached: OrderedDict[UUID, _Cached] = OrderedDict()
        #: One document at a time is written, so that many feeds take no more than one core.
        self._writing = asyncio.Lock()

    def routes(self) -> list[Route]:
        return [Route("/{token}.ics", self.read, methods=["GET"])]

    async def read(self, request: Request) -> Response:
        feed = await self._tokens.find(fingerprint(request.path_params["token"]))
        if feed is None:
            raise UnknownCalendarFeed("this calendar does not exist, or its address has expired or was revoked")
        cached = self._cached.setdefault(feed.id, _Cached(requests_since=self._clock()))
        self._cached.move_to_end(feed.id)
        while len(self._cached) > MAX_CACHED:
            self._cached.popitem(last=False)
        self._count(cached)
        await self._refresh(feed, cached)
        return _response(request, feed, cached)

    def _count(self, cached: _Cached) -> None:
        """Raises `TooManyRequests`."""
        now = self._clock()
        if now - cached.requests_since >= REQUESTS_WITHIN:
            cached.requests, cached.requests_since = 0, now
        cached.requests += 1
        if cached.requests > MAX_REQUESTS:
            left = REQUESTS_WITHIN - (now - cached.requests_since)
            raise TooManyRequests(
                f"this calendar was read {MAX_REQUESTS} times within {REQUESTS_WITHIN:g} s, the most; it changes at "
                f"most once in {FRESH_FOR:g} s",
                retry_after_ms=max(1000, round(left * 1000)),
            )

    async def _refresh(self, feed: CalendarFeed, cached: _Cached) -> None:
        """Reads the feed if what is cached is too old; all callers wait for the same reading."""
        async with cached.lock:
            began = self._clock()
            if cached.read_at is not None and began - cached.read_at < FRESH_FOR:
                return
            publication = await publish_feed(self._database, feed, self._now())
            if publication.version != cached.version:
                async with self._writing:
                    body, cached.texts = await asyncio.to_thread(publication.document, cached.texts)
                    cached.packed = await asyncio.to_thread(gzip.compress, body, 6, mtime=0)
                cached.body, cached.etag = body, f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
                cached.version = publication.version
            cached.read_at = began


def _response(request: Request, feed: CalendarFeed, cached: _Cached) -> Response:
    headers = {
        "ETag": cached.etag,
        "Cache-Control": f"private, max-age={FRESH_FOR:g}",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }
    wanted = {tag.strip() for tag in request.headers.get("if-none-match", "").split(",")}
    if wanted & {"*", cached.etag, cached.etag.removeprefix("W/")}:
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'inline; filename="{feed.name}.ics"'
    packed = "gzip" in request.headers.get("accept-encoding", "").lower()
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(cached.packed if packed else cached.body, 200, headers, media_type="text/calendar")
