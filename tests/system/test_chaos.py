"""A short run of `ops/chaos.py`; a long one is for the night: `python -m ops.chaos --rounds 200 --seed 7`."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def test_kills_at_random_moments_lose_nothing_and_repeat_nothing() -> None:
    command = [sys.executable, "-m", "ops.chaos", "--seed", "1", "--rounds", "2"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "2 rounds with seed 1: nothing lost, nothing twice" in run.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces are for root")
def test_two_nodes_of_three_do_when_one_is_killed() -> None:
    """The first round of `python -m ops.cluster_chaos`; the others cut nodes off, which takes its time."""
    command = [sys.executable, "-m", "ops.cluster_chaos", "--seed", "1", "--rounds", "1"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "1 rounds with seed 1: nothing lost, nothing twice" in run.stdout
