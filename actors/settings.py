"""All settings, read once. A bad value stops the start; the error names the setting, its value and the remedy."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from actors.validation_messages import what_is_wrong
from engine.removals import RemovalLimit
from engine.store.pool_mode import PoolMode
from engine.sync import Limits
from engine.webhook_retry import SCHEDULE
from engine.webhook_targets import EgressPolicy, Network, read_networks

Positive = Annotated[int, Field(ge=1)]
Wait = Annotated[float, Field(gt=0, le=86_400)]
Port = Annotated[int, Field(ge=0, le=65535)]
Milliseconds = Annotated[int, Field(ge=1, le=86_400_000)]


def _none_if_blank(value: object) -> object:
    """None for an empty variable: a compose file passes `NATS_URL: ${NATS_URL:-}`."""
    return None if isinstance(value, str) and not value.strip() else value


OptionalText = Annotated[str | None, BeforeValidator(_none_if_blank)]
InboxPrefix = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$", max_length=100)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_none_if_blank)]


#: The callers of the HTTP API: maps the SHA-256 of each key, in hexadecimal, to the caller's name.
ApiKeys = dict[str, str]


def _api_keys(value: object) -> object:
    """Reads `name:sha256,…`; a repeated name is a caller with two keys, so keys can be changed without a pause."""
    if not isinstance(value, str):
        return value
    keys: ApiKeys = {}
    for entry in filter(None, (entry.strip() for entry in value.split(","))):
        if not (match := re.fullmatch(r"([\w.-]{1,40}):([0-9a-f]{64})", entry)):
            raise ValueError("expected name:sha256,…; `python -m actors.http.keys NAME` creates an entry")
        keys[match[2]] = match[1]
    return keys


def _seconds(value: object) -> object:
    """Reads `5,30,120`."""
    return tuple(float(part) for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _networks(value: object) -> object:
    return read_networks(value) if isinstance(value, str) else value


def _renamed(part: str) -> AliasChoices:
    """The names of a part of the removal limit; `REMOVAL_FENCE_…` is its name up to version 0.1.0."""
    return AliasChoices(f"removal_limit_{part}", f"removal_fence_{part}")


_NOT_SET = "{} is not set: set it, or run `idexx-sync up`, which starts an embedded server"


#: Fields whose values are never shown, not even bad ones.
SECRET = {"encryption_key", "sentry_dsn", "api_keys", "nats_url", "nats_password", "database_url"}


class SettingsError(Exception):
    """One or more environment variables have values that cannot be used."""


class Settings(BaseSettings):
    """The environment. Field names are the variables' names in lower case; times are in milliseconds."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    sync_concurrency: Annotated[int, Field(ge=1, le=60)] = 3
    max_concurrent_syncs: Positive = 2
    max_queued_syncs: Annotated[int, Field(ge=0)] = 10
    sync_timeout_ms: Milliseconds = 300_000
    stale_sync_ms: Milliseconds = 600_000

    idexx_base_url: Annotated[str, Field(pattern=r"^https?://[^/\s@]+(/|$)")] = "https://us.idexxneo.com"
    idexx_rate_limit: Annotated[float, Field(gt=0, le=1000)] = 10.0
    idexx_rate_burst: Annotated[float | None, Field(gt=0, le=1000)] = None
    scrape_span_days: Annotated[int, Field(ge=1, le=7)] = 1
    #: Pause before a range with empty open days is requested again.
    empty_day_pause_ms: Milliseconds = 2000
    #: Fields that the portal has added to its records and that an operator ignores, separated by commas.
    portal_ignored_fields: str = ""
    session_ttl_ms: Milliseconds = 7 * 3_600_000

    browser_pool_size: Positive = 2
    browser_max_idle_ms: Milliseconds = 300_000
    browser_max_age_ms: Milliseconds = 1_800_000
    headless: bool = True
    chromium_path: OptionalText = None

    shutdown_grace_ms: Milliseconds = 30_000
    ack_wait_ms: Annotated[int, Field(ge=1000, le=3_600_000)] = 10_000

    mailbox_size: Positive = 1000
    mailbox_size_coordinator: Positive | None = None
    mailbox_size_date_scraper: Positive | None = None
    mailbox_size_reconciler: Positive | None = None
    mailbox_size_notifier: Positive | None = None

    webhook_timeout_ms: Annotated[int, Field(ge=1, le=60_000)] = 10_000
    #: Seconds between one try of a delivery and the next, separated by commas; it is given up after the last one.
    webhook_retry_seconds: Annotated[tuple[Wait, ...], NoDecode, BeforeValidator(_seconds)] = SCHEDULE
    #: Networks that are not on the internet and to which webhooks may go, even without TLS.
    webhook_private_networks: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)] = ()

    removal_limit_count: Annotated[int, Field(ge=0, validation_alias=_renamed("count"))] = 20
    removal_limit_percent: Annotated[float, Field(ge=0, le=100, validation_alias=_renamed("percent"))] = 30.0
    removal_day_count: Annotated[int, Field(ge=0)] = 10
    removal_day_percent: Annotated[float, Field(ge=0, le=100)] = 80.0
    #: Time between the two reads that confirm an absence; longer than the portal hides an appointment that
    #: moves.
    removal_settle_ms: Annotated[int, Field(ge=0, le=600_000)] = 10_000

    nats_url: Annotated[OptionalText, Field(repr=False)] = None
    nats_user: OptionalText = None
    nats_password: OptionalSecret = None
    nats_inbox_prefix: Annotated[InboxPrefix | None, BeforeValidator(_none_if_blank)] = None
    nats_ca_file: Path | None = None
    nats_cert_file: Path | None = None
    nats_key_file: Path | None = None
    nats_tls_handshake_first: bool = False
    nats_replicas: Annotated[int, Field(ge=1, le=5)] = 1
    database_url: Annotated[OptionalText, Field(repr=False)] = None
    #: What a pooler in `DATABASE_URL` keeps from one transaction to the next.
    database_pool_mode: PoolMode = PoolMode.AUTO
    subject_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")] = "idexx"
    encryption_key: OptionalSecret = None

    http_host: str = "127.0.0.1"
    http_port: Port = 3001
    worker_http_port: Port | None = None
    http_sync_wait_ms: Milliseconds = 600_000
    api_keys: Annotated[ApiKeys, NoDecode, BeforeValidator(_api_keys)] = Field(default_factory=dict, repr=False)
    prometheus_multiproc_dir: Path | None = None

    sentry_dsn: OptionalSecret = None
    otel_exporter_otlp_endpoint: OptionalText = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"

    idexx_sync_home: Path = Field(default_factory=lambda: Path.home() / ".local/state/idexx-sync")

    @property
    def removal_limit(self) -> RemovalLimit:
        return RemovalLimit(
            count=self.removal_limit_count,
            percent=self.removal_limit_percent,
            day_count=self.removal_day_count,
            day_percent=self.removal_day_percent,
            settle=timedelta(milliseconds=self.removal_settle_ms),
        )

    @property
    def limits(self) -> Limits:
        return Limits(
            concurrent_syncs=self.max_concurrent_syncs,
            queued_syncs=self.max_queued_syncs,
            calls_in_flight=self.sync_concurrency,
            span_days=self.scrape_span_days,
            sync_timeout=self.sync_timeout_ms / 1000,
            stale_after=self.stale_sync_ms / 1000,
        )

    @property
    def rate_burst(self) -> float:
        return self.idexx_rate_burst or max(self.idexx_rate_limit, 1.0)

    @property
    def webhook_reach(self) -> EgressPolicy:
        return EgressPolicy(self.webhook_private_networks)

    def mailbox_sizes(self) -> dict[str, int]:
        """The size limit of each queue, in messages."""
        own = {
            "coordinator": self.mailbox_size_coordinator,
            "date_scraper": self.mailbox_size_date_scraper,
            "reconciler": self.mailbox_size_reconciler,
            "notifier": self.mailbox_size_notifier,
        }
        return {queue: size or self.mailbox_size for queue, size in own.items()}

    def share_metrics(self) -> Path:
        """The folder in which the processes of this machine count together; sets it for prometheus-client."""
        folder = (self.prometheus_multiproc_dir or self.idexx_sync_home / "metrics").expanduser().absolute()
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        return folder

    def need_nats_url(self) -> str:
        if self.nats_url is None:
            raise SettingsError(_NOT_SET.format("NATS_URL"))
        return self.nats_url

    def need_database_url(self) -> str:
        if self.database_url is None:
            raise SettingsError(_NOT_SET.format("DATABASE_URL"))
        return self.database_url


@cache
def load() -> Settings:
    """The settings of this process; raises `SettingsError` that names each bad variable.

    A secret may be a file in `CREDENTIALS_DIRECTORY` named like its field, such as `encryption_key`: every program
    that a process starts inherits the environment.
    """
    try:
        return Settings(_secrets_dir=os.environ.get("CREDENTIALS_DIRECTORY"))  # type: ignore[call-arg]
    except ValidationError as error:
        raise SettingsError("; ".join(map(_explain, error.errors()))) from None


def _explain(item: Mapping[str, Any]) -> str:
    name = str(item["loc"][0])
    # The part of an address before an @ is a user and a password.
    shown = "(hidden)" if name in SECRET or "@" in str(item["input"]) else repr(item["input"])
    return f"{name.upper()}={shown}: {what_is_wrong(item)}; correct it or unset it for the default"
