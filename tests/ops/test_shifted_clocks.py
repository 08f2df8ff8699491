"""The list of ops/dev/shifted_clock_tests is complete. The runs themselves take a quarter of an hour: by hand."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from tests.shifted import FIXTURES, names_a_server

ROOT = Path(__file__).parent.parent.parent
CLOCKS = re.compile(r"datetime\.now|\.today\(|time\.time\(|\bnow\(\)|clock_timestamp")
#: Needs a nats-server or a browser, by a fixture of its own.
OTHERS = re.compile(rf"\b({'|'.join(FIXTURES)}): ")


@pytest.fixture(scope="module")
def named() -> list[str]:
    script = runpy.run_path(str(ROOT / "ops/dev/shifted_clock_tests"))
    return [*script["EVERY_DAY"], *script["ONCE"]]


def test_everything_that_it_names_is_there(named: list[str]) -> None:
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_it_runs_every_test_that_reads_the_clock_and_can_be_shifted(named: list[str]) -> None:
    missing = [
        name
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        if reads_the_clock(path) and not any(is_within(name := str(path.relative_to(ROOT)), one) for one in named)
    ]
    assert missing == []


def is_within(name: str, path: str) -> bool:
    return name == path or name.startswith(f"{path}/")


def reads_the_clock(path: Path) -> bool:
    text = path.read_text() if path != Path(__file__) else ""
    return bool(CLOCKS.search(text)) and not names_a_server(path) and not OTHERS.search(text)
