"""The error reports that real processes send to a server with Sentry's interface."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from dramatiq import Message

from actors.observability import error_reports
from actors.settings import Settings, SettingsError
from broker import NatsBroker
from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.calendar_days import first_days
from tests.conftest import until
from tests.safety.kent_server import Kent, kent
from tests.system.conftest import Asker, System

pytestmark = pytest.mark.anyio

#: In every personal text of the portal.
MARK = "qzcanary"


@pytest.fixture
def sentry(tmp_path: Path) -> Iterator[Kent]:
    with kent(tmp_path / "kent.log") as server:
        yield server


@pytest.fixture
def settings(sentry: Kent) -> dict[str, str]:
    return {"SENTRY_DSN": sentry.dsn}


async def accepted(asker: Asker, clinic: SandboxClinic, days: int = 1) -> str:
    reply = await asker.ask("sync", clinic.slug, first_days(days))
    assert reply["ok"], reply
    return str(reply["sync_id"])


async def test_errors_and_deaths_name_the_sync_the_clinic_and_the_date_and_no_person(
    system: System,
    sentry: Kent,
    sandbox: SandboxProcess,
    clinics: list[SandboxClinic],
    asker: Asker,
    pool: asyncpg.Pool,
    nats_url: str,
    namespace: str,
) -> None:
    clinic = clinics[0]
    await sandbox.fault_settings(tag=MARK)
    await pool.execute("alter table schedule_appointments add constraint no_more check (notes is null)")
    system.everything()
    sync_id = await accepted(asker, clinic)

    async def reported() -> dict[str, Any] | None:
        return next(iter(await asyncio.to_thread(sentry.errors)), None)

    error = await until(reported)
    tags = {"sync_id": sync_id, "clinic": clinic.slug, "date": str(clinic.today), "actor": "reconcile_date"}
    assert error["tags"].items() >= tags.items()
    [*_, outermost] = error["exception"]["values"]
    assert outermost["type"] == "StatementRefused"
    assert "no_more" in outermost["value"]
    frames = [frame for value in error["exception"]["values"] for frame in value["stacktrace"]["frames"]]
    assert not any("vars" in frame for frame in frames)
    assert any(frame["function"] == "reconcile_date" for frame in frames)
    assert not {"breadcrumbs", "extra", "user", "request", "contexts", "modules"} & set(error)

    await asyncio.to_thread(send, nats_url, namespace, "reconciler", "reconcile_date", sync_id, str(clinic.today))

    async def death() -> dict[str, Any] | None:
        errors = await asyncio.to_thread(sentry.errors)
        return next((error for error in errors if "given_up" in error["tags"]), None)

    assert (await until(death))["tags"].items() >= tags.items()
    assert MARK not in json.dumps(sentry.errors())


def send(nats_url: str, namespace: str, queue: str, actor: str, *args: str) -> None:
    """A message that may fail once."""
    broker = NatsBroker(nats_url, namespace=namespace)
    message: Message[Any] = Message(queue, actor, args, {}, {"max_retries": 0})
    broker.enqueue(message)
    broker.close()


async def test_expected_errors_are_not_reported(
    system: System, sentry: Kent, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker
) -> None:
    """A date that fails by the table, a login that is rejected, a refusal, a cancel."""
    system.everything()
    await sandbox.fault_settings(drift=["renamed_fields"])
    assert (await asker.events(clinics[0].slug, await accepted(asker, clinics[0])))[-1]["event"] == "failed"
    await sandbox.fault_settings(drift=None, sign_in={"reject": True})
    assert (await asker.events(clinics[1].slug, await accepted(asker, clinics[1])))[-1]["event"] == "failed"
    await sandbox.fault_settings(sign_in=None, latency_ms=1500)
    sync_id = await accepted(asker, clinics[0])
    assert (await asker.ask("cancel", clinics[0].slug, {"sync_id": sync_id}))["ok"]
    assert (await asker.events(clinics[0].slug, sync_id))[-1]["event"] == "cancelled"
    assert (await asker.ask("status", "nowhere"))["error"]["code"] == 404
    for name in list(system.processes):
        assert system.stop(name) == 0  # Pending reports are sent at the end.
    assert sentry.errors() == []


def test_foreign_words_and_local_variables_are_left_out() -> None:
    event: Any = {
        "event_id": "1",
        "tags": {"clinic": "elm"},
        "user": {"ip_address": "192.0.2.1"},
        "breadcrumbs": {"values": [{"message": "Bella"}]},
        "exception": {
            "values": [
                {"type": "KeyError", "module": "builtins", "value": "'Bella'"},
                {
                    "type": "StatementRefused",
                    "module": "engine.store.database",
                    "value": "23505",
                    "stacktrace": {"frames": [{"function": "f", "vars": {"name": "'Bella'"}}]},
                },
            ]
        },
    }
    assert "Bella" not in str(error_reports.scrub(event, {}))
    assert "23505" in str(error_reports.scrub(event, {}))


def test_a_dsn_that_is_none_stops_the_start_without_being_shown() -> None:
    with pytest.raises(SettingsError, match="SENTRY_DSN") as caught:
        error_reports.configure(Settings(sentry_dsn="https://sentry.example/no-key"), "test")
    assert "no-key" not in str(caught.value)
