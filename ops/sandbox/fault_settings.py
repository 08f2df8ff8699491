"""What can be turned while the sandbox runs, for all clinics or for one."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ops.sandbox.field_variants import FieldVariant, TimeFormat
from ops.sandbox.schedule import Glitch

CallKind = Literal["login_page", "login", "second_factor", "page", "calendar", "config"]
Mode = Literal[
    "status",
    "hang",
    "stale",
    "slow_body",
    "cut_body",
    "not_json",
    "deep_json",
    "huge_body",
    "maintenance",
    "login_page",
    "redirect",
    "empty",
    "bad_record",
    "drift_error",
    "end_session",
]
Drift = Literal[
    "no_id",
    "no_start",
    "unreadable_start",
    "end_before_start",
    "outside_range",
    "duplicate",
    "duplicate_differs",
    "unknown_field",
    "unknown_status",
    "renamed_fields",
    "not_an_object",
    "unknown_wrapper",
    "wrapper_not_a_list",
    "date_moved",
    "nul",
    "surrogate_beside",
    "entities",
    "new_fields",
    "flag_deleted",
    "renamed_patient",
    "has_more",
]
ALL_KINDS: tuple[CallKind, ...] = ("login_page", "login", "second_factor", "page", "calendar", "config")


class FaultSetting(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(FaultSetting):
    """A misbehaviour of some calls: after the first `after` that fit, the next `count` (None: all of them)."""

    on: tuple[CallKind, ...] = ("calendar",)
    mode: Mode = "status"
    after: int = Field(default=0, ge=0)
    count: int | None = Field(default=None, ge=0)
    probability: float = Field(default=1.0, ge=0, le=1)
    #: Only calendar calls whose range holds this day (YYYY-MM-DD).
    date: str | None = None
    #: Of `status` (default 500) and `redirect` (default 302).
    status: int | None = Field(default=None, ge=200, le=599)
    #: Of `status`: the Retry-After header, as it is to be sent.
    retry_after: int | str | None = None
    #: How long `hang`, `stale` and `slow_body` take.
    seconds: float = Field(default=30.0, ge=0)
    #: What `huge_body` adds to the answer.
    megabytes: int = Field(default=64, ge=1)
    #: Where `redirect` leads.
    location: str = "/login"


class SignIn(FaultSetting):
    """The sign-in form and what follows it."""

    company_field: Literal["companyId", "company_id", "id", "none"] = "companyId"
    user_field: Literal["username", "email"] = "username"
    password_field: Literal["name", "type"] = "name"  # noqa: S105
    submit: Literal["login", "sign_in", "type_only"] = "login"
    error: Literal["role_alert", "error_message", "alert_danger"] = "role_alert"
    #: Milliseconds between the load event and the form.
    draw_delay_ms: int = Field(default=150, ge=0)
    landing: Literal["dashboard", "home", "schedule"] = "dashboard"
    cookie: str = "neo_session"
    second_factor: Literal["code", "otp"] | None = None
    #: Rejected passwords of one user before the account is locked; 0: never.
    lock_after: int = Field(default=5, ge=0)
    locked: bool = False
    #: Refuses every password, as if it had been changed.
    reject: bool = False
    #: The page's script sends the form and goes to the landing page itself.
    by_script: bool = False
    #: What lies over the form: a banner or a modal dialog with a button, a curtain without, one that takes the keys.
    cover: Literal["banner", "modal", "curtain", "trap"] | None = None
    #: Where the form is sent; another origin here is an attempt to steal the password.
    action: str = "/login"


class FaultSettings(FaultSetting):
    """Times in the unit of their name; what is None is off, or the clinic's own habit."""

    latency_ms: float = Field(default=0, ge=0)
    latency_jitter_ms: float = Field(default=0, ge=0)
    #: Of the HTML pages, where they are not as slow as the JSON calls.
    page_latency_ms: float | None = Field(default=None, ge=0)
    #: Calls answered in any stretch of `rate_window_s`; more are refused with 429.
    rate_limit: int | None = Field(default=None, ge=0)
    rate_window_s: float = Field(default=1.0, gt=0)
    retry_after: Literal["seconds", "date", "none"] = "seconds"
    retry_after_s: int | None = Field(default=None, ge=0)

    fail: tuple[Rule, ...] = ()
    hang: float | None = Field(default=None, ge=0)
    cut_body: bool = False
    not_json: bool = False
    maintenance: bool = False
    empty: bool = False
    redirect_to: str | None = None

    session_end_form: Literal["302", "401", "403", "419", "440", "login_page", "json", "script"] = "302"
    session_seconds: float = Field(default=8 * 3600, gt=0)
    single_session_per_user: bool = False
    #: Every JSON call gets a new cookie for the session; the one before it ends.
    rotate_sessions: bool = False
    sign_in: SignIn = SignIn()

    field_variant: FieldVariant | None = None
    times: TimeFormat | None = None
    wrapper: Literal["array", "events", "data", "appointments", "results"] | None = None
    drift: tuple[Drift, ...] = ()
    max_records: int | None = Field(default=None, ge=0)
    max_span_days: int | None = Field(default=None, ge=1)
    #: The first call for each range comes without records.
    empty_once: bool = False
    #: Ranges of so many days or more come without records.
    empty_span_days: int | None = Field(default=None, ge=1)
    #: Ranges of several days lose so many of their last records.
    cut_spans: int = Field(default=0, ge=0)
    #: The id of the hold of every day: a repeating record.
    hold_id: int | None = Field(default=None, ge=1)
    #: With `hold_id`: each day has a second hold, two hours earlier.
    hold_twice: bool = False
    glitch: Glitch | None = None
    glitch_seconds: float = Field(default=5.0, ge=0)
    #: Seconds from one move to the next, within `moves_days` from today on; `glitch` says how they show.
    moves_every_s: float | None = Field(default=None, gt=0)
    moves_days: int = Field(default=14, ge=2)
    #: Parts of the schedule configuration that are missing, e.g. "rooms" or "businessHours.daysOfWeek".
    config_missing: tuple[str, ...] = ()
    #: Which of the two calls that give it the portal has; the other one answers 404.
    config_calls: Literal["both", "old", "new"] = "both"
    #: Whether each day ends at two after midnight, or at `24:00`.
    config_hours: Literal["usual", "over_midnight", "24:00"] = "usual"
    #: Other names for the hours: `synonyms` (business_hours, dow, open, close), or ones that say nothing (`renamed`).
    config_keys: Literal["usual", "synonyms", "renamed"] = "usual"

    #: A word in every free text of a record, in error texts and in alerts; the truth has none.
    tag: str | None = None

    dialog: bool = False
    download: bool = False
    popup: bool = False
    permission: bool = False
    tracker: bool = False
    #: An http address: the sign-in page tries to send what is typed there, by every channel that a page has.
    leak_to: str | None = None
    #: An http address from which the sign-in page fetches a script and a style that it needs.
    assets_from: str | None = None


