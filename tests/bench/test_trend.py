"""A leak is found in noise, and noise is not taken for a leak."""

from __future__ import annotations

from random import Random

import pytest

from ops.bench.trend import trend

LEVEL, STEPS = 100.0, 90


def noise(seed: int, amount: float = 2.0) -> list[float]:
    chance = Random(seed)
    return [LEVEL + chance.gauss(0, amount) for _ in range(STEPS)]


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_flat(seed: int) -> None:
    assert trend(noise(seed)).is_flat


@pytest.mark.parametrize("seed", range(5))
def test_a_leak_of_a_quarter_percent_a_step_is_seen_through_noise(seed: int) -> None:
    leaking = trend([value + step * 0.25 for step, value in enumerate(noise(seed))])
    assert not leaking.is_flat
    assert leaking.low < 0.25 < leaking.high


def test_sure_growth_that_does_not_matter_is_flat() -> None:
    creeping = trend([LEVEL + step * 0.01 for step in range(STEPS)])
    assert creeping.low > 0
    assert creeping.is_flat


def test_a_few_outliers_move_nothing() -> None:
    values = noise(1, 0.1)
    values[-5:] = [LEVEL * 3] * 5
    assert trend(values).is_flat


def test_what_shrinks_is_flat() -> None:
    assert trend([LEVEL - step for step in range(STEPS)]).is_flat


def test_a_handful_of_files_that_pile_up_is_seen() -> None:
    assert not trend([40.0 + step // 5 for step in range(STEPS)]).is_flat


def test_a_constant_is_flat() -> None:
    assert trend([7.0] * STEPS).is_flat
    assert trend([0.0] * STEPS).is_flat


def test_two_values_are_no_series() -> None:
    with pytest.raises(ValueError, match="three"):
        trend([1.0, 2.0])
