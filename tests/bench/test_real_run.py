"""One small benchmark as it really runs: measured, written, drawn, and held against itself."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from ops.bench import everything
from ops.bench.__main__ import main
from ops.bench.result import Result

FEW = ("--rows", "100", "--changed", "1", "--rounds", "1")


def test_a_run_leaves_a_result_a_picture_and_a_verdict(
    postgres_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result, picture = tmp_path / "reconcile.json", tmp_path / "reconcile.svg"
    status = main(["reconcile", "--url", postgres_url, *FEW, "--json", str(result), "--plot", str(picture)])
    assert status == 0
    found = Result.from_json(result.read_text())
    assert {figure.name for figure in found.figures} >= {"ours", "old", "copy"}
    assert found.surroundings is not None
    assert "</svg>" in picture.read_text()
    assert "ratios" in capsys.readouterr().out


def test_one_that_is_not_done_in_its_time_is_stopped_and_counts_as_failed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(everything.MINUTES, "cancel_latency", (0.001, 0.001))
    assert everything.main(["--only", "cancel_latency"]) == 1
    assert "failed: cancel_latency" in capfd.readouterr().err


def test_the_last_result_is_set_aside_before_the_new_one_takes_its_place(tmp_path: Path) -> None:
    (tmp_path / "sync.json").write_text("the last one")
    options = argparse.Namespace(json_dir=tmp_path, check=True, plots=True, quick=False)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    arguments = list(everything.arguments("sync", options, scratch))
    aside = Path(arguments[arguments.index("--check") + 1])
    assert aside.read_text() == "the last one"
    assert arguments[arguments.index("--json") + 1] == str(tmp_path / "sync.json")
    assert arguments[arguments.index("--plot") + 1] == str(tmp_path / "sync.svg")


def test_a_first_result_is_compared_with_nothing(tmp_path: Path) -> None:
    options = argparse.Namespace(json_dir=tmp_path, check=True, plots=False, quick=False)
    assert "--check" not in everything.arguments("sync", options, tmp_path)
