"""What ops/test makes of failing tests, run on a small suite of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]

PASSES = "def test_passes():\n    pass\n"
FAILS = "def test_fails():\n    assert False\n"

#: Fails at its first try only, in its body or after it.
FLAKY = """
import pathlib
import pytest

def first(name):
    mark = pathlib.Path(name)
    known = mark.exists()
    mark.touch()
    return not known

@pytest.fixture
def teardown():
    yield
    assert not first("teardown")

@pytest.mark.parametrize("word", ["two words"])
def test_flaky(word):
    assert not first("call")

def test_flaky_end(teardown):
    pass
"""

#: pytest's six workers each load all plugins otherwise, which takes longer than the tests.
FEW_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "xdist.plugin"}


def ops_test(folder: Path, suite: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs ops/test on a project that has this suite; set-up and linters are stand-ins that pass."""
    for path in ("ops", ".venv/bin", "tests"):
        (folder / path).mkdir(parents=True)
    shutil.copy(ROOT / "ops" / "test", folder / "ops")
    (folder / "tests" / "test_suite.py").write_text(suite)
    (folder / "pytest.ini").write_text("[pytest]\n")
    for name in ("ops/setup", ".venv/bin/ruff", ".venv/bin/mypy", ".venv/bin/codespell"):
        (folder / name).symlink_to("/bin/true")
    (folder / ".venv" / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (folder / ".venv" / "bin" / "python").chmod(0o755)
    return subprocess.run(
        ["bash", folder / "ops" / "test"],
        env=outer_environment() | FEW_PLUGINS | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def outer_environment() -> Mapping[str, str]:
    """This environment without what pytest and its workers put there for themselves, and without `RETRY`."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "COV_")) and name != "RETRY"
    }


def test_a_suite_that_passes_is_run_once(tmp_path: Path) -> None:
    done = ops_test(tmp_path, PASSES)
    assert (done.returncode, done.stdout.count(" passed")) == (0, 1), done.stderr
    assert "✗" not in done.stderr


def test_tests_that_need_a_second_try_are_named_and_fail_the_run(tmp_path: Path) -> None:
    done = ops_test(tmp_path, PASSES + FLAKY)
    assert done.returncode == 1
    assert flaky_lines(done.stderr) == [
        "tests/test_suite.py::test_flaky[two words]",
        "tests/test_suite.py::test_flaky_end",
    ]


def test_a_second_try_passes_by_hand_and_is_named_all_the_same(tmp_path: Path) -> None:
    done = ops_test(tmp_path, FLAKY, RETRY="1")
    assert (done.returncode, len(flaky_lines(done.stderr))) == (0, 2)


def test_a_test_that_fails_twice_fails_the_run_and_is_not_called_flaky(tmp_path: Path) -> None:
    done = ops_test(tmp_path, FAILS + FLAKY, RETRY="1")
    assert done.returncode == 1
    assert len(flaky_lines(done.stderr)) == 2
    assert "flaky, failed once and then passed alone: tests/test_suite.py::test_fails" not in done.stderr


def flaky_lines(output: str) -> list[str]:
    lines = [line for line in output.splitlines() if line.startswith("✗ flaky")]
    return [line.partition("alone: ")[2] for line in lines]


def test_the_words_check_finds_misspellings_and_avoided_words_also_in_names(tmp_path: Path) -> None:
    # Without the tildes, the check would find this test.
    text = 'def test_some~body():\n    """There is no limit; it is n~o error, and it t~ells t~eh caller for ev~er."""\n'
    (tmp_path / "words.py").write_text(text.replace("~", ""))
    words = ROOT / "ops" / "dev" / "avoided_words.txt"
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("codespell"), "--toml", ROOT / "pyproject.toml"),
            *("-D", "-", "-D", words, tmp_path / "words.py"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    found = [line.partition(": ")[2].partition(" ==>")[0] for line in done.stdout.splitlines()]
    expected = "some~body, is n~o, t~ells, t~eh, for ev~er"
    assert found == expected.replace("~", "").split(", "), done.stdout + done.stderr
