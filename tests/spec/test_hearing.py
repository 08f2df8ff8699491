"""The listener of the tests hears what is wrong: a field that no model has, a subject that no document names."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import nats
import pytest
from nats.aio.msg import Msg

from actors.messages import Subjects
from actors.spec.appointment_events import AppointmentChange
from actors.spec.events import Queued
from actors.spec.examples import examples_of
from actors.spec.replies import Refusal, SyncReply
from broker.transport.client import OrderedClient
from tests.spec.hearing import hearing

pytestmark = pytest.mark.anyio

HEADERS = {"Nats-Msg-Id": "1"}


@pytest.fixture
def heard() -> None:
    """Here the messages are wrong on purpose."""


async def said(url: str, namespace: str, subject: str, payload: Any, headers: dict[str, str] | None) -> list[str]:
    """What is found to be wrong with one event."""
    client = OrderedClient()  # the flush of nats-py's own may overtake what was published
    await client.connect(url)
    with hearing(url, namespace) as heard:
        await client.publish(subject, json.dumps(payload).encode(), headers=headers)
        await client.flush()
    await client.close()
    return heard.violations()


async def test_a_field_that_no_model_has_is_heard(nats_url: str, namespace: str) -> None:
    [event] = examples_of(Queued)
    subject = Subjects(namespace).sync_event(event["clinic"], event["sync_id"], "queued")
    assert await said(nats_url, namespace, subject, event, HEADERS) == []
    [fault] = await said(nats_url, namespace, subject, {**event, "patient": "Rex"}, HEADERS)
    assert "'patient' was unexpected" in fault
    [fault] = await said(nats_url, namespace, subject, {**event, "at": "yesterday"}, HEADERS)
    assert "date-time" in fault


async def test_an_event_under_the_wrong_subject_is_heard(nats_url: str, namespace: str) -> None:
    [event] = examples_of(Queued)
    subjects = Subjects(namespace)
    wrong = subjects.sync_event("another-clinic", event["sync_id"], "queued")
    [fault] = await said(nats_url, namespace, wrong, event, HEADERS)
    assert "clinic is 'cedar-creek', not 'another-clinic'" in fault
    [fault] = await said(nats_url, namespace, f"{namespace}.evt.weather.sunny", {}, HEADERS)
    assert "no document names this subject" in fault
    change = examples_of(AppointmentChange)[0]
    [fault] = await said(nats_url, namespace, subjects.appointment(change["clinic"], change["kind"]), change, None)
    assert "Nats-Msg-Id is missing" in fault


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda reply: reply, None),
        (lambda reply: {**reply, "position": "first"}, "is not of type"),
        (lambda _: examples_of(Refusal)[0], "Nats-Service-Error-Code is None"),
    ],
)
async def test_a_reply_is_held_against_the_model_of_its_command(
    nats_url: str, namespace: str, spoil: Callable[[Any], Any], fault: str | None
) -> None:
    reply = json.dumps(spoil(examples_of(SyncReply)[0])).encode()
    client = await nats.connect(nats_url)

    async def answer(request: Msg) -> None:
        await request.respond(reply)

    await client.subscribe(f"{namespace}.cmd.sync.*", cb=answer)
    with hearing(nats_url, namespace) as heard:
        await client.request(f"{namespace}.cmd.sync.elm-street", b'{"days_ahead": 14}', timeout=5)
    await client.close()
    found = heard.violations()
    assert (found == []) if fault is None else (fault in found[0])
