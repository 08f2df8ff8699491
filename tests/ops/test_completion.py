"""Shell completion, asked of the shells themselves: the installed script offers what can be typed next."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.ops.up_process import ARGV as COMMAND

#: A command line up to the cursor, and what is offered there.
TYPED = {
    "clinic ru": {"rules"},
    "sync cedar-creek --d": {"--days", "--dry-run"},
    "worker ": {"coordinator", "date_scraper", "notifier", "reconciler"},
    "credentials ": {"import", "rotate", "set", "test"},
    "runs --fa": {"--failed"},
}

#: Asks bash as its completion does: by the function that is registered for the command.
BASH = """
source "$1"
line=$2 words=($2)
[ "${line% }" = "$line" ] || words+=("")
complete=$(complete -p idexx-sync)
COMP_WORDS=("${words[@]}") COMP_CWORD=$((${#words[@]} - 1)) COMP_LINE=$line COMP_POINT=${#line}
[[ $complete =~ -F\\ ([^ ]+) ]] && "${BASH_REMATCH[1]}" idexx-sync
printf '%s\\n' "${COMPREPLY[@]}"
"""

ARGV = {
    "bash": ["bash", "--norc", "-c", BASH, "bash"],
    "fish": ["fish", "--no-config", "-c", "source $argv[1]; complete --do-complete $argv[2]"],
}


@pytest.fixture(scope="module", params=sorted(ARGV))
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A shell, and the script that is installed for it."""
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed; ./ops/setup installs it where apt has it")
    folder = tmp_path_factory.mktemp("completion")
    path = folder / name
    argv = [*COMMAND, "--install-completion", "--shell", name, "--output", str(path)]
    subprocess.run(argv, env={**os.environ, "HOME": str(folder)}, check=True, capture_output=True, timeout=120)
    return name, path


@pytest.mark.parametrize("typed", TYPED)
def test_a_shell_offers_what_can_be_typed_next(shell: tuple[str, Path], typed: str, tmp_path: Path) -> None:
    name, script = shell
    # In an empty folder, because a shell may offer files as well.
    asked = subprocess.run(
        [*ARGV[name], str(script), f"idexx-sync {typed}"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert asked.stderr == ""
    assert {line.partition("\t")[0] for line in asked.stdout.splitlines()} == TYPED[typed]
