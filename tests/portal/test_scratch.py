"""What is swept of the folders that browsers leave, and what never is."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.portal import browser_folders

OWNER = """
import sys
from pathlib import Path
from engine.portal import browser_folders
folder = browser_folders.make_folder()
browser_folders.remember(folder, [Path(path) for path in sys.argv[1:]])
print(folder, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the folders are made in this test."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@contextmanager
def owner(*others: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process with a folder of its own, and that folder."""
    command = [sys.executable, "-c", OWNER, *map(str, others)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, Path(process.stdout.readline().strip())
        finally:
            process.kill()


def test_a_folder_is_swept_with_its_browsers_when_its_process_is_gone_and_not_before(temporary: Path):
    profile = temporary / "playwright_chromiumdev_profile-x"
    profile.mkdir()
    with owner(profile) as (process, folder):
        browser_folders.sweep()
        assert folder.exists()
        assert profile.exists()
        process.kill()
        process.wait()
        browser_folders.sweep()
    assert list(temporary.iterdir()) == []


def test_a_folder_of_a_live_process_is_not_swept_and_goes_when_it_is_removed(temporary: Path):
    folder = browser_folders.make_folder()
    browser_folders.sweep()
    assert folder.exists()
    browser_folders.remove(folder)
    assert list(temporary.iterdir()) == []


def test_a_process_that_has_the_number_of_one_that_is_gone_does_not_keep_its_folder(temporary: Path):
    (temporary / f"{browser_folders.PREFIX}{os.getpid()}-left").mkdir()
    browser_folders.sweep()
    assert list(temporary.iterdir()) == []


def test_a_process_that_cannot_be_seen_from_here_keeps_its_folder(temporary: Path):
    with owner() as (_, folder):
        in_another_container = folder.rename(temporary / f"{browser_folders.PREFIX}999999999-x")
        browser_folders.sweep()
        assert in_another_container.exists()


def test_what_another_user_has_made_is_left_alone(temporary: Path, monkeypatch: pytest.MonkeyPatch):
    profile = temporary / "playwright_chromiumdev_profile-x"
    profile.mkdir()
    (temporary / f"{browser_folders.PREFIX}999999999-x").mkdir()
    (temporary / f"{browser_folders.PREFIX}999999999-x" / browser_folders.LIST).write_text(str(profile))
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    browser_folders.sweep()
    assert len(list(temporary.iterdir())) == 2


def test_a_link_is_not_followed(temporary: Path, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (temporary / f"{browser_folders.PREFIX}999999999-x").symlink_to(elsewhere)
    browser_folders.sweep()
    assert elsewhere.exists()
