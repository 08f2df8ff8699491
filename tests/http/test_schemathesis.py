"""The API's description, tried by schemathesis: what it allows works, what it forbids is refused as it says."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from ops.sandbox.client import SandboxClinic

pytestmark = pytest.mark.anyio


async def test_schemathesis_finds_nothing(
    gateway: httpx.AsyncClient, clinics: list[SandboxClinic], tmp_path: Path
):
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        *("run", f"{gateway.base_url}/openapi.json"),
        *("--phases", "coverage,fuzzing", "--max-examples", "10", "--seed", "7", "--generation-database", "none"),
        # That one date comes before another, and by at most 60 days, is more than a schema can say.
        *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
        *("--exclude-path", "/api/idexx/live", "--no-color"),
    ]
    run = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=tmp_path
    )
    try:
        async with asyncio.timeout(240):
            said, _ = await run.communicate()
    except TimeoutError:
        run.kill()
        raise
    assert run.returncode == 0, said.decode()
