"""Hears every message of a system under test, and holds each against its schema: of ours, no field may be unknown.

A client of its own in a thread of its own, so that it hears what comes while a test waits or works. It only notes what
it hears; what is wrong with it is found out at the end.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
from nats.aio.msg import Msg
from pydantic import BaseModel

from actors.messages import Subjects
from actors.spec.action_events import ActionTaken
from actors.spec.appointment_events import AppointmentChange
from actors.spec.commands import COMMANDS
from actors.spec.events import SYNC_EVENTS, Rejected
from actors.spec.offer_events import OfferChange
from actors.spec.replies import Refusal
from actors.spec.schemas import closed, definitions
from broker.transport.client import OrderedClient
from engine.events import Event


@dataclass(frozen=True, slots=True)
class Message:
    subject: str
    data: bytes
    reply: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def faults(value: object, model: type[BaseModel]) -> list[str]:
    """What is wrong with the JSON value as a message of this model."""
    return [
        f"{'/'.join(map(str, error.instance_path))}: {error.message}"
        for error in _validator(model).iter_errors(value)
    ]


@cache
def _validator(model: type[BaseModel]) -> Any:
    schemas = closed(definitions([model]))
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/$defs/{model.__name__}", "$defs": schemas}, validate_formats=True
    )


class Hearing:
    """What was said under one prefix."""

    def __init__(self, prefix: str) -> None:
        self._subjects = Subjects(prefix)
        self._commands = {command.verb: command for command in COMMANDS}
        self._asked: dict[str, Message] = {}
        self.messages: list[Message] = []

    def check(self) -> None:
        """Fails the test that has made the system say something else than what it is known to say."""
        if found := self.violations():
            pytest.fail(
                "\n".join(["not as actors/spec/ describes it (then: idexx-sync spec --write docs/spec):", *found])
            )

    def violations(self) -> list[str]:
        """What is wrong with the messages since the last look, each fault once, with a message that has it."""
        messages, self.messages = self.messages, []
        self._asked |= {message.reply: message for message in messages if message.reply}
        found: dict[str, Message] = {}
        for message in messages:
            for fault in self._faults(message):
                found.setdefault(fault, message)
        return [f"{message.subject}: {fault}\n    {message.data[:500]!r}" for fault, message in found.items()]

    def _faults(self, message: Message) -> list[str]:
        prefix = self._subjects.prefix
        if message.subject.startswith(f"{prefix}.evt."):
            return self._of_event(message, message.subject.removeprefix(f"{prefix}.evt.").split("."))
        request = self._asked.get(message.subject)
        if request is not None and request.subject.startswith(f"{prefix}.cmd."):
            return self._of_reply(message, request)
        return []

    def _of_event(self, message: Message, words: list[str]) -> list[str]:
        event = json.loads(message.data)
        missing = [] if message.headers.get("Nats-Msg-Id") else ["the header Nats-Msg-Id is missing"]
        missing += _commands(str(event.get("message")))
        match words:
            case ["sync", clinic, sync_id, name] if name in SYNC_EVENTS:
                expected = {"clinic": clinic, "sync_id": sync_id, "event": name}
                return missing + _differences(event, expected) + faults(event, SYNC_EVENTS[Event(name)])
            case ["appointment", clinic, kind]:
                return (
                    missing
                    + _differences(event, {"clinic": clinic, "kind": kind})
                    + faults(event, AppointmentChange)
                )
            case ["offer", clinic, kind]:
                return missing + _differences(event, {"clinic": clinic, "kind": kind}) + faults(event, OfferChange)
            case ["action", clinic, verb]:
                return missing + _differences(event, {"clinic": clinic, "verb": verb}) + faults(event, ActionTaken)
            case ["rejected", clinic]:
                return missing + _differences(event, {"clinic": clinic}) + faults(event, Rejected)
        return ["no document names this subject"]

    def _of_reply(self, message: Message, request: Message) -> list[str]:
        if message.headers.get("Status") == "503":  # the server's own: no responders
            return []
        command = self._commands.get(request.subject.split(".")[2])
        if command is None:
            return [f"no document names the command {request.subject}"]
        reply = json.loads(message.data)
        if not reply["ok"]:
            expected = {"Nats-Service-Error-Code": str(reply["error"]["code"])}
            differences = _differences(message.headers, expected) + _commands(reply["error"]["message"])
            return differences + faults(reply, Refusal)
        sent = json.loads(request.data.strip() or b"{}")
        return faults(reply, command.reply) + [f"the request: {fault}" for fault in faults(sent, command.request)]


def _commands(text: str) -> list[str]:
    """A client has no command line of ours."""
    return [f"names a command of the server's machine: {text}"] if "`idexx-sync" in text else []


def _differences(message: Mapping[str, Any], expected: Mapping[str, str]) -> list[str]:
    return [
        f"{key} is {message.get(key)!r}, not {said!r}"
        for key, said in expected.items()
        if message.get(key) != said
    ]


@contextmanager
def hearing(url: str, prefix: str) -> Iterator[Hearing]:
    """Hears until the block ends."""
    heard, ready, done = Hearing(prefix), threading.Event(), threading.Event()
    failed: list[Exception] = []

    def run() -> None:
        try:
            asyncio.run(_hear(url, prefix, heard, ready, done))
        except Exception as error:
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="hearing")
    thread.start()
    ready.wait()
    try:
        yield heard
    finally:
        done.set()
        thread.join()
    assert not failed, failed


async def _hear(url: str, prefix: str, heard: Hearing, ready: threading.Event, done: threading.Event) -> None:
    wanted = (f"{prefix}.cmd.", f"{prefix}.evt.", "_INBOX.")

    async def note(message: Msg) -> None:
        if message.subject.startswith(wanted):  # what a consumer delivers keeps its subject, and is heard already
            heard.messages.append(Message(message.subject, message.data, message.reply, message.headers or {}))

    async def ignore(_error: Exception) -> None:
        """The server may be stopped before us: then there is nothing more to hear."""

    client = OrderedClient()  # with nats-py's own, a flush does not say that what was subscribed is known
    await client.connect(url, error_cb=ignore)
    for subject in (f"{prefix}.cmd.>", f"{prefix}.evt.>", "_INBOX.>"):
        await client.subscribe(subject, cb=note)
    await client.flush()
    ready.set()
    await asyncio.to_thread(done.wait)
    if client.is_connected:
        await client.drain()  # what has come is noted before the end
    else:
        await client.close()
