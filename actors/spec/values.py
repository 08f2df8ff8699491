"""The types of the fields of messages."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from engine.clinic import SLUG


class SentMessage(BaseModel):
    """Base of all sent messages. The field descriptions of its subclasses are published in the interface documents."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


Slug = Annotated[str, Field(pattern=f"^{SLUG.pattern}$", description="The clinic's slug.")]

#: RFC 3339, in UTC.
Time = AwareDatetime

#: A day of the clinic's calendar.
Day = date

#: A time of day in the clinic's zone; without an offset, so not the `time` of JSON Schema.
ClockTime = Annotated[str, Field(pattern=r"^\d\d:\d\d:\d\d$")]

Count = Annotated[int, Field(ge=0)]
#: A position in a change feed.
Position = Annotated[int, Field(ge=1)]
Milliseconds = Annotated[int, Field(ge=0)]
Percent = Annotated[int, Field(ge=0, le=100)]

#: What can happen to an appointment; `updated` left its time alone.
ChangeKind = Literal["added", "updated", "moved", "removed", "restored"]

Yes = Literal[True]
No = Literal[False]
