"""Writes what a service of compose.yaml is for an OCI runtime: the configuration that Docker would hand to runc."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.dev.deployments.services import Service

#: The profile of containers without one of their own, as the package of buildah installs it.
DEFAULT_PROFILE = Path("/usr/share/containers/seccomp.json")

SHARED_MEMORY = "/dev/shm"  # noqa: S108 (a mount of the container)

#: The capabilities that Docker leaves to a container that drops none.
DOCKER_CAPABILITIES = (
    *("CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD"),
    *("CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID"),
    "CAP_SYS_CHROOT",
)

#: What Docker hides of /proc and /sys, and what it protects from being written.
MASKED = (
    *("/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug"),
    *("/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware"),
)
PROTECTED = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


@dataclass(frozen=True)
class Image:
    """An image: the folder of its files, and what it runs."""

    root: Path
    entrypoint: Sequence[str]
    environment: Sequence[str]
    folder: str


@dataclass(frozen=True)
class Place:
    """Where a container runs: its name, the file of its network namespace, its /etc/hosts, its volumes by name."""

    name: str
    network: Path
    hosts: Path
    volumes: Mapping[str, Path]


def configuration(service: Service, image: Image, place: Place) -> dict[str, Any]:
    """Returns the content of config.json."""
    user, group = (int(number) for number in service.user.split(":"))
    capabilities = list(DOCKER_CAPABILITIES) if service.capabilities else []
    kinds = ("bounding", "effective", "permitted")
    return {
        "ociVersion": "1.0.2",
        "hostname": place.name.replace("_", "-"),
        "process": {
            "user": {"uid": user, "gid": group},
            "args": [*image.entrypoint, *service.command],
            "env": [*image.environment, *(f"{name}={value}" for name, value in service.environment.items())],
            "cwd": image.folder,
            "capabilities": dict.fromkeys(kinds, capabilities),
            "noNewPrivileges": service.no_new_privileges,
        },
        "root": {"path": str(image.root), "readonly": service.read_only},
        "mounts": list(_mounts(service, place)),
        "linux": {
            "cgroupsPath": f"/idexx-sync-deployments-{place.name}",
            "namespaces": [
                *({"type": kind} for kind in ("pid", "ipc", "uts", "mount")),
                {"type": "network", "path": str(place.network)},
            ],
            "resources": _resources(service),
            "seccomp": seccomp(json.loads((service.seccomp or DEFAULT_PROFILE).read_text()), capabilities),
            "maskedPaths": list(MASKED),
            "readonlyPaths": list(PROTECTED),
        },
    }


def _mounts(service: Service, place: Place) -> Iterator[dict[str, Any]]:
    hidden = ["nosuid", "noexec", "nodev"]
    yield _mount("/proc", "proc", "proc", hidden)
    yield _mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"])
    yield _mount("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"])
    yield _mount(SHARED_MEMORY, "tmpfs", "shm", [*hidden, "mode=1777", f"size={service.shared_memory}"])
    yield _mount("/dev/mqueue", "mqueue", "mqueue", hidden)
    yield _mount("/sys", "sysfs", "sysfs", [*hidden, "ro"])
    for path, options in service.tmpfs.items():
        yield _mount(path, "tmpfs", "tmpfs", [*hidden, *options.split(",")])
    yield _mount("/etc/hosts", "bind", str(place.hosts), ["bind", "ro"])
    for name, file in service.secrets.items():
        yield _mount(f"/run/secrets/{name}", "bind", str(file), ["bind", "ro"])
    for path, name in service.volumes.items():
        yield _mount(path, "bind", str(place.volumes[name]), ["bind", "rw"])


def _mount(path: str, kind: str, source: str, options: Sequence[str]) -> dict[str, Any]:
    return {"destination": path, "type": kind, "source": source, "options": list(options)}


def _resources(service: Service) -> dict[str, Any]:
    limits: dict[str, Any] = {"devices": [{"allow": False, "access": "rwm"}]}
    if service.memory is not None:
        limits["memory"] = {"limit": service.memory}
    if service.processes is not None:
        limits["pids"] = {"limit": service.processes}
    return limits


def seccomp(profile: Mapping[str, Any], capabilities: Sequence[str]) -> dict[str, Any]:
    """Translates a profile in Docker's format into the runtime's, for x86-64, as Docker does: groups of calls may
    be for some architectures, or for containers with or without a capability."""

    def applies(group: Mapping[str, Any]) -> bool:
        needed, without = group.get("includes", {}), group.get("excludes", {})
        here = {"amd64", "x86_64", "x86"}
        return (
            here.intersection(needed.get("arches") or here) != set()
            and not here.intersection(without.get("arches") or ())
            and set(needed.get("caps") or ()) <= set(capabilities)
            and not set(without.get("caps") or ()) & set(capabilities)
        )

    kept = ("names", "action", "args", "errnoRet")
    calls = [
        {key: group[key] for key in kept if group.get(key) not in (None, [])}
        for group in profile["syscalls"]
        if applies(group)
    ]
    found: dict[str, Any] = {
        "defaultAction": profile["defaultAction"],
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": calls,
    }
    if "defaultErrnoRet" in profile:
        found["defaultErrnoRet"] = profile["defaultErrnoRet"]
    return found
