"""A short run of `ops/faults/feed`; a long one: `python -m ops.faults.feed --seed 7 --minutes 60`."""

from __future__ import annotations

from tests.system.test_chaos import ended


def test_consumers_that_are_killed_hold_what_the_clinics_hold() -> None:
    """One round: both clinics change, and the consumers and nats-server are killed meanwhile."""
    output = ended("ops.faults.feed", "--seed", "3", "--minutes", "0")
    assert "1 rounds with seed 3: nothing lost, nothing applied twice" in output
