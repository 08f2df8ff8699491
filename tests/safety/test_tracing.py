"""One trace from a request to the row, through all the actors; and nothing at all without an endpoint."""

from __future__ import annotations

import ast
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
from opentelemetry import semconv
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from ops.sandbox.client import SandboxClinic
from tests.safety.collector import Collector, collecting
from tests.system.conftest import Asker, System

pytestmark = pytest.mark.anyio
TRACE = "0af7651916cd43dd8448eb211c80319c"
PATH = "/api/idexx/schedule-sync"

#: Attributes of our own, as in logs and error reports.
OURS = {"sync_id", "clinic", "date", "actor", "interface"}


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    with collecting(tmp_path) as collector:
        yield collector


@pytest.fixture
def settings(collector: Collector) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}


def spans(collector: Collector) -> list[Span]:
    """All that the collector exports: it ends."""
    collector.stop()
    exports = [ExportTraceServiceRequest.FromString(body) for body in collector.exported.bodies]
    return [
        span
        for export in exports
        for part in export.resource_spans
        for scope in part.scope_spans
        for span in scope.spans
    ]


def attributes(span: Span) -> dict[str, str | int]:
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


def ancestors(span: Span, found: list[Span]) -> list[str]:
    """The names from a span up to its trace's first one of ours."""
    by_id = {each.span_id: each for each in found}
    names = [span.name]
    while span := by_id.get(span.parent_span_id):  # type: ignore[assignment]
        names.append(span.name)
    return names


async def request_over_http(system: System, slug: str) -> str:
    (url,) = re.findall(r"http_ready\s.*url=(\S+)", system.log("gateway"))
    async with httpx.AsyncClient(base_url=url) as client:
        headers = {"Prefer": "respond-async", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
        answer = await client.post(PATH, json={"clinicId": slug, "daysAhead": 2}, headers=headers)
    assert answer.status_code == 202, system.log("gateway")
    return str(answer.json()["sync_id"])


async def test_one_trace_leads_from_the_http_request_to_the_row(
    system: System, collector: Collector, clinics: list[SandboxClinic], asker: Asker
) -> None:
    system.everything()
    slug = clinics[0].slug
    sync_id = await request_over_http(system, slug)
    assert (await asker.events(slug, sync_id))[-1]["event"] == "completed"
    for name in list(system.processes):
        assert system.stop(name) == 0
    found = [span for span in spans(collector) if span.trace_id.hex() == TRACE]
    names = [span.name for span in found]
    assert names.count("process date_scraper") == names.count("process reconciler") == 1, (
        "one message for the span"
    )
    known = {span.span_id for span in found} | {bytes.fromhex("b7ad6b7169203331")}
    assert all(span.parent_span_id in known for span in found), "no span is lost"
    request = f"{asker.prefix}.cmd.sync.{{clinic}}"
    ways = [ancestors(span, found)[1:] for span in found if "INSERT public.schedule_appointments" in span.name]
    assert ways == len(ways) * [
        [
            *("process reconciler", "send reconciler"),
            *("process date_scraper", "send date_scraper"),
            *("process coordinator", "send coordinator"),
            *(f"process {request}", f"send {request}", f"POST {PATH}"),
        ]
    ]
    assert ways, "rows were written"
    [reconciled] = [attributes(span) for span in found if span.name == "process reconciler"]
    assert (reconciled["sync_id"], reconciled["clinic"], reconciled["actor"]) == (sync_id, slug, "reconcile_date")
    assert "date" in reconciled
    check_conventions(found)


def check_conventions(found: list[Span]) -> None:
    """Names, kinds and attributes are those of the current semantic conventions."""
    kinds = {"send": Span.SPAN_KIND_PRODUCER, "process": Span.SPAN_KIND_CONSUMER, "POST": Span.SPAN_KIND_SERVER}
    assert {key for span in found for key in attributes(span)} - current_attributes() <= OURS
    sent = {attributes(span)["messaging.message.id"] for span in found if span.name == "send reconciler"}
    for span in found:
        about, (verb, _, rest) = attributes(span), span.name.partition(" ")
        assert span.kind == kinds.get(verb, Span.SPAN_KIND_CLIENT), span.name
        if verb in ("send", "process"):
            assert (about["messaging.system"], about["messaging.operation.type"]) == ("nats", verb)
            assert rest == about.get("messaging.destination.template", about["messaging.destination.name"])
        elif verb == "POST":
            assert (about["http.request.method"], about["http.route"]) == ("POST", PATH)
            assert about["http.response.status_code"] == 202
        else:
            assert (about["db.system.name"], about["db.query.summary"]) == ("postgresql", span.name)
        if span.name == "process reconciler":
            assert about["messaging.message.id"] in sent


def current_attributes() -> set[str]:
    """The attributes of the conventions that are not deprecated, from OpenTelemetry's own package."""
    found = set()
    for path in Path(semconv.__path__[0]).rglob("*_attributes.py"):
        body = ast.parse(path.read_text()).body
        for statement, following in zip(body, [*body[1:], None], strict=True):
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.value, ast.Constant):
                notes = following.value if isinstance(following, ast.Expr) else None
                if not (isinstance(notes, ast.Constant) and "Deprecated" in str(notes.value)):
                    found.add(str(statement.value.value))
    return found


async def test_a_trace_begins_with_the_request_over_nats_or_on_the_command_line(
    system: System, collector: Collector, clinics: list[SandboxClinic], asker: Asker
) -> None:
    system.gateway()
    slug = clinics[0].slug
    reply = await asker.client.request(
        f"{asker.prefix}.cmd.sync.{slug}",
        b'{"days_ahead": 1}',
        timeout=10,
        headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"},
    )
    assert json.loads(reply.data)["ok"]
    command = [str(Path(sys.executable).with_name("idexx-sync")), "sync", slug, "--no-wait"]
    typed = await asyncio.create_subprocess_exec(*command, env=system.environment)
    async with asyncio.timeout(60):
        assert await typed.wait() == 0
    assert system.stop("gateway") == 0
    request = f"{asker.prefix}.cmd.sync.{{clinic}}"
    found = spans(collector)
    [over_nats, of_command] = [span for span in found if span.name == f"process {request}"]
    [typed_in] = [span for span in found if span.name == f"send {request}"]
    assert (over_nats.trace_id.hex(), over_nats.parent_span_id.hex()) == (TRACE, "b7ad6b7169203331")
    assert (of_command.trace_id, of_command.parent_span_id) == (typed_in.trace_id, typed_in.span_id)


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
