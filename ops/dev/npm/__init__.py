"""The npm packages of tests, as package.json and its lock name them; `./ops/setup` installs them where npm is."""

from __future__ import annotations

from pathlib import Path

#: Where they are installed. Node finds them for programs in its parent, and for what it reads from stdin there.
NODE_MODULES = Path(__file__).parents[3] / ".cache/npm/node_modules"
