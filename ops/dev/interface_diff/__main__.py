"""Prints what breaks clients since the last release: `python -m ops.dev.interface_diff [--release]`."""

from __future__ import annotations

import sys

from ops.dev.interface_diff import breaking_changes, current, release, released

if "--release" in sys.argv[1:]:
    release()
else:
    [changes] = breaking_changes([(released(), current())])
    for change in changes:
        print(f"{change.action:6} {change.name:40} {change.path}")
    print(f"{len(changes)} changes can break clients")
