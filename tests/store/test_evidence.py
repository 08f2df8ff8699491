"""What is kept of a failed date, whatever the portal sent, and without making the failure worse."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from actors.date_scraper.evidence import SyncEvidence
from engine.clinic import Clinic
from engine.evidence import Evidence
from engine.failure import Failure, Reason
from engine.portal.redaction import mask_body
from engine.store.database import Database
from engine.store.evidence import list_evidence
from tests.store.test_syncs import TODAY, ask

pytestmark = pytest.mark.anyio

FAILURE = Failure(Reason.BAD_ANSWER, "no JSON")


def evidence(body: bytes) -> Evidence:
    masked = mask_body(body, "application/json")
    return Evidence(datetime.now(UTC), FAILURE, "/calendar", "a\ud800", 200, {"x-cache": "\0"}, masked, None)


async def test_an_answer_of_bytes_that_are_no_text_is_kept_as_far_as_it_can_be(
    database: Database, clinic: Clinic
) -> None:
    sync_id = (await ask(database, clinic)).sync_id
    await SyncEvidence(database, sync_id).keep(TODAY, evidence(b"\x1f\x8b\0\0\xff 500"))
    async with database.connection() as connection:
        [kept] = await list_evidence(connection, sync_id, TODAY)
    assert kept["body"] == "\x1f\ufffd\ufffd\ufffd\ufffd 999"
    assert (kept["title"], kept["headers"]) == ("a\ufffd", {"x-cache": "\ufffd"})


async def test_what_cannot_be_kept_since_its_sync_is_gone_is_no_error(database: Database) -> None:
    await SyncEvidence(database, UUID(int=1)).keep(TODAY, evidence(b"{}"))
