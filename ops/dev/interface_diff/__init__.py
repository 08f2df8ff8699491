"""Compares the interface with the one of the last release, by AsyncAPI's diff tool (`@asyncapi/diff`).

`interface_tree.py` lays out both documents (AsyncAPI, OpenAPI) as one tree, in which every field that clients send
or receive has a place of its own; `compare.mjs` gives the tool the rule of each place: which change breaks clients.
`python -m ops.dev.interface_diff` prints what breaks; `--release` makes today's interface the one to compare with.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ops.cli import spec_documents
from ops.dev.interface_diff.interface_tree import WHOLE, Json, interface_tree, without_words
from ops.dev.npm import NODE_MODULES

RELEASED = Path(__file__).parent / "released"
DOCUMENTS = ("asyncapi", "openapi")


@dataclass(frozen=True, slots=True)
class Change:
    """A change that can break clients. `action`: add, remove or edit."""

    action: str
    path: str

    @property
    def name(self) -> str:
        """What the changelog has to name: a field (`SyncReply.position`), a message, a subject or a request."""
        kind, name, *rest = (part.replace("~1", "/").replace("~0", "~") for part in self.path.split("/")[1:])
        return f"{name}.{rest[0]}" if kind in ("sent", "received") and rest and rest[0] != WHOLE else name


def released() -> list[Json]:
    return [json.loads((RELEASED / f"{name}.json").read_text()) for name in DOCUMENTS]


def current() -> list[Json]:
    return [spec_documents.document(name) for name in DOCUMENTS]


def release() -> None:
    """Makes the current interface the released one."""
    for name in DOCUMENTS:
        text = json.dumps(without_words(spec_documents.document(name)), indent=1, ensure_ascii=False)
        (RELEASED / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def breaking_changes(pairs: list[tuple[list[Json], list[Json]]]) -> list[list[Change]]:
    """Returns what can break clients, for each pair of an older and a newer interface (AsyncAPI, OpenAPI)."""
    trees = [[interface_tree(*older), interface_tree(*newer)] for older, newer in pairs]
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "trees.json"
        given.write_text(json.dumps(trees))
        # Node looks for packages in the working directory for what it reads from stdin.
        done = subprocess.run(
            ["node", "--input-type=module", "-", str(given)],
            cwd=NODE_MODULES.parent,
            input=(Path(__file__).parent / "compare.mjs").read_text(),
            capture_output=True,
            text=True,
            check=True,
        )
    return [[Change(**one) for one in changes] for changes in json.loads(done.stdout)]
