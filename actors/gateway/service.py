"""The NATS micro-service: takes requests, replies to each, and refuses those that cannot be carried out.

nats-py calls an endpoint's handler for one request after the other, so each request gets its own task, at most
`MAX_AT_ONCE`; further requests are refused.
"""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Any

import nats.micro
import structlog
from nats.micro.request import Request
from nats.micro.service import EndpointConfig, Service

from actors.gateway.commands import Command, Commands
from actors.gateway.rejections import Rejections
from actors.messages import Busy, Internal, Subjects, encode, refusal
from actors.observability import error_reports, tracing
from actors.observability.span_names import processing
from actors.runtime.action_log import ActionLog, stated_user
from actors.runtime.periodic import report_failure
from broker import NatsBroker
from engine.action import Source, Verb
from engine.errors import EngineError, Unavailable

log = structlog.get_logger(__name__)

NAME = "idexx-sync"
MAX_AT_ONCE = 128
#: The commands that are recorded as actions, if what sent them has not recorded them.
RECORDED = frozenset({Verb.CANCEL, Verb.APPROVE, Verb.REJECT})


class CommandService:
    def __init__(
        self,
        broker: NatsBroker,
        subjects: Subjects,
        name: str,
        commands: Commands,
        rejections: Rejections,
        action_log: ActionLog,
    ) -> None:
        """`name` is the process's, as a ping shows it."""
        self._broker = broker
        self._subjects = subjects
        self._name = name
        self._commands = commands
        self._rejections = rejections
        self._action_log = action_log
        self._service: Service | None = None
        self._requests: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def start(self) -> None:
        """Starts to take requests, in a queue group with every other gateway."""
        client = await self._broker.client()
        self._service = await nats.micro.add_service(
            client,
            name=NAME,
            version=version("idexx-sync"),
            description="Syncs of veterinary clinics' calendars",
            metadata={"prefix": self._subjects.prefix, "worker": self._name},
        )
        for verb, command in self._commands.by_verb().items():
            subject = self._subjects.command(verb)
            await self._service.add_endpoint(
                EndpointConfig(name=verb, subject=subject, handler=self._handler(verb, command))
            )
        await client.flush()

    async def stop(self) -> None:
        """Refuses new requests, leaves the service, and finishes the requests that have begun."""
        self._stopping = True
        if self._service is not None:
            await self._service.stop()
        if self._requests:
            await asyncio.wait(self._requests, timeout=5)

    def _handler(self, verb: str, command: Command) -> Any:
        async def handle(request: Request) -> None:
            if len(self._requests) >= MAX_AT_ONCE:
                await self._refuse(request, Busy("too many requests at once; try again", retry_after_ms=500))
                return
            task = asyncio.create_task(self._answer(verb, command, request), name=f"{verb} request")
            self._requests.add(task)
            task.add_done_callback(self._requests.discard)
            task.add_done_callback(report_failure)

        return handle

    async def _answer(self, verb: str, command: Command, request: Request) -> None:
        try:
            if self._stopping:
                raise Unavailable("this gateway is shutting down; try again", retry_after_ms=1000)
            traceparent = (request.headers or {}).get(tracing.TRACEPARENT)
            template = self._subjects.command_template(verb)
            about = {"clinic": _clinic(request)}
            with processing(request.subject, traceparent, about, template=template):
                reply = await self._carry_out(verb, command, request)
        except EngineError as error:
            await self._refuse(request, error)
        except Exception as error:
            log.exception("request_failed", verb=verb, clinic=_clinic(request))
            error_reports.report(error, request=verb, clinic=_clinic(request))
            await self._refuse(
                request, Internal("the request failed with an unexpected error, which is in the gateway's log")
            )
        else:
            if self._is_awaited(request):
                await request.respond(encode(reply))

    async def _carry_out(self, verb: str, command: Command, request: Request) -> dict[str, Any]:
        clinic, headers = _clinic(request), request.headers or {}
        if verb not in RECORDED or await self._action_log.is_recorded(headers, Verb(verb)):
            return await command(clinic, request.data)
        who = stated_user(headers)
        async with self._action_log.recorded(Source.NATS, who, clinic, Verb(verb)) as recorded:
            reply = await command(clinic, request.data)
            recorded.replied(reply)
        return reply

    async def _refuse(self, request: Request, error: EngineError) -> None:
        """Sends the refusal as the reply; without a reply subject, publishes it as an event."""
        body = refusal(error)
        if self._is_awaited(request):
            await request.respond_error(str(error.code), _header(error.message), encode(body))
            return
        await self._rejections.publish(_clinic(request), error)

    def _is_awaited(self, request: Request) -> bool:
        """Whether the reply goes to the client that sent the request.

        The server does not check a request's reply subject: one inside our own subjects, or JetStream's, would
        make the gateway write there in its own name.
        """
        reply = request._msg.reply
        return bool(reply) and not reply.startswith((f"{self._subjects.prefix}.", "$"))


def _clinic(request: Request) -> str:
    return request.subject.rpartition(".")[2]


def _header(text: str) -> str:
    """The text as a NATS header value: one line of ASCII."""
    return " ".join(text.encode("ascii", "replace").decode().split())
