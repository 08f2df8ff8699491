"""Every command that a document names exists, takes what it is given there, and explains itself."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.cli import main
from ops.cli.app import COMMANDS, build
from ops.client.exit_status import Exit
from tests.ops.up_process import Up

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "SECURITY.md",
    *sorted(path for path in (ROOT / "docs").glob("*.md") if path.name != "commands.md"),  # made from the code
    ROOT / "ops/monitoring/runbook.md",
    ROOT / "broker/README.md",
]

#: Placeholders for the reader's own values.
STAND_INS = {
    "SYNC": "1e0b3f6e-9a55-4d0e-8f3c-2f0c52d6b7aa",
    "DATE": "2026-03-01",
    "CLINIC": "elm-street",
    "APPOINTMENT": "48213",
    "DELIVERY": "3f0e6b7c-52a1-4a57-9d52-5b8f3a1e77c0",
    "BOOKING": "ODIS-7K2M9QXA",
    "TIME": "2026-12-08 10:30",
    "ID…": "room-1",
    "URL": "https://example.com/hooks/idexx",
    "…": "",
}

#: The first words of commands.
NAMES = [name for name, *_ in COMMANDS]

#: Commands that only look, and whose answer does not depend on what is stored.
CHEAP = {"status", "runs", "dlq list", "doctor", "env", "clinic list", "migrate", "spec"}


def command_lines(text: str) -> Iterator[str]:
    """The text of command blocks, and between backticks, without the messages of docs/troubleshooting.md."""
    text = re.sub(r"^- (`+).*\1$", "", text, flags=re.MULTILINE)
    for block in re.findall(r"```(?:sh|console|bash)\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            yield re.sub(r"\s#.*", "", line).strip().removeprefix("$ ").rstrip(" &")
    yield from (" ".join(code.split()) for code in re.findall(r"`([^`\n]+(?:\n[^`\n]+)?)`", text))


def named() -> list[str]:
    """Every command line of ours in the documents, without its name; also where a sentence leaves that out."""
    found: set[str] = set()
    for document in DOCUMENTS:
        for line in command_lines(document.read_text()):
            line = re.sub(r"^([A-Z_]+=\S*\s+)+", "", line)
            ours = re.fullmatch(r"(?:\./|\.venv/bin/)?idexx-sync ([a-z-]+.*)", line)
            short = re.fullmatch(rf"((?:{'|'.join(NAMES)}) [a-zA-Z-]+.*)", line)
            if match := ours or short:
                found.add(re.split(r"\s[|<>;&]|\s·", match[1])[0].strip())
    return sorted(found)


def words(line: str) -> list[str]:
    given = [STAND_INS.get(word, word) for word in shlex.split(line)]
    return [word for word in given if word and word != "COMMAND"]


def path_of(line: str) -> list[str]:
    """The command's name, with the name of its part."""
    found: list[str] = []
    app = build()
    for word in words(line):
        if word not in app:
            break
        found.append(word)
        app = app[word]
    return found


def test_the_documents_name_commands() -> None:
    assert len(named()) > 25


@pytest.mark.parametrize("line", named())
def test_a_command_of_the_documents_takes_what_it_is_given_there(line: str) -> None:
    if path_of(line) == words(line) or "--help" in line or words(line) == ["COMMAND"]:
        return  # named only
    build(words(line)[0]).parse_args(words(line), exit_on_error=False, print_error=False)


@pytest.mark.parametrize("path", sorted({" ".join(path_of(line)) for line in named()}))
def test_a_command_of_the_documents_explains_itself_with_an_example(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*path.split(), "--help"]) == Exit.OK
    output = capsys.readouterr().out
    assert "Example" in output or "Commands" in output


def test_the_quick_ones_work(up: Up) -> None:
    wanted = sorted({" ".join(path_of(line)) for line in named()} & CHEAP)
    assert len(wanted) >= 5
    failed = {command: done.stderr for command in wanted if (done := up.run(*command.split())).returncode != 0}
    assert failed == {}


def test_scripts_and_modules_of_the_documents_exist() -> None:
    lines = [line for document in DOCUMENTS for line in command_lines(document.read_text())]
    scripts = {match[0] for line in lines if (match := re.match(r"(?<!\w)\./ops/\w+", line))}
    assert {"./ops/demo", "./ops/test"} <= scripts
    assert all(os.access(ROOT / script, os.X_OK) for script in scripts)
    modules = {match[1] for line in lines if (match := re.search(r"python3? -m ((?:ops|actors)[\w.]*)", line))}
    for module in modules:
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


def test_the_readme_makes_a_key_that_can_be_used() -> None:
    [typed] = set(re.findall(r"ENCRYPTION_KEY=\$\(idexx-sync ([^)]+)\)", (ROOT / "README.md").read_text()))
    argv = [sys.executable, "-c", "from ops.cli import main; main()", *typed.split()]
    made = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=ROOT)
    from engine.store.vault import Vault

    Vault.from_ring(made.stdout.strip())


def test_the_key_of_an_api_caller_is_made_without_a_word_too_many() -> None:
    argv = [sys.executable, "-W", "error", "-m", "actors.http.keys", "booking"]
    made = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=ROOT)
    assert made.stderr == ""
    assert re.fullmatch(r"key for booking, shown once: \S+\nadd to API_KEYS: booking:[0-9a-f]{64}\n", made.stdout)
