"""One trace from a request on NATS to the last statement, through all the actors; and nothing at all without it."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from ops.sandbox.client import SandboxClinic
from tests.safety.receivers import Receiver, receiving
from tests.system.conftest import Asker, System

pytestmark = pytest.mark.anyio
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def collector() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def settings(collector: Receiver) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{collector.address}"}


def spans(collector: Receiver) -> list[Span]:
    exports = [ExportTraceServiceRequest.FromString(body) for body in collector.bodies]
    return [
        span
        for export in exports
        for part in export.resource_spans
        for scope in part.scope_spans
        for span in scope.spans
    ]


async def test_a_request_can_be_followed_to_its_last_statement(
    system: System, collector: Receiver, clinics: list[SandboxClinic], asker: Asker
) -> None:
    system.everything()
    slug = clinics[0].slug
    reply = await asker.client.request(
        f"{asker.prefix}.cmd.sync.{slug}",
        b'{"days_ahead": 2}',
        timeout=10,
        headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"},
    )
    sync_id = json.loads(reply.data)["sync_id"]
    assert (await asker.events(slug, sync_id))[-1]["event"] == "completed"
    for name in list(system.processes):
        assert system.stop(name) == 0
    found = [span for span in spans(collector) if span.trace_id.hex() == TRACE]
    names = [span.name for span in found]
    assert {"sync request", "coordinate", "scrape_date", "reconcile_date", "postgresql"} <= set(names)
    assert names.count("scrape_date") == names.count("reconcile_date") == 1, "one message for the span"
    known = {span.span_id for span in found} | {bytes.fromhex("b7ad6b7169203331")}
    assert all(span.parent_span_id in known for span in found), "no span is lost"
    about = {
        attribute.key: attribute.value.string_value
        for span in found
        if span.name == "reconcile_date"
        for attribute in span.attributes
    }
    assert (about["sync_id"], about["clinic"]) == (sync_id, slug)
    assert "date" in about


async def test_a_trace_begins_with_the_request_over_http_or_on_the_command_line(
    system: System, collector: Receiver, clinics: list[SandboxClinic]
) -> None:
    system.gateway()
    slug = clinics[0].slug
    (url,) = re.findall(r"http_ready\s.*url=(\S+)", system.log("gateway"))
    async with httpx.AsyncClient(base_url=url) as client:
        headers = {"Prefer": "respond-async", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
        answer = await client.post(
            "/api/idexx/schedule-sync", json={"clinicId": slug, "daysAhead": 1}, headers=headers
        )
        assert answer.status_code == 202, system.log("gateway")
    command = [str(Path(sys.executable).with_name("idexx-sync")), "sync", slug, "--no-wait"]
    typed = await asyncio.create_subprocess_exec(*command, env=system.environment)
    async with asyncio.timeout(60):
        assert await typed.wait() == 0
    assert system.stop("gateway") == 0
    found = {span.name: span for span in spans(collector) if span.name != "postgresql"}
    requests = [span for span in spans(collector) if span.name == "sync request"]
    over_http, typed_in = found["POST"], found["request sync"]
    assert over_http.trace_id.hex() == TRACE
    assert [span.parent_span_id for span in requests] == [over_http.span_id, typed_in.span_id]
    assert [span.trace_id for span in requests] == [over_http.trace_id, typed_in.trace_id]


def test_without_an_endpoint_nothing_is_imported() -> None:
    code = (
        "import sys, actors.app, actors.gateway; print([m for m in sys.modules if m.startswith('opentelemetry')])"
    )
    environment = {"NATS_URL": "nats://127.0.0.1:1", "DATABASE_URL": "postgresql://127.0.0.1:1/x", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=Path.cwd()
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_an_endpoint_without_the_extra_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from actors import settings\nfrom actors.observability import tracing\n"
        "try: tracing.configure(settings.load(), 'test')\n"
        "except settings.SettingsError as error: print(error)\n"
    )
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=Path.cwd()
    )
    assert "the wheel with its extra otel" in done.stdout, done.stderr


MANY_SPANS = """
from actors import settings
from actors.observability import tracing
tracing.configure(settings.load(), "test")
for _ in range(2_000):
    with tracing.span("x", None, {}): pass
tracing.close()
print("closed")
"""


def test_a_collector_that_never_answers_is_given_up_once_and_not_for_each_batch() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as collector:
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.getsockname()[1]}",
            "PATH": "",
            "PYTHONPATH": str(Path.cwd()),
        }
        done = subprocess.run(
            [sys.executable, "-c", MANY_SPANS], env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.stdout == "closed\n", done.stderr
        # Two thousand spans are four batches; the SDK would wait for each of them.
        assert 1 <= waiting(collector) <= 2


def waiting(server: socket.socket) -> int:
    """How many connections came."""
    server.setblocking(False)
    count = 0
    with suppress(BlockingIOError):
        while True:
            server.accept()[0].close()
            count += 1
    return count
