"""Whatever a document names is there: files, links, settings, modules with their options, paths, subjects.

A command that begins with an unknown word fails, so that a new document cannot add one unnoticed.
"""

from __future__ import annotations

import json
import re
import shlex
from functools import cache
from pathlib import Path

import pytest

from actors.http.openapi import description
from actors.messages import Subjects
from actors.settings import Settings
from tests.cli.test_documents import DOCUMENTS, ROOT, command_lines

#: Other people's programs, and what a shell has by itself. Where they are given files of ours, those must be there.
OTHERS = {
    "apt-get",
    "cp",
    "docker",
    "eval",
    "install",
    "journalctl",
    "kubectl",
    "nats-server",
    "pip",
    "printf",
    "sudo",
}
OTHERS |= {"systemctl", "pytest", "pg_dump", "pg_restore", "createdb"}

#: What is written like a setting and is none: the compose file's variables, other programs', a stream.
VARIABLES = {
    Subjects().event_stream,
    "SCRAPERS",
    "SECRETS",
    "PATH",
    "HOME",
    "TERM",
    "NO_COLOR",
    "CREDENTIALS_DIRECTORY",
}

FOLDERS = ("actors", "broker", "engine", "ops", "tests", "docs")

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=[path.name for path in DOCUMENTS])


def blocks(text: str) -> list[str]:
    """The command lines of blocks, with those that go on in the next line made one, and without what is printed."""
    found = []
    for kind, block in re.findall(r"```(sh|console|bash)\n(.*?)```", text, re.DOTALL):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            if kind != "console" or line.startswith("$ "):
                found.append(re.sub(r"\s+#.*", "", line).removeprefix("$ ").strip())
    return [line for line in found if line]


@each_document
def test_every_command_begins_with_a_program_that_is_known(document: Path) -> None:
    for line in blocks(document.read_text()):
        program = shlex.split(line.rstrip("&"))[0]
        if "=" in program:
            continue
        known = program in OTHERS | {"export", "curl", "nats", "idexx-sync"} or "python" in program
        assert known or (ROOT / program).exists() or "/bin/" in program, f"who holds {line!r} to be right?"


@each_document
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if "://" in target:
            continue
        path, _, heading = target.partition("#")
        found = (document.parent / path).resolve() if path else document
        assert found.exists(), target
        assert not heading or heading in headings(found), target


def headings(document: Path) -> set[str]:
    """As GitHub makes anchors of them."""
    lines = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@each_document
def test_files_that_are_named_exist(document: Path) -> None:
    for code in re.findall(r"`([^`\n]+)`", document.read_text()):
        for word in code.split():
            path = word.strip("'\",;").partition("::")[0]
            if path.startswith(tuple(f"{folder}/" for folder in FOLDERS)) and "another_portal" not in path:
                assert any(ROOT.glob(path.rstrip("/"))), path


@each_document
def test_variables_that_are_named_are_settings(document: Path) -> None:
    text = document.read_text()
    named = set(re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`", text))
    named |= {name for line in command_lines(text) for name in re.findall(r"\b([A-Z][A-Z_]+)=", line)}
    settings = {name.upper() for name in Settings.model_fields}
    assert [name for name in named - VARIABLES - settings if name not in sources()] == []


@cache
def sources() -> str:
    """All of our code: a constant may be named, and a variable that a program of ours reads by itself."""
    files = [
        path for folder in FOLDERS for end in ("py", "yaml", "sh") for path in (ROOT / folder).rglob(f"*.{end}")
    ]
    scripts = [ROOT / "ops/setup", ROOT / "ops/lock", ROOT / "ops/test", ROOT / "compose.yaml"]
    return "\n".join(path.read_text() for path in [*files, *scripts] if path != Path(__file__))


@each_document
def test_modules_take_the_options_they_are_given(document: Path) -> None:
    text = document.read_text()
    for line in [*blocks(text), *command_lines(text)]:
        if match := re.search(r"python3? -m ((?:ops|actors)[\w.]*)(.*)", line):
            if match[1] == "ops.bench":
                continue  # tests/bench looks at these
            path = ROOT / match[1].replace(".", "/")
            files = list(path.glob("*.py")) or [path.with_suffix(".py")]
            code = "\n".join(file.read_text() for file in files)
            for option in re.findall(r"\s(--[a-z-]+)", match[2]):
                assert f'"{option}"' in code, line


@each_document
def test_tests_that_are_named_are_there(document: Path) -> None:
    for line in command_lines(document.read_text()):
        if match := re.match(r"\./ops/test ([^-]+)(?:-k (.*))?", line):
            code = "".join((ROOT / path).read_text() for path in match[1].split() if path.endswith(".py"))
            tests = re.findall(r"def (test_\w+)", code)
            for word in set(re.findall(r"\w+", match[2] or "")) - {"and", "or", "not"}:
                assert any(word in name for name in tests), f"{line}: no test has {word} in its name"


@each_document
def test_addresses_of_the_api_are_answered(document: Path) -> None:
    paths = [re.sub(r"\{\w+\}", "[^/]+", path) for path in description(with_keys=False)["paths"]] + [
        "/metrics",
        "/",
    ]
    paths += ["/openapi.json", "/healthz"]  # NATS has the last one
    text = document.read_text()
    asked = re.findall(r"localhost:3001([^\s?'\"`]*)", text) + re.findall(r"`(?:GET|POST) (/[^`?]*)`", text)
    for path in asked:
        assert any(re.fullmatch(known, path) for known in paths), path


@each_document
def test_subjects_are_ours(document: Path) -> None:
    known = json.loads((ROOT / "docs/spec/asyncapi.json").read_text())["channels"].values()
    addresses = [re.sub(r"\{\w+\}", "@", channel["address"]).split(".") for channel in known if channel["address"]]
    for subject in re.findall(r"\bidexx\.(?:cmd|evt)\.[^\s`'\",)}]*", document.read_text()):
        words = subject.rstrip(".").split(".")
        if words[-1] in (">", "…", ""):
            words.pop()
        assert any(fits(words, address) for address in addresses), subject


def fits(words: list[str], address: list[str]) -> bool:
    """Whether it is such a subject, or begins like one."""
    return len(words) <= len(address) and all(
        there in ("@", word) or word == "*" for word, there in zip(words, address, strict=False)
    )


def test_a_changed_portal_is_mended_where_its_page_says() -> None:
    rows = [line for line in (ROOT / "docs/portal.md").read_text().splitlines() if line.startswith('| "')]
    assert len(rows) >= 10
    for row in rows:
        sentences, _, *where = row.strip("|").split(" | ")
        code = "".join((ROOT / path).read_text() for path in re.findall(r"`(engine/[\w/]+\.py)`", where[-1]))
        for sentence in re.findall(r'"([^"]+)"', sentences):
            assert sentence in code, row
