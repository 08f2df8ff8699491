"""The faults of a file, each with its line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from engine.errors import EngineError
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit


@dataclass(slots=True)
class Faults:
    """Collects faults, so that one run names all of them. `file` is how the file is named in the message."""

    file: str
    _found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, message: str) -> None:
        self._found.append((line, message))

    @contextmanager
    def noting(self, line: int) -> Iterator[None]:
        """Adds an error that is raised in the block, instead of raising it."""
        try:
            yield
        except (EngineError, CommandFailed) as error:
            self.add(line, str(error))

    def check(self) -> None:
        """Raises `CommandFailed` with all faults, in the order of the lines, if there are any."""
        if not self._found:
            return
        lines = "\n".join(f"  line {line}: {message}" for line, message in sorted(self._found))
        count = "1 fault" if len(self._found) == 1 else f"{len(self._found)} faults"
        raise CommandFailed(f"{self.file} has {count}, and nothing was changed:\n{lines}", status=Exit.USAGE)
