"""A webhook receiver for fault runs: fails at random, and records the deliveries that it accepts."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from actors.settings import Settings
from engine.store.clinics import find_clinic
from engine.store.vault import Vault
from engine.store.webhooks import set_webhook
from engine.webhook import Secrets
from ops.client.connections import open_database
from ops.faults.invariants import TIMEOUT, Broken

#: Short delays for the machine's `WEBHOOK_RETRY_SECONDS`, because a fault run cannot wait a day. Seconds.
QUICK_RETRIES = "0.5,1,1,2,2,3,5,5,10,10"

#: The share of requests that get a 503 response, or a closed connection without a response.
OUT_OF_ORDER = 0.3


class Listener:
    """Receives the webhooks of all clinics, each on its own path. `heard`: the delivery ids of each sync."""

    def __init__(self, rng: random.Random) -> None:
        self.heard: dict[str, set[str]] = defaultdict(set)
        self._rng = rng
        self._keys: dict[str, bytes] = {}

    async def listen_to(self, settings: Settings, slug: str, port: int) -> None:
        secrets = Secrets.fresh()
        self._keys[slug] = base64.b64decode(secrets.current.removeprefix("whsec_"))
        key = settings.encryption_key
        vault = Vault.from_ring("" if key is None else key.get_secret_value())
        async with open_database(settings.need_database_url()) as connection:
            clinic = await find_clinic(connection, slug)
            await set_webhook(connection, vault, clinic, f"http://127.0.0.1:{port}/{slug}", secrets)

    async def await_deliveries(self, syncs: Mapping[str, str]) -> None:
        """Waits for a delivery for each sync. Raises `Broken` if a sync has more than one delivery id."""
        async with asyncio.timeout(TIMEOUT):
            while not all(self.heard.get(sync_id) for sync_id in syncs.values()):
                await asyncio.sleep(0.1)
        if twice := [sync_id for sync_id, ids in self.heard.items() if len(ids) > 1]:
            raise Broken(f"more than one delivery to a webhook: {', '.join(twice)}")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = [line.partition(": ") for line in head.splitlines()[1:] if line]
            headers = {name.lower(): value for name, _, value in lines}
            body = await reader.readexactly(int(headers["content-length"]))
            fate = self._rng.random()
            if fate > OUT_OF_ORDER:
                self._hear(head.split()[1].strip("/"), headers, body)
            if fate > OUT_OF_ORDER / 2:
                status = "204 No Content" if fate > OUT_OF_ORDER else "503 Service Unavailable"
                writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n".encode())
                await writer.drain()
        writer.close()

    def _hear(self, slug: str, headers: Mapping[str, str], body: bytes) -> None:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mine = "v1," + base64.b64encode(hmac.digest(self._keys[slug], signed, "sha256")).decode()
        if not hmac.compare_digest(mine, headers["webhook-signature"]):
            raise Broken(f"a delivery to {slug} has no valid signature")
        self.heard[json.loads(body)["data"]["sync_id"]].add(headers["webhook-id"])


@asynccontextmanager
async def listening(settings: Settings, slugs: list[str], rng: random.Random) -> AsyncIterator[Listener]:
    """Yields a running receiver with a webhook for each of these clinics."""
    listener = Listener(rng)
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    async with server:
        for slug in slugs:
            await listener.listen_to(settings, slug, server.sockets[0].getsockname()[1])
        yield listener
