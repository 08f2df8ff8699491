"""The layout is a test: which package, folder and module may import which, and why."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("broker", "engine", "actors", "ops")

INDEPENDENT_SANDBOX = "an independent portal shows a misunderstanding that a shared one would hide"

#: (importer, must not import, because)
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
    ("engine.store", "engine.portal", "the two folders with I/O do not know each other"),
    ("engine.portal", "engine.store", "the two folders with I/O do not know each other"),
    ("engine.store", "engine.steps", "a step uses the store, never the other way round"),
    ("engine.portal", "engine.steps", "a step uses the portal, never the other way round"),
    ("engine.store", "playwright", "the browser lives in engine.portal"),
    ("engine.portal", "asyncpg", "SQL lives in engine.store"),
    ("broker.transport", "broker.primitives", "a primitive uses a connection, never the other way round"),
    *(("ops.feed", package, "a consumer installs its wheel alone") for package in ("broker", "engine", "actors")),
    ("ops.sandbox", "engine", INDEPENDENT_SANDBOX),
    ("ops.sandbox", "actors", INDEPENDENT_SANDBOX),
    ("ops.sandbox", "broker", INDEPENDENT_SANDBOX),
]

#: Each declares one actor; they exchange messages.
ACTORS = ("actors.coordinator", "actors.date_scraper", "actors.reconciler", "actors.notifier")

#: They put a process together from its parts: each other module takes the parts that it uses.
ASSEMBLIES = (*ACTORS, "actors.worker", "actors.gateway.main", "actors.http.listener")

#: Folders that are not in the wheel; nothing that runs in production may need them.
DEVELOPERS_ONLY = ("ops.bench", "ops.dev", "ops.faults", "ops.feed", "ops.monitoring")


@cache
def modules() -> Mapping[str, ast.Module]:
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text())
    return found


def imports(module: str, tree: ast.Module) -> Iterator[str]:
    """Every module that is imported, wherever in the file, also for types only."""
    is_package = (ROOT / module.replace(".", "/")).is_dir()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".") if node.level else []
            above = parts[: len(parts) - node.level + is_package]
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in modules() else base


def inside(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize(("importer", "imported", "why"), WALLS, ids=lambda value: str(value)[:24])
def test_no_import_crosses_a_wall(importer: str, imported: str, why: str) -> None:
    broken = [
        f"{module} imports {name}"
        for module, tree in modules().items()
        if inside(module, importer)
        for name in imports(module, tree)
        if inside(name, imported)
    ]
    assert not broken, f"{'; '.join(broken)}: but {why}"


@pytest.mark.parametrize("package", PACKAGES)
def test_the_folders_of_a_package_import_each_other_in_one_direction_only(package: str) -> None:
    """A circle between folders means that neither can be understood, tested or moved without the other."""
    graph: dict[str, set[str]] = {}
    for module, tree in modules().items():
        here = folder(module)
        if inside(module, package):
            graph.setdefault(here, set()).update(
                folder(name) for name in imports(module, tree) if inside(name, package) and folder(name) != here
            )
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"{' imports '.join(reversed(error.args[1]))}: move what both need below both")


def folder(module: str) -> str:
    """The folder, or the module at its top, of a package: `actors.http`, `actors.settings`, `actors`."""
    return ".".join(module.split(".")[:2])


@pytest.mark.parametrize("importer", [*ACTORS, "actors.worker"])
def test_no_actor_imports_another_and_the_worker_imports_none(importer: str) -> None:
    """An actor registers with the worker what it needs; so an actor is added, or changed, in its own module."""
    broken = [
        f"{module} imports {name}"
        for module, tree in modules().items()
        if inside(module, importer)
        for name in imports(module, tree)
        if any(inside(name, actor) for actor in ACTORS if actor != importer)
    ]
    assert not broken


def test_the_worker_knows_no_actor_and_no_queue_by_name() -> None:
    names = {"coordinate", "scrape_date", "reconcile_date", "notify"}
    names |= {"COORDINATOR", "DATE_SCRAPER", "RECONCILER", "NOTIFIER"} | {each.split(".")[1] for each in ACTORS}
    for node in ast.walk(modules()["actors.worker"]):
        name = node.value if isinstance(node, ast.Constant) else node.id if isinstance(node, ast.Name) else None
        assert name not in names, f"actors/worker.py names {name}: its actor module registers what it needs"


def test_the_modules_at_the_top_of_the_engine_need_the_standard_library_only() -> None:
    """They decide without waiting, and are tested in microseconds."""
    broken = [
        f"{module} imports {name}"
        for module, tree in modules().items()
        if inside(module, "engine") and module.count(".") == 1 and not (ROOT / module.replace(".", "/")).is_dir()
        for name in imports(module, tree)
        if name.split(".")[0] not in sys.stdlib_module_names
        and (
            not inside(name, "engine") or any(inside(name, f"engine.{io}") for io in ("store", "portal", "steps"))
        )
    ]
    assert not broken, f"{'; '.join(broken)}: but values and decisions do no I/O"


def test_production_code_needs_no_developers_tool() -> None:
    broken = [
        f"{module} imports {name}"
        for module, tree in modules().items()
        if not any(inside(module, tool) for tool in DEVELOPERS_ONLY)
        for name in imports(module, tree)
        if any(inside(name, tool) for tool in DEVELOPERS_ONLY)
    ]
    assert not broken, f"{'; '.join(broken)}: but the wheel does not hold it"


def test_only_what_puts_a_process_together_takes_all_of_it() -> None:
    """A module that reaches through the process hides what it needs, from its tests too."""
    broken = [
        module
        for module, tree in modules().items()
        if module not in ASSEMBLIES
        for name in imports(module, tree)
        if inside(name, "actors.runtime.process")
    ]
    assert not broken, f"{broken}: take the database, the broker or the settings as arguments"
    stored = [
        f"{module}.{node.name}"
        for module in (*ACTORS, "actors.http.listener")
        for node in ast.walk(modules()[module])
        if isinstance(node, ast.ClassDef)
        and any(isinstance(one, ast.Attribute) and one.attr == "_process" for one in ast.walk(node))
    ]
    assert not stored, f"{stored}: keep the parts of the process that it uses, not the process"


def test_the_environment_is_read_in_one_place() -> None:
    # Playwright's driver gets its environment from ours only.
    allowed = {"actors.settings", "engine.portal.driver"}
    readers = [
        module
        for module, tree in modules().items()
        if inside(module, "engine") or inside(module, "actors") or inside(module, "broker")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    ]
    assert set(readers) <= allowed, f"{readers}: settings are read in actors/settings/ only"
