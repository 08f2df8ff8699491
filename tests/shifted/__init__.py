"""A pytest plugin for ops/dev/shifted_clock_tests: leaves out the tests that libfaketime cannot shift.

nats-server is a Go program and takes the time from the system itself, and Chromium has a sandbox of its own.
PostgreSQL's time-outs do not end what waits: libfaketime gives a signal handler that interrupts `epoll_wait` the
unshifted time.
"""

from __future__ import annotations

import inspect
import re
from functools import cache
from pathlib import Path

import pytest

#: What a test that needs a nats-server or a browser has as a fixture, or its file in its text.
FIXTURES = {"nats_url", "heard", "up", "machine", "system", "servers", "browser", "playwright", "gateway", "page"}
TEXT = re.compile(
    r"nats_url|tests\.broker\.servers|up_process|embedded_servers|playwright|Browser\(|chromium|browser_soak", re.I
)

TIMEOUTS = re.compile(r"lock_timeout|statement_timeout", re.I)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if is_left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def is_left_out(item: pytest.Item) -> bool:
    if FIXTURES & set(getattr(item, "fixturenames", ())) or names_a_server(item.path):
        return True
    return isinstance(item, pytest.Function) and bool(TIMEOUTS.search(inspect.getsource(item.function)))


@cache
def names_a_server(path: Path) -> bool:
    return bool(TEXT.search(path.read_text(encoding="utf-8")))
