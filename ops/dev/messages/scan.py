"""Finds each message with which an error of ours is made, as a template: `no clinic has the slug …`.

A call makes a message if it calls an error class, or a function that passes a parameter on as a message. The argument
is followed through constants, f-strings, sums, conditions and local names.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from ops.dev.messages.scopes import Code, Scope, read

ROOT = Path(__file__).parent.parent.parent.parent

#: What only developers run, from the repository.
LEFT_OUT = ("ops/bench", "ops/dev", "ops/faults", "ops/monitoring", "ops/sandbox", "ops/local/demo")

#: Stands for a value in a template.
VALUE = "…"

#: A callable's parameter that is a message: its name and its place.
Sink = tuple[str, int]

#: Where messages end.
ENDS: dict[str, Sink] = {
    **dict.fromkeys(("ExpectedError", "BrokerError", "ConnectionFailed", "ConnectionClosed"), ("message", 0)),
    **dict.fromkeys(
        ("BrokerConnectionError", "SkipMessage", "OSError", "ValueError", "SystemExit"), ("message", 0)
    ),
    **dict.fromkeys(("Failure", "SyncWarning", "fail", "warn", "note"), ("message", 1)),
}

#: Functions that return a message, or one behind an exit status.
EXPLAIN = {"explain", "what_is_wrong", "_explain", "_of_nats", "_of_postgres"}

#: How deep names are followed, and how many variants a message may have.
DEPTH, VARIANTS = 6, 12


def templates(root: Path = ROOT) -> dict[str, list[str]]:
    """Every template, with the modules that make such messages."""
    code = read(_files(root), root)
    sinks: dict[tuple[str, str], set[Sink]] = {}
    found: dict[str, set[str]] = {}
    before = -1
    while before != (before := sum(map(len, sinks.values()))):
        for scope in code.scopes:
            for argument in _messages(code, scope, sinks):
                for part in _resolve(code, scope, argument):
                    if isinstance(part, str):
                        found.setdefault(_tidy(part), set()).add(scope.module)
                    else:
                        sinks.setdefault((scope.module, scope.name), set()).add(part)
    for line in (root / "ops/setup").read_text().splitlines():
        if match := re.search(r'\bfail "(.+)"', line):
            found.setdefault(re.sub(r"\$\w+", VALUE, match[1]), set()).add("ops/setup")
    return {text: sorted(modules) for text, modules in sorted(found.items()) if _says_something(text)}


def _files(root: Path) -> Iterator[Path]:
    for package in ("broker", "engine", "actors", "ops"):
        for path in sorted((root / package).rglob("*.py")):
            if not path.relative_to(root).as_posix().startswith(LEFT_OUT):
                yield path


def _messages(code: Code, scope: Scope, sinks: dict[tuple[str, str], set[Sink]]) -> Iterator[ast.expr]:
    """The expressions of a scope that become messages."""
    for call in scope.calls:
        for name, place in _sinks_of(code, scope, call, sinks):
            if (argument := _argument(call, name, place)) is not None:
                yield argument
    if (scope.module, scope.name) in code.bases:  # an error's __init__ may set its message itself
        yield from scope.assigned.get("self.message", ())
    if scope.name in EXPLAIN:
        yield from scope.returns
    for row in scope.rows:
        yield from row


def _sinks_of(code: Code, scope: Scope, call: ast.Call, sinks: dict[tuple[str, str], set[Sink]]) -> set[Sink]:
    match call.func:
        case ast.Name(id=name):
            called = code.origin(scope.module, name)
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
            called = (scope.module, name)
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            package, last = code.origin(scope.module, module)
            called = (f"{package}.{last}", name)
        case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__"):
            bases = code.bases.get((scope.module, scope.name), [])
            return {sink for base in bases for sink in _of_class(code, code.origin(scope.module, base), sinks)}
        case _:
            return set()
    return _of_class(code, called, sinks)


def _of_class(code: Code, called: tuple[str, str], sinks: dict[tuple[str, str], set[Sink]]) -> set[Sink]:
    """The sinks of a function; of a class, those of the nearest base that has any."""
    if called in sinks:
        return sinks[called]
    if called[1] in ENDS:
        return {ENDS[called[1]]}
    if called in code.with_init:
        return set()
    bases = code.bases.get(called, [])
    return {sink for base in bases for sink in _of_class(code, code.origin(called[0], base), sinks)}


def _argument(call: ast.Call, name: str, place: int) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    given = call.args[: place + 1]
    if len(given) <= place or any(isinstance(argument, ast.Starred) for argument in given):
        return None
    return given[place]


def _resolve(code: Code, scope: Scope, node: ast.expr, depth: int = DEPTH) -> list[str | Sink]:
    """The templates that an expression may be; a parameter that it is, as a sink."""
    again = depth - 1
    if depth == 0:
        return [VALUE]
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return _product([_part(code, scope, part, again) for part in parts])
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _product([_resolve(code, scope, side, again) for side in (left, right)])
        case ast.IfExp(body=one, orelse=other):
            return [*_resolve(code, scope, one, again), *_resolve(code, scope, other, again)]
        case ast.BoolOp(values=values):
            return [each for value in values for each in _resolve(code, scope, value, again)]
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self"), attr=name):
            return _named(code, scope, name, again)
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            module = ".".join(code.origin(scope.module, owner))
            return _of_module(code, module, name, again)
        case ast.Subscript(value=value):
            return _resolve(code, scope, value, again)
        case ast.Dict(values=values) | ast.List(elts=values):
            return [each for value in values for each in _resolve(code, scope, value, again)]
        case ast.Call(func=ast.Attribute(value=value, attr="format")):
            return [
                re.sub(r"\{[^}]*\}", VALUE, each)
                for each in _resolve(code, scope, value, again)
                if isinstance(each, str)
            ]
        case ast.Call(func=ast.Attribute(value=value, attr="get"), args=[_, *rest]):
            return [each for one in (value, *rest) for each in _resolve(code, scope, one, again)]
        case ast.Call(func=ast.Attribute(attr="fromkeys"), args=[_, value]):
            return _resolve(code, scope, value, again)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self"), attr=name)):
            function = code.functions.get(code.origin(scope.module, name))
            return _returned(code, function, again) if function is not None else [VALUE]
    return [VALUE]


def _returned(code: Code, function: Scope, depth: int) -> list[str | Sink]:
    """What a function returns, with its own parameters as values."""
    found = [each for value in function.returns for each in _resolve(code, function, value, depth)]
    return [each if isinstance(each, str) else VALUE for each in found] or [VALUE]


def _part(code: Code, scope: Scope, node: ast.expr, depth: int) -> list[str | Sink]:
    """A part of an f-string: text, a constant of a module, or a value."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.FormattedValue(value=ast.Name(id=name)) if name.isupper() and name not in scope.parameters:
            return _named(code, scope, name, depth)
    return [VALUE]


