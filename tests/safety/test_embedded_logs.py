"""The embedded PostgreSQL's log names what was broken, and quotes no row."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from ops.local.embedded import Home, embedded_servers

pytestmark = pytest.mark.anyio


@pytest.fixture
def home(scratch: str) -> Home:
    return Home(Path(scratch) / "home")


async def test_the_log_of_postgresql_quotes_no_row(home: Home) -> None:
    async with embedded_servers(home) as servers:
        connection = await asyncpg.connect(servers.database_url)
        await connection.execute("create table visits (name text, notes text not null)")
        with pytest.raises(asyncpg.NotNullViolationError, match="Harriet"):
            await connection.execute("insert into visits values ($1, $2)", "Harriet Whitfield", None)
        with pytest.raises(asyncpg.NotNullViolationError):
            await connection.copy_records_to_table("visits", records=[("Harriet Whitfield", None)])
        await connection.close()
    logs = "".join(path.read_text() for path in home.logs.iterdir())
    assert logs.count("violates not-null constraint") == 2
    assert "Harriet" not in logs
