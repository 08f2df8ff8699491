"""The consumers that docs/consuming.md and the README show, run as they stand there, killed, and started again."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import until
from tests.feed.conftest import Served

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parent.parent.parent


@contextmanager
def running(code: str, served: Served, folder: Path) -> Iterator[None]:
    """Runs the example until SIGKILL."""
    own = code.replace('"cedar-creek"', f'"{served.clinic.slug}", prefix="{served.prefix}"')
    own = own.replace('"nats://127.0.0.1:4222"', 'os.environ["NATS_URL"]').replace(
        "import asyncio", "import asyncio, os"
    )
    environment = {**os.environ, "NATS_URL": served.url, "PYTHONPATH": str(ROOT / "ops/feed")}
    process = subprocess.Popen([sys.executable, "-c", own], cwd=folder, env=environment, stderr=subprocess.PIPE)
    try:
        yield
        assert process.poll() is None, "it has ended by itself"
    finally:
        process.kill()
        _, errors = process.communicate(timeout=30)
    assert not errors, errors.decode()


@pytest.mark.parametrize("page", ["docs/consuming.md", "ops/feed/README.md"])
async def test_the_consumer_of_a_document_continues_after_a_kill(
    page: str, served: Served, tmp_path: Path
) -> None:
    [code, *_] = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    sync_id = uuid.uuid4()
    first = await served.appointment("09:00", sync_id)

    async def held() -> dict[str, str]:
        try:
            with sqlite3.connect(tmp_path / "calendar.db") as database:
                return dict(database.execute("select id, start from calendar").fetchall())
        except sqlite3.OperationalError:
            return {}

    async def holds(*starts: str) -> None:
        async def equal() -> bool:
            return sorted((await held()).values()) == [f"{start}:00" for start in starts]

        await until(equal)

    with running(code, served, tmp_path):
        await holds("09:00")
        await served.appointment("09:30", sync_id)
        await holds("09:00", "09:30")
    await served.clinic.disappear(sync_id, uuid.UUID(first))
    await served.publish()
    await served.appointment("10:00", sync_id)
    with running(code, served, tmp_path):
        await holds("09:30", "10:00")