def _named(code: Code, scope: Scope, name: str, depth: int) -> list[str | Sink]:
    at: Scope | None = scope
    found: list[str | Sink] = []
    while at is not None:
        if name in at.parameters:
            found.append((name, at.parameters.index(name)) if at is scope else VALUE)
        found += [each for value in at.assigned.get(name, ()) for each in _resolve(code, at, value, depth)]
        if found:
            return found
        at = at.parent
    module, original = code.origin(scope.module, name)
    return _of_module(code, module, original, depth) if module != scope.module else [VALUE]


def _of_module(code: Code, module: str, name: str, depth: int) -> list[str | Sink]:
    top = code.modules.get(module)
    values = top.assigned.get(name, ()) if top is not None else ()
    return [each for value in values for each in _resolve(code, top, value, depth)] if top and values else [VALUE]


def _product(parts: list[list[str | Sink]]) -> list[str | Sink]:
    texts = [[part if isinstance(part, str) else VALUE for part in options] for options in parts]
    return ["".join(choice) for choice in itertools.islice(itertools.product(*texts), VARIANTS)]


def _tidy(text: str) -> str:
    text = re.sub(rf"({VALUE}[\s,;]*)+{VALUE}", VALUE, " ".join(text.split()))
    return text.strip()


def _says_something(text: str) -> bool:
    return len(re.findall(r"[A-Za-z]{2,}", text)) >= 2