class FaultSettingsBoard:
    """The fault settings of everyone, and what single clinics have otherwise. Raises ValidationError on nonsense."""

    def __init__(self, start: dict[str, Any]) -> None:
        self._start = start
        self.reset()

    def reset(self) -> None:
        self._everyone: dict[str, Any] = self._start
        self._clinics: dict[str, dict[str, Any]] = {}
        self._effective: dict[str | None, FaultSettings] = {}
        FaultSettings.model_validate(self._start)

    def of(self, company_id: str | None) -> FaultSettings:
        """The fault settings as they work for this clinic; None: before anyone knows which clinic it is."""
        if company_id not in self._effective:
            merged = merge_patch(self._everyone, self._clinics.get(company_id or "", {}))
            self._effective[company_id] = FaultSettings.model_validate(merged)
        return self._effective[company_id]

    def turn(self, patch: dict[str, Any], company_id: str | None) -> None:
        """Merges the patch (RFC 7396: null puts a fault setting back) into the fault settings of all or of one
        clinic."""
        before = self._clinics.get(company_id, {}) if company_id else self._everyone
        after = merge_patch(before, patch)
        FaultSettings.model_validate(after)
        if company_id:
            self._clinics[company_id] = after
        else:
            self._everyone = after
        self._effective = {}

    def own(self, company_id: str) -> dict[str, Any]:
        """What was set for this clinic only."""
        return self._clinics.get(company_id, {})


def merge_patch(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    merged = dict(target)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = merge_patch(merged.get(key) or {}, value)
        else:
            merged[key] = value
    return merged
