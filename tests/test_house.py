"""The shape of the house is a test, too: who may import whom, and why."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("actors", "broker", "engine", "ops")

#: The verbs of the engine may use its two rooms with I/O; every other module at its top is a noun.
VERBS = {
    "cancel",
    "conclude",
    "coordinate",
    "give_up",
    "reconcile",
    "decide_held",
    "scrape",
    "second_look",
    "undecided_ids",
    "undo_sync",
}

#: (who, must not import, because)
WALLS = [
    ("broker", "engine", "the broker knows nothing of clinics: another project could use it as it is"),
    ("broker", "actors", "imports go down only"),
    ("broker", "ops", "imports go down only"),
    ("engine", "broker", "what a sync is does not depend on how a message travels"),
    ("engine", "actors", "imports go down only"),
    ("engine", "ops", "imports go down only"),
    ("engine", "dramatiq", "only actors declare actors"),
    ("engine", "nats", "only the broker and the actors speak NATS"),
    ("actors", "ops", "imports go down only"),
    ("actors", "asyncpg", "SQL lives in engine.store"),
    ("actors", "playwright", "the browser lives in engine.portal"),
    ("engine.store", "engine.portal", "the two rooms with I/O do not know each other"),
    ("engine.portal", "engine.store", "the two rooms with I/O do not know each other"),
    ("engine.store", "playwright", "the browser lives in engine.portal"),
    ("engine.portal", "asyncpg", "SQL lives in engine.store"),
    ("ops.sandbox", "engine", "an independent portal shows a misunderstanding that a shared one would hide"),
    ("ops.sandbox", "actors", "an independent portal shows a misunderstanding that a shared one would hide"),
    ("ops.sandbox", "broker", "an independent portal shows a misunderstanding that a shared one would hide"),
]


@cache
def modules() -> list[tuple[str, ast.Module]]:
    return [
        (".".join(path.relative_to(ROOT).with_suffix("").parts), ast.parse(path.read_text()))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    ]


def imports(module: str, tree: ast.Module) -> Iterator[str]:
    """Every module that is imported, wherever in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = ".".join(module.split(".")[: -node.level]) + "." if node.level else ""
            yield parent + (node.module or "")


def inside(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize(("who", "what", "why"), WALLS, ids=lambda value: str(value)[:24])
def test_nobody_imports_through_a_wall(who: str, what: str, why: str) -> None:
    broken = [
        f"{module} imports {name}"
        for module, tree in modules()
        if inside(module, who)
        for name in imports(module, tree)
        if inside(name, what)
    ]
    assert not broken, f"{'; '.join(broken)}: but {why}"


def test_the_nouns_of_the_engine_need_the_standard_library_only() -> None:
    broken = [
        f"{module} imports {name}"
        for module, tree in modules()
        if inside(module, "engine") and module.count(".") == 1 and module.split(".")[1] not in VERBS
        for name in imports(module, tree)
        if name.split(".")[0] not in sys.stdlib_module_names
        and (not inside(name, "engine") or inside(name, "engine.store") or inside(name, "engine.portal"))
        and name.split(".")[-1] not in VERBS
    ]
    assert not broken, f"{'; '.join(broken)}: but a noun decides without waiting, and is tested in microseconds"


def test_the_environment_is_read_in_one_place() -> None:
    readers = [
        module
        for module, tree in modules()
        if inside(module, "engine") or inside(module, "actors") or inside(module, "broker")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    ]
    assert set(readers) <= {"actors.settings"}, f"{readers}: settings are read in actors/settings.py only"
