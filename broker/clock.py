"""The server's clock, as seen from here: every process reads the same time, whatever its own clock says."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime

import nats.js.errors
from nats.aio.client import Client

from .errors import is_passing, transport

#: A measurement is used for so long; the clocks of two machines drift by less than 0.1 ms a second. Seconds.
FRESH = 60.0
#: Samples are taken until one has a round trip as short as this (seconds), and at most so many.
GOOD, SAMPLES = 0.001, 8
#: A stream that is between two leaders does not answer: how often and how long it is asked. Seconds.
ATTEMPTS, PATIENCE, PAUSE = 8, 1.5, 0.2


class ServerClock:
    """The server's time by the local monotonic clock, so that a step of the local clock changes nothing."""

    def __init__(self, stream: str) -> None:
        """`stream` is one that exists; information on it carries the server's time."""
        self._stream = stream
        self._offset = 0.0
        #: How far `now` may be wrong, in seconds.
        self.uncertainty = 0.0
        self._measured = float("-inf")

    async def now(self, client: Client) -> float:
        """The server's time as seconds since the epoch, right to half a round trip."""
        if time.monotonic() - self._measured > FRESH:
            await self._measure(client)
        return time.monotonic() + self._offset

    async def _measure(self, client: Client) -> None:
        took, offset = await self._sample(client)
        for _ in range(SAMPLES - 1):
            if took > GOOD:
                took, offset = min((took, offset), await self._sample(client))
        self._offset, self.uncertainty = offset, took / 2
        self._measured = time.monotonic()

    async def _sample(self, client: Client) -> tuple[float, float]:
        for attempt in range(ATTEMPTS):
            sent = time.monotonic()
            try:
                answer = await client.request(f"$JS.API.STREAM.INFO.{self._stream}", b"", timeout=PATIENCE)
                at = _read(answer.data)
            except Exception as error:
                if not is_passing(error) or attempt == ATTEMPTS - 1:
                    with transport():
                        raise
                await asyncio.sleep(PAUSE)
                continue
            took = time.monotonic() - sent
            return took, at - (sent + took / 2)
        raise AssertionError("the last attempt raises")


def _read(answer: bytes) -> float:
    fields = json.loads(answer)
    if "ts" not in fields:
        raise nats.js.errors.NoStreamResponseError
    return parse_time(fields["ts"])


def parse_time(text: str) -> float:
    """RFC 3339 with up to nine digits of a second, as the server writes it, as seconds since the epoch."""
    seconds, _, rest = text.rstrip("Z").partition(".")
    at = datetime.fromisoformat(seconds).replace(tzinfo=UTC).timestamp()
    return at + (float(f"0.{rest}") if rest else 0.0)


def format_time(at: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC with microseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
