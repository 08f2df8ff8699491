"""Fixtures: one sandbox for all tests of this folder, reset before each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import date

import pytest

from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.sandbox.visitor import Visitor

TODAY = date(2026, 3, 4)


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SandboxProcess]:
    with SandboxProcess(seed=1, clinics=5, today=TODAY) as sandbox:
        yield sandbox


@pytest.fixture
async def sandbox(sandbox_process: SandboxProcess) -> SandboxProcess:
    await sandbox_process.reset()
    return sandbox_process


@pytest.fixture
async def clinics(sandbox: SandboxProcess) -> list[SandboxClinic]:
    return await sandbox.clinics()


@pytest.fixture
def clinic(clinics: list[SandboxClinic]) -> SandboxClinic:
    return clinics[0]


@pytest.fixture
async def visitor(sandbox: SandboxProcess) -> AsyncIterator[Visitor]:
    """Yields an HTTP client that acts like a browser and is not signed in."""
    async with Visitor(sandbox.url) as visitor:
        yield visitor
