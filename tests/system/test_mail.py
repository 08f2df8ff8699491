"""What the actors send each other, on a real broker."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from actors.mail import COORDINATOR, DATE_SCRAPER, Mail, Overloaded
from broker import NatsBroker
from engine.coordinate import Step
from engine.dispatch import Span

DAY, NEXT_DAY = date(2026, 3, 2), date(2026, 3, 3)


def test_a_span_sent_twice_is_one_message_and_its_next_try_another(nats_url: str, namespace: str) -> None:
    broker, sync_id = NatsBroker(nats_url, namespace=namespace), uuid4()
    mail = Mail(broker, lambda _: None)
    for number, messages in ((1, 1), (1, 1), (2, 2)):
        broker.run(mail.scrape_dates(sync_id, Span(DAY, 1, number)))
        assert broker.mailbox(DATE_SCRAPER).messages == messages
    broker.close()


def test_what_a_full_mailbox_refuses_is_looked_at_again(nats_url: str, namespace: str) -> None:
    refused: list[str] = []
    broker = NatsBroker(nats_url, namespace=namespace, mailbox_size=1)
    step = Step(uuid4(), dispatch=[Span(DAY, 1, 1), Span(NEXT_DAY, 1, 1)])
    broker.run(Mail(broker, refused.append).follow(uuid4(), step))
    assert (broker.mailbox(DATE_SCRAPER).messages, broker.mailbox(COORDINATOR).delayed) == (1, 1)
    assert refused == [DATE_SCRAPER]
    broker.close()


def test_no_sync_is_taken_of_which_no_coordinator_could_be_told(nats_url: str, namespace: str) -> None:
    broker = NatsBroker(nats_url, namespace=namespace, mailbox_size=1)
    mail = Mail(broker, lambda _: None)
    broker.run(mail.check_room())
    broker.run(mail.coordinate(uuid4()))
    with pytest.raises(Overloaded, match="1 of 1"):
        broker.run(mail.check_room())
    broker.close()
