"""Reads the services of compose.yaml as an engine would; supports only what ours uses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

UNITS = {"k": 2**10, "m": 2**20, "g": 2**30}


@dataclass(frozen=True)
class Service:
    """A service. `secrets`: the files by name; `tmpfs`: mount options by path; `volumes`: names or files by path in
    the container; `after`: what has to be healthy, or to have ended, before it starts."""

    name: str
    image: str
    command: Sequence[str]
    environment: Mapping[str, str]
    secrets: Mapping[str, Path]
    user: str
    read_only: bool
    capabilities: bool
    no_new_privileges: bool
    seccomp: Path | None
    tmpfs: Mapping[str, str]
    volumes: Mapping[str, str]
    memory: int | None
    processes: int | None
    shared_memory: int
    health: Sequence[str]
    grace: float
    replicas: int
    after: Sequence[str]


def read_services(path: Path, variables: Mapping[str, str]) -> dict[str, Service]:
    """Returns the services without a profile. `variables` replaces defaults of the file's variables."""
    found = compose_of(path.read_text(), variables)
    files = {name: path.parent / secret["file"] for name, secret in found["secrets"].items()}
    return {
        name: _service(name, service, files, path.parent)
        for name, service in found["services"].items()
        if "profiles" not in service
    }


def compose_of(text: str, variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The file as compose reads it: with its variables or their defaults, and what `<<` stands for."""

    def value(match: re.Match[str]) -> str:
        return (variables or {}).get(match[1]) or match[2]

    found: dict[str, Any] = yaml.safe_load(re.sub(r"\$\{(\w+):-([^}]*)\}", value, text))
    return found


def _service(name: str, given: Mapping[str, Any], secrets: Mapping[str, Path], folder: Path) -> Service:
    options = dict(option.replace(":", "=", 1).split("=", 1) for option in given["security_opt"])
    deploy = given.get("deploy", {})
    memory = deploy.get("resources", {}).get("limits", {}).get("memory")
    after = given.get("depends_on", {})
    return Service(
        name=name,
        image=given["image"],
        command=[str(word) for word in given.get("command", [])],
        # A variable whose default is nothing is empty.
        environment={key: str(value or "") for key, value in given.get("environment", {}).items()},
        secrets={secret: secrets[secret] for secret in given.get("secrets", [])},
        user=given.get("user", "0:0"),
        read_only=given.get("read_only", False),
        capabilities=given.get("cap_drop") != ["ALL"],
        no_new_privileges=options.get("no-new-privileges") == "true",
        seccomp=folder / options["seccomp"] if "seccomp" in options else None,
        tmpfs=dict(entry.split(":", 1) for entry in given.get("tmpfs", [])),
        volumes=dict(reversed(entry.split(":")[:2]) for entry in given.get("volumes", [])),
        memory=bytes_of(memory) if memory else None,
        processes=given.get("pids_limit"),
        shared_memory=bytes_of(given.get("shm_size", "64mb")),
        health=[] if given["healthcheck"].get("disable") else given["healthcheck"]["test"][1:],
        grace=float(str(given.get("stop_grace_period", "10s")).removesuffix("s")),
        replicas=int(deploy.get("replicas", 1)),
        after=list(after),
    )


def bytes_of(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([kmg])b?", text.lower()).groups()  # type: ignore[union-attr]
    return int(number) * UNITS[unit]


def in_order(services: Mapping[str, Service]) -> list[Service]:
    """Returns the services so that each comes after those that it waits for."""
    from graphlib import TopologicalSorter

    graph = {name: service.after for name, service in services.items()}
    return [services[name] for name in TopologicalSorter(graph).static_order()]
