"""What a benchmark takes, refuses and answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ops.bench.__main__ import BENCHMARKS, main
from ops.bench.everything import MINUTES
from ops.bench.report import conclude, options_of, parser_of
from ops.bench.result import Result
from tests.bench.results import a_result


def concluded(result: Result, *arguments: str) -> int:
    return conclude(result, options_of(parser_of("sync", "A benchmark."), arguments))


@pytest.fixture
def last(tmp_path: Path) -> str:
    path = tmp_path / "last.json"
    path.write_text(a_result(faster=2.0, slower=1.0).to_json())
    return str(path)


def test_no_loss_is_status_0(last: str) -> None:
    assert concluded(a_result(faster=1.9, slower=1.1), "--check", last) == 0


def test_a_loss_is_status_1_and_is_named(last: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert concluded(a_result(faster=1.0, slower=1.0), "--check", last) == 1
    output = capsys.readouterr().err
    assert "faster: 1, was 2" in output
    assert "slower" not in output


def test_a_missed_goal_is_printed_and_fails_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert concluded(a_result(slower=1.2)) == 0
    assert "goal ≤ 1.1: MISSED" in capsys.readouterr().out


def test_what_the_run_found_wrong_is_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert concluded(replace(a_result(), faults=["the gateway grows"])) == 1
    assert "the gateway grows" in capsys.readouterr().err


def test_a_result_may_take_the_place_of_the_one_it_is_compared_with(last: str) -> None:
    assert concluded(a_result(faster=1.0), "--check", last, "--json", last) == 1
    written = Result.from_json(Path(last).read_text())
    assert written.ratios[0].value == 1.0
    assert written.surroundings is not None
    assert written.surroundings.cores > 0


def test_a_result_names_no_path_of_its_machine(last: str) -> None:
    concluded(a_result(), "--json", last)
    text = Path(last).read_text()
    assert str(Path.cwd()) not in text
    assert "/" not in text


@pytest.mark.parametrize("given", [("--check", "nowhere.json"), ("--plot", "picture.gif")])
def test_what_would_fail_after_the_run_is_refused_before_it(
    given: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        concluded(a_result(), *given)
    assert stopped.value.code == 2
    assert given[1] in capsys.readouterr().err


def test_an_earlier_result_that_is_none_is_refused_before_the_run(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text('{"results": []}')
    with pytest.raises(SystemExit):
        concluded(a_result(), "--check", str(path))


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_a_plot_is_small_and_the_same_each_time(tmp_path: Path, suffix: str) -> None:
    from ops.bench.plot import draw

    for name in ("one", "other"):
        draw(a_result(), tmp_path / f"{name}{suffix}")
    picture = (tmp_path / f"one{suffix}").read_bytes()
    assert picture == (tmp_path / f"other{suffix}").read_bytes()
    assert 1_000 < len(picture) < 100_000


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([name, "--help"])
    assert stopped.value.code == 0
    assert "--quick" in capsys.readouterr().out


def test_all_runs_every_benchmark() -> None:
    assert {*MINUTES, "all"} == {*BENCHMARKS}


def test_an_unknown_name_is_refused_with_those_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speed"]) == 2
    output = capsys.readouterr().err
    assert "'speed'" in output
    assert all(name in output for name in BENCHMARKS)
