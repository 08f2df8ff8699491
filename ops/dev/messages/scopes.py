"""The packages' syntax trees: modules, functions, and what their names stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(eq=False)
class Scope:
    """A module's top level, or a function in it, with the expressions that are assigned to its names."""

    module: str
    name: str
    parent: Scope | None = None
    parameters: list[str] = field(default_factory=list)
    assigned: dict[str, list[ast.expr]] = field(default_factory=dict)
    calls: list[ast.Call] = field(default_factory=list)
    rows: list[list[ast.expr]] = field(default_factory=list)
    returns: list[ast.expr] = field(default_factory=list)


@dataclass
class Code:
    """All modules: their scopes, their classes with the names of the bases, and what they import from each other."""

    scopes: list[Scope] = field(default_factory=list)
    modules: dict[str, Scope] = field(default_factory=dict)
    functions: dict[tuple[str, str], Scope] = field(default_factory=dict)
    with_init: set[tuple[str, str]] = field(default_factory=set)
    bases: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    imports: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def origin(self, module: str, name: str) -> tuple[str, str]:
        """The module in which a name is defined that `module` uses."""
        seen = {(module, name)}
        while (module, name) in self.imports:
            module, name = self.imports[module, name]
            if (module, name) in seen:
                break
            seen.add((module, name))
        return module, name


def read(files: Iterator[Path], root: Path) -> Code:
    code = Code()
    for path in files:
        parts = path.relative_to(root).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        top = Scope(module, "")
        code.scopes.append(top)
        code.modules[module] = top
        _walk(code, ast.parse(path.read_text()), top, "")
    return code


def _walk(code: Code, node: ast.AST, scope: Scope, owner: str) -> None:
    for child in ast.iter_child_nodes(node):
        inner, inner_owner = scope, owner
        match child:
            case ast.ImportFrom(module=str(module)):
                for name in child.names:
                    code.imports[scope.module, name.asname or name.name] = (module, name.name)
            case ast.Import():
                pass
            case ast.ClassDef():
                code.bases[scope.module, child.name] = [_last(base) for base in child.bases]
                inner_owner = child.name
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                inner = _function(code, child, scope, owner)
            case ast.Return(value=ast.expr() as value):
                scope.returns.append(value)
            case ast.Call():
                scope.calls.append(child)
            case ast.Tuple(elts=elements):
                scope.rows.append(_after_reason(elements))
            case ast.Assign(targets=targets, value=value):
                _assign(scope, targets, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                _assign(scope, [target], value)
            case ast.NamedExpr(target=target, value=value):
                _assign(scope, [target], value)
        _walk(code, child, inner, inner_owner)


def _function(code: Code, node: Function, scope: Scope, owner: str) -> Scope:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    parameters = [argument.arg for argument in arguments if argument.arg not in ("self", "cls")]
    name = owner if node.name == "__init__" else node.name
    if node.name == "__init__":
        code.with_init.add((scope.module, owner))
    inner = Scope(scope.module, name, scope, parameters)
    code.scopes.append(inner)
    code.functions.setdefault((scope.module, node.name), inner)
    return inner


def _assign(scope: Scope, targets: list[ast.expr], value: ast.expr) -> None:
    for target in targets:
        match target:
            case ast.Name(id=name):
                scope.assigned.setdefault(name, []).append(value)
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                scope.assigned.setdefault(f"self.{name}", []).append(value)
            case ast.Tuple(elts=elements) if isinstance(value, ast.Tuple):
                for each, part in zip(elements, value.elts, strict=False):
                    _assign(scope, [each], part)


def _last(node: ast.expr) -> str:
    """The last word of a name: `errors.BadRequest` → `BadRequest`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return _last(value)
    return ""


def _after_reason(elements: list[ast.expr]) -> list[ast.expr]:
    """The message in a row such as `(pattern, Reason.TIMED_OUT, "no response in time")` or `(Exit.FAILED, text)`."""
    for place, element in enumerate(elements):
        if isinstance(element, ast.Attribute) and _last(element.value) in ("Reason", "Exit"):
            return elements[place + 1 : place + 2]
    return []
