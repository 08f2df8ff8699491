"""docs/settings.md: every setting with its meaning, as the code has it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from actors.settings import SECRET, Settings
from actors.settings.catalogue import described

ROOT = Path(__file__).parent.parent.parent


def test_every_setting_is_described_once() -> None:
    names = [setting.name.lower() for setting in described()]
    assert sorted(names) == sorted(Settings.model_fields)


def test_secrets_are_marked_and_their_defaults_are_not_shown() -> None:
    secrets = {setting.name.lower() for setting in described() if setting.is_secret}
    assert secrets == SECRET
    assert not any(setting.default for setting in described() if setting.is_secret)


def test_the_page_is_current() -> None:
    argv = [sys.executable, "-m", "actors.settings"]
    printed = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=ROOT)
    wanted = "run `python -m actors.settings > docs/settings.md`"
    assert (ROOT / "docs/settings.md").read_text() == printed.stdout, wanted
