"""The columns and types that a clinic's portal has, by which a person may name them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from engine.offer.invalid_rules import InvalidRules
from engine.offer.rules import ClinicRules, TypeRule


@dataclass(frozen=True, slots=True)
class PortalNames:
    """The columns' names by their ids, and the types' ids by their names; None: never read, so any is accepted."""

    columns: Mapping[str, str] | None = None
    types: Mapping[str, str] | None = None

    def resolve(self, rules: ClinicRules, before: ClinicRules) -> ClinicRules:
        """The rules with ids for names of columns, and types as the portal writes them.

        What the rules before have stays, also if the portal no longer has it. Raises `InvalidRules` with every
        column and type that the portal does not have.
        """
        resolving = _Resolving(self, before)
        columns = None if rules.columns is None else resolving.columns("columns", rules.columns)
        types = tuple(resolving.type(rule) for rule in rules.types)
        resolving.check_once(types)
        if resolving.problems:
            raise InvalidRules(resolving.problems)
        return replace(rules, columns=columns, types=types)

    def edited(self, edit: Callable[[ClinicRules], ClinicRules], before: ClinicRules) -> ClinicRules:
        """What `edit` makes of the rules, resolved. Raises `InvalidRules` with the problems of both."""
        problems: list[str] = []
        try:
            rules = edit(before)
        except InvalidRules as error:
            rules = error.rules
            problems += error.problems
        try:
            rules = self.resolve(rules, before)
        except InvalidRules as error:
            problems += error.problems
        if problems:
            raise InvalidRules(problems)
        return rules

    def listed(self) -> str:
        """The columns, for a sentence: room-1 (Exam 1), room-2."""
        return ", ".join(f"{id_} ({name})" if name else id_ for id_, name in (self.columns or {}).items())


@dataclass(slots=True)
class _Resolving:
    names: PortalNames
    before: ClinicRules
    problems: list[str] = field(default_factory=list)

    def columns(self, key: str, texts: Iterable[str]) -> tuple[str, ...]:
        found = [id_ for text in texts if (id_ := self._column(key, text)) is not None]
        for id_ in dict.fromkeys(one for one in found if found.count(one) > 1):
            self.problems.append(f"{key}: {id_!r} is listed twice, by id or name; keep one")
        return tuple(found)

    def type(self, rule: TypeRule) -> TypeRule:
        key = f"types.{rule.type}"
        columns = None if rule.columns is None else self.columns(f"{key}.columns", rule.columns)
        return replace(rule, type=self._type(key, rule.type), columns=columns)

    def check_once(self, types: Iterable[TypeRule]) -> None:
        names = [rule.type.casefold() for rule in types]
        for name in dict.fromkeys(one for one in names if names.count(one) > 1):
            self.problems.append(f"types.{name}: is set twice, by id or name; keep one")

    def _column(self, key: str, text: str) -> str | None:
        columns = self.names.columns
        if columns is None or text in columns or text in self.before.named_columns():
            return text
        named = [id_ for id_, name in columns.items() if name.casefold() == text.casefold()]
        if len(named) == 1:
            return named[0]
        if named:
            self.problems.append(f"{key}: {text!r} is the name of {' and '.join(named)}; write the id")
        else:
            self.problems.append(f"{key}: the portal has no column {text!r}; it has {self.names.listed()}")
        return None

    def _type(self, key: str, text: str) -> str:
        types = self.names.types
        if types is None:
            return text
        for name, id_ in types.items():
            if text.casefold() == name.casefold() or text == id_:
                return name
        if all(text.casefold() != rule.type.casefold() for rule in self.before.types):
            self.problems.append(f"{key}: the portal has no type {text!r}; it has {', '.join(types)}")
        return text
