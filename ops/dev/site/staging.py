"""Copies the documents and the files that they link to into a folder, as the site's pages."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent.parent

#: Markdown files of the repository that do not become pages.
NOT_PAGES = ("tests/", ".")

_LINK = re.compile(r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))")


def stage(target: Path, root: Path = ROOT) -> list[str]:
    """Writes the pages into `target`; returns a sentence for each link to a file that is not there."""
    problems: list[str] = []
    for page in pages(root):
        text = (root / page).read_text(encoding="utf-8")
        for link in _links(text):
            linked = (root / page).parent.joinpath(link).resolve()
            if not linked.is_file():
                problems.append(f"{page}: {link} is not a file of the repository")
            elif linked.suffix != ".md":
                _copy(linked, target / linked.relative_to(root))
        (target / page).parent.mkdir(parents=True, exist_ok=True)
        (target / page).write_text(text, encoding="utf-8")
    return problems


def pages(root: Path = ROOT) -> list[str]:
    """The documents, relative to the repository."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    found = subprocess.run(listing, cwd=root, capture_output=True, text=True, check=True).stdout.split("\n")
    return sorted(path for path in found if path and not path.startswith(NOT_PAGES) and (root / path).is_file())


def _links(text: str) -> Iterator[str]:
    for match in _LINK.finditer(text):
        if "://" not in match[2] and not match[2].startswith("mailto:"):
            yield match[2]


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
