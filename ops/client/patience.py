"""Repeats a request while NATS, gateway or PostgreSQL restarts, for as long as the caller's patience lasts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ops.client.errors import CommandFailed, Refused
from ops.client.exit_status import Exit

T = TypeVar("T")

#: Called with the error while no gateway responds, and with None when one does. It raises to give up.
Looked = Callable[[CommandFailed | None], None]

#: Seconds between two requests while no gateway responds.
PAUSE = 0.5


async def patiently(request: Callable[[], Awaitable[T]], looked: Looked) -> T:
    """Returns the first reply. Raises refusals that a repetition would not change, and what `looked` raises."""
    while True:
        try:
            reply = await request()
        except CommandFailed as failure:
            if not passes(failure):
                raise
            looked(failure)
        else:
            looked(None)
            return reply
        await asyncio.sleep(PAUSE)


def passes(failure: CommandFailed) -> bool:
    """Whether the failure can pass: a server does not respond, or a gateway failed unexpectedly."""
    return failure.status == Exit.UNREACHABLE or (isinstance(failure, Refused) and failure.code >= 500)
