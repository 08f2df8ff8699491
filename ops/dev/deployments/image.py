"""Builds the image from the Dockerfile as it is, without a registry and without a daemon.

The base image cannot be pulled without a registry. A Debian of the same release with its Python, made by mmdebstrap
from Debian's packages, takes the name that the Dockerfile asks for.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from ops.dev.deployments.bundle import Image
from ops.dev.deployments.steps import ROOT, run, say
from ops.dev.dockerfile import stages

DOCKERFILE = ROOT / "ops/deploy/container/Dockerfile"
NAME = "idexx-sync"

#: The program and its Debian package.
PROGRAMS = {"mmdebstrap": "mmdebstrap", "buildah": "buildah"}

BASE_PACKAGES = ("python3", "python3-venv", "python-is-python3", "ca-certificates")

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"

#: Of the sizes that buildah prints, in MB.
UNITS = {"kB": 0.001, "MB": 1.0, "GB": 1000.0}

#: Timeouts of a build and of one step of it. Seconds.
BUILD_LIMIT, STEP_LIMIT = 1800.0, 600.0


@dataclass(frozen=True)
class Images:
    """Images and containers in a folder of their own: nothing is left on the machine when it is removed."""

    folder: Path

    def buildah(self, *arguments: str | Path, limit: float = STEP_LIMIT) -> str:
        places = ("--root", self.folder / "storage", "--runroot", self.folder / "run")
        # chroot: neither a mount of /sys nor a cgroup of their own is needed to run a build step.
        return run("buildah", *places, *arguments, limit=limit, environment={"BUILDAH_ISOLATION": "chroot"})

    def close(self) -> None:
        """Unmounts what `unpack` mounted, so that the folder can be removed."""
        if (self.folder / "storage").exists():
            self.buildah("rm", "--all")

    def build_base(self) -> None:
        """Makes the base that the Dockerfile asks for."""
        base, release = stages(DOCKERFILE.read_text())[-1].base, "bookworm"
        archive = self.folder / "base.tar"
        say(f"{base}: a {release} by mmdebstrap")
        without = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "info", "locale", "man")]
        options = ("--quiet", "--variant=minbase", f"--include={','.join(BASE_PACKAGES)}", *without)
        run("mmdebstrap", *options, release, archive, limit=STEP_LIMIT)
        self.commit_archive(archive, base)
        archive.unlink()

    def commit_archive(self, archive: Path, name: str) -> None:
        """Makes an image of one layer from an archive."""
        container = self.buildah("from", "scratch").strip()
        self.buildah("add", container, archive, "/")
        self.buildah("config", "--cmd", "python3", container)
        self.buildah("commit", "--quiet", "--rm", container, name)

    def build(self) -> None:
        say(f"{NAME}: buildah bud of {DOCKERFILE.relative_to(ROOT)}, unchanged")
        ignored = DOCKERFILE.with_name("Dockerfile.dockerignore")
        # Behind a company's TLS proxy, this machine trusts the proxy's certificate; pip has to, while it builds.
        trusted = os.environ.get("SSL_CERT_FILE", CERTIFICATES)
        (self.folder / "pip.conf").write_text(f"[global]\ncert = {CERTIFICATES}\n")
        self.buildah(
            *("bud", "--quiet", "--pull-never", "--layers=false", "--file", DOCKERFILE),
            *("--volume", f"{trusted}:{CERTIFICATES}:ro", "--volume", f"{self.folder}/pip.conf:/etc/pip.conf:ro"),
            *("--ignorefile", ignored, "--tag", NAME, ROOT),
            limit=BUILD_LIMIT,
        )

    def have(self, name: str = NAME) -> bool:
        """Whether the image was built before."""
        if not (self.folder / "storage").exists():
            return False
        return f"/{name}" in self.buildah("images", "--format", "{{.Name}}:{{.Tag}}")

    def size(self, name: str = NAME) -> float:
        """The size of an image in MB, as engines show it: that of all its layers."""
        shown = self.buildah("images", "--format", "{{.Size}}", name)
        number, unit = shown.split()[:2]
        return float(number) * UNITS[unit]

    def unpack(self, name: str = NAME) -> Image:
        """Unpacks an image into a container of its own."""
        container = self.buildah("from", "--pull-never", name).strip()
        root = Path(self.buildah("mount", container).strip())
        config = json.loads(self.buildah("inspect", container))["OCIv1"]["config"]
        return Image(root, config.get("Entrypoint", []), config.get("Env", []), config.get("WorkingDir") or "/")
