"""Fixtures that put the whole system under the roles of `nats-config`. For import by the tests that want that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ops.sandbox.client import SandboxProcess
from tests.safety.secured import Secured, secured

__all__ = ["heard", "nats_url", "server"]


@pytest.fixture
async def server(sandbox: SandboxProcess, namespace: str, tmp_path: Path) -> AsyncIterator[Secured]:
    folder = tmp_path / "nats"
    folder.mkdir()
    with secured(folder, namespace, [clinic.slug for clinic in await sandbox.clinics()]) as server:
        yield server


@pytest.fixture
def nats_url(server: Secured) -> str:
    return server.url("worker")


@pytest.fixture
def heard() -> None:
    """No role may subscribe to everything here."""
