"""The image and the compose file, as far as they can be tried without a container engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from compose_spec import PyCompose

from actors.http.page import FILES
from actors.settings import Settings
from engine.portal.chromium_path import find_chromium
from ops.dev.check_image import build, copy
from ops.dev.container_sandbox import PROFILE
from ops.dev.deployments.services import compose_of
from ops.dev.dockerfile import is_ignored, patterns, stages

ROOT = Path(__file__).parents[2]
CONTAINER = ROOT / "ops/deploy/container"
IMAGE = stages((CONTAINER / "Dockerfile").read_text())

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop its privileges")


COMPOSE = compose_of((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "idexx-sync"}


def test_the_dockerfile_is_good_style() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    command = [hadolint, CONTAINER / "Dockerfile"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout


def test_everything_that_the_image_is_made_of_is_there(tmp_path: Path) -> None:
    for stage in IMAGE:
        for sources, _ in stage.copies():
            for name in sources:
                copy(name, tmp_path / Path(name).name)
    page = {path.name for path in (tmp_path / "actors/http/page").iterdir()}
    assert page >= {name for name, _ in FILES.values()}


def test_the_image_runs_unprivileged_under_an_init() -> None:
    assert IMAGE[-1].of("USER") == ["10001:10001"]
    assert json.loads(IMAGE[-1].of("ENTRYPOINT")[0])[0] == "tini"


@pytest.mark.parametrize(
    ("path", "left_out"),
    [
        (".secrets/encryption_key", True),
        (".git/config", True),
        (".venv/bin/python", True),
        ("actors/__pycache__/app.pyc", True),
        ("ops/deploy/kubernetes/nats.yaml", True),
        ("actors/app.py", False),
        ("ops/deploy/container/build.lock", False),
    ],
)
def test_no_secret_gets_into_the_image(path: str, left_out: bool) -> None:
    assert is_ignored(path, patterns((CONTAINER / "Dockerfile.dockerignore").read_text())) is left_out


def test_a_step_that_fails_fails_the_check(tmp_path: Path) -> None:
    broken = stages("FROM python:3.11\nRUN true && false\n")[0]
    with pytest.raises(Exception, match="true && false"):
        build(broken, tmp_path)


def test_compose_reads_the_file() -> None:
    assert set(SERVICES) <= set(PyCompose.from_json(json.dumps(COMPOSE)).service_names())


def test_what_compose_mounts_is_there() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (ROOT / source).exists(), source
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])


def test_every_service_is_watched_and_confined() -> None:
    for name, service in SERVICES.items():
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["healthcheck"].get("test") or name == "migrate", name
        assert ":" in service["image"] or name in OURS, f"{name}: an image without a tag is another one tomorrow"
    for name, service in OURS.items():
        assert service["user"] == "10001:10001", name
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"] is True, name


def test_a_container_is_killed_later_than_its_process_gives_up() -> None:
    for name, service in OURS.items():
        grace = int(service["environment"]["SHUTDOWN_GRACE_MS"]) / 1000
        assert float(service["stop_grace_period"].removesuffix("s")) > grace, name


def test_the_variables_of_the_containers_are_settings_and_no_secrets() -> None:
    for service in OURS.values():
        names = {name.lower() for name in service["environment"]} - {"credentials_directory"}
        assert names <= set(Settings.model_fields)
        assert not names & {"encryption_key", "database_url", "nats_password", "api_keys"}
        mounted = {secret for secret in service["secrets"] if "." not in secret}
        assert mounted <= set(Settings.model_fields)


def test_the_scraper_has_what_chromium_needs() -> None:
    scraper = SERVICES["date_scraper"]
    assert scraper["shm_size"] == "1gb"
    [profile] = [option.partition("=")[2] for option in scraper["security_opt"] if option.startswith("seccomp=")]
    assert (ROOT / profile) == PROFILE
    assert "no-sandbox" not in (ROOT / "compose.yaml").read_text() + (CONTAINER / "Dockerfile").read_text()


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder that everybody may use, by a path that everybody may walk."""
    folder = Path("/tmp") / f"idexx-sandbox-{os.getpid()}"
    folder.mkdir()
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def confined(*program: str, home: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ops.dev.container_sandbox", "--", *program]
    environment = os.environ | {"HOME": str(home)}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


@as_root
def test_chromium_draws_a_page_with_its_sandbox_where_the_container_puts_it(scratch: Path) -> None:
    page = "data:text/html,<p id=x></p><script>x.textContent=6*7</script>"
    chromium = str(find_chromium(None))
    switches = ("--headless", "--disable-gpu", f"--user-data-dir={scratch}/profile", "--dump-dom")
    assert '<p id="x">42</p>' in confined(chromium, *switches, page, home=scratch).stdout


@as_root
def test_who_is_root_in_a_namespace_of_its_own_gains_nothing(scratch: Path) -> None:
    root = ("unshare", "--user", "--map-root-user", "--mount", "--propagation=unchanged")
    assert confined(*root, "id", "--user", home=scratch).stdout == "0\n"
    mounted = confined(*root, "mount", "-t", "tmpfs", "none", str(scratch), home=scratch)
    assert mounted.returncode != 0
    assert "permission denied" in mounted.stderr.lower() or "not permitted" in mounted.stderr.lower()
