"""A lease that the server refuses to renew, for a reason that does not pass."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest
from nats.aio.client import Client

from broker import Lease, LeaseLost

pytestmark = pytest.mark.anyio


async def refuse_writes(client: Client, bucket: str) -> None:
    """From now on the server answers each write with a permanent error: the message is too large."""
    js = client.jetstream()
    config = (await js.stream_info(f"KV_{bucket}")).config
    await js.update_stream(replace(config, max_msg_size=1))


async def test_a_lease_whose_renewal_is_refused_ends_its_body(client: Client, namespace: str) -> None:
    lease = Lease(client, bucket=namespace, key="k", ttl=1)

    async def work() -> None:
        async with asyncio.timeout(60), lease:
            await refuse_writes(client, namespace)
            await asyncio.Event().wait()

    with pytest.raises(LeaseLost, match="message size exceeds maximum allowed"):
        await work()
    assert not lease.is_valid


async def test_an_earlier_cancel_of_the_task_is_not_taken_for_one_of_the_body(
    client: Client, namespace: str
) -> None:
    async def work() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
        async with asyncio.timeout(60), Lease(client, bucket=namespace, key="k", ttl=1):
            await refuse_writes(client, namespace)
            await asyncio.Event().wait()

    with pytest.raises(LeaseLost):
        await asyncio.create_task(work())


async def test_a_lease_that_cannot_be_given_back_expires(client: Client, namespace: str) -> None:
    """What was done under it is done."""
    async with Lease(client, bucket=namespace, key="k", ttl=1):
        await refuse_writes(client, namespace)


async def test_a_refusal_that_passes_in_time_ends_nothing(client: Client, namespace: str) -> None:
    async with Lease(client, bucket=namespace, key="k", ttl=6) as lease:
        js = client.jetstream()
        config = (await js.stream_info(f"KV_{namespace}")).config
        await refuse_writes(client, namespace)
        await asyncio.sleep(2.5)  # a renewal falls into it
        await js.update_stream(config)
        changes = await client.subscribe(f"$KV.{namespace}.>")
        await changes.next_msg(timeout=30)
        assert lease.is_valid
