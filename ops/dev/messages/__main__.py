"""Updates docs/troubleshooting.md.

    python -m ops.dev.messages docs/troubleshooting.md    drops messages that are gone, adds new ones at its end

A new message then stands under "Without a remedy yet": move it below the heading whose remedy helps.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ops.dev.messages.page import WAITING, listed, updated
from ops.dev.messages.scan import templates


def main() -> int:
    path = Path(sys.argv[1])
    before = path.read_text()
    after = updated(before, templates())
    path.write_text(after)
    added, dropped = set(listed(after)) - set(listed(before)), set(listed(before)) - set(listed(after))
    for sign, messages in (("+", added), ("-", dropped)):
        for message in sorted(messages):
            print(sign, message)
    return WAITING in after


if __name__ == "__main__":
    sys.exit(main())
