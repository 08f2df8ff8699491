"""Writes the generated parts of a page: `python -m actors.spec docs/interface.md`."""

from __future__ import annotations

import sys
from pathlib import Path

from actors.spec.page import filled

for name in sys.argv[1:]:
    path = Path(name)
    path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
