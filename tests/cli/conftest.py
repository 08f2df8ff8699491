"""Fixtures: one `idexx-sync up --sandbox` for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.calendar_days import TODAY
from tests.conftest import eventually
from tests.ops.up_process import Up
from tests.spec.hearing import Hearing, hearing


@pytest.fixture(scope="package")
def machine() -> Iterator[Up]:
    # Low limits, so that a queue is soon full.
    one = Up(MAX_CONCURRENT_SYNCS="1", MAX_QUEUED_SYNCS="1")
    try:
        eventually(one.is_ready, timeout=60)
        one.draw_calendars(TODAY)
        yield one
    finally:
        one.clear()


@pytest.fixture(scope="package")
def said(machine: Up) -> Iterator[Hearing]:
    """Yields all messages of the machine."""
    with hearing(machine.nats_url(), "idexx") as said:
        yield said


@pytest.fixture
def up(machine: Up, said: Hearing) -> Iterator[Up]:
    """Yields the machine with a portal without faults. Its messages must match their schemas."""
    machine.fault_settings()
    yield machine
    said.check()
