"""A short run of `ops/faults/chaos.py`; a long one: `python -m ops.faults.chaos --rounds 200 --seed 7`."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

#: Seconds for what takes about one minute here; `tests/stuck.py` would say less of what hangs.
LONGEST = 240


def ended(*command: str) -> str:
    """What it says, with the exit status 0."""
    try:
        run = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, timeout=LONGEST)
    except subprocess.TimeoutExpired as late:
        raise AssertionError(f"not within {LONGEST} s: {late.stdout!r}\n{late.stderr!r}") from None
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_kills_at_random_moments_lose_nothing_and_repeat_nothing() -> None:
    output = ended("ops.faults.chaos", "--seed", "1", "--rounds", "2")
    assert "2 rounds with seed 1: nothing lost, nothing duplicated" in output


@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces are for root")
def test_two_nodes_of_three_do_when_one_is_killed() -> None:
    """The first round of `python -m ops.faults.cluster_chaos`; the others cut nodes off, which takes its time."""
    output = ended("ops.faults.cluster_chaos", "--seed", "1", "--rounds", "1")
    assert "1 rounds with seed 1: nothing lost, nothing duplicated" in output
