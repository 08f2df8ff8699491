"""Requests a clinic's configuration: by the newer call, or by the older one if the newer fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from engine.config_reading import ConfigReading, Problem
from engine.failure import Failure, PortalFailure, Reason
from engine.portal.response import PortalResponse
from engine.portal.schedule_config import ConfigSource, read_config
from engine.portal.signed_in_context import SignedInContext

PATHS = {
    ConfigSource.VIEW: "/appointments/getAppointmentView",
    ConfigSource.CONFIGS: "/schedule/getScheduleConfigs",
}

#: Statuses of a portal that does not have a call.
ABSENT = frozenset({404, 405, 410, 501})

#: Time after which a portal that lacked the newer call is tried with it again.
ASK_AGAIN_AFTER = timedelta(days=1)

#: Failures of the newer call that may pass, and that concern this call only: a server error, a damaged response.
MAY_PASS = frozenset({Reason.PORTAL_UNAVAILABLE, Reason.BAD_ANSWER})

#: Failures of the newer call after which the older one is made. Any other would affect the older call as well.
ASK_OLDER = MAY_PASS | {Reason.PORTAL_CHANGED, Reason.LEFT_PORTAL}


@dataclass(slots=True)
class ConfigCalls:
    """Remembers, for the life of the process, which clinics' portals lack the newer call."""

    _without_view: dict[UUID, datetime] = field(default_factory=dict)

    async def ask(self, place: SignedInContext, clinic_id: UUID, clock: Callable[[], datetime]) -> ConfigReading:
        """Reads the configuration. Raises the newer call's `PortalFailure`, unless the portal lacks that call."""
        lacks_since = self._without_view.pop(clinic_id, None)
        if lacks_since is not None and clock() - lacks_since < ASK_AGAIN_AFTER:
            reading = await _read(place, ConfigSource.CONFIGS)
            if reading is not None:
                self._without_view[clinic_id] = lacks_since
                return reading
        try:
            view = await _read(place, ConfigSource.VIEW)
        except PortalFailure as error:
            if error.failure.reason not in ASK_OLDER:
                raise
            return await _read_instead(place, error)
        if view is not None:
            return view
        reading = await _read(place, ConfigSource.CONFIGS)
        if reading is None:
            names = " nor ".join(ConfigSource)
            raise PortalFailure(Failure(Reason.PORTAL_CHANGED, f"the portal has neither {names}"))
        self._without_view[clinic_id] = clock()
        return reading


async def _read(place: SignedInContext, source: ConfigSource) -> ConfigReading | None:
    """Reads one call. None: the portal lacks it."""

    def understand(answer: PortalResponse, now: datetime) -> ConfigReading | None:
        if answer.status in ABSENT:
            return None
        try:
            return read_config(answer, now, source)
        except PortalFailure as error:
            if error.failure.reason is Reason.BAD_ANSWER and "html" in answer.content_type:
                return None  # a page of the portal, which some portals return for every unknown address
            raise

    return await place.read(PATHS[source], {}, understand)


async def _read_instead(place: SignedInContext, error: PortalFailure) -> ConfigReading:
    """Reads the older call; raises the newer call's failure if the older one fails as well."""
    try:
        reading = await _read(place, ConfigSource.CONFIGS)
    except PortalFailure:
        reading = None
    if reading is None:
        raise error
    reason, text = error.failure.reason, error.failure.message
    message = f"{ConfigSource.VIEW} failed ({reason}: {text}); {ConfigSource.CONFIGS} was read instead"
    problem = Problem(ConfigSource.VIEW, message, is_missing=reason in MAY_PASS)
    return replace(reading, problems=(problem, *reading.problems), is_fallback=reason in MAY_PASS)
