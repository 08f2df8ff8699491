"""Parses a Dockerfile; supports only the syntax that ours uses."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction of a Dockerfile. `arguments` is the text after the keyword, joined into one line."""

    word: str
    arguments: str


@dataclass(slots=True)
class Stage:
    base: str
    instructions: list[Instruction] = field(default_factory=list)

    def of(self, word: str) -> list[str]:
        return [one.arguments for one in self.instructions if one.word == word]

    def copies(self) -> Iterator[tuple[list[str], str]]:
        """Yields the sources copied from the context, and their target."""
        for arguments in self.of("COPY"):
            *sources, target = shlex.split(arguments)
            if not sources[0].startswith("--from="):
                yield sources, target


def stages(text: str) -> list[Stage]:
    """Returns the stages, from the first one to the one that becomes the image."""
    found: list[Stage] = []
    for line in _lines(text):
        word, _, arguments = line.partition(" ")
        if word == "FROM":
            found.append(Stage(arguments.split()[0]))
        else:
            found[-1].instructions.append(Instruction(word, arguments.strip()))
    return found


def is_ignored(path: str, patterns: list[str]) -> bool:
    """Whether a file of the context is excluded: the last pattern that matches it or a parent folder decides."""
    left_out = False
    above = [path, *(str(folder) for folder in Path(path).parents if folder != Path())]
    for pattern in patterns:
        back_in, wanted = pattern.startswith("!"), pattern.lstrip("!").rstrip("/")
        if any(_fits(name, wanted) for name in above):
            left_out = not back_in
    return left_out


def patterns(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _fits(name: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatch(Path(name).name, pattern.removeprefix("**/"))
    return name.count("/") == pattern.count("/") and fnmatch(name, pattern)


def _lines(text: str) -> Iterator[str]:
    kept = "\n".join(line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    yield from re.sub(r"\\\n\s*", "", kept).splitlines()
