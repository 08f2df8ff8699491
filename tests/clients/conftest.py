"""Fixtures: the whole system under the roles of `nats-config`."""

from tests.safety.secured_system import heard, nats_url, server
from tests.system.conftest import asker, clinics, key_ring, sandbox, settings, system

__all__ = ["asker", "clinics", "heard", "key_ring", "nats_url", "sandbox", "server", "settings", "system"]
