"""Tasks that end together, and whose failure looks like that of a plain call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def task_group() -> AsyncIterator[asyncio.TaskGroup]:
    """A TaskGroup that raises the exception itself if all failed tasks raised the same kind.

    Callers handle `Unavailable`; a server that several tasks cannot reach would raise an ExceptionGroup.
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failed:
        first, *others = leaves(failed)
        if any(type(other) is not type(first) for other in others):
            raise
        raise first from first.__cause__


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The exceptions of a group and of the groups in it; a plain exception is its only leaf."""
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from leaves(part)
    else:
        yield error
