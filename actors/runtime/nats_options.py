"""The credentials, TLS settings and other options with which a process connects to NATS."""

from __future__ import annotations

import re
import ssl
from typing import Any

from actors.settings import Settings, SettingsError


def servers(url: str) -> list[str]:
    """The addresses in `NATS_URL`: one, or several of a cluster separated by commas."""
    return re.split(r",(?=\w+://)", url)


def connect_options(settings: Settings) -> dict[str, Any]:
    """The options for `nats.connect`. Raises `SettingsError` if a file cannot be read."""
    options: dict[str, Any] = {}
    if settings.nats_user is not None:
        password = settings.nats_password
        options |= {"user": settings.nats_user, "password": password.get_secret_value() if password else ""}
    if settings.nats_inbox_prefix is not None:
        options["inbox_prefix"] = settings.nats_inbox_prefix
    if settings.nats_ca_file is not None or settings.nats_cert_file is not None:
        options["tls"] = _tls(settings)
    if settings.nats_tls_handshake_first:
        options["tls_handshake_first"] = True
    return options


def _tls(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.nats_ca_file)
        if settings.nats_cert_file is not None:
            context.load_cert_chain(settings.nats_cert_file, settings.nats_key_file)
    except OSError as error:
        raise SettingsError(
            f"NATS_CA_FILE, NATS_CERT_FILE or NATS_KEY_FILE cannot be used ({error}); use readable PEM files"
        ) from None
    return context
