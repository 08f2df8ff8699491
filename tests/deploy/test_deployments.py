"""What ops/dev/deployments hands to the container runtime is what compose.yaml says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ops.dev.deployments.bundle import Image, Place, configuration, seccomp
from ops.dev.deployments.services import in_order, read_services

ROOT = Path(__file__).parents[2]
PROFILE = {
    "defaultAction": "SCMP_ACT_ERRNO",
    "defaultErrnoRet": 1,
    "syscalls": [
        {"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [], "includes": {}, "excludes": {}},
        {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
        {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
        {"names": ["arm_fadvise64_64"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["arm", "arm64"]}},
        {"names": ["arch_prctl"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["amd64", "x32"]}},
    ],
}


@pytest.fixture
def configurations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """The configuration of each service."""
    profile = tmp_path / "profile.json"
    profile.write_text(json.dumps(PROFILE))
    monkeypatch.setattr("ops.dev.deployments.bundle.DEFAULT_PROFILE", profile)
    services = read_services(ROOT / "compose.yaml", {"SECRETS": str(tmp_path / "secrets")})
    image = Image(tmp_path / "root", ["tini", "--", "idexx-sync"], ["PATH=/bin"], "/")
    place = Place("one", Path("/run/netns/one"), tmp_path / "hosts", {"nats": tmp_path, "postgres": tmp_path})
    return {name: configuration(service, image, place) for name, service in services.items()}


@pytest.mark.parametrize("name", ["gateway", "coordinator", "reconciler", "notifier", "date_scraper", "migrate"])
def test_a_process_of_ours_gets_every_restriction_of_the_file(
    configurations: dict[str, dict[str, Any]], name: str, tmp_path: Path
) -> None:
    found = configurations[name]
    process = found["process"]
    assert process["user"] == {"uid": 10001, "gid": 10001}
    assert process["noNewPrivileges"] is True
    assert set(map(tuple, process["capabilities"].values())) == {()}
    assert found["root"] == {"path": str(tmp_path / "root"), "readonly": True}
    mounts = {mount["destination"]: mount for mount in found["mounts"]}
    assert "uid=10001" in mounts["/var/lib/idexx-sync"]["options"]
    assert mounts["/run/secrets/database_url"]["source"] == str(tmp_path / "secrets/database_url")
    assert ("/run/secrets/api_keys" in mounts) is (name == "gateway")
    writable = {path for path, mount in mounts.items() if mount["type"] == "bind" and "ro" not in mount["options"]}
    assert not writable


def test_the_scraper_has_its_limits_and_the_profile_of_the_browser(
    configurations: dict[str, dict[str, Any]],
) -> None:
    found = configurations["date_scraper"]
    assert found["process"]["args"] == ["tini", "--", "idexx-sync", "worker", "date_scraper"]
    assert found["linux"]["resources"]["memory"] == {"limit": 2 * 2**30}
    assert found["linux"]["resources"]["pids"] == {"limit": 1000}
    assert found["linux"]["seccomp"]["defaultAction"] == "SCMP_ACT_ALLOW"
    refused = {name for group in found["linux"]["seccomp"]["syscalls"] for name in group["names"]}
    assert {"mount", "setns", "bpf"} <= refused
    [memory] = [mount["options"] for mount in found["mounts"] if mount["destination"] == "/dev/shm"]
    assert f"size={2**30}" in memory


def test_each_service_starts_after_those_that_it_waits_for() -> None:
    order = [service.name for service in in_order(read_services(ROOT / "compose.yaml", {}))]
    assert order.index("postgres") < order.index("migrate") < order.index("gateway")
    assert order.index("nats") < order.index("gateway")


@pytest.mark.parametrize(
    ("capabilities", "allowed"),
    [([], {"read", "clone", "arch_prctl"}), (["CAP_SYS_ADMIN"], {"read", "mount", "arch_prctl"})],
)
def test_a_profile_of_docker_is_translated_for_these_capabilities(
    capabilities: list[str], allowed: set[str]
) -> None:
    found = seccomp(PROFILE, capabilities)
    assert {name for group in found["syscalls"] for name in group["names"]} == allowed
    assert (found["defaultAction"], found["defaultErrnoRet"]) == ("SCMP_ACT_ERRNO", 1)
    assert all(group.keys() <= {"names", "action", "args", "errnoRet"} for group in found["syscalls"])


def test_a_part_that_does_not_exist_is_refused_and_named() -> None:
    command = [sys.executable, "-m", "ops.dev.deployments", "container"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "'container' is none of manifests, containers, systemd" in done.stderr
