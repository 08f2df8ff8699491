"""Takes a screenshot of the console while `idexx-sync up` runs: `python -m ops.dev.console_screenshot
docs/console.svg`."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from actors.messages import Subjects
from ops.client.connections import open_nats, where
from ops.console.app import Console
from ops.console.source import Source
from ops.local.discovery import nats_url, settings_here

SIZE = (132, 36)

#: Seconds until the first replies are on the screen.
SETTLES = 4.0


async def draw() -> str:
    """Returns the screenshot as SVG."""
    settings = settings_here()
    url = nats_url(settings)
    async with open_nats(url) as client:
        app = Console(Source(client, Subjects(settings.subject_prefix)), where(url))
        async with app.run_test(size=SIZE) as pilot:
            await asyncio.sleep(SETTLES)
            await pilot.pause()
            # Remove the web fonts that it would load; the reader's own fonts are sufficient.
            svg = re.sub(r"@font-face \{.*?\}", "", app.export_screenshot(simplify=True), flags=re.DOTALL)
    lines = (line.rstrip() for line in svg.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(asyncio.run(draw()))
