"""`doctor` where something is wrong with the machine or the servers, or while `up` is stopped."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from actors.runtime.portal_limits import PortalState
from actors.settings import Settings
from engine.clock_skew import skew
from engine.store.disk_room import is_disk_full
from engine.store.vault import new_ring
from ops.doctor import Finding, Grade, machine
from ops.doctor.database import database
from ops.doctor.home_key import KEY_FILE
from ops.doctor.keys import key_ring
from ops.doctor.limits import finding
from ops.doctor.portal_responses import PortalResponse, _clock

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def named(settings: Settings, name: str) -> Finding:
    return next(one for one in await database(settings) if one.name == name)


@pytest.mark.anyio
async def test_the_version_is_the_server_s_own(database_url: str, pool: asyncpg.Pool[Any]) -> None:
    version = (await pool.fetchval("show server_version")).split()[0]
    assert f"PostgreSQL {version} at" in (await named(Settings(database_url=database_url), "postgresql")).message


@pytest.fixture
async def tiny_disk(pool: asyncpg.Pool[Any], tmp_path: Path) -> AsyncIterator[None]:
    """The database writes its temporary files to a disk of 64 kB."""
    folder = Path(await pool.fetchval("show data_directory"))
    mount = folder.parent / f"tiny-{tmp_path.name}"
    mount.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", mount], capture_output=True, check=False
    )
    if done.returncode:
        mount.rmdir()
        pytest.skip("this test mounts a small disk, which this user may not")
    subprocess.run(["chown", f"--reference={folder}", mount], check=True)
    name = await pool.fetchval("select current_database()")
    try:
        await pool.execute(f"create tablespace tiny_{name} location '{mount}'")
        await pool.execute(f"alter database {name} set temp_tablespaces = tiny_{name}")
        yield
        await pool.execute(f"alter database {name} reset temp_tablespaces")
        await pool.execute(f"drop tablespace tiny_{name}")
    finally:
        subprocess.run(["umount", mount], check=True)
        mount.rmdir()


@pytest.mark.anyio
@pytest.mark.usefixtures("tiny_disk")
async def test_a_full_disk_of_postgresql_is_found(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    assert await is_disk_full(connection)
    assert await connection.fetchval("select 1") == 1, "nothing else is disturbed"
    await connection.close()
    found = await named(Settings(database_url=database_url), "postgresql disk")
    assert (found.grade, "full" in found.message) == (Grade.FAIL, True)


@pytest.mark.anyio
async def test_a_disk_with_room_is_not_full(pool: asyncpg.Pool[Any]) -> None:
    async with pool.acquire() as connection:
        assert not await is_disk_full(connection)
        assert await connection.fetchval("show work_mem") != "64kB"


def test_a_nearly_full_disk_is_a_warning_and_a_full_one_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(tmp_path).free
    assert machine.room_at("disk", tmp_path).grade is (Grade.PASS if free >= machine.LITTLE else Grade.WARN)
    monkeypatch.setattr(machine, "LITTLE", free * 2)
    assert machine.room_at("disk", tmp_path).grade is Grade.WARN
    monkeypatch.setattr(machine, "TOO_LITTLE", free * 2)
    full = machine.room_at("disk", tmp_path)
    assert (full.grade, full.remedy) == (Grade.FAIL, f"free space on this disk: df -h {tmp_path}")


def test_while_up_is_stopped_the_key_of_its_home_counts_and_no_new_one_is_advised(tmp_path: Path) -> None:
    settings = Settings(idexx_sync_home=tmp_path)
    assert key_ring(settings).grade is Grade.PASS, "the first start makes one"
    (tmp_path / KEY_FILE).write_text(new_ring())
    found = key_ring(settings)
    assert (found.grade, str(tmp_path) in found.message) == (Grade.PASS, True)
    (tmp_path / KEY_FILE).write_text("no key")
    broken = key_ring(settings)
    assert broken.grade is Grade.FAIL
    assert "key new" not in f"{broken.message} {broken.remedy}", "it could not decrypt what is stored"


def test_a_missing_key_is_that_of_the_other_processes_first() -> None:
    found = key_ring(Settings(database_url="postgresql://db/x"))
    assert (found.remedy or "").startswith("set ENCRYPTION_KEY to the key ring of the other processes")


@pytest.mark.parametrize(
    ("changes", "wait", "words"),
    [
        ({"breaker": "open"}, 0.0, "paused"),
        ({"rate": 3.0}, 0.0, "3.0 of 10"),
        ({"paused_for": 20.0}, 0.0, "429"),
        ({}, 60.0, "used up"),
    ],
)
def test_a_budget_that_is_used_up_or_lowered_is_a_warning(
    changes: dict[str, Any], wait: float, words: str
) -> None:
    usual: dict[str, Any] = {"rate": 10.0, "limit": 10.0, "burst": 10.0, "paused_for": 0.0, "breaker": "closed"}
    found = finding(PortalState("portal.example", **(usual | changes)), wait)
    assert (found.grade, words in found.message) == (Grade.WARN, True)
    assert finding(PortalState("portal.example", **usual), 0.0).grade is Grade.PASS


def test_a_clock_is_off_by_what_the_two_local_times_cannot_explain() -> None:
    second = timedelta(seconds=1)
    assert skew(NOW, NOW + second, NOW + 2 * second) == 0
    assert skew(NOW, NOW - 5 * second, NOW) == 5
    assert skew(NOW, NOW + 9 * second, NOW + second) == 8
    assert skew(NOW + second / 2, NOW, NOW + second, resolution=1) == 0, "the header has whole seconds"
    [off] = _clock(PortalResponse(200, 90.0))
    assert (off.grade, "90 s" in off.message) == (Grade.WARN, True)
    assert [one.grade for one in _clock(PortalResponse(200, 0.5))] == [Grade.PASS]
