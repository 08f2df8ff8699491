"""Fixtures: the whole system of tests/system, used over HTTP."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.http.described import as_described
from tests.system.conftest import System, asker, clinics, key_ring, sandbox, settings, system

__all__ = ["asker", "clinics", "gateway", "key_ring", "sandbox", "settings", "system"]

SYNC = "/api/idexx/schedule-sync"


def url_of(system: System, name: str = "gateway") -> str:
    """Returns the URL on which a process listens, from its log."""
    found = re.findall(r"http_ready\s.*url=(\S+)", system.log(name))
    assert found, system.log(name)
    return str(found[-1])


@pytest.fixture
async def gateway(system: System) -> AsyncIterator[httpx.AsyncClient]:
    """Yields a client of a gateway, whose responses must match the API's description."""
    system.gateway()
    hooks = {"response": [as_described]}
    async with httpx.AsyncClient(base_url=url_of(system), timeout=60, event_hooks=hooks) as client:
        yield client
