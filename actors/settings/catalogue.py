"""What each setting means, by subject. docs/settings.md is made from it and from the settings themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import AliasChoices

from actors.settings import SECRET, Settings
from actors.settings.predecessor import ALIASES
from engine.store.pool_mode import PoolMode

#: By subject: each setting with its meaning. The unit of `…_ms` is milliseconds.
MEANINGS: Mapping[str, Mapping[str, str]] = {
    "Servers": {
        "nats_url": (
            "addresses of the NATS servers, separated by commas: `nats://` or `tls://`, with user and password, "
            "percent-encoded, or without"
        ),
        "nats_user": "user of NATS, if the address has none",
        "nats_password": "password of NATS, if the address has none",
        "nats_ca_file": "certificate authority that signed the NATS servers' certificates",
        "nats_cert_file": "client certificate for NATS",
        "nats_key_file": "key of the client certificate",
        "nats_tls_handshake_first": "begin with TLS, for a NATS server with `handshake_first`",
        "nats_inbox_prefix": "prefix of reply subjects, if the NATS user may subscribe to these only",
        "nats_replicas": "NATS servers that keep a copy of each stream",
        "subject_prefix": "first word of all NATS subjects; installations with different words can share a NATS server",
        "database_url": "address of PostgreSQL; it may name several hosts",
        "database_pool_mode": (
            "what a pooler in `DATABASE_URL` keeps between transactions: `session` all, `transaction` nothing; "
            "`auto` finds out"
        ),
        "encryption_key": (
            "the key ring for credentials, sessions and webhook secrets: `idexx-sync key new` makes a key; the first "
            "encrypts, all decrypt"
        ),
    },
    "The portal": {
        "idexx_base_url": (
            "address of the default portal; a clinic may have its own (`credentials set CLINIC --address ADDRESS`)"
        ),
        "idexx_rate_limit": "calls per second to one portal, of all machines together",
        "idexx_rate_burst": "calls that may follow each other at once; without a value as many as calls per second",
        "scrape_span_days": "days that one call reads",
        "session_ttl_ms": "age at which a session of the portal is replaced by a new sign-in",
        "configuration_max_age_ms": "age at which a clinic's configuration is read again; 0: in every sync",
        "empty_day_pause_ms": "pause before days are read again that should not be empty",
        "portal_ignored_fields": "names of new fields in the portal's records to ignore, separated by commas",
    },
    "Browsers": {
        "browser_pool_size": "DateScrapers that `up` starts, each with a browser",
        "browser_kind": "`shell`: a headless shell, where one is installed; `full`: a full Chromium",
        "chromium_path": "the browser's program; without a value, the first that is found",
        "headless": "`false` shows the browser's windows",
        "browser_max_idle_ms": "time without work after which a browser is closed",
        "browser_max_age_ms": "age at which a browser is replaced",
    },
    "Syncs": {
        "sync_concurrency": "spans of one sync that are read at once",
        "max_concurrent_syncs": "running syncs of one clinic",
        "max_queued_syncs": "waiting syncs of one clinic; more are refused with 429",
        "sync_timeout_ms": "time after which a sync ends as `timed_out`",
        "stale_sync_ms": "time without a heartbeat after which a sync is ended as failed",
        "sync_extra_calls": "calls of a sync beyond the first for each span: second reads, confirmations, look-ups",
    },
    "Removals and bookings": {
        "removal_limit_count": (
            "a sync that would remove more appointments than this, and more than `REMOVAL_LIMIT_PERCENT`, removes none"
        ),
        "removal_limit_percent": "share of the stored appointments of the sync's dates, for the same rule",
        "removal_day_count": (
            "a date with at least this many appointments that would lose `REMOVAL_DAY_PERCENT` of them loses none"
        ),
        "removal_day_percent": "share of a date's appointments, for the same rule",
        "removal_lookups": "missing appointments that a sync asks for by their ids before it removes them; 0: none",
        "removal_settle_ms": (
            "time between the two reads that confirm a removal; longer than the portal hides an appointment that is "
            "moved"
        ),
        "expired_holds": (
            "`count`: a booking whose hold has expired takes its place until it is decided; `release`: it takes none"
        ),
    },
    "Mailboxes and workers": {
        "mailbox_size": "messages that each mailbox holds",
        "mailbox_size_coordinator": "the same for the Coordinator's mailbox; without a value `MAILBOX_SIZE`",
        "mailbox_size_date_scraper": "the same for the DateScrapers' mailbox",
        "mailbox_size_reconciler": "the same for the Reconcilers' mailbox",
        "mailbox_size_notifier": "the same for the notifiers' mailbox",
        "ack_wait_ms": "time after which the work of a worker that is silent goes to another one",
        "shutdown_grace_ms": "time for the current work after SIGTERM",
    },
    "Webhooks": {
        "webhook_timeout_ms": "time for one delivery",
        "webhook_retry_seconds": (
            "seconds between one attempt of a delivery and the next, separated by commas; after the last one it is "
            "given up"
        ),
        "webhook_private_networks": (
            "networks that are not on the internet and to which webhooks may go, also without TLS, separated by commas"
        ),
    },
    "HTTP": {
        "http_host": "address on which a gateway listens; on any other than loopback every request needs a key",
        "http_port": "port on which a gateway listens; 0: any free one",
        "worker_http_port": "port of a worker's probes and metrics; without a value it has none",
        "http_public_url": "address by which callers reach the API through a proxy; signed requests name it",
        "http_sync_wait_ms": "how long a request waits for the end of its sync",
        "http_days_after_today": "`true`: `daysAhead` counts the days after today, as the replaced service did",
        "api_keys": (
            "keys that may read and start syncs of all clinics: `name:sha256,…` (`python -m actors.http.keys NAME`); "
            "`idexx-sync api-key new` makes keys with rights of their own, in the database"
        ),
        "qstash_current_signing_key": "key that verifies requests signed by QStash",
        "qstash_next_signing_key": "the key that follows it",
        "skip_qstash_verify": (
            "`true`: signatures are not verified; on any address but loopback every request then needs a key"
        ),
    },
    "Observability": {
        "log_level": "the least severe lines that are logged",
        "log_format": "`json`: one object per line",
        "sentry_dsn": "where errors are reported, to Sentry or a compatible server",
        "otel_exporter_otlp_endpoint": "where traces are sent (OTLP over HTTP); needs the extra `otel`",
        "prometheus_multiproc_dir": "folder in which the processes of a machine count together; default: in the home",
        "idexx_sync_home": "folder of `up`: the embedded servers' data, keys, logs",
    },
}


@dataclass(frozen=True, slots=True)
class Described:
    """A setting in words. `default` and `values` are empty where there is nothing to say."""

    name: str
    subject: str
    meaning: str
    default: str
    values: str
    other_names: tuple[str, ...]
    is_secret: bool


def described() -> list[Described]:
    """Every setting, by subject."""
    schema = Settings.model_json_schema(by_alias=False)["properties"]
    return [
        Described(
            name.upper(),
            subject,
            meaning,
            _default(name),
            _values(schema[name]),
            tuple(other.upper() for other in _other_names(name)),
            name in SECRET,
        )
        for subject, meanings in MEANINGS.items()
        for name, meaning in meanings.items()
    ]


def table(subject: str) -> str:
    """The settings of a subject as a Markdown table."""
    lines = ["| setting | default | values | meaning |", "| --- | --- | --- | --- |"]
    for setting in described():
        if setting.subject == subject:
            name = f"`{setting.name}`" + (" (secret)" if setting.is_secret else "")
            others = "".join(f"; `{name}` counts as well" for name in setting.other_names)
            lines.append(f"| {name} | {setting.default} | {setting.values} | {setting.meaning}{others} |")
    return "\n".join(lines) + "\n"


def _other_names(name: str) -> list[str]:
    alias = Settings.model_fields[name].validation_alias
    names = [each for each in alias.choices if isinstance(each, str)] if isinstance(alias, AliasChoices) else []
    return [*(each for each in names if each != name), *filter(None, [ALIASES.get(name)])]


def _default(name: str) -> str:
    value = Settings.model_fields[name].get_default(call_default_factory=True, validated_data={})
    if name == "idexx_sync_home":
        return "`~/.local/state/idexx-sync`"
    if value is None or value in ("", (), {}):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{','.join(f'{each:g}' for each in value)}`"
    if name.endswith("_ms") and value >= 1000:
        return f"`{value}` ({_duration(value / 1000)})"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"


def _values(schema: Mapping[str, Any]) -> str:
    for option in schema.get("anyOf", [schema]):
        if option.get("type") != "null":
            return _of_type(option)
    return ""


def _of_type(schema: Mapping[str, Any]) -> str:
    if schema.get("type") == "boolean":
        return "`true`, `false`"
    if "$ref" in schema:
        return ", ".join(f"`{mode}`" for mode in PoolMode)
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "exclusiveMinimum" in schema:
        return f"above {schema['exclusiveMinimum']:.15g}, at most {schema['maximum']:.15g}"
    if "maximum" in schema:
        return f"{schema['minimum']:.15g} to {schema['maximum']:.15g}"
    return f"at least {schema['minimum']:.15g}" if "minimum" in schema else ""
