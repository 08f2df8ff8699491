"""Checks the Dockerfile without a container engine: `python -m ops.dev.check_image`.

Runs the build stage in a scratch folder: the same files, the same commands, a fresh environment from the lock file
with its hashes, and the wheel. For the last stage, it checks that Debian has the packages. Then it tests the
result outside this repository: it imports each module and runs the entry point. Takes a minute or two.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ops.dev.dockerfile import Stage, is_ignored, patterns, stages

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "ops/deploy/container"

#: Folders of the image that are replaced by the scratch folder.
IMAGE_FOLDERS = re.compile("(?<![^ =])(?=/(opt|src|tmp)/)")

#: Timeout of one step. Seconds.
STEP_LIMIT = 900

#: Imports every installed module, except those that start a program or need settings on import.
IMPORT_ALL = """
import importlib, pkgutil, sys
import actors, broker, engine, ops
count = 0
for package in (actors, broker, engine, ops):
    assert "site-packages" in package.__path__[0], package
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith(("__main__", "actors.app")):
            importlib.import_module(module.name)
            count += 1
print(count, "modules")
"""


class Failed(Exception):
    """A step failed; the message explains why."""


def build(stage: Stage, scratch: Path) -> None:
    """Runs the first stage with `scratch` in place of the image's root."""
    source = scratch / "src"
    source.mkdir()
    for arguments in stage.of("COPY"):
        say(f"COPY {arguments}")
    for sources, target in stage.copies():
        for name in sources:
            copy(name, source / target)
    for command in stage.of("RUN"):
        say(f"RUN {command}")
        run("bash", "-euc", inside(command, scratch), cwd=source)


def copy(name: str, to: Path) -> None:
    """Copies a file or folder of the context, except what .dockerignore excludes."""
    ignored = patterns((FOLDER / "Dockerfile.dockerignore").read_text())
    if is_ignored(name.rstrip("/"), ignored) or not (ROOT / name).exists():
        raise Failed(f"COPY {name}: the file does not exist in the build context")
    if (ROOT / name).is_file():
        shutil.copy(ROOT / name, to)
        return

    def left_out(folder: str, names: list[str]) -> set[str]:
        inside_root = Path(folder).relative_to(ROOT)
        return {one for one in names if is_ignored(str(inside_root / one), ignored)}

    shutil.copytree(ROOT / name, to, ignore=left_out, dirs_exist_ok=True)


def inside(command: str, scratch: Path) -> str:
    return IMAGE_FOLDERS.sub(str(scratch), command).replace("python -m venv", f"{sys.executable} -m venv")


def check_packages(stage: Stage) -> None:
    """Checks that Debian has the packages that the last stage installs."""
    [command] = [command for command in stage.of("RUN") if "apt-get install" in command]
    words = command.partition("apt-get install")[2].partition("&&")[0].split()
    names = [word for word in words if not word.startswith("-")]
    say(f"apt-get install {' '.join(names)} (simulated)")
    run("apt-get", "install", "--simulate", "--no-install-recommends", *names)


def try_installation(programs: Path, nowhere: Path) -> None:
    """Imports each installed module and runs the command, in an empty folder, without access to this repository."""
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(nowhere)}
    say(run(str(programs / "python"), "-I", "-c", IMPORT_ALL, cwd=nowhere, env=environment).strip())
    for arguments in (["--version"], ["--help"], ["worker", "--help"], ["migrate", "--help"]):
        run(str(programs / "idexx-sync"), *arguments, cwd=nowhere, env=environment)
        say(f"idexx-sync {' '.join(arguments)}")


def run(*command: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> str:
    """Runs a command and returns its output. Raises `Failed`."""
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=STEP_LIMIT, check=False
    )
    if done.returncode:
        raise Failed(f"{' '.join(command)[:300]}\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def say(text: str) -> None:
    print(f"· {text}", file=sys.stderr)


def main() -> int:
    first, *_, last = stages((FOLDER / "Dockerfile").read_text())
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if not first.base.startswith(f"python:{here}."):
        say(f"the image has {first.base}, but this is Python {here}: continuing with it")
    with tempfile.TemporaryDirectory(prefix="idexx-image-") as scratch:
        try:
            build(first, Path(scratch))
            if shutil.which("apt-get"):
                check_packages(last)
            nowhere = Path(scratch) / "nowhere"
            nowhere.mkdir()
            try_installation(Path(scratch) / "opt/idexx-sync/bin", nowhere)
        except Failed as error:
            print(f"✗ {error}", file=sys.stderr)
            return 1
    say("✓ the stages of the Dockerfile can be built, and the result starts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
