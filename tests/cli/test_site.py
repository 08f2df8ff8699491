"""The documents as a site: they can be built without a network, and every link of it leads somewhere."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from ops.dev.site.build import build
from ops.dev.site.links import broken
from ops.dev.site.staging import ROOT, pages


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents") / "site"
    assert build(folder) == []
    return folder


def test_every_document_is_a_page_of_the_site_and_in_its_navigation(site: Path) -> None:
    names = [str(Path(page).with_suffix(".html")) for page in pages()]
    built = [name.replace("README.html", "index.html") for name in names]
    assert [name for name in built if not (site / name).exists()] == []
    navigation = tomllib.loads((ROOT / "docs/zensical.toml").read_text())["project"]["nav"]
    assert sorted(_named(navigation)) == pages()


def _named(entries: list[dict[str, object]]) -> list[str]:
    found: list[str] = []
    for entry in entries:
        for value in entry.values():
            found += [value] if isinstance(value, str) else _named(value)  # type: ignore[arg-type]
    return found


def test_links_that_lead_nowhere_are_found(site: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(site, tmp_path / "site")
    page = copy / "docs/faq.html"
    page.write_text(
        page.read_text()
        .replace("</body>", '<a href="gone.html">1</a><a href="sizing.html#gone">2</a></body>')
        .replace("</head>", '<script src="https://cdn.example/x.js"></script></head>')
    )
    assert broken(copy) == [
        "docs/faq.html: gone.html is not there",
        "docs/faq.html: https://cdn.example/x.js is loaded from another host",
        "docs/faq.html: sizing.html#gone has no such anchor",
    ]


def test_a_wrong_link_of_a_document_fails_the_build(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    (root / "docs").mkdir(parents=True)
    shutil.copyfile(ROOT / "docs/zensical.toml", root / "docs/zensical.toml")
    (root / "README.md").write_text("# Here\n\n[there](docs/there.md#gone) [lost](lost.json)\n")
    (root / "docs/there.md").write_text("# There\n")
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    assert build(tmp_path / "site", root) == [
        "README.md: lost.json is not a file of the repository",
        "README.md:3:23: anchor does not exist",
    ]
    assert not (tmp_path / "site").exists()
