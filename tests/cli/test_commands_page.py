"""docs/commands.md: every command, as its help has it, with an example that can be typed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ops.cli.app import COMMANDS, build

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/commands.md").read_text()
EXAMPLES = sorted(set(re.findall(r"\| `idexx-sync ([^`]+)` \|$", PAGE, re.MULTILINE)))


def test_the_page_is_current() -> None:
    """In a process of its own: a command that has been built once keeps the help that it was given then."""
    argv = [sys.executable, "-m", "ops.dev.commands"]
    printed = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert printed == PAGE, "run `python -m ops.dev.commands > docs/commands.md`"


def test_every_command_is_on_the_page() -> None:
    listed = {path.split()[0] for path in re.findall(r"^\| `([a-z][^`]*)`", PAGE, re.MULTILINE)}
    assert listed == {name for name, *_ in COMMANDS}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_can_be_typed(example: str) -> None:
    words = shlex.split(re.split(r"\s[|<>;&]", example)[0])
    build(words[0]).parse_args(words, exit_on_error=False, print_error=False)
