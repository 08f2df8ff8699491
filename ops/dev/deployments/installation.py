"""An installation of compose.yaml's services as containers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ops.dev.deployments.bundle import Image
from ops.dev.deployments.container import Container, Network
from ops.dev.deployments.image import NAME
from ops.dev.deployments.services import Service, in_order, read_services
from ops.dev.deployments.steps import LIMIT, ROOT, Failed, until

PORTAL_PORT = 8080
PORTAL = f"http://portal:{PORTAL_PORT}"

#: How long a migration and a start may take on a busy machine. Seconds.
START_LIMIT = 180.0


class Installation:
    """The services of compose.yaml as containers."""

    def __init__(self, folder: Path, images: Mapping[str, Image]) -> None:
        self.folder, self.images = folder, images
        self.network = Network(folder)
        variables = {"SECRETS": str(folder / "secrets"), "IDEXX_BASE_URL": PORTAL, "WEBHOOK_PRIVATE_NETWORKS": ""}
        self.services = read_services(ROOT / "compose.yaml", variables)
        self.network.name_this("portal", self.network.own_address)
        self.running: dict[str, Container] = {}

    def ours(self) -> list[str]:
        """The names of the running containers of our image."""
        return [name for name, container in self.running.items() if container.service.image == NAME]

    def container(self, service: Service, name: str, image: Image | None = None) -> Container:
        volumes = {volume: self.folder / "volumes" / volume for volume in service.volumes.values()}
        for volume in volumes.values():
            volume.mkdir(parents=True, exist_ok=True)
        place, address = self.network.place(name, volumes)
        return Container(self.folder, service, image or self.images[service.image], place, address)

    def make_secrets(self) -> None:
        """Creates the secrets with the image's own command, as the head of compose.yaml has it."""
        service = replace(self.services["migrate"], secrets={}, volumes={"/here": "here"}, user="0:0")
        image = replace(self.images[NAME], entrypoint=["python"])
        words = ["-m", "ops.deploy.container.credentials", "/here/secrets"]
        container = self.container(replace(service, command=words, environment={}), "credentials", image)
        container.start()
        if container.ended(LIMIT):
            raise Failed(f"credentials:\n{container.tail()}")
        (self.folder / "volumes/here/secrets").rename(self.folder / "secrets")

    def client(self) -> Container:
        """Starts a container that only waits, for commands inside it."""
        service = replace(self.services["gateway"], command=["infinity"])
        container = self.container(service, "client", replace(self.images[NAME], entrypoint=["sleep"]))
        container.start()
        until(container.is_running, "client runs")
        return container

    def start_all(self) -> None:
        for service in in_order(self.services):
            for number in range(1, service.replicas + 1):
                self.start(service, f"{service.name}-{number}")

    def start(self, service: Service, name: str) -> None:
        """Starts a container; returns when it is healthy, or has ended if it is to end."""
        container = self.container(service, name)
        self.running[name] = container
        self.network.name_this(service.name, container.address)
        container.start()
        if not service.health:
            if status := container.ended(START_LIMIT):
                raise Failed(f"{name}: exit status {status}\n{container.tail()}")
            del self.running[name]
            container.remove()
            return
        until(container.is_healthy, f"{name} is healthy", START_LIMIT)

    def stop(self, name: str) -> float:
        seconds = self.running[name].stop()
        self.running.pop(name).remove()
        return seconds

    def remove_all(self) -> None:
        for container in self.running.values():
            container.remove()
