"""The receiver that docs/operating.md shows takes what is ours, and nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from uuid import uuid4

import pytest

from actors.notifier.http_client import WebhookClient
from actors.spec.examples import examples_of
from actors.spec.webhooks import NeedsAttention
from engine.webhook import Delivery, Secrets, sign
from engine.webhook_retry import AttemptReason
from engine.webhook_targets import EgressPolicy
from tests.conftest import free_port, until
from tests.webhooks.receiver import Receiver

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).parent.parent.parent / "docs" / "operating.md"
SECRETS = Secrets.fresh()


@pytest.fixture
def url(tmp_path: Path, receiver: Receiver) -> Iterator[str]:
    [example] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    port = free_port()
    program = tmp_path / "receiver.py"
    program.write_text(example.replace("8800", str(port)))
    process = subprocess.Popen(
        [sys.executable, str(program)],
        env={
            **os.environ,
            "WEBHOOK_SECRET": SECRETS.current,
            "CHAT_URL": receiver.url("/chat"),
            "PYTHONWARNINGS": "error",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield f"http://127.0.0.1:{port}/"
    process.terminate()
    out, _ = process.communicate(timeout=30)
    types = ["sync.completed", "clinic.needs_attention", "clinic.attention_resolved"]
    assert [line.split()[1] for line in out.splitlines()] == types, "these were ours"


async def test_the_receiver_of_the_documents_takes_what_is_ours(url: str, receiver: Receiver) -> None:
    client = WebhookClient(EgressPolicy((ip_network("127.0.0.1"),)), 5)
    now = datetime.now(UTC)
    body = '{"type": "sync.completed", "data": {"clinic": "elm-street"}}'
    delivery = Delivery(uuid4(), uuid4(), "elm-street", None, "sync.completed", url, body, 1, now, now)
    ours = dict(sign(delivery, SECRETS, now))

    async def status(headers: dict[str, str], text: str = body) -> int | None:
        return (await client.post(url, headers, text)).status

    async def is_there() -> bool:
        return (await client.post(url, ours, "{}")).reason is not AttemptReason.NO_CONNECTION

    await until(is_there)
    assert await status(ours) == 204
    assert await status(dict(sign(delivery, Secrets.fresh(), now))) == 401
    assert await status(dict(sign(delivery, SECRETS, now - timedelta(minutes=9)))) == 401
    assert await status(ours, body.replace("elm", "oak")) == 401

    examples = examples_of(NeedsAttention)
    for kind in ("clinic.needs_attention", "clinic.attention_resolved"):
        text = json.dumps({**examples[0], "type": kind})
        sent = dict(sign(replace(delivery, body=text), SECRETS, now))
        assert await status(sent, text) == 204
    first, second, third = (json.loads(one.body)["text"] for one in receiver.at("/chat"))
    assert first == "sync.completed of elm-street"
    assert "177 removals" in second
    assert "`idexx-sync runs plan" in second
    assert third.startswith("✅ Over: cedar-creek")
