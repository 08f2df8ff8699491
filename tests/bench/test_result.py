"""A result survives being a file."""

from __future__ import annotations

import math

import pytest

from ops.bench.result import Better, Ratio, Result
from tests.bench.results import a_result


def test_it_is_the_same_after_a_file() -> None:
    result = a_result(faster=2.5, slower=1.0)
    assert Result.from_json(result.to_json()) == result


def test_a_file_holds_no_digits_that_mean_nothing() -> None:
    assert Result.from_json(a_result(faster=1.23456789).to_json()).ratios[0].value == 1.235


@pytest.mark.parametrize("text", ["", "{}", '{"bench": "sync"}', "[]", '{"results": []}'])
def test_what_is_no_result_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Result|JSON"):
        Result.from_json(text)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_ratio_is_a_number_above_0(value: float) -> None:
    with pytest.raises(ValueError, match="'odd'"):
        Ratio("odd", value, Better.LOWER)


@pytest.mark.parametrize(
    ("value", "better", "met"),
    [
        (1.1, Better.LOWER, True),
        (1.2, Better.LOWER, False),
        (1.2, Better.HIGHER, True),
        (1.0, Better.HIGHER, False),
    ],
)
def test_a_goal_is_met_from_its_own_side(value: float, better: Better, met: bool) -> None:
    assert Ratio("r", value, better, 1.1).meets_goal is met
