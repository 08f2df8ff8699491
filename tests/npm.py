"""The npm packages that `./ops/setup` installs for tests, and programs in JavaScript that use them."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from ops.dev.npm import NODE_MODULES

needs_npm = pytest.mark.skipif(
    shutil.which("node") is None or not NODE_MODULES.exists(),
    reason="the npm packages of ops/dev/npm are not installed: install Node.js 20 with npm, then run ./ops/setup",
)


async def run_node(script: Path, *arguments: str, **environment: str) -> str:
    """Runs a module that may import the packages; returns its output. An error of it fails the test."""
    source = await asyncio.to_thread(script.read_bytes)
    # Node looks for packages beside a file, but in the working directory for what it reads from stdin.
    process = await asyncio.create_subprocess_exec(
        *("node", "--input-type=module", "-", *arguments),
        cwd=NODE_MODULES.parent,
        env={"PATH": os.environ["PATH"], **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(120):
            output, errors = await process.communicate(source)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, errors.decode()
    return output.decode()
