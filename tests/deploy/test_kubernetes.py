"""The Kubernetes manifests: by Kubernetes' own schemas, strictly, and held against what the code is."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dramatiq
import kubernetes_validate
import pytest
import yaml

from actors.messages import Subjects
from actors.queues import DATE_SCRAPER
from actors.settings import Settings
from broker import NatsBroker
from broker.names import QueueNames
from ops.deploy.container.credentials import make
from ops.deploy.nats.accounts import BUS
from ops.deploy.nats.server_config import Cluster
from ops.dev.deployments.manifests import render

pytestmark = pytest.mark.anyio

FOLDER = Path(__file__).parents[2] / "ops/deploy/kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
VERSION = "1.37"

Manifest = dict[str, Any]


def manifests(*kinds: str) -> Iterator[Manifest]:
    for name in KUSTOMIZATION["resources"]:
        for found in yaml.safe_load_all((FOLDER / name).read_text()):
            if not kinds or found["kind"] in kinds:
                yield found


def named(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


WORKLOADS = {found["metadata"]["name"]: found for found in manifests("Deployment", "StatefulSet")}
PODS: dict[str, Manifest] = {name: found["spec"]["template"] for name, found in WORKLOADS.items()}
OURS = sorted(set(PODS) - {"nats"})
[SCALER] = manifests("ScaledObject")
[SETTINGS] = [found["data"] for found in manifests("ConfigMap")]


@pytest.fixture
def credentials(tmp_path: Path) -> dict[str, str]:
    routes = [f"nats-{number}.nats:6222" for number in range(3)]
    make(tmp_path, [], Subjects(), "postgresql://idexx:{password}@db:5432/idexx", Cluster("0.0.0.0:6222", routes))
    return {path.name: path.read_text() for path in tmp_path.iterdir()}


@pytest.mark.parametrize("manifest", [one for one in manifests() if one["kind"] != "ScaledObject"], ids=named)
def test_kubernetes_knows_every_field(manifest: Manifest) -> None:
    kubernetes_validate.validate(manifest, VERSION, strict=True)


def test_keda_knows_every_field_of_its_scaler() -> None:
    from cloudcoil.models.keda.v1alpha1 import ScaledObject  # takes a second, in every process that imports it

    read = ScaledObject.model_validate(SCALER)
    assert read.model_dump(by_alias=True, exclude_unset=True, mode="json") == SCALER


def test_a_field_that_is_misspelt_is_found() -> None:
    manifest = json.loads(json.dumps(WORKLOADS["gateway"]))
    manifest["spec"]["template"]["spec"]["terminationGracePeriod"] = 45
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, VERSION, strict=True)


def test_every_file_is_part_of_it() -> None:
    assert {path.name for path in FOLDER.glob("*.yaml")} == {*KUSTOMIZATION["resources"], "kustomization.yaml"}


def test_kustomize_puts_it_together_with_pinned_images() -> None:
    together = list(yaml.safe_load_all(render()))
    assert len(together) == len(list(manifests()))
    for manifest in together:
        if manifest["kind"] != "ScaledObject":
            kubernetes_validate.validate(manifest, VERSION, strict=True)
    containers = [
        container
        for found in together
        if found["kind"] in ("Deployment", "StatefulSet")
        for container in found["spec"]["template"]["spec"]["containers"]
    ]
    assert all(":" in container["image"] and "/" not in container["image"] for container in containers)


@pytest.mark.parametrize("name", OURS)
def test_a_pod_is_watched_and_has_its_time_to_stop(name: str) -> None:
    spec = PODS[name]["spec"]
    [container] = spec["containers"]
    probes = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("liveness", "readiness")}
    assert probes == {"liveness": "/live", "readiness": "/ready"}
    assert spec["terminationGracePeriodSeconds"] > int(SETTINGS["SHUTDOWN_GRACE_MS"]) / 1000


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_is_confined(name: str) -> None:
    spec = PODS[name]["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    for container in [*spec["containers"], *spec.get("initContainers", [])]:
        allowed = container["securityContext"]
        assert allowed["allowPrivilegeEscalation"] is False
        assert allowed["readOnlyRootFilesystem"] is True
        assert allowed["capabilities"] == {"drop": ["ALL"]}
        assert "no-sandbox" not in json.dumps(container)


@pytest.mark.parametrize("name", sorted(PODS))
def test_the_secrets_are_those_that_are_made(name: str, credentials: dict[str, str]) -> None:
    for volume in PODS[name]["spec"]["volumes"]:
        for item in volume.get("secret", {}).get("items", []):
            assert item["key"] in credentials


def test_the_settings_are_settings_and_no_secrets() -> None:
    names = {name.lower() for name in SETTINGS} - {"credentials_directory"}
    assert names <= set(Settings.model_fields)
    assert not names & {"encryption_key", "database_url", "nats_password", "api_keys"}
    assert int(SETTINGS["NATS_REPLICAS"]) == WORKLOADS["nats"]["spec"]["replicas"]


def test_the_nats_servers_find_each_other_and_their_data(credentials: dict[str, str]) -> None:
    lines = credentials["nats-server.conf"].splitlines()
    config = json.loads("\n".join(line for line in lines if not line.startswith("#")))
    [container] = PODS["nats"]["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    listens = {"client": config["listen"], "peer": config["cluster"]["listen"], "monitor": config["http"]}
    assert {name: int(listen.rpartition(":")[2]) for name, listen in listens.items()} == ports
    assert config["jetstream"]["store_dir"] in [mount["mountPath"] for mount in container["volumeMounts"]]
    urls = {url.removeprefix("nats://").partition(":")[0] for url in SETTINGS["NATS_URL"].split(",")}
    routes = {url.removeprefix("nats://").partition(":")[0] for url in config["cluster"]["routes"]}
    service = WORKLOADS["nats"]["spec"]["serviceName"]
    assert urls == routes == {f"nats-{number}.{service}" for number in range(3)}


def test_every_selector_selects_something() -> None:
    labels = [pod["metadata"]["labels"] for pod in PODS.values()]
    for manifest in manifests("PodDisruptionBudget", "NetworkPolicy", "Service"):
        spec = manifest["spec"]
        wanted = spec.get("podSelector", spec.get("selector"))
        wanted = wanted.get("matchLabels", {} if "matchExpressions" in wanted else wanted)
        assert any(wanted.items() <= label.items() for label in labels), named(manifest)
        for expression in spec.get("podSelector", {}).get("matchExpressions", []):
            assert set(expression["values"]) == set(OURS), named(manifest)
    assert {found["metadata"]["name"] for found in manifests("PodDisruptionBudget")} == set(PODS)


async def test_keda_looks_at_the_mailbox_of_the_scrapers(nats_url: str, namespace: str) -> None:
    [trigger] = SCALER["spec"]["triggers"]
    looks_at = trigger["metadata"]
    assert SCALER["spec"]["scaleTargetRef"]["name"] in WORKLOADS
    assert looks_at["account"] == BUS
    spans = math.ceil(14 / Settings.model_fields["scrape_span_days"].default)
    assert int(looks_at["lagThreshold"]) == min(spans, int(SETTINGS["SYNC_CONCURRENCY"]))
    prefix = Settings.model_fields["subject_prefix"].default
    assert looks_at["stream"] == QueueNames(prefix, DATE_SCRAPER).box
    broker = NatsBroker(nats_url, namespace=namespace)
    broker.declare_queue(DATE_SCRAPER)
    broker.enqueue(dramatiq.Message(DATE_SCRAPER, "unknown_actor", (), {}, {}))

    async def lag() -> int | None:
        js = (await broker.client()).jetstream()
        stream, consumer = QueueNames(namespace, DATE_SCRAPER).box, str(looks_at["consumer"])
        pending: int | None = (await js.consumer_info(stream, consumer)).num_pending
        return pending

    assert broker.run(lag()) == 1
    broker.close()
