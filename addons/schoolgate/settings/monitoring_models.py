"""What config/monitoring.yaml may hold: what makes monitoring fair."""

from typing import Annotated

from pydantic import BaseModel, Field

from schoolgate.settings.values import (
    STRICT,
    Day,
    ListEntry,
    Words,
)


class _Strict(BaseModel):
    model_config = STRICT


class NoticeEntry(_Strict):
    """The notice that people read before they are monitored.

    ``required: false`` is for schools that prove it otherwise. ``contact`` is whom to ask, ``words`` are the school's
    own, added to what is generated from the settings.
    """

    required: bool = True
    contact: str = ""
    words: str = ""


class NamesEntry(_Strict):
    """Which roles may turn a pseudonym back into a name (with a reason, on record)."""

    may_reveal: list[str] = ["headteacher", "dsl", "chair_of_governors"]


class SealEntry(_Strict):
    """Who gets the daily seal of the record, so that nobody can change it alone."""

    to: list[str] = ["headteacher", "chair_of_governors"]


class OfficialPageEntry(_Strict):
    """A page of the school itself on a personal site (policy 8.1): its work, by whom, and when to look at it again."""

    url: ListEntry
    title: Words
    editors: list[str] = []
    approver: Words
    review: Day


class ChannelEntry(_Strict):
    """A channel that the school has agreed to use for its work; ``people`` are logins or groups (none: all staff)."""

    url: ListEntry
    title: Words
    people: list[str] = []
    approver: Words
    review: Day


class TeachingEntry(_Strict):
    """Sites that a lesson needs, declared ahead; ``people`` are logins or groups."""

    sites: Annotated[list[ListEntry], Field(min_length=1)]
    people: Annotated[list[str], Field(min_length=1)]
    purpose: Annotated[Words, Field(alias="for")]
    since: Annotated[Day, Field(alias="from")]
    until: Day


class MonitoringFile(_Strict):
    """config/monitoring.yaml (may be left out): what makes the monitoring of staff fair.

    ``never_log`` are the topics (files of blocklists/private/) that are neither opened nor logged for staff.
    """

    notice: NoticeEntry = NoticeEntry()
    names: NamesEntry = NamesEntry()
    seal: SealEntry = SealEntry()
    never_log: list[str] | None = None  # None: every topic
    official_pages: list[OfficialPageEntry] = []
    channels: list[ChannelEntry] = []
    teaching: list[TeachingEntry] = []
