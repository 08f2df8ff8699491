"""A sync by processes of two commits, as while an update restarts them one by one.

It proves that an update without a stop works between commits that share the database's schema: what one process
sends, claims and stores, one of the other commit continues. It does not prove an update from the last version that
was released: that one lies before migration 0017, which moves the tables, and 0021 drops a function that earlier
commits call. Such an update stops every process (CHANGELOG.md, *Upgrade*). What processes of that version exchange
over NATS is compared in `tests/rolling`.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import asyncpg
import pytest

from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.conftest import fresh_database
from tests.system.conftest import Asker, System
from tests.system.test_sync import agrees, run

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]

#: An early commit that works with this schema. Once a version is released with the schema, this is its tag.
BEFORE = "8a48fa2bbe70e3b05296a8dfb2499073fd86b4be"

DAYS = 7


@pytest.fixture
def heard() -> None:
    """Events of an earlier commit lack what was added since, so they are not compared with its schemas."""


@pytest.fixture
async def database_url(postgres_url: str) -> AsyncIterator[str]:
    async with fresh_database(postgres_url, checked=False) as url:
        yield url


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """The code of the earlier commit."""
    archive = tmp_path / "before.tar"
    made = subprocess.run(
        ["git", "archive", "--output", archive, BEFORE], cwd=ROOT, capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip(f"this clone does not have commit {BEFORE[:7]}")
    shutil.unpack_archive(archive, tmp_path / "before", filter="data")
    return tmp_path / "before"


async def test_processes_of_two_commits_complete_a_sync_together(
    system: System,
    before: Path,
    sandbox: SandboxProcess,
    clinics: list[SandboxClinic],
    asker: Asker,
    pool: asyncpg.Pool,
) -> None:
    """Each message between two actors goes from an old process to a new one, and in the second round back."""
    for number, old in enumerate((("coordinator", "reconciler"), ("gateway", "date_scraper"))):
        await start(system, number, dict.fromkeys(old, before))
        events = await run(asker, clinics[0], DAYS)
        assert events[-1]["event"] == "completed", events[-1]
        await agrees(pool, sandbox, clinics[0], DAYS)
        await sandbox.change(clinics[0].company_id, add=2, move=2, cancel=1, delete=1, seed=5)
        await asyncio.gather(*(asyncio.to_thread(system.stop, name) for name in list(system.processes)))


async def start(system: System, number: int, code: Mapping[str, Path]) -> None:
    """Starts a gateway and a worker of each kind, all at once; `code` has the folder of those of the earlier commit."""
    system.gateway(f"gateway-{number}", code.get("gateway"))
    kinds = ("coordinator", "date_scraper", "reconciler")
    workers = (asyncio.to_thread(system.worker, kind, f"{kind}-{number}", code=code.get(kind)) for kind in kinds)
    await asyncio.gather(*workers)
