"""Pings processes of ours on NATS."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg

GATEWAYS, WORKERS = "idexx-sync", "idexx-sync-worker"

#: How long to wait for responses to a ping. Seconds.
PING_WAIT = 0.4


async def ping(client: Client, names: Iterable[str]) -> list[dict[str, Any]]:
    """Returns the response of every process of these names that responds in time."""
    pongs: list[dict[str, Any]] = []

    async def note(message: Msg) -> None:
        if message.data:
            pongs.append(json.loads(message.data))

    inbox = client.new_inbox()
    answers = await client.subscribe(inbox, cb=note)
    try:
        for name in names:
            await client.publish(f"$SRV.PING.{name}", reply=inbox)
        await asyncio.sleep(PING_WAIT)
    finally:
        await answers.unsubscribe()
    return pongs
