"""A request to a durable can vanish: its leader changes, or a part of the cluster is cut off from the other."""

from __future__ import annotations

import dramatiq
import pytest

from broker import NatsBroker, pull_consumer
from broker.transport.connection import Connection
from tests.broker.local import declare, local_worker
from tests.conftest import eventually


def test_a_request_that_was_lost_is_made_again_although_others_are_answered(
    nats_url: str, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull_consumer, "HEARTBEAT", 0.3)
    monkeypatch.setattr(pull_consumer, "LASTING", {"expires": 30 * 10**9, "idle_heartbeat": 3 * 10**8})
    send, lost = Connection.send, list[str]()

    def lose_one(self: Connection, subject: str, payload: bytes = b"", reply: str = "") -> bool:
        if not lost and b"idle_heartbeat" in payload and subject.endswith("_box.new-0"):
            lost.append(subject)
            return True
        return send(self, subject, payload, reply)

    monkeypatch.setattr(Connection, "send", lose_one)
    broker = NatsBroker(nats_url, namespace=namespace)
    notes = declare(broker)
    with local_worker(broker):
        eventually(lambda: lost)
        broker.enqueue(dramatiq.Message("default", "note", ("heard",), {}, {}))
        eventually(lambda: notes == ["heard"], timeout=15)
    broker.close()
