"""Settings that can be changed while the sandbox runs, for all clinics or for one."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ops.sandbox.field_variants import FieldVariant, TimeFormat
from ops.sandbox.schedule import Glitch

CallKind = Literal["login_page", "login", "second_factor", "page", "calendar", "config", "lookup"]
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
#: The kinds of calls that return JSON.
DATA_KINDS: tuple[CallKind, ...] = ("calendar", "config", "lookup")
ALL_KINDS: tuple[CallKind, ...] = ("login_page", "login", "second_factor", "page", *DATA_KINDS)


class FaultSetting(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(FaultSetting):
    """A fault of some calls: skips the first `after` matching calls, then applies to `count` (None: to all)."""

    on: tuple[CallKind, ...] = ("calendar",)
    mode: Mode = "status"
    after: int = Field(default=0, ge=0)
    count: int | None = Field(default=None, ge=0)
    probability: float = Field(default=1.0, ge=0, le=1)
    #: Only calendar calls whose range contains this day (YYYY-MM-DD).
    date: str | None = None
    #: Status code for `status` (default 500) and `redirect` (default 302).
    status: int | None = Field(default=None, ge=200, le=599)
    #: The Retry-After header for `status`, as sent.
    retry_after: int | str | None = None
    #: Duration of `hang`, `stale` and `slow_body`.
    seconds: float = Field(default=30.0, ge=0)
    #: The size that `huge_body` adds to the response.
    megabytes: int = Field(default=64, ge=1)
    #: The target of `redirect`.
    location: str = "/login"


class SignIn(FaultSetting):
    """Settings of the sign-in form and the steps after it."""

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
    #: Number of rejected passwords before the account is locked; 0: never.
    lock_after: int = Field(default=5, ge=0)
    locked: bool = False
    #: Rejects every password, as if it had been changed.
    reject: bool = False
    #: The page's script submits the form and navigates to the landing page.
    by_script: bool = False
    #: An overlay on the form: a banner or modal dialog with a button, a curtain without one, or one that traps the
    #: keys.
    cover: Literal["banner", "modal", "curtain", "trap"] | None = None
    #: The target of the form; another origin simulates an attempt to steal the password.
    action: str = "/login"


class FaultSettings(FaultSetting):
    """All fault settings. Times are in the unit of their name; None means off, or the clinic's default."""

    latency_ms: float = Field(default=0, ge=0)
    latency_jitter_ms: float = Field(default=0, ge=0)
    #: Latency of the HTML pages, if it differs from that of the JSON calls.
    page_latency_ms: float | None = Field(default=None, ge=0)
    #: Calls allowed in any window of `rate_window_s`; more are refused with 429.
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
    #: Every JSON call gets a new session cookie; the previous one becomes invalid.
    rotate_sessions: bool = False
    sign_in: SignIn = SignIn()

    field_variant: FieldVariant | None = None
    times: TimeFormat | None = None
    wrapper: Literal["array", "events", "data", "appointments", "results"] | None = None
    drift: tuple[Drift, ...] = ()
    #: The number of calendar calls of a clinic after which its records have new harmless fields, as from one day on.
    new_fields_after: int | None = Field(default=None, ge=0)
    #: All ids of records are texts; otherwise most are numbers.
    text_ids: bool = False
    max_records: int | None = Field(default=None, ge=0)
    #: Each day shows this many of its records at most, in every range.
    max_records_per_day: int | None = Field(default=None, ge=0)
    max_span_days: int | None = Field(default=None, ge=1)
    #: The first call for each range returns no records.
    empty_once: bool = False
    #: The first call for each range loses this many of its last records.
    cut_once: int = Field(default=0, ge=0)
    #: Ranges of this many days or more return no records.
    empty_span_days: int | None = Field(default=None, ge=1)
    #: Ranges of several days omit this many of their last records.
    cut_spans: int = Field(default=0, ge=0)
    #: The id of the hold of every day: a repeating record.
    hold_id: int | None = Field(default=None, ge=1)
    #: With `hold_id`: each day has a second hold, two hours earlier.
    hold_twice: bool = False
    glitch: Glitch | None = None
    glitch_seconds: float = Field(default=5.0, ge=0)
    #: Seconds between moves, within `moves_days` from today; `glitch` says how they appear.
    moves_every_s: float | None = Field(default=None, gt=0)
    moves_days: int = Field(default=14, ge=2)
    #: Parts of the schedule configuration that are missing, e.g. "rooms" or "businessHours.daysOfWeek".
    config_missing: tuple[str, ...] = ()
    #: What `getAppointment` returns: the appointment, 404 for every id, a page, or an unknown form.
    lookup_call: Literal["object", "absent", "page", "other"] = "object"
    #: What it returns for a deleted appointment: its last values with `deleted`, or 404.
    lookup_of_deleted: Literal["deleted", "404"] = "deleted"
    #: Records that the calendar omits although they exist.
    hidden_ids: tuple[int, ...] = ()
    #: The calendar omits cancelled appointments.
    hide_cancelled: bool = False
    #: Which of the two configuration calls the portal supports; the other returns 404.
    config_calls: Literal["both", "old", "new"] = "both"
    #: Whether each day ends after midnight (at 2:00), or at `24:00`.
    config_hours: Literal["usual", "over_midnight", "24:00"] = "usual"
    #: Other names for the hours: `synonyms` (business_hours, dow, open, close), or meaningless ones (`renamed`).
    config_keys: Literal["usual", "synonyms", "renamed"] = "usual"

    #: A word added to every free text of a record, to error texts and to alerts; the truth does not contain it.
    tag: str | None = None

    dialog: bool = False
    download: bool = False
    popup: bool = False
    permission: bool = False
    tracker: bool = False
    #: An HTTP address to which the sign-in page tries to send the typed text, through every channel that a page
    #: has.
    leak_to: str | None = None
    #: An HTTP address from which the sign-in page loads a required script and style sheet.
    assets_from: str | None = None


class FaultSettingsBoard:
    """The global fault settings and the overrides of single clinics. Raises ValidationError for invalid values."""

    def __init__(self, start: dict[str, Any]) -> None:
        self._start = start
        self.reset()

    def reset(self) -> None:
        self._everyone: dict[str, Any] = self._start
        self._clinics: dict[str, dict[str, Any]] = {}
        self._effective: dict[str | None, FaultSettings] = {}
        FaultSettings.model_validate(self._start)

    def of(self, company_id: str | None) -> FaultSettings:
        """Returns the effective fault settings of a clinic; None: for a call whose clinic is not known yet."""
        if company_id not in self._effective:
            merged = merge_patch(self._everyone, self._clinics.get(company_id or "", {}))
            self._effective[company_id] = FaultSettings.model_validate(merged)
        return self._effective[company_id]

    def turn(self, patch: dict[str, Any], company_id: str | None) -> None:
        """Merges a patch (RFC 7396: null resets a fault setting) into the global settings or those of one
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
        """Returns the overrides of this clinic."""
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
