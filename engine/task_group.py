"""Tasks that end together, and whose failure looks like that of a plain call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def task_group() -> AsyncIterator[asyncio.TaskGroup]:
    """A TaskGroup whose tasks fail as one call does: with the exception itself, where all of them raised the same kind.

    Callers handle `Unavailable`; a server that is away for several tasks would reach them as an ExceptionGroup.
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
    """The exceptions of a group and of the groups in it; an exception that is no group is its only leaf."""
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from leaves(part)
    else:
        yield error
