"""The pages in Firefox: desk and phone, light and dark, both directions of writing, a keyboard alone."""

from __future__ import annotations

import json
import os
import shutil
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import asyncpg
import pytest

from ops.sandbox.client import SandboxClinic
from tests.http.conftest import url_of
from tests.npm import needs_npm, run_node
from tests.page.test_day import synced
from tests.page.test_problems import done, key_of
from tests.system.conftest import Asker, System

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
SCRIPT = Path(__file__).with_name("browse.mjs")
AXE = files("axe_playwright_python") / "axe.min.js"

pytestmark = [
    pytest.mark.anyio,
    needs_npm,
    pytest.mark.skipif(FIREFOX is None, reason="Firefox is not here: install firefox-esr, or run ./ops/setup"),
]


async def test_firefox_opens_each_page_without_a_fault_and_settles_a_booking(
    system: System,
    clinics: list[SandboxClinic],
    asker: Asker,
    branches: None,
    pool: asyncpg.Pool,
    tmp_path: Path,
) -> None:
    clinic = clinics[2]
    await synced(clinic, asker, pool)
    latest = (
        "select s.id, sync_start_date from schedule_syncs s join clinics c on c.id = s.clinic_id where slug = $1"
    )
    failed = await pool.fetchrow(latest, "branch-5")
    assert failed is not None
    sync, day = failed
    views = {
        "/": "#clinics tbody tr",
        "/clinic?clinic=branch-17": "#attention",
        f"/sync?clinic=branch-5&sync={sync}": "#board section",
        f"/date?clinic=branch-5&date={day + timedelta(days=2)}": "#board section",
        f"/day?clinic={clinic.slug}&date={clinic.today + timedelta(days=1)}": ".slot.free",
    }
    given = {
        "program": FIREFOX,
        "url": url_of(system),
        "axe": str(AXE),
        "views": [{"path": path, "shows": shows} for path, shows in views.items()],
        "booking": "/clinic?clinic=branch-12",
        "key": await key_of(pool, "act"),
        "pictures": os.environ.get("PICTURES"),
    }
    # A home of its own, because Firefox refuses one that belongs to another user.
    faults = json.loads(await run_node(SCRIPT, json.dumps(given), HOME=str(tmp_path)))
    assert not faults, "\n".join(faults)
    assert (await done(pool))[-1] == ("desk", "http", "settle", "branch-12", None, "done")
