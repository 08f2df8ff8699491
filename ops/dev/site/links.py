"""Checks the links of a built site: every page, file and anchor is there, and no page loads from another host."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Attributes from which a browser loads by itself, without a click.
_LOADS = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src")}


@dataclass
class Page(HTMLParser):
    """The anchors of a page, where its links lead, and what it loads."""

    anchors: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    loads: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value is None:
                continue
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)
            elif (tag, name) in _LOADS:
                self.loads.add(value)
            elif (tag, name) == ("a", "href"):
                self.links.add(value)


def broken(site: Path) -> list[str]:
    """A sentence for each link that leads nowhere."""
    pages = {path: _read(path) for path in sorted(site.rglob("*.html")) if path.name != "404.html"}
    problems = []
    for path, page in pages.items():
        name = path.relative_to(site).as_posix()
        for target in sorted(page.loads | page.links):
            if (problem := _problem(path, target, pages, is_loaded=target in page.loads)) is not None:
                problems.append(f"{name}: {target} {problem}")
    return problems


def _problem(path: Path, target: str, pages: dict[Path, Page], *, is_loaded: bool) -> str | None:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return "is loaded from another host" if is_loaded and parts.scheme in ("", "http", "https") else None
    linked = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    linked = linked / "index.html" if linked.is_dir() else linked
    if not linked.exists():
        return "is not there"
    anchor = unquote(parts.fragment)
    if anchor and linked in pages and anchor not in pages[linked].anchors:
        return "has no such anchor"
    return None


def _read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page
