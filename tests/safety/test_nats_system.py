"""The real system on a server with roles: a clinic's client requests a sync, and no role lacks a permission."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator

import asyncpg
import pytest

from actors.messages import Subjects
from broker.primitives.event_log import EventLog
from engine.store.clinics import find_clinic
from engine.store.vault import Vault
from engine.store.webhooks import set_webhook
from engine.webhook import Secrets
from ops.client.exit_status import Exit
from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.conftest import eventually
from tests.safety.secured import Secured, visiting
from tests.safety.secured_system import heard, nats_url, server
from tests.system.conftest import Asker, System
from tests.webhooks.receiver import Receiver, receiving

__all__ = ["heard", "nats_url", "server"]

pytestmark = pytest.mark.anyio


@pytest.fixture
def hooks() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def settings() -> dict[str, str]:
    return {"WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8", "WEBHOOK_RETRY_SECONDS": "0.1"}


async def test_a_client_has_its_clinic_synced_by_workers_with_the_worker_role(
    system: System,
    server: Secured,
    sandbox: SandboxProcess,
    clinics: list[SandboxClinic],
    asker: Asker,
    hooks: Receiver,
    pool: asyncpg.Pool,
    key_ring: str,
) -> None:
    # Retries need the delayed messages.
    await sandbox.fault_settings(fail=[{"mode": "status", "status": 429, "count": 1}])
    hooks.statuses["/"].appendleft(503)
    clinic, other = clinics
    async with pool.acquire() as connection:
        stored = await find_clinic(connection, clinic.slug)
        await set_webhook(connection, Vault.from_ring(key_ring), stored, hooks.url(), Secrets.fresh())
    system.everything()
    system.worker("notifier")
    async with visiting(server.url(f"clinic-{clinic.slug}")) as client:
        partner = Asker(client.client, server.subjects.prefix)
        live = await client.client.subscribe(server.subjects.sync_event(clinic.slug, "*"))
        accepted = await partner.ask("sync", clinic.slug, {"days_ahead": 3})
        assert accepted["ok"], accepted
        names = []
        while not names or names[-1] not in ("completed", "failed", "timed_out"):
            names.append(json.loads((await live.next_msg(timeout=60)).data)["event"])
        past = await partner.ask("events", clinic.slug, {"sync_id": accepted["sync_id"]})
        assert [event["event"] for event in past["events"]] == names
        assert names[-1] == "completed"
        assert "date_retrying" in names
        assert not await client.may_publish(f"{server.subjects.prefix}.cmd.sync.{other.slug}")
    done = command_line(
        system, "sync", clinic.slug, "--days", "1", "--json", NATS_URL=server.url(f"clinic-{clinic.slug}")
    )
    assert done.returncode == 0, done
    own = {"NATS_URL": server.url(f"clinic-{clinic.slug}")}
    for command in (["status", other.slug], ["watch"], ["sync", other.slug], ["cancel", other.slug]):
        done = command_line(system, *command, **own)
        assert done.returncode == Exit.NO_PERMISSION, done
        assert f"the NATS user clinic-{clinic.slug} has no permission" in done.stderr.decode(), done
    # Operators read the stream, and manage dead letters.
    assert (await asker.events(clinic.slug, accepted["sync_id"]))[-1]["event"] == "completed"
    for command in (["dlq", "list"], ["watch", accepted["sync_id"], "--json"], ["doctor", "--json"]):
        done = command_line(system, *command)
        assert b"ermission" not in done.stdout + done.stderr, done
    await asyncio.to_thread(eventually, lambda: len(hooks.posted) >= 2)
    others = [line for line in server.refusals() if f"clinic-{clinic.slug}" not in line]
    assert not others, others


def command_line(system: System, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    argv = [sys.executable, "-c", "import sys; from ops.cli import main; sys.exit(main())", *arguments]
    return subprocess.run(argv, capture_output=True, env={**system.environment, **environment}, timeout=60)


async def test_a_gateway_with_the_wrong_role_says_what_it_is_refused(
    system: System, server: Secured, clinics: list[SandboxClinic]
) -> None:
    system.environment = {**system.environment, "NATS_URL": server.url(f"clinic-{clinics[0].slug}")}
    system._start("gateway", "-m", "actors.gateway")
    eventually(lambda: "NATS denied this process a permission" in system.log("gateway"))
    assert system.stop("gateway") == 128 + signal.SIGTERM, "it still starts, and has nothing to end in order"


async def test_an_answer_that_would_lead_into_our_subjects_is_not_sent(
    system: System, clinics: list[SandboxClinic], asker: Asker, namespace: str
) -> None:
    """Where all share one account, permissions do not stop this; the gateway does."""
    system.gateway()
    subjects = Subjects(namespace)
    forged = subjects.sync_event(clinics[1].slug, "a-sync", "completed")
    heard = await asker.client.subscribe(subjects.events)
    await asker.client.publish(subjects.command("status", clinics[0].slug), b"{}", forged)
    await asker.client.publish(subjects.command("status", "nowhere"), b"{}", forged)
    refused = await heard.next_msg(timeout=10)
    assert refused.subject == subjects.rejected("nowhere")
    assert heard.pending_msgs == 0


async def test_events_are_declared_by_the_worker_role_alone(server: Secured) -> None:
    async with visiting(server.url("worker")) as worker:

        async def client() -> object:
            return worker.client

        await EventLog(client, server.subjects.event_stream, [server.subjects.events]).declare()  # type: ignore[arg-type]
    assert not server.refusals()
