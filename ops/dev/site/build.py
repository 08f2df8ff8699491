"""Builds the site in a temporary folder, and moves it to its place."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ops.dev.site.links import broken
from ops.dev.site.staging import ROOT, stage

#: Timeout of the builder. Seconds.
TIMEOUT = 120


#: A warning of the builder: what is wrong, and where, between the escape sequences of its colors.
_COLOR, _WARNING = re.compile(r"\x1b\[[\d;]*m"), re.compile(r"Warning: (.+)\n.*\[ (\S+) \]")


def build(folder: Path, root: Path = ROOT) -> list[str]:
    """Writes the site into `folder`, replacing what it holds; returns a sentence for each problem."""
    with tempfile.TemporaryDirectory(prefix="site-") as name:
        work = Path(name)
        problems = stage(work / "pages", root)
        shutil.copyfile(root / "docs/zensical.toml", work / "zensical.toml")
        builder = [str(Path(sys.executable).with_name("zensical")), "build", "--clean", "--strict"]
        done = subprocess.run(builder, cwd=work, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        if done.returncode != 0:
            return [*problems, *_warnings(done.stdout + done.stderr)]
        problems += broken(work / "site")
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(work / "site", folder)
    return problems


def _warnings(output: str) -> list[str]:
    plain = _COLOR.sub("", output)
    return [f"{place}: {problem}" for problem, place in _WARNING.findall(plain)] or [plain.strip()]
