"""Requests that no client library sends and no database can store: refused, without effect on other requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from nats.errors import TimeoutError as NatsTimeoutError

from ops.sandbox.client import SandboxClinic
from tests.system.conftest import Asker, System

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "body",
    [
        {"days_ahead": 1, "request_id": "a\0b"},
        {"days_ahead": 1, "request_id": "a\x1bb"},
        {"start_date": "0001-01-01", "end_date": "0001-01-02"},
        {"start_date": "9999-12-30", "end_date": "9999-12-31"},
    ],
    ids=["nul", "escape", "first-day", "last-day"],
)
async def test_what_cannot_be_stored_is_refused_at_the_door(
    system: System, clinics: list[SandboxClinic], asker: Asker, body: object
) -> None:
    system.gateway()
    reply = await asker.ask("sync", clinics[0].slug, body)
    assert reply["error"]["code"] == 400, reply
    reply = await asker.ask("events", clinics[0].slug, {"sync_id": str(UUID(int=0)), "after_seq": 2**31})
    assert reply["error"]["code"] == 400, reply


@pytest.fixture
async def wire(nats_url: str) -> AsyncIterator[asyncio.StreamWriter]:
    """A connection to NATS for what no client library would send."""
    address = urlsplit(nats_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    await reader.readline()
    writer.write(b'CONNECT {"verbose": false, "headers": true, "no_responders": true}\r\n')
    yield writer
    writer.close()
    await writer.wait_closed()


async def test_bytes_that_are_no_text_do_not_stop_a_gateway(
    system: System, clinics: list[SandboxClinic], asker: Asker, wire: asyncio.StreamWriter
) -> None:
    system.gateway()
    subject = f"{asker.prefix}.cmd.status.".encode()
    clinic = clinics[0].slug.encode()
    for header in (
        b"NATS/1.0 \xff\xff\xff\r\n\r\n",
        b"NATS/1.0\r\n\xff\xfe: \xff\r\n\r\n",
        b"NATS/1.0\r\nno colon\r\n\r\n",
    ):
        wire.write(
            b"HPUB %s%s _INBOX.x %d %d\r\n%s{}\r\n" % (subject, clinic, len(header), len(header) + 2, header)
        )
    wire.write(b"PUB %s\xff\xfe 2\r\n{}\r\n" % subject)
    wire.write(b"PUB %s%s _INBOX.\xff\xfe 2\r\n{}\r\n" % (subject, clinic))
    await wire.drain()
    for _ in range(3):
        try:
            reply = await asker.ask("status", clinics[0].slug, timeout=5)
        except NatsTimeoutError:
            pytest.fail(f"the gateway is silent: {system.log('gateway')[-2000:]}")
        assert reply["ok"], reply
