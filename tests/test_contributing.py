"""CONTRIBUTING.md: every file that its lists name exists, and two lists are complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text()

#: Files and folders between backticks, and the targets of links within the project.
NAMED = sorted(
    set(re.findall(r"`((?:actors|broker|docs|engine|ops|tests)/[\w./@-]*|[\w-]+\.(?:md|toml|yaml))`", TEXT))
    | {target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", TEXT) if "://" not in target}
)

#: Files that a list may have to name.
SUFFIXES = {".py", ".sql", ".yaml", ".service", ".target"}

#: What a list in the page says how to add.
KINDS = ("a field to appointments", "an event", "a metric", "a reason", "a setting", "a command", "an actor")


@pytest.mark.parametrize("name", NAMED)
def test_a_named_file_exists(name: str) -> None:
    assert (ROOT / name).exists()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_change_has_a_list_of_files_and_tests(kind: str) -> None:
    text = section(kind)
    assert len(re.findall(r"`((?:actors|engine|ops)/[\w./-]+)`", text)) >= 3
    assert re.search(r"`tests/[\w./]+\.py`", text)


def section(kind: str) -> str:
    return TEXT.partition(f"\n## Add {kind}\n")[2].partition("\n## ")[0]


def files_with(word: str, *folders: str) -> set[str]:
    """The files of our code that contain the word, without migrations."""
    found = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    return {
        str(path.relative_to(ROOT))
        for path in [*found, ROOT / "compose.yaml"]
        if "migrations" not in path.parts and re.search(rf"\b{word}\b", path.read_text())
    }


@pytest.mark.parametrize("field", ["client_email", "client_phone_raw"])
def test_every_file_with_a_field_of_appointments_is_in_the_list(field: str) -> None:
    assert files_with(field, "actors", "engine", "ops") - set(NAMED) == set()


def test_every_deployment_file_with_a_queue_is_in_the_list() -> None:
    files = files_with("reconciler", "ops/deploy", "ops/local", "ops/console")
    assert {name for name in files if f"`{name}`" not in section("an actor")} == set()


def test_the_test_that_is_named_as_an_example_exists() -> None:
    [(path, name)] = re.findall(r"(tests/[\w/]+\.py)::(test_\w+)", TEXT)
    assert f"def {name}(" in (ROOT / path).read_text()
