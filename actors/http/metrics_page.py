"""`GET /metrics`: the counts of the machine, and a gateway's figures of the cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import Metric as Family
from prometheus_client.exposition import choose_encoder

from actors.http.cluster_metrics import ClusterFigures
from actors.metrics import catalogue, files


@dataclass(frozen=True, slots=True)
class Page:
    text: bytes
    content_type: str


async def metrics_page(folder: Path, accept: str, cluster: ClusterFigures | None = None) -> Page:
    """The page in OpenMetrics if the client accepts it, else in the older text format."""
    encode, content_type = choose_encoder(accept)
    found = await asyncio.to_thread(files.read, folder)
    if cluster is not None:
        found += await cluster.families()
    return Page(encode(_Found(found)), content_type)


@dataclass(frozen=True, slots=True)
class _Found:
    """Implements prometheus-client's Collector."""

    families: list[Family]

    def collect(self) -> Iterator[Family]:
        for family in sorted(self.families, key=lambda family: family.name):
            if family.name == catalogue.BROWSERS.name:
                # A gauge must not be named `_total`; the interface fixes the name, so its type is omitted.
                family.type = "unknown"
            yield family
