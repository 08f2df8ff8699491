"""Builds what a release holds, from the last commit: `python -m ops.dev.build [FOLDER]` (default: dist).

- The wheel, and that of `idexx_feed`, the library of consumers. Two builds of one commit are equal byte for byte: the
  files come from git, not from the working tree, and their times are the commit's (`SOURCE_DATE_EPOCH`).
- Beside it, a CycloneDX SBOM (`….cdx.json`) of what `requirements.lock` installs on this platform, with licenses and
  the packages that each one needs. It needs uv.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: The source of the consumers' library, which has a wheel of its own.
FEED = "ops/feed"

#: Timeout of one step. Seconds.
STEP_LIMIT = 600


class Failed(Exception):
    """A step failed; the message explains why."""


def export(commit: str, folder: Path) -> None:
    """Writes the files of a commit into a folder."""
    archive = folder.with_suffix(".tar")
    _run("git", "archive", "--output", str(archive), commit)
    shutil.unpack_archive(archive, folder, filter="data")
    archive.unlink()


def build_wheel(source: Path, folder: Path, epoch: int) -> Path:
    """Builds the wheel of a source tree, and returns its path. `epoch` becomes the time of the wheel's files."""
    before = set(folder.glob("*.whl"))
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    _run(*command, cwd=source, SOURCE_DATE_EPOCH=str(epoch))
    [wheel] = set(folder.glob("*.whl")) - before
    return wheel


def install_production(source: Path, environment: Path) -> Path:
    """Creates an environment with the packages of `requirements.lock`, and returns its Python."""
    python = environment / "bin/python"
    _run(_uv(), "venv", "--quiet", "--python", sys.executable, str(environment))
    _run(
        *(_uv(), "pip", "install", "--quiet", "--python", str(python)),
        *("--require-hashes", "--requirement", str(source / "requirements.lock")),
    )
    return python


def write_sbom(source: Path, python: Path, target: Path, epoch: int, *, validate: bool = True) -> None:
    """Writes the SBOM of an environment, with the project of a source tree as its main component.

    Validating it against the schema of CycloneDX takes some seconds.
    """
    _run(
        *(sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"),
        "--validate" if validate else "--no-validate",
        *("--pyproject", str(source / "pyproject.toml"), "--output-file", str(target), str(python)),
        SOURCE_DATE_EPOCH=str(epoch),
    )


def _uv() -> str:
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if found is None:
        raise Failed("uv was not found: run ./ops/setup, or install uv")
    return found


def _run(*command: str, cwd: Path = ROOT, **variables: str) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        # Behind a company's TLS proxy, the system trusts the proxy's certificate, but uv does not.
        env={"UV_SYSTEM_CERTS": "true"} | os.environ | variables,
        capture_output=True,
        text=True,
        timeout=STEP_LIMIT,
        check=False,
    )
    if done.returncode:
        raise Failed(f"{' '.join(command)[:300]}\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout.strip()


def build(folder: Path) -> list[Path]:
    """Builds the wheels and the SBOM of the last commit. Returns their paths."""
    commit, epoch = _run("git", "log", "-1", "--format=%H %ct").split()
    with tempfile.TemporaryDirectory(prefix="idexx-build-") as scratch:
        source = Path(scratch) / "source"
        export(commit, source)
        made = Path(scratch) / "made"
        made.mkdir()
        wheel, of_feed = build_wheel(source, made, int(epoch)), build_wheel(source / FEED, made, int(epoch))
        sbom = wheel.with_name(f"{'-'.join(wheel.name.split('-')[:2])}.cdx.json")
        write_sbom(source, install_production(source, Path(scratch) / "environment"), sbom, int(epoch))
        folder.mkdir(parents=True, exist_ok=True)
        return [Path(shutil.copy(path, folder)) for path in (wheel, of_feed, sbom)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.dev.build", description=__doc__.partition(":")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "dist", help="default: dist")
    try:
        for path in build(parser.parse_args().folder):
            print(hashlib.sha256(path.read_bytes()).hexdigest(), path)
        if _run("git", "status", "--porcelain"):
            print("· changes that are not committed are not in it", file=sys.stderr)
    except Failed as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
