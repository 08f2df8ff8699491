"""All settings, read once. A bad value stops the start; the error names the setting, its value and the remedy."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from actors.queues import QUEUES
from actors.settings.predecessor import ALIASES, our_log_level, translated, without_meaning
from actors.settings.types import (
    KeysOfCallers,
    Milliseconds,
    Networks,
    OptionalInboxPrefix,
    OptionalSecret,
    OptionalText,
    OptionalUrl,
    Port,
    Positive,
    Waits,
    of_removal_limit,
)
from actors.validation_messages import what_is_wrong
from engine.errors import ExpectedError
from engine.removals import RemovalLimit
from engine.store.pool_mode import PoolMode
from engine.sync import MAX_SPAN_DAYS, Limits
from engine.webhook_retry import SCHEDULE
from engine.webhook_targets import EgressPolicy

_NOT_SET = "{} is not set: set it, or run `idexx-sync up`, which starts an embedded server"

_NOT_SUPABASE = "; SUPABASE_URL does not replace it: the project's dashboard shows it under Connect"


#: Fields whose values are never shown, not even bad ones.
SECRET = {
    *("encryption_key", "sentry_dsn", "api_keys", "nats_url", "nats_password", "database_url"),
    *("qstash_current_signing_key", "qstash_next_signing_key"),
}


class SettingsError(ExpectedError):
    """One or more environment variables have values that cannot be used."""

    code = 400


class Settings(BaseSettings):
    """The environment. Field names are the variables' names in lower case; times are in milliseconds."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Adds the predecessor's names, behind ours."""
        translation = InitSettingsSource(settings_cls, dict(translated(os.environ)))
        return init_settings, env_settings, dotenv_settings, file_secret_settings, translation

    sync_concurrency: Annotated[int, Field(ge=1, le=60)] = 3
    max_concurrent_syncs: Positive = 2
    max_queued_syncs: Annotated[int, Field(ge=0)] = 10
    sync_timeout_ms: Milliseconds = 300_000
    stale_sync_ms: Milliseconds = 600_000

    idexx_base_url: Annotated[str, Field(pattern=r"^https?://[^/\s@]+(/|$)")] = "https://us.idexxneo.com"
    idexx_rate_limit: Annotated[float, Field(gt=0, le=1000)] = 10.0
    idexx_rate_burst: Annotated[float | None, Field(gt=0, le=1000)] = None
    scrape_span_days: Annotated[int, Field(ge=1, le=MAX_SPAN_DAYS)] = 7
    #: Age at which a clinic's configuration is read again; 0: in every sync.
    configuration_max_age_ms: Annotated[int, Field(ge=0, le=30 * 86_400_000)] = 86_400_000
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
    browser_kind: Literal["shell", "full"] = "shell"

    shutdown_grace_ms: Milliseconds = 30_000
    ack_wait_ms: Annotated[int, Field(ge=1000, le=3_600_000)] = 10_000

    mailbox_size: Positive = 1000
    mailbox_size_coordinator: Positive | None = None
    mailbox_size_date_scraper: Positive | None = None
    mailbox_size_reconciler: Positive | None = None
    mailbox_size_notifier: Positive | None = None

    webhook_timeout_ms: Annotated[int, Field(ge=1, le=60_000)] = 10_000
    #: Seconds between one try of a delivery and the next, separated by commas; it is given up after the last one.
    webhook_retry_seconds: Waits = SCHEDULE
    #: Networks that are not on the internet and to which webhooks may go, even without TLS.
    webhook_private_networks: Networks = ()

    #: Whether a booking by telephone whose hold has expired takes its place until a person decides.
    expired_holds: Literal["count", "release"] = "count"

    removal_limit_count: Annotated[int, Field(ge=0, validation_alias=of_removal_limit("count"))] = 20
    removal_limit_percent: Annotated[float, Field(ge=0, le=100, validation_alias=of_removal_limit("percent"))] = (
        30.0
    )
    removal_day_count: Annotated[int, Field(ge=0)] = 10
    removal_day_percent: Annotated[float, Field(ge=0, le=100)] = 80.0
    #: Appointments that a sync looks up by their ids before it removes them; 0: none.
    removal_lookups: Annotated[int, Field(ge=0, le=1000)] = 20
    #: Calls of a sync beyond the first for each span: second looks, confirmations, look-ups.
    sync_extra_calls: Annotated[int, Field(ge=0, le=100_000)] = 200
    #: Time between the two reads that confirm an absence; longer than the portal hides an appointment that
    #: moves.
    removal_settle_ms: Annotated[int, Field(ge=0, le=600_000)] = 10_000

    nats_url: Annotated[OptionalText, Field(repr=False)] = None
    nats_user: OptionalText = None
    nats_password: OptionalSecret = None
    nats_inbox_prefix: OptionalInboxPrefix = None
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
    #: The address by which callers reach the HTTP API if a proxy changes it. Signed requests name it.
    http_public_url: OptionalUrl = None
    #: `daysAhead` of the HTTP API counts the days after today, as the predecessor counted.
    http_days_after_today: bool = False
    http_sync_wait_ms: Milliseconds = 600_000
    qstash_current_signing_key: OptionalSecret = None
    qstash_next_signing_key: OptionalSecret = None
    skip_qstash_verify: bool = False
    api_keys: KeysOfCallers = Field(default_factory=dict, repr=False)
    prometheus_multiproc_dir: Path | None = None

    sentry_dsn: OptionalSecret = None
    otel_exporter_otlp_endpoint: OptionalText = None
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(our_log_level)] = "info"
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
            lookups=self.removal_lookups,
            extra_calls=self.sync_extra_calls,
        )

    @property
    def limits(self) -> Limits:
        return Limits(
            concurrent_syncs=self.max_concurrent_syncs,
            queued_syncs=self.max_queued_syncs,
            calls_in_flight=self.sync_concurrency,
            span_days=self.scrape_span_days,
            extra_calls=self.sync_extra_calls,
            config_max_age=self.configuration_max_age_ms / 1000,
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
        return {queue: getattr(self, f"mailbox_size_{queue}") or self.mailbox_size for queue in QUEUES}

    def share_metrics(self) -> Path:
        """The folder in which the processes of this machine count together; sets it for prometheus-client."""
        folder = (self.prometheus_multiproc_dir or self.idexx_sync_home / "metrics").expanduser().absolute()
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        return folder

    def need_nats_url(self) -> str:
        if self.nats_url is None:
            raise SettingsError(_NOT_SET.format("NATS_URL"))
        return self.nats_url

    @property
    def given_base_url(self) -> str | None:
        """Returns `IDEXX_BASE_URL` if it is set, else None: only workers require it, so a gateway may not have it."""
        return self.idexx_base_url if "idexx_base_url" in self.model_fields_set else None

    def need_database_url(self) -> str:
        if self.database_url is None:
            hint = _NOT_SUPABASE if os.environ.get("SUPABASE_URL") else ""
            raise SettingsError(_NOT_SET.format("DATABASE_URL") + hint)
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


def unused_variables() -> dict[str, str]:
    """The predecessor's variables that are set and have no meaning here, each with what does its job."""
    return without_meaning(os.environ)


def _explain(item: Mapping[str, Any]) -> str:
    name = str(item["loc"][0])
    # The part of an address before an @ is a user and a password.
    shown = "(hidden)" if name in SECRET or "@" in str(item["input"]) else repr(item["input"])
    variable = ALIASES[name] if name in translated(os.environ) else name.upper()
    return f"{variable}={shown}: {what_is_wrong(item)}; correct it or unset it for the default"
