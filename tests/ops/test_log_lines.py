"""Log lines of child processes fit a terminal, and lose nothing that an operator needs."""

from __future__ import annotations

import io
import logging
from uuid import uuid4

import structlog

from actors.observability.logging import configure
from actors.settings import Settings
from ops.terminal.log_lines import fitted, shortened


def logged(level: str, **details: object) -> str:
    """A line as our processes log it."""
    stream, root = io.StringIO(), logging.getLogger()
    handlers, before = root.handlers, root.level
    root.handlers = [logging.StreamHandler(stream)]
    try:
        configure(Settings())
        getattr(structlog.get_logger("idexx_sync"), level)("date_completed", **details)
    finally:
        root.handlers = handlers
        root.setLevel(before)
        structlog.reset_defaults()
    return stream.getvalue()


def test_a_log_line_fits_80_columns_with_its_clock_and_the_start_of_its_ids() -> None:
    sync_id = uuid4()
    more = {"clinic": "cedar-creek", "added": 12, "updated": 3, "unchanged": 40, "message": "read a second time"}
    line = logged("info", sync_id=str(sync_id), **more)
    assert len(line) > 150
    parts = fitted(line, 64)
    assert max(map(len, parts)) <= 64
    text = " ".join(part.strip() for part in parts)
    assert text.startswith(line[11:19] + " date_completed")
    assert f"sync_id={str(sync_id)[:8]}" in text
    assert all(f"{name}={value}" in text.replace("'", "") for name, value in more.items())


def test_a_warning_says_so_and_other_lines_stay_as_they_are() -> None:
    assert " warning: date_completed" in shortened(logged("warning"))
    for other in ('{"event": "date_completed", "level": "info"}', "Traceback (most recent call last):", ""):
        assert shortened(other) == other
    assert fitted("", 40) == [""]
