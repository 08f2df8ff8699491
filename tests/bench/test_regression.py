"""What counts as a loss, and what as noise."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.bench.regression import ALLOWED, losses
from ops.bench.result import Better, Ratio, Result
from tests.bench.results import a_result

amounts = st.floats(0.001, 1000)


@pytest.mark.parametrize(("then", "now", "is_lost"), [(1.0, 1.19, False), (1.0, 1.21, True), (2.0, 1.0, False)])
def test_more_is_a_loss_where_less_is_better(then: float, now: float, is_lost: bool) -> None:
    assert bool(losses(a_result(slower=then), a_result(slower=now))) is is_lost


@pytest.mark.parametrize(("then", "now", "is_lost"), [(1.0, 0.81, False), (1.0, 0.79, True), (1.0, 2.0, False)])
def test_less_is_a_loss_where_more_is_better(then: float, now: float, is_lost: bool) -> None:
    assert bool(losses(a_result(faster=then), a_result(faster=now))) is is_lost


def test_a_loss_names_the_ratio_and_both_values() -> None:
    [loss] = losses(a_result(faster=3.0, slower=1.0), a_result(faster=1.5, slower=1.0))
    assert "faster" in str(loss)
    assert "1.5" in str(loss)
    assert "3" in str(loss)
    assert "50%" in str(loss)


def test_the_worst_loss_comes_first() -> None:
    found = losses(a_result(faster=3.0, slower=1.0), a_result(faster=2.0, slower=3.0))
    assert [loss.name for loss in found] == ["slower", "faster"]


def test_figures_are_not_compared() -> None:
    last, now = a_result(faster=1.0), a_result(faster=1.0)
    slow = replace(now, figures=[replace(figure, value=figure.value * 10) for figure in now.figures])
    assert losses(last, slow) == []


def test_a_ratio_that_only_one_of_them_has_is_passed_over() -> None:
    assert losses(a_result(faster=1.0, slower=1.0), a_result(faster=1.0)) == []


def test_nothing_in_common_is_no_success() -> None:
    with pytest.raises(ValueError, match="nothing was compared"):
        losses(a_result(faster=1.0), a_result(slower=1.0))


def test_another_benchmark_is_no_success() -> None:
    with pytest.raises(ValueError, match="'clinics'"):
        losses(replace(a_result(faster=1.0), bench="clinics"), a_result(faster=1.0))


@given(amounts, amounts, st.sampled_from(Better))
def test_only_one_direction_can_be_a_loss(one: float, other: float, better: Better) -> None:
    def result(value: float) -> Result:
        return Result("b", {}, [], [Ratio("r", value, better)])

    forth, back = losses(result(one), result(other)), losses(result(other), result(one))
    assert not (forth and back)
    assert bool(forth or back) <= (max(one, other) / min(one, other) > 1 + ALLOWED)
