"""Kills and isolates nodes of a NATS cluster while syncs run: `python -m ops.faults.cluster_chaos --seed 1`.
Requires root.

Three nats-servers, each on its own simulated machine (`ops.faults.network_namespaces`), keep three replicas of
everything. The whole system runs on them, with two real processes of each kind. In each round both clinics change
and are synced for 14 days, and one node

- is killed (SIGKILL), or
- is cut off from all others: its links drop packets silently, or
- is cut off from its peers only: its clients still reach a server that can store nothing.

The first two faults last until the syncs have ended, because two nodes must be enough. Clients cannot distinguish
the third fault from a slow server, and leave that node after ten seconds; the fault is repaired after a while. Then
the invariants must hold (`ops.faults.invariants`), and the node must catch up. The same seed causes the same faults.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
from pathlib import Path

from actors.messages import Subjects
from actors.settings import Settings, load
from ops.faults.invariants import Broken, Invariants, run_rounds
from ops.faults.nats_cluster import SIZE, NatsCluster, Node
from ops.faults.network_namespaces import enter_hall, furnish_hall
from ops.local.processes import gateway_argv, worker_argv
from ops.local.supervision import Command, Stage, Supervisor
from ops.local.temporary_machine import on_scratch_machine
from ops.sandbox.client import Sandbox
from ops.terminal.encoding import use_stand_ins

FAULTS = ("killed", "cut off", "cut off from its peers")

#: How long a node stays separated from its peers. Seconds.
PARTED = 20.0

#: The argument that marks a process inside the network namespace.
INSIDE = "--inside"


class ClusterChaos:
    def __init__(
        self, supervisor: Supervisor, cluster: NatsCluster, invariants: Invariants, rng: random.Random
    ) -> None:
        self._supervisor = supervisor
        self._cluster = cluster
        self._invariants = invariants
        self._rng = rng

    async def round(self, number: int) -> None:
        syncs = await self._invariants.start_syncs()
        # Each fault occurs once per cycle of rounds.
        fault, node = FAULTS[(number - 1) % len(FAULTS)], self._rng.choice(self._cluster.nodes)
        after = self._rng.uniform(0.0, 3.0)
        print(f"round {number}: {node.name} {fault} after {after:.1f} s", end="", flush=True)
        await asyncio.sleep(after)
        await self._break(node, fault)
        await self._invariants.kept(syncs)
        await self._mend(node)
        await check_copies(self._cluster)

    async def _break(self, node: Node, fault: str) -> None:
        match fault:
            case "killed":
                node.kill(self._supervisor)
            case "cut off":
                node.host.pull(node.clients, node.peers)
            case _:
                node.host.pull(node.peers)
                await asyncio.sleep(PARTED)
                node.host.put_back(node.peers)

    async def _mend(self, node: Node) -> None:
        node.start()
        node.host.put_back(node.clients, node.peers)
        await self._cluster.healthy()


async def start_second(supervisor: Supervisor, settings: Settings) -> None:
    """Starts a second process of each kind of which a machine normally has one."""
    for queue in ("coordinator", "reconciler"):
        await supervisor.start(Command(name=f"{queue}-2", argv=worker_argv(queue, settings)))
    await supervisor.start(Command(name="gateway-2", argv=gateway_argv(), stage=Stage.GATEWAY))


async def check_copies(cluster: NatsCluster) -> None:
    if short := [stream for stream, copies in (await cluster.copies()).items() if copies < SIZE]:
        raise Broken(f"streams with fewer than {SIZE} copies: {', '.join(short)}")


def chaos(seed: int, rounds: int) -> int:
    rng = random.Random(seed)  # noqa: S311 (repeatable, not secret)
    clusters: list[NatsCluster] = []

    async def start_cluster(supervisor: Supervisor, folder: Path) -> None:
        cluster = NatsCluster(folder, Subjects(load().subject_prefix))
        clusters.append(cluster)
        os.environ["NATS_URL"] = cluster.url
        load.cache_clear()
        await cluster.start(supervisor)

    async def work(supervisor: Supervisor, settings: Settings) -> int:
        await start_second(supervisor, settings)
        await Sandbox(settings.idexx_base_url).fault_settings(latency_ms=300)
        run = ClusterChaos(supervisor, clusters[0], Invariants(settings, rng), rng)
        return await run_rounds(run.round, seed, rounds)

    return on_scratch_machine(
        work, "cluster", start_cluster, ACK_WAIT_MS="3000", NATS_REPLICAS=str(SIZE), NATS_URL=""
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.faults.cluster_chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument(INSIDE, action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("network namespaces require root: run it with sudo")
    if not arguments.inside:
        enter_hall("ops.faults.cluster_chaos", [*sys.argv[1:], INSIDE])
    furnish_hall()
    return chaos(arguments.seed, arguments.rounds)


if __name__ == "__main__":
    use_stand_ins()
    sys.exit(main())
