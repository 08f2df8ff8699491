"""What `status` has read: the reply in JSON, and how it is printed."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class StatusView:
    """`complaint`: why `--check` exits with 1; None: it does not."""

    reply: dict[str, Any]
    show: Callable[[Console], None]
    complaint: str | None = None


Read: TypeAlias = Callable[[], Coroutine[Any, Any, StatusView]]
