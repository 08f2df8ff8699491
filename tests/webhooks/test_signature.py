"""A receiver needs no code of ours: the signature is that of Standard Webhooks, as its own library checks it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from engine.webhook import ROTATION, Delivery, Secrets, sign

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def delivery(body: str = '{"type":"sync.completed"}') -> Delivery:
    return Delivery(uuid4(), uuid4(), "elm", uuid4(), "sync.completed", "https://example.com", body, 1, NOW, NOW)


def verify(secret: str, signed: Delivery, headers: dict[str, str]) -> None:
    Webhook(secret).verify(signed.body, headers, json_parse=False)


@given(st.text())
def test_whatever_the_body_its_signature_is_accepted(body: str) -> None:
    secrets, signed = Secrets.fresh(), delivery(body.encode(errors="replace").decode())
    verify(secrets.current, signed, dict(sign(signed, secrets, datetime.now(UTC))))


@pytest.mark.parametrize("change", ["body", "id", "timestamp", "secret"])
def test_nothing_of_it_can_be_changed(change: str) -> None:
    secrets, signed, now = Secrets.fresh(), delivery(), datetime.now(UTC)
    headers = dict(sign(signed, secrets, now))
    verify(secrets.current, signed, headers)
    if change == "id":
        headers["webhook-id"] = str(uuid4())
    if change == "timestamp":
        headers["webhook-timestamp"] = str(int(now.timestamp()) + 1)
    sent = delivery(signed.body + " ") if change == "body" else signed
    with pytest.raises(WebhookVerificationError):
        verify(Secrets.fresh().current if change == "secret" else secrets.current, sent, headers)


def test_an_old_one_cannot_be_sent_again() -> None:
    secrets, signed = Secrets.fresh(), delivery()
    with pytest.raises(WebhookVerificationError, match="too old"):
        verify(secrets.current, signed, dict(sign(signed, secrets, datetime.now(UTC) - timedelta(minutes=6))))


def test_for_a_day_after_a_rotation_both_secrets_sign() -> None:
    now = datetime.now(UTC)  # the library compares it with its own clock
    before, signed = Secrets.fresh(), delivery()
    began = now - ROTATION + timedelta(minutes=1)
    after = before.rotated(began)
    for secret in (before.current, after.current):
        verify(secret, signed, dict(sign(signed, after, now)))
    late = now + timedelta(minutes=2)
    verify(after.current, signed, dict(sign(signed, after, late)))
    with pytest.raises(WebhookVerificationError):
        verify(before.current, signed, dict(sign(signed, after, late)))


def test_no_secret_is_shown() -> None:
    secrets = Secrets.fresh().rotated(NOW)
    assert "whsec_" not in repr(secrets)
