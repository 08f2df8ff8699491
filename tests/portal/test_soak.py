from __future__ import annotations

import asyncio
import sys

import pytest

pytestmark = pytest.mark.anyio


async def test_dates_and_forced_crashes_leave_nothing_behind():
    """The short form of what `python -m ops.faults.browser_soak` does with 500 dates and 20 crashes."""
    command = [sys.executable, "-m", "ops.faults.browser_soak", "--dates", "16", "--crashes", "3", "--seed", "11"]
    pipe = asyncio.subprocess.PIPE
    soak = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    try:
        async with asyncio.timeout(240):
            out, err = await soak.communicate()
    finally:
        if soak.returncode is None:
            soak.kill()
    assert soak.returncode == 0, out.decode() + err.decode()
