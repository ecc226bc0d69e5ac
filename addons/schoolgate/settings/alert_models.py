"""What config/alerts.yaml may hold: who is told, when and by which way, and which reports go out."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from schoolgate.settings.values import (
    STRICT,
    Clock,
    Duration,
    FilePath,
    Wait,
    Words,
)


class _Strict(BaseModel):
    model_config = STRICT


Told = Annotated[list[str], Field(min_length=1)]
"""The roles that are told; of what matters at once it is never nobody."""


class ImmediateAlerts(_Strict):
    """Who is told at once of a block that a rule marks so."""

    to: Told = ["headteacher", "dsl"]
    repeat: Duration = timedelta(hours=1)


class DigestTimes(_Strict):
    """When the office sends digests by itself (school time), and to whom."""

    to: list[str] = ["headteacher", "dsl"]
    day: Clock | None = 16 * 60 + 30
    week: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] | None = "fri"


When = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "school_days", "end"]
"""When a report goes out: on a weekday, on every school day, or on the day after the term (of the year) ends."""


class ReportEntry(_Strict):
    """A report that the office sends; ``to`` and ``when`` are what the report itself says where they are left out."""

    name: Words
    to: list[str] | None = None
    when: When | None = None


class ReportFront(_Strict):
    """What stands at the head of a report of reports/.

    ``to`` are roles. ``people: none`` keeps everything that could name a person from the report. ``when`` is left out
    where the office does not send it unless alerts.yaml says so.
    """

    title: Words
    about: str = ""
    to: list[str] = []
    people: Literal["codes", "none"] = "none"
    period: Literal["day", "week", "term", "year"]
    when: When | None = None


class FaultAlerts(_Strict):
    """Who is told when the gateway itself is at fault."""

    to: Told = ["technician"]


class WorryAlerts(_Strict):
    """Who is told of a search, or of a prompt to a chatbot, that a rule marks ``alert: immediate``."""

    to: Told = ["dsl"]


class CaseEntry(_Strict):
    """How long a case may wait, in school time (at all hours where its priority is high), and who is told then.

    A day is the school's longest working day. ``escalate`` are roles: whoever of them was not told yet comes next.
    """

    acknowledge: Wait = timedelta(hours=1)
    decide: Wait = timedelta(days=5)
    escalate: list[str] = ["headteacher", "dsl", "chair_of_governors"]


class QuietEntry(_Strict):
    """Hours in which only alerts of high priority are sent (school time); the others wait for the next morning.

    With ``school_days_only`` days that are no school days are quiet altogether.
    """

    since: Annotated[Clock, Field(alias="from")] = 18 * 60
    until: Clock = 7 * 60
    school_days_only: bool = True


class RouteEntry(_Strict):
    """Who is told in place of ``immediate: to``: of alerts of these themes, about these groups (none: all)."""

    themes: list[Literal["content", "contact", "conduct", "commerce"]] = []
    groups: list[str] = []
    to: Told


class ChatEntry(_Strict):
    """A channel beside the mail: whatever is mailed to a role, with at least a priority, is told there in short.

    ``url_file`` holds the channel's address in Apprise's form, which is a secret; it is relative to the folder above
    config/.
    """

    url_file: FilePath
    to: str
    least: Literal["high", "medium", "low"] = "high"


class AlertsFile(_Strict):
    """config/alerts.yaml (may be left out)"""

    immediate: ImmediateAlerts = ImmediateAlerts()
    worries: WorryAlerts = WorryAlerts()
    digest: DigestTimes = DigestTimes()
    faults: FaultAlerts = FaultAlerts()
    cases: CaseEntry = CaseEntry()
    quiet: QuietEntry | None = None
    routes: list[RouteEntry] = []
    channels: list[ChatEntry] = []
    reports: list[ReportEntry] | None = None  # None: each as it says itself

    @property
    def told_at_once(self) -> list[str]:
        """Every role that an alert may go to at once, by ``immediate`` or by a route."""
        return list(dict.fromkeys((*self.immediate.to, *(role for route in self.routes for role in route.to))))
