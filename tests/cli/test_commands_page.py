"""docs/commands.md: every command, as its help has it, with an example that can be typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ops.cli.app import COMMANDS, build
from ops.dev.commands import page

PAGE = (Path(__file__).parent.parent.parent / "docs/commands.md").read_text()
EXAMPLES = sorted(set(re.findall(r"\| `idexx-sync ([^`]+)` \|$", PAGE, re.MULTILINE)))


def test_the_page_is_current() -> None:
    assert page() == PAGE, "run `python -m ops.dev.commands > docs/commands.md`"


def test_every_command_is_on_the_page() -> None:
    listed = {path.split()[0] for path in re.findall(r"^\| `([a-z][^`]*)`", PAGE, re.MULTILINE)}
    assert listed == {name for name, *_ in COMMANDS}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_can_be_typed(example: str) -> None:
    words = shlex.split(re.split(r"\s[|<>;&]", example)[0])
    build(words[0]).parse_args(words, exit_on_error=False, print_error=False)
