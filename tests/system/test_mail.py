"""What the actors send each other, on a real broker."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from dramatiq import Message

from actors.dispatcher import Dispatcher, Overloaded
from actors.queues import COORDINATOR, DATE_SCRAPER, RECONCILER
from actors.runtime.broker import MAILBOX_WAIT
from broker import NatsBroker
from engine.dispatch import Span
from engine.steps.coordinate import Step
from engine.sync import Limits

DAY, NEXT_DAY = date(2026, 3, 2), date(2026, 3, 3)


def test_a_span_sent_twice_is_one_message_and_its_next_try_another(nats_url: str, namespace: str) -> None:
    broker, sync_id = NatsBroker(nats_url, namespace=namespace), uuid4()
    mail = Dispatcher(broker, lambda _: None)
    for number, messages in ((1, 1), (1, 1), (2, 2)):
        broker.run(mail.scrape_dates(sync_id, Span(DAY, 1, number)))
        assert broker.mailbox(DATE_SCRAPER).messages == messages
    broker.close()


def test_what_a_full_mailbox_refuses_is_looked_at_again(nats_url: str, namespace: str) -> None:
    refused: list[str] = []
    broker = NatsBroker(nats_url, namespace=namespace, mailbox_size=1)
    step = Step(uuid4(), dispatch=[Span(DAY, 1, 1), Span(NEXT_DAY, 1, 1)])
    broker.run(Dispatcher(broker, refused.append).follow(uuid4(), step))
    assert (broker.mailbox(DATE_SCRAPER).messages, broker.mailbox(COORDINATOR).delayed) == (1, 1)
    assert refused == [DATE_SCRAPER]
    broker.close()


def fill(broker: NatsBroker, queue: str) -> Message[Any]:
    """Of a mailbox that holds one message; the message is not for any actor."""
    return broker.enqueue(Message(queue_name=queue, actor_name="unknown_actor", args=(), kwargs={}, options={}))


def test_a_seen_date_waits_for_room_at_the_reconciler(nats_url: str, namespace: str) -> None:
    """It once burnt the retries of its message, and then failed a date whose snapshot was stored."""
    broker = NatsBroker(nats_url, namespace=namespace, mailbox_size=1, mailbox_wait=60)
    fill(broker, RECONCILER)
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(broker.run, Dispatcher(broker, lambda _: None).reconcile_dates(uuid4(), [DAY]))
        consumer = broker.consume(RECONCILER, timeout=30_000)
        for actor in ("unknown_actor", "reconcile_date"):
            message = next(consumer)
            assert message is not None
            assert message.actor_name == actor
            consumer.ack(message)
        sending.result(timeout=60)
    consumer.close()
    broker.close()


def test_a_seen_date_that_finds_no_room_is_left_to_the_coordinator(nats_url: str, namespace: str) -> None:
    refused: list[str] = []
    broker = NatsBroker(nats_url, namespace=namespace, mailbox_size=1, mailbox_wait=0.2)
    mail, sync = Dispatcher(broker, refused.append), uuid4()
    fill(broker, RECONCILER)
    broker.run(mail.reconcile_dates(sync, [DAY, NEXT_DAY]))
    assert broker.mailbox(COORDINATOR).delayed == 1
    fill(broker, COORDINATOR)
    broker.run(mail.report(sync))
    assert broker.mailbox(COORDINATOR).delayed == 2
    assert refused == [RECONCILER, RECONCILER, COORDINATOR]
    broker.close()


def test_a_coordinator_never_waits_for_a_mailbox(nats_url: str, namespace: str) -> None:
    """Else mailboxes that are all full would wait for each other."""
    broker = NatsBroker(nats_url, namespace=namespace, mailbox_size=1, mailbox_wait=3600)
    for queue in (COORDINATOR, DATE_SCRAPER, RECONCILER):
        fill(broker, queue)
    step = Step(uuid4(), dispatch=[Span(DAY, 1, 1)], reconcile=[NEXT_DAY], started=[uuid4()])
    broker.run(Dispatcher(broker, lambda _: None).follow(uuid4(), step), timeout=60)
    assert broker.mailbox(COORDINATOR).delayed == 2
    broker.close()


def test_senders_wait_for_less_than_a_claim_lasts() -> None:
    assert 0 < MAILBOX_WAIT < Limits().date_silent_after


def test_no_sync_is_accepted_while_the_coordinators_mailbox_is_full(nats_url: str, namespace: str) -> None:
    broker = NatsBroker(nats_url, namespace=namespace, mailbox_size=1)
    mail = Dispatcher(broker, lambda _: None)
    broker.run(mail.check_room())
    broker.run(mail.coordinate(uuid4()))
    with pytest.raises(Overloaded, match="1 of 1"):
        broker.run(mail.check_room())
    broker.close()
