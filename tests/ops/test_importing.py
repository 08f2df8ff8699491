"""`clinic import` and `credentials import`: all of a file, or nothing and every fault with its line."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import asyncpg
import pytest

from engine.store.clinics import find_clinic, get_credentials
from engine.store.vault import Vault, new_ring
from ops.cli import main
from ops.cli.importing.clinics import read_entries
from ops.cli.importing.credentials import read_entries as read_credentials
from ops.cli.importing.faults import Faults
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from tests.ops.up_process import ARGV

CSV = "slug,name,timezone,max_age,schedule\n" + "".join(
    f"branch-{number},Branch {number},America/Chicago,2h,daily at 06:00\n" for number in range(1, 201)
)

TOML = """
[[clinic]]
slug = "elm-street"
name = "Elm Street"
timezone = "America/Denver"
country = "CA"

[[clinic]]
slug = "Oak"
name = "Elm Street"

timezone = "Mars/Olympus"
max_age = "soon"
password = "secret"
"""


@pytest.fixture
def place(anyio_backend: str, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    from actors.settings import load

    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("ENCRYPTION_KEY", new_ring())
    monkeypatch.setenv("IDEXX_BASE_URL", "https://us.idexxneo.com")
    monkeypatch.delenv("NATS_URL", raising=False)
    load.cache_clear()
    return tmp_path


def test_200_clinics_are_added_changed_and_left(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = place / "clinics.csv"
    file.write_text(CSV)
    assert outcomes(file, capsys, "--dry-run") == {"added": 200}
    assert main(["clinic", "import", str(file), "--dry-run"]) == Exit.OK
    said = capsys.readouterr()
    assert all(line.startswith("dry run: ") for line in said.out.splitlines())
    assert "dry run: nothing was changed; would be 200 added" in said.err
    assert outcomes(file, capsys) == {"added": 200}
    file.write_text(CSV.replace("Branch 7,America/Chicago,2h", "Branch 7,America/Denver,", 1))
    assert outcomes(file, capsys) == {"unchanged": 199, "changed": 1}
    assert main(["status", "--json"]) == Exit.OK
    clinics = {one["slug"]: one for one in json.loads(capsys.readouterr().out)["clinics"]}
    seven = clinics["branch-7"]
    assert (seven["timezone"], seven["max_age_seconds"]) == ("America/Denver", 7200), "an empty value keeps"
    assert {one["schedule"]["cron"] for one in clinics.values()} == {"0 6 * * *"}


def outcomes(file: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, int]:
    assert main(["clinic", "import", str(file), "--json", *more]) == Exit.OK
    found = [one["outcome"] for one in json.loads(capsys.readouterr().out)["clinics"]]
    return {word: found.count(word) for word in found}


@pytest.mark.anyio
async def test_a_clinic_that_the_database_refuses_stops_all_of_them(
    place: Path, pool: asyncpg.Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    await pool.execute("create unique index on public.clinics (name)")  # as the predecessor's database has it
    await pool.execute("insert into public.clinics (slug, name, timezone) values ('elm', 'Elm', 'UTC')")
    (place / "two.csv").write_text("slug;name;timezone\noak;Oak;UTC\n\nelm-street;Elm;UTC\n")
    assert await asyncio.to_thread(main, ["clinic", "import", str(place / "two.csv")]) == Exit.USAGE
    assert "line 4: name: 'Elm' is the name of another clinic" in capsys.readouterr().err
    assert [row["slug"] for row in await pool.fetch("select slug from public.clinics")] == ["elm"]


@pytest.mark.parametrize(
    ("text", "suffix", "faults"),
    [
        (
            *(TOML, ".toml"),
            [
                "line 9: slug: 'Oak' is not valid",
                "line 10: name: 'Elm Street' is on line 4 already",
                "line 12: timezone: 'Mars/Olympus' is not an IANA time zone",
                "line 13: max_age 'soon': must be",
                "line 14: 'password' does not belong in this file: idexx-sync credentials import -",
            ],
        ),
        (
            "slug,name,timezone,schedule\nelm,Elm,America/Denver,now and then\noak,Oak\n\nelm,,UTC,\n",
            ".csv",
            [
                "line 2: ",
                "line 3: has 2 values for 4 columns",
                "line 5: name: must not be empty",
                "line 5: slug: 'elm'",
            ],
        ),
        ('slug,name,timezone\nelm,"Elm,UTC\n', ".csv", ["line 2: is not CSV"]),
        (
            "slug,password\nelm,secret\n",
            ".csv",
            ["line 1: 'password' does not belong in this file", "line 1: name, timezone: missing"],
        ),
        ("slug = 3", ".toml", ["line 1: must have only tables [[clinic]]"]),
        ("[[clinic]]\nslug = elm", ".toml", ["line 2: is not TOML"]),
        ("", ".csv", ["line 1: slug, name, timezone: missing"]),
    ],
)
def test_every_fault_is_named_by_its_line(text: str, suffix: str, faults: list[str]) -> None:
    with pytest.raises(CommandFailed) as failed:
        read_entries(text, "clinics", suffix)
    lines = [line.strip() for line in str(failed.value).splitlines()[1:]]
    assert failed.value.status == Exit.USAGE
    assert len(lines) == len(faults), lines
    assert all(line.startswith(fault) for line, fault in zip(lines, faults, strict=True)), lines


@pytest.mark.anyio
async def test_credentials_come_from_standard_input_whole_or_not_at_all(
    place: Path, pool: asyncpg.Pool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from actors.settings import load

    (place / "clinics.csv").write_text("slug,name,timezone\nelm,Elm,UTC\noak,Oak,UTC\n")
    argv = [*ARGV, "clinic", "import", str(place / "clinics.csv")]
    assert subprocess.run(argv, capture_output=True).returncode == 0
    header, elm = "clinic,username,password,company_id,address\n", 'elm,desk," pass,word",77,\n'

    def given(text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*ARGV, "credentials", "import", "-"], input=text, capture_output=True, text=True, timeout=60
        )

    refused = given(f"{header}{elm}hunter2,desk,hunter3,,\nhunter2,desk,,,\nelm,desk\n")
    assert refused.returncode == Exit.USAGE
    assert [line.strip() for line in refused.stderr.splitlines() if "line" in line.split()[:1]] == [
        "line 3: clinic: no clinic has this slug; idexx-sync clinic list",
        "line 4: clinic: is the same as on line 3",
        "line 4: clinic: no clinic has this slug; idexx-sync clinic list",
        "line 4: password: must not be empty",
        "line 5: has 2 values for 5 columns",
    ]
    assert await pool.fetchval("select count(*) from idexx_sync.sealed_credentials") == 0
    done = given(f"{header}{elm}oak,desk,hunter3,,https://EU.idexxneo.com/\n")
    assert done.returncode == 0, done.stderr
    key = load().encryption_key
    assert key is not None
    async with pool.acquire() as connection:
        vault = Vault.from_ring(key.get_secret_value())
        one, other = [
            await get_credentials(connection, vault, await find_clinic(connection, slug))
            for slug in ("elm", "oak")
        ]
    assert (one.username, one.password, one.company_id, one.address) == ("desk", " pass,word", "77", None)
    assert (other.password, other.address, other.company_id) == ("hunter3", "https://eu.idexxneo.com", None)
    for run in (refused, done):
        assert not any(word in run.stdout + run.stderr for word in ("hunter", "pass,word", "desk"))


@pytest.mark.parametrize(
    "text",
    [
        "hunter1,hunter2,hunter3\n",
        "clinic,username,password\nhunter1,hunter2\n",
        'clinic,username,password\nhunter1,hunter2,"hunter3\n',
        "clinic,username,password\nhunter1,,hunter2\n",
        "clinic,username,password,address\nelm,hunter1,hunter2,hunter3\n",
        "clinic,username,password\nhunter1,hunter2,x\nhunter1,hunter2,y\n",
        "",
    ],
)
def test_no_fault_of_credentials_repeats_a_value(text: str) -> None:
    faults = Faults("standard input")

    def read() -> None:
        read_credentials(text, faults)
        faults.check()

    with pytest.raises(CommandFailed, match="standard input has") as failed:
        read()
    assert "hunter" not in str(failed.value)
    assert "line " in str(failed.value)


def test_credentials_are_read_from_nowhere_else(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["credentials", "import", str(place / "credentials.csv")]) == Exit.USAGE
    assert "from standard input only" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"\xff\xfe")))
    assert main(["credentials", "import", "-"]) == Exit.USAGE
    assert "not text in UTF-8" in capsys.readouterr().err
