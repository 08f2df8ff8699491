"""The reference consumer in TypeScript, compiled and run: killed, and with events that never come, or come twice."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ops.dev.npm import NODE_MODULES
from tests.conftest import until
from tests.feed.conftest import Served

ROOT = Path(__file__).parent.parent.parent

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        shutil.which("node") is None or not (NODE_MODULES / "pg").is_dir(),
        reason="node or npm is not installed, so ./ops/setup could not install the packages of ops/dev/npm",
    ),
]

SOURCE = ROOT / "ops/feed/typescript/consumer.ts"

TABLES = (
    "create table calendar (id uuid primary key, date date, start_time time, room_id text, status text)",
    "create table feed_cursors (name text primary key, feed_id uuid not null, position bigint not null)",
)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled consumer, beside a link to the packages; the compiler must accept it as strict."""
    folder = tmp_path_factory.mktemp("typescript")
    (folder / "node_modules").symlink_to(NODE_MODULES)
    shutil.copyfile(SOURCE, folder / SOURCE.name)
    options = ("--strict", "--target", "es2022", "--module", "node16", "--skipLibCheck")
    done = subprocess.run(
        [NODE_MODULES / ".bin/tsc", *options, SOURCE.name], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout
    return folder / "consumer.js"


@contextmanager
def running(program: Path, served: Served, database_url: str) -> Iterator[None]:
    """Runs it until SIGKILL."""
    environment = {**os.environ, "NATS_URL": served.url, "DATABASE_URL": database_url}
    process = subprocess.Popen(
        ["node", program, served.clinic.slug, served.prefix], env=environment, stderr=subprocess.PIPE
    )
    try:
        yield
        assert process.poll() is None, "it has ended by itself"
    finally:
        process.kill()
        _, errors = process.communicate(timeout=30)
    assert not errors, errors.decode()


async def test_it_holds_the_clinics_appointments_through_kills_gaps_and_repetitions(
    program: Path, served: Served, database_url: str
) -> None:
    pool, sync_id = served.clinic.pool, uuid.uuid4()
    for table in TABLES:
        await pool.execute(table)

    async def holds_the_clinics(position: int) -> None:
        async def equal() -> bool:
            held: Any = await pool.fetch("select id, start_time from calendar order by id")
            true: Any = await pool.fetch(
                "select id, start_time from public.schedule_appointments where deleted_at is null order by id"
            )
            return held == true and position == await pool.fetchval("select position from feed_cursors")

        await until(equal)

    first = await served.appointment("09:00", sync_id)
    with running(program, served, database_url):
        await holds_the_clinics(1)
        await served.appointment("09:30", sync_id)
        await holds_the_clinics(2)
        # One is never published, and the next one shows that.
        await served.clinic.appear(sync_id, "10:00", "10:30")
        await pool.execute("select idexx_sync.number_changes($1)", served.clinic.clinic_id)
        await pool.execute("update idexx_sync.schedule_appointment_changes set published_at = now()")
        await served.appointment("10:30", sync_id)
        await holds_the_clinics(4)
    await served.clinic.disappear(sync_id, uuid.UUID(first))
    await served.publish()
    with running(program, served, database_url):
        await holds_the_clinics(5)
        await pool.execute("update idexx_sync.schedule_appointment_changes set published_at = null")
        await served.publish()
        await served.appointment("08:30", sync_id)
        await holds_the_clinics(6)
    await served.appointment("08:00", sync_id)
    await pool.execute("delete from idexx_sync.schedule_appointment_changes where position = 7")
    with running(program, served, database_url):
        await holds_the_clinics(7)
