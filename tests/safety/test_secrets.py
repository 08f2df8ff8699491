"""Secrets at rest and in memory: sealed for one place, noticed when altered, and in no repr."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from actors.settings import Settings
from engine.appointment import REFERENCES, Appointment
from engine.credentials import Credentials
from engine.portal.protocols import Session
from engine.store.clinics import add_clinic, get_credentials, set_credentials
from engine.store.sessions import get_session, put_session
from engine.store.vault import Sealed, Vault, VaultError, new_ring

pytestmark = pytest.mark.anyio
SECRET = "correct horse battery staple"


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    vault, clinic = Vault.from_ring(new_ring()), uuid4()
    sealed = [vault.seal(clinic, "credentials", SECRET.encode()) for _ in range(100)]
    assert len({each.data[:12] for each in sealed}) == 100
    assert all(vault.open(clinic, "credentials", each) == SECRET.encode() for each in sealed)
    assert SECRET.encode() not in b"".join(each.data for each in sealed)


def test_every_flipped_bit_is_noticed() -> None:
    vault, clinic = Vault.from_ring(new_ring()), uuid4()
    sealed = vault.seal(clinic, "credentials", b"x")
    for bit in range(len(sealed.data) * 8):
        altered = bytearray(sealed.data)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(VaultError, match="was altered"):
            vault.open(clinic, "credentials", Sealed(sealed.key_id, bytes(altered)))


def test_a_sealed_text_opens_in_its_own_place_only() -> None:
    ring = new_ring()
    other = new_ring()
    vault, clinic = Vault.from_ring(f"{ring},{other}"), uuid4()
    sealed = vault.seal(clinic, "credentials", SECRET.encode())
    for place in (
        (uuid4(), "credentials", sealed.key_id),
        (clinic, "session", sealed.key_id),
        (clinic, "credentials", other.partition(":")[0]),
    ):
        with pytest.raises(VaultError, match="cannot be decrypted"):
            vault.open(place[0], place[1], Sealed(place[2], sealed.data))
    for cut in (b"", sealed.data[:12], sealed.data[:-1]):
        with pytest.raises(VaultError):
            vault.open(clinic, "credentials", Sealed(sealed.key_id, cut))


async def test_rows_that_were_swapped_do_not_open(pool: asyncpg.Pool) -> None:
    vault = Vault.from_ring(new_ring())
    async with pool.acquire() as connection:
        elm, oak = [await add_clinic(connection, slug, slug, "America/Denver") for slug in ("elm", "oak")]
        for clinic in (elm, oak):
            await set_credentials(connection, vault, clinic.id, Credentials("desk", SECRET))
            await put_session(connection, vault, clinic.id, "1", {"cookie": SECRET}, 60)
        for table in ("idexx_sync.sealed_credentials", "idexx_sync.idexx_sessions"):
            sealed = await connection.fetchval(f"select sealed from {table} where clinic_id = $1", elm.id)
            await connection.execute(f"update {table} set sealed = $2 where clinic_id = $1", oak.id, sealed)
        with pytest.raises(VaultError, match="was altered"):
            await get_credentials(connection, vault, oak)
        # A session is only a saving: one that does not open counts as none, and the clinic signs in.
        assert await get_session(connection, vault, oak.id) is None
        assert await get_session(connection, vault, elm.id) == {"cookie": SECRET}


def test_no_repr_shows_a_secret() -> None:
    when = datetime(2026, 3, 4, 9, tzinfo=UTC)
    settings = Settings(
        nats_url=f"nats://worker:{SECRET}@nats.example:4222",
        database_url=f"postgresql://worker:{SECRET}@db.example/clinic",
        nats_password=SECRET,
        encryption_key=SECRET,
        sentry_dsn=f"https://{SECRET}@sentry.example/1",
    )
    appointment = Appointment("1", date(2026, 3, 4), time(9), time(10), when, when)
    personal = ("patient_name", "client_name", "client_phone", "client_phone_raw", "provider_name", "notes")
    personal += REFERENCES
    shown = repr(
        [
            settings,
            Credentials("desk", SECRET),
            Credentials(SECRET, "x"),
            Session("1", [{"name": "neo_session", "value": SECRET}]),
            dataclasses.replace(appointment, **dict.fromkeys(personal, SECRET)),
            Vault.from_ring(new_ring()),
        ]
    )
    assert SECRET not in shown
    assert SECRET not in str(settings)


def test_two_keys_of_one_id_are_refused_since_one_of_them_would_not_be_used() -> None:
    one, other = ("k1:" + new_ring().partition(":")[2] for _ in range(2))
    with pytest.raises(VaultError, match="two keys have the id 'k1'; give the new one another id"):
        Vault.from_ring(f"{one},{other}")


def test_a_key_that_cannot_be_read_is_not_shown() -> None:
    for ring in (f"k1:{SECRET}", SECRET, f"k1:{'QUJD' * 5}"):
        with pytest.raises(VaultError) as caught:
            Vault.from_ring(ring)
        assert SECRET not in str(caught.value)
        assert "QUJD" not in str(caught.value)


def test_a_bad_setting_does_not_show_a_password() -> None:
    bad = "import actors.settings as s\ntry: s.load()\nexcept s.SettingsError as e: print(e)"
    environment = {"API_KEYS": f"desk={SECRET}", "ENCRYPTION_KEY": SECRET, "HTTP_PORT": "x", "PATH": ""}
    environment["IDEXX_BASE_URL"] = f"https://ada:{SECRET}@portal.test"
    done = subprocess.run(
        [sys.executable, "-c", bad], env=environment, capture_output=True, text=True, cwd=Path.cwd()
    )
    assert "API_KEYS" in done.stdout
    assert "IDEXX_BASE_URL" in done.stdout
    assert "HTTP_PORT='x'" in done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_no_command_takes_a_secret_as_an_argument() -> None:
    """Arguments are in the process list and in the shell's history."""
    from ops.cli import main

    assert main(["credentials", "set", "elm", "--password", SECRET]) == 2
