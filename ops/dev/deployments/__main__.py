"""`python -m ops.dev.deployments`: see the package."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from ops.dev import deployments
from ops.dev.deployments import manifests, systemd
from ops.dev.deployments.containers import IMAGES
from ops.dev.deployments.image import PROGRAMS, Images
from ops.dev.deployments.services import read_services
from ops.dev.deployments.stand_ins import make_stand_ins
from ops.dev.deployments.steps import ROOT, Failed, install, passed, say

#: The largest size of the image, in MB.
LARGEST = 900.0

PARTS = ("manifests", "containers", "systemd")


def build(images: Images) -> None:
    install(PROGRAMS)
    images.build_base()
    images.build()
    if (size := images.size()) > LARGEST:
        raise Failed(f"the image has {size:.0f} MB, more than {LARGEST:.0f}")
    passed(f"the Dockerfile builds unchanged; the image has {size:.0f} MB (at most {LARGEST:.0f})")


def run_containers(images: Images) -> None:
    """Unpacks the images of compose.yaml and runs them in a network namespace, in a process of its own."""
    install({"runc": "runc", "busybox": "busybox-static", "ip": "iproute2"})
    services = read_services(ROOT / "compose.yaml", {})
    servers = services["nats"].image, services["postgres"].image
    if not all(images.have(name) for name in servers):
        make_stand_ins(images, *servers)
    unpacked = {name: asdict(images.unpack(name)) for name in {service.image for service in services.values()}}
    (images.folder / IMAGES).write_text(json.dumps(unpacked, default=str))
    command = (sys.executable, "-m", "ops.dev.deployments.containers", str(images.folder))
    if subprocess.run(("unshare", "--net", "--mount", "--", *command), check=False).returncode:
        raise Failed("the containers failed, see above")


def _part(text: str) -> str:
    if text not in PARTS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(PARTS)}")
    return text


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ops.dev.deployments",
        description=deployments.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one_of = ", ".join(PARTS)
    parser.add_argument(
        "parts", nargs="*", type=_part, default=PARTS, metavar="PART", help=f"{one_of}; default: all"
    )
    parser.add_argument("--folder", type=Path, help="where to build; it stays, and an image in it is used again")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="idexx-deployments-"))
    images = Images(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if "manifests" in arguments.parts:
            manifests.scan(folder)
        if {"containers", "systemd"} & {*arguments.parts} and not images.have():
            build(images)
        if "containers" in arguments.parts:
            run_containers(images)
        if "systemd" in arguments.parts:
            systemd.check(images)
    except Failed as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    finally:
        images.close()
        if arguments.folder:
            say(f"the images are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
