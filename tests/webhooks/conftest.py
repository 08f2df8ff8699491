"""Fixtures of the webhook tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.store.conftest import clinic, database  # noqa: F401
from tests.system.conftest import asker, clinics, key_ring, sandbox, system  # noqa: F401
from tests.webhooks.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver
