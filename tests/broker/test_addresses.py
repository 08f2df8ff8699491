"""Who a client is, by the address that it was given."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from dramatiq.errors import ConnectionFailed

from broker import NatsBroker
from tests.broker.servers import Server

ODD = "p@ss:w/rd#1 50%25"


def look(address: str) -> None:
    broker = NatsBroker(address, namespace="t")
    try:
        broker.mailbox("default")
    finally:
        broker.close()


@pytest.mark.parametrize(
    ("authorization", "credentials"),
    [
        (f'user: "a:pp", password: "{ODD}"', f"{quote('a:pp', safe='')}:{quote(ODD, safe='')}"),
        ('user: "app", password: "plain"', "app:plain"),
        (f'token: "{ODD}"', quote(ODD, safe="")),
    ],
    ids=["user and password", "nothing to decode", "token"],
)
def test_what_is_percent_encoded_in_an_address_is_decoded(
    tmp_path: Path, authorization: str, credentials: str
) -> None:
    server = Server(tmp_path / "nats", f"authorization {{ {authorization} }}")
    server.start()
    place = server.url.removeprefix("nats://")
    try:
        look(f"nats://{credentials}@{place}")
        with pytest.raises(ConnectionFailed, match="Authorization Violation"):
            look(f"nats://app:wrong@{place}")
    finally:
        server.close()
