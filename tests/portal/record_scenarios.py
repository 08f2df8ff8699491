"""Records scenarios of the sandbox in the form of a clinic's recording: `python -m tests.portal.record_scenarios`.

Each becomes a file of `tests/recordings/`: a regression test, and a portal for `idexx-sync sandbox --replay`. Names
as arguments record only these. The recorded times are those of this machine.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.portal import Portal, PortalSettings
from engine.portal.browser import Browser
from engine.portal.contact import first_contact
from engine.portal.recording import make_recording, write_file
from engine.portal.transcript import Transcript
from ops.sandbox.client import SandboxProcess
from tests.portal.doubles import CountingBudget, MemorySessions

FOLDER = Path(__file__).parent.parent / "recordings"

#: The fault settings of each scenario.
SCENARIOS: Mapping[str, Mapping[str, Any]] = {
    "old-spellings": {"field_variant": "b", "wrapper": "data", "config_calls": "old", "lookup_call": "absent"},
    "new-fields": {"drift": ["new_fields"]},
    "flagged-deleted": {"drift": ["flag_deleted"], "max_records_per_day": 24},
    "paged": {"drift": ["has_more"]},
    "unknown-hours": {"config_keys": "renamed", "config_missing": ["slotDuration"], "lookup_call": "other"},
}

#: As many records as a person can read, where the scenario needs no more.
FEW: Mapping[str, Any] = {"max_records_per_day": 8}

#: A Thursday, as in the tests.
NOON = datetime(2026, 1, 22, 19, tzinfo=UTC)


async def record(name: str) -> None:
    with SandboxProcess(seed=7, clinics=1, today=NOON.date(), **{**FEW, **SCENARIOS[name]}) as sandbox:
        [account] = await sandbox.clinics()
        clinic = Clinic(uuid4(), account.slug, account.name, account.timezone, account.country)
        credentials = Credentials(account.username, account.password, account.company_id, "v1")
        settings, transcript = PortalSettings(base_url=sandbox.url), Transcript()
        browser = Browser(settings)
        portal = Portal(settings, sessions=MemorySessions(), budget=CountingBudget(), browser=browser)
        try:
            steps = (portal, clinic, credentials, transcript, lambda _: None)
            await first_contact(*steps, days=1, longer=(), clock=lambda: NOON)
        finally:
            await portal.close()
    about = {"recorded_at": NOON.isoformat(), "portal": f"the sandbox, {name}"}
    write_file(make_recording(transcript, clinic, credentials, about, Random(5)), FOLDER / f"{name}.json")


def main(names: Sequence[str]) -> None:
    for name in names or SCENARIOS:
        asyncio.run(record(name))


if __name__ == "__main__":
    main(sys.argv[1:])
