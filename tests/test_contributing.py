"""CONTRIBUTING.md: every file that its lists name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text()

#: Files and folders between backticks, and the targets of links within the project.
NAMED = sorted(
    set(re.findall(r"`((?:actors|broker|docs|engine|ops|tests)/[\w./-]*|[\w-]+\.(?:md|toml|yaml))`", TEXT))
    | {target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", TEXT) if "://" not in target}
)

#: What a list in the page says how to add.
KINDS = ("a field to appointments", "an event", "a metric", "a reason", "a setting", "a command", "an actor")


@pytest.mark.parametrize("name", NAMED)
def test_a_named_file_exists(name: str) -> None:
    assert (ROOT / name).exists()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_change_has_a_list_of_files_and_tests(kind: str) -> None:
    section = TEXT.partition(f"\n## Add {kind}\n")[2].partition("\n## ")[0]
    files = re.findall(r"`((?:actors|engine|ops)/[\w./-]+)`", section)
    assert len(files) >= 3
    assert re.search(r"`tests/[\w./]+\.py`", section)


def test_the_test_that_is_named_as_an_example_exists() -> None:
    [(path, name)] = re.findall(r"(tests/[\w/]+\.py)::(test_\w+)", TEXT)
    assert f"def {name}(" in (ROOT / path).read_text()
