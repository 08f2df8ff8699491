"""`up` refuses what would end its processes: in one line, before it starts anything."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from actors.settings import Settings
from engine.errors import ExpectedError
from engine.store.vault import new_ring
from ops.local.preflight import check_before_start

pytestmark = pytest.mark.anyio


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "encryption.key"
    path.write_text(new_ring())
    return path


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"chromium_path": "/nowhere"}, "CHROMIUM_PATH=/nowhere is not an executable program"),
        ({"chromium_path": "/bin/false"}, "/bin/false does not start"),
        ({"encryption_key": "k1:short"}, "key 'k1' is not base64; make one with `idexx-sync key new`"),
        ({"database_url": "postgresql://db.example/clinic"}, "ENCRYPTION_KEY is empty"),
        ({"http_host": "192.0.2.1"}, "HTTP_HOST='192.0.2.1' cannot be used"),
        ({"http_port": "TAKEN"}, "choose another HTTP_PORT, or 0 for any free one"),
    ],
)
async def test_what_cannot_run_is_refused_before_the_start(
    settings: dict[str, object], message: str, key_file: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        given = Settings.model_validate({name: port if it == "TAKEN" else it for name, it in settings.items()})
        with pytest.raises(ExpectedError) as refused:
            await check_before_start(given, key_file, has_http_port=given.http_port == port)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_a_key_file_that_was_damaged_is_named_and_no_other_key_is_made(key_file: Path) -> None:
    await check_before_start(Settings(), key_file, has_http_port=False)
    await asyncio.to_thread(key_file.write_text, "junk")
    with pytest.raises(ExpectedError, match="an entry is not id:base64") as refused:
        await check_before_start(Settings(), key_file, has_http_port=False)
    assert str(key_file) in str(refused.value)
    assert "key new" not in str(refused.value)
