"""Writes again what this version understands of a recording: `python -m ops.dev.understood PATH…`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from engine.portal.recording import read_recording, understood


def main(paths: list[str]) -> None:
    for path in map(Path, paths):
        found = understood(read_recording(path))
        target = path / "understood.json" if path.is_dir() else path
        value = found if path.is_dir() else {**json.loads(path.read_text(encoding="utf-8")), "understood": found}
        target.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
