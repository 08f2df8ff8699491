"""What the code never does, read from the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = [
    (path.relative_to(ROOT), ast.parse(path.read_text()))
    for package in ("actors", "broker", "engine", "ops")
    for path in sorted((ROOT / package).rglob("*.py"))
]
#: They turn data into code, or a text into a shell's command.
DANGEROUS_MODULES = {"pickle", "marshal", "shelve", "dill", "jsonpickle"}
DANGEROUS_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "subprocess.getoutput"}
DANGEROUS_CALLS |= {f"yaml.{name}" for name in ("load", "load_all", "full_load", "unsafe_load", "unsafe_load_all")}
QUERIES = {"execute", "executemany", "fetch", "fetchrow", "fetchval", "cursor"}


def calls() -> Iterator[tuple[Path, str, ast.Call]]:
    for path, tree in MODULES:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                yield path, name, node


def test_nothing_turns_data_into_code() -> None:
    imported = [
        f"{path}:{node.lineno} {alias}"
        for path, tree in MODULES
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        )
        if alias.partition(".")[0] in DANGEROUS_MODULES
    ]
    called = [f"{path}:{node.lineno}" for path, _, node in calls() if ast.unparse(node.func) in DANGEROUS_CALLS]
    shells = [
        f"{path}:{node.lineno}"
        for path, _, node in calls()
        if any(keyword.arg == "shell" and not is_false(keyword.value) for keyword in node.keywords)
        or ast.unparse(node.func).endswith("subprocess_shell")
    ]
    assert not imported + called + shells


def is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


@pytest.mark.parametrize("package", ["engine", "actors"])
def test_sql_is_never_put_together(package: str) -> None:
    built = [
        f"{path}:{node.lineno}"
        for path, name, node in calls()
        if path.parts[0] == package
        and name in QUERIES
        and node.args
        and isinstance(node.args[0], ast.JoinedStr | ast.BinOp)
    ]
    assert not built, "values are parameters; names stand in the .sql file"


def test_every_request_on_nats_has_a_time_out() -> None:
    endless = [
        f"{path}:{node.lineno}"
        for path, name, node in calls()
        if name == "request" and is_nats(node) and not any(keyword.arg == "timeout" for keyword in node.keywords)
    ]
    assert not endless


def is_nats(node: ast.Call) -> bool:
    """By the name of what it is called on: `client.request(…)`."""
    return isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value).endswith("client")
