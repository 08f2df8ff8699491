from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client

from broker import NatsBroker
from tests.broker.workers import WorkerProcess


@pytest.fixture
def worker(nats_url: str, namespace: str, tmp_path: Path) -> Iterator[WorkerProcess]:
    """Yields a worker process that is not started yet."""
    process = WorkerProcess(nats_url, namespace, tmp_path)
    yield process
    process.close()


@pytest.fixture
def broker(nats_url: str, namespace: str) -> Iterator[NatsBroker]:
    broker = NatsBroker(nats_url, namespace=namespace)
    yield broker
    broker.close()


@pytest.fixture
async def client(nats_url: str) -> AsyncIterator[Client]:
    """Yields a separate connection."""
    client = await nats.connect(nats_url)
    yield client
    await client.close()
