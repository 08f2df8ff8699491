"""Checks before anything is started what would end processes right after their start: key ring, address, browser."""

from __future__ import annotations

from pathlib import Path

from actors.http.server import listen
from actors.runtime.vault import open_vault
from actors.settings import Settings
from engine.store.vault import Vault, VaultError
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.doctor.finding import Grade
from ops.doctor.machine import browser


async def check_before_start(settings: Settings, key_file: Path, *, has_http_port: bool) -> None:
    """Raises `CommandFailed`, `VaultError` or `SettingsError` with the remedy.

    `key_file` has the key ring if the settings name neither a database nor a key. `has_http_port`: the port is chosen
    by the user, so no other is taken instead.
    """
    _check_key(settings, key_file)
    listen(settings.http_host, settings.http_port if has_http_port else 0, "HTTP_PORT").close()
    for finding in await browser(settings):
        if finding.grade is Grade.FAIL:
            raise CommandFailed(finding.message, hint=finding.remedy)


def _check_key(settings: Settings, key_file: Path) -> None:
    if settings.encryption_key is not None or settings.database_url is not None:
        open_vault(settings)
    elif key_file.exists() and (ring := key_file.read_text(encoding="utf-8").strip()):
        try:
            Vault.from_ring(ring)
        except VaultError as error:
            raise CommandFailed(
                f"{key_file} cannot be used: {str(error).partition(';')[0]}",
                status=Exit.USAGE,
                hint="restore the file from a copy; with a new key, set all credentials again",
            ) from None
