"""The commands `key new|rotate`: manage the keys that encrypt credentials and webhook secrets."""

from __future__ import annotations

import asyncio

from cyclopts import App

from actors.runtime.vault import open_vault
from actors.settings import Settings
from engine.store.clinics.rotating import Rotation, rotate_credentials
from engine.store.vault import Vault, new_ring
from ops.client.connections import open_database
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, say

key = App(name="key", help="Make a key that encrypts secrets, and re-encrypt them with another one.")


@key.command
def new(*, json: Json = False) -> None:
    """Make a key that encrypts credentials, in the form of `ENCRYPTION_KEY`, and print it.

    Keep a copy: without the key, no stored password can be decrypted. To replace a key, put the new one in front of
    it, separated by a comma, restart all processes, and run `idexx-sync key rotate`.

    Example: `export ENCRYPTION_KEY=$(idexx-sync key new)`
    """
    ring = new_ring()
    if json:
        answer({"ok": True, "id": ring.partition(":")[0], "key": ring})
        return
    print(ring)
    say("keep a copy: without this key, no password that it encrypts can be decrypted")


@key.command
def rotate(*, json: Json = False) -> Exit:
    """Re-encrypt all credentials and webhook secrets with the first key of `ENCRYPTION_KEY`; afterwards, the other
    keys can be removed.

    Example: `ENCRYPTION_KEY=k2:…,k1:… idexx-sync key rotate`
    """
    settings = settings_here()
    done = asyncio.run(_rotate(settings, open_vault(settings)))
    if json:
        answer({"ok": not done.closed, "rotated": done.sealed, "closed": list(done.closed)})
    elif not done.closed:
        say(f"re-encrypted {done.sealed} secrets; the other keys are no longer needed")
    if done.closed and not json:
        raise CommandFailed(
            f"re-encrypted {done.sealed} secrets; ENCRYPTION_KEY cannot decrypt the secrets of "
            f"{', '.join(done.closed)}",
            hint="append the key that encrypted them to ENCRYPTION_KEY, and run this command again",
        )
    return Exit.FAILED if done.closed else Exit.OK


async def _rotate(settings: Settings, vault: Vault) -> Rotation:
    async with open_database(database_url(settings)) as connection:
        return await rotate_credentials(connection, vault)
