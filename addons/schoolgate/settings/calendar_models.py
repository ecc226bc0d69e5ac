"""What config/calendar.yaml may hold: terms, closures, contracts, duties and leave."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from schoolgate.settings.values import (
    STRICT,
    Day,
    DayWindows,
    Hours,
    OneOrMoreDays,
    SomeHours,
    Windows,
    Words,
)


class _Strict(BaseModel):
    model_config = STRICT


class PeriodEntry(_Strict):
    """Named days, both ends included."""

    name: Words
    first: Annotated[Day, Field(alias="from")]
    last: Annotated[Day, Field(alias="to")]


class ClosureEntry(PeriodEntry):
    """Days on which the school is closed; with ``everybody`` nobody works, those who work all year neither."""

    everybody: bool = False


class ContractEntry(_Strict):
    """When persons (``people``: logins) or all of some groups work, in place of the hours of their group.

    ``breaks`` are taken out of the hours; ``works: all_year`` goes on in the holidays, ``inset: false`` leaves INSET
    days out; ``from`` and ``to`` are the days between which it holds, both included.
    """

    id: Words
    people: list[Words] = []
    groups: list[str] = []
    hours: SomeHours
    breaks: Hours = {}
    works: Literal["term", "all_year"] = "term"
    inset: bool = True
    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None


class DutyEntry(_Strict):
    """Working time beside the hours: ``every`` week on school days, or ``on`` one day or more at ``hours``."""

    name: Words
    people: list[Words] = []
    groups: list[str] = []
    every: Hours = {}
    on: OneOrMoreDays | None = None
    hours: Windows = []
    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None


class LeaveEntry(_Strict):
    """Days (both ends included) on which persons (logins) do not work, or not in ``hours``; nobody asks why."""

    people: Annotated[list[Words], Field(min_length=1)]
    first: Annotated[Day, Field(alias="from")]
    last: Annotated[Day, Field(alias="to")]
    hours: DayWindows = []


class CalendarFile(_Strict):
    """config/calendar.yaml"""

    working_hours: dict[str, Hours] = {}
    contracts: list[ContractEntry] = []
    duties: list[DutyEntry] = []
    leave: list[LeaveEntry] = []
    terms: list[PeriodEntry] = []
    closed: list[ClosureEntry] = []
    inset: list[Day] = []
    bank_holidays: Literal["England", "Wales", "Scotland", "Northern Ireland", "none"] | None = None
    periods: dict[str, Hours] = {}
