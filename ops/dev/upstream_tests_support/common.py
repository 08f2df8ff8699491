"""The names that Dramatiq's tests import from their own `common` module."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Iterator
from typing import Any

import pytest
from dramatiq import Worker

RABBITMQ_CREDENTIALS = RABBITMQ_USERNAME = RABBITMQ_PASSWORD = None
skip_on_windows = pytest.mark.skipif(platform.system() == "Windows", reason="not on Windows")
skip_on_pypy = pytest.mark.skipif(platform.python_implementation() == "PyPy", reason="not on PyPy")
skip_in_ci = pytest.mark.skipif(False, reason="runs everywhere")
skip_unless_rabbit_mq = pytest.mark.skipif(False, reason="runs on NATS")


@contextlib.contextmanager
def worker(*args: Any, **kwargs: Any) -> Iterator[Worker]:
    """Runs a worker for the duration of a block."""
    running = Worker(*args, **kwargs)
    running.start()
    try:
        yield running
    finally:
        running.stop()
