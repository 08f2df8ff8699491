from tests.http.conftest import asker, clinics, gateway, key_ring, sandbox, settings, system

__all__ = ["asker", "clinics", "gateway", "key_ring", "sandbox", "settings", "system"]
